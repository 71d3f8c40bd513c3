//! Fuzzes [`property`].

#![no_main]

#[path = "../properties/stack_text.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|text: &str| property::holds(text));
