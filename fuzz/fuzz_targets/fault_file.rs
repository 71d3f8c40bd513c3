//! Fuzzes [`property`].

#![no_main]

#[path = "../properties/fault_file.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|text: &str| property::holds(text));
