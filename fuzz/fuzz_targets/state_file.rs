//! Fuzzes [`property`].

#![no_main]

#[path = "../properties/state_file.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|rest: &[u8]| property::holds(rest));
