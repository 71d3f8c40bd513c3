//! Any bytes as a journal. The chain of digests rejects nearly all of them, so the same bytes are also read as lines to
//! which the chain is added.

use drplan::state::State;
use drplan::state::format::digest;
use drplan::steps::lines::{Chain, read};
use drplan::steps::{Entry, Event};

/// Panics unless the property holds for this input.
pub fn holds(lines: &[u8]) {
    read_and_write(lines);
    read_and_write(&chained(lines));
}

/// The same lines, with the chain added to each that ends like an object.
fn chained(lines: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut chain = String::new();
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        let Some(open) = line.strip_suffix(b"}\n") else {
            text.extend(line);
            continue;
        };
        chain = digest(&[chain.as_bytes(), open, b"}"]);
        chain.truncate(16);
        text.extend([open, b",\"chain\":\"", chain.as_bytes(), b"\"}\n"].concat());
    }
    text
}

/// A journal that can be read is written such that it reads as the same entries. The state that they give can be
/// written.
fn read_and_write(text: &[u8]) {
    let Ok(journal) = read("journal", text) else { return };
    let mut chain = Chain::default();
    let written: String =
        journal.entries.iter().map(|entry| chain.line(entry).expect("every entry can be serialised")).collect();
    let again = read("journal", written.as_bytes()).expect("written text can be read");
    assert_eq!(again.entries, journal.entries);
    assert_eq!(again.whole, written.len());
    assert_eq!(again.chain, chain);
    fold(&journal.entries);
}

fn fold(entries: &[Entry]) {
    let Some(Event::Started(started)) = entries.first().map(|entry| &entry.event) else { return };
    let mut state = State::before(started);
    if entries.iter().all(|entry| state.fold("journal", entry).is_ok()) {
        let text = drplan::state::format::write(&state).expect("every state can be serialised");
        let again = drplan::state::format::read("state.json", text.as_bytes()).expect("written text can be read");
        assert_eq!(again, state);
    }
}
