//! Fuzzes [`property`].

#![no_main]

#[path = "../properties/whole_stack.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|text: &str| property::holds(text));
