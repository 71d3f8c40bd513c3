//! Any bytes as a state file. A checksum stops nearly all of them, so the same bytes are read as the rest of a file with the right one, too.

#![no_main]

use drplan::state::format::{digest, read, write};

libfuzzer_sys::fuzz_target!(|rest: &[u8]| {
    read_and_write(rest);
    let bare = [b"{\n", rest].concat();
    let checksum = format!("{{\n  \"checksum\": \"{}\",\n", digest(&[&bare]));
    read_and_write(&[checksum.as_bytes(), rest].concat());
});

/// What can be read is written such that reading it gives the same state, and writing that the same text.
fn read_and_write(text: &[u8]) {
    let Ok(state) = read("state.json", text) else { return };
    let written = write(&state).expect("every state has a text");
    let again = read("state.json", written.as_bytes()).expect("what was written is read");
    assert_eq!(again, state);
    assert_eq!(write(&again).expect("every state has a text"), written);
}
