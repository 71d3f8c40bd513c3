//! Fuzzes [`property`].

#![no_main]

#[path = "../properties/backup_catalogue.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|text: &str| property::holds(text));
