//! Any bytes as a state file. The checksum rejects nearly all of them, so the same bytes are also read as the rest of a
//! file with a valid checksum.

use drplan::state::format::{digest, read, write};

/// Panics unless the property holds for this input.
pub fn holds(rest: &[u8]) {
    read_and_write(rest);
    let bare = [b"{\n", rest].concat();
    let checksum = format!("{{\n  \"checksum\": \"{}\",\n", digest(&[&bare]));
    read_and_write(&[checksum.as_bytes(), rest].concat());
}

/// A state that can be read is written such that it reads as the same state and is written as the same text again.
fn read_and_write(text: &[u8]) {
    let Ok(state) = read("state.json", text) else { return };
    let written = write(&state).expect("every state can be serialised");
    let again = read("state.json", written.as_bytes()).expect("written text can be read");
    assert_eq!(again, state);
    assert_eq!(write(&again).expect("every state can be serialised"), written);
}
