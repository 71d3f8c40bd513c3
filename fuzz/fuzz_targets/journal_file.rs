//! Fuzzes [`property`].

#![no_main]

#[path = "../properties/journal_file.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|lines: &[u8]| property::holds(lines));
