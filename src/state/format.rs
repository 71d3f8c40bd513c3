//! The text of a state file: indented JSON that begins with a checksum of all the rest.
//!
//! So a file that was damaged, cut or edited by hand is noticed before anything is believed. The checksum stands in the same place in every
//! version of the format. Reading and writing files is the store's.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{State, StateError, VERSION};

const OPEN: &str = "{\n";
const BEFORE: &str = "{\n  \"checksum\": \"";
const AFTER: &str = "\",\n";
const RECOVER: &str = "put state.json.backup in its place, or restore it from elsewhere, then run `drplan refresh`";

/// SHA-256 over these parts in a row, in hexadecimal.
pub fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a state: the same for the same state.
///
/// # Errors
/// Where it has no text; no state is known that has not.
pub fn write(state: &State) -> Result<String, serde_json::Error> {
    let mut bare = serde_json::to_string_pretty(state)?;
    bare.push('\n');
    let checksum = digest(&[bare.as_bytes()]);
    Ok(format!("{BEFORE}{checksum}{AFTER}{}", bare.strip_prefix(OPEN).unwrap_or(&bare)))
}

/// Reads a state; `file` is its name in errors.
///
/// # Errors
/// Where it is damaged, or a newer version wrote it.
pub fn read(file: &str, text: &[u8]) -> Result<State, StateError> {
    let damaged = |what: String| StateError::Damaged { file: file.to_owned(), what: format!("{what}; {RECOVER}") };
    let bare = checked(text).map_err(damaged)?;
    refuse_newer(file, &bare)?;
    serde_json::from_str(&bare).map_err(|e| {
        damaged(format!("it is no state of this version ({e}, lines counted without that of the checksum)"))
    })
}

/// The text without the line of the checksum, if that is right; otherwise what is wrong.
fn checked(text: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(text).map_err(|e| format!("it is no text from byte {} on", e.valid_up_to()))?;
    let parts = text.strip_prefix(BEFORE).and_then(|rest| rest.split_once(AFTER));
    let Some((checksum, rest)) = parts else { return Err(why_unreadable(text, "it does not begin with its checksum")) };
    let bare = format!("{OPEN}{rest}");
    if digest(&[bare.as_bytes()]) == checksum {
        Ok(bare)
    } else {
        Err(why_unreadable(text, "its checksum is not that of its text, so it was edited or cut"))
    }
}

fn why_unreadable(text: &str, otherwise: &str) -> String {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => otherwise.to_owned(),
        Err(e) => format!("it cannot be read ({e})"),
    }
}

fn refuse_newer(file: &str, bare: &str) -> Result<(), StateError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    match serde_json::from_str::<Versioned>(bare) {
        Ok(Versioned { version }) if version > VERSION => {
            Err(StateError::Newer { file: file.to_owned(), found: version, known: VERSION })
        }
        _ => Ok(()),
    }
}
