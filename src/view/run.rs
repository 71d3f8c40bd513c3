//! A run as text.
