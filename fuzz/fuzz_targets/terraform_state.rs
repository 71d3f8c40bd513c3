//! Fuzzes [`property`].

#![no_main]

#[path = "../properties/terraform_state.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|text: &str| property::holds(text));
