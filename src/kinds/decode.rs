//! Written blocks to typed arguments.
