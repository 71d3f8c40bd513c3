//! `drplan graph`.
