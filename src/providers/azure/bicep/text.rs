//! Identifiers and strings in Bicep.

use crate::visible::is_unseen;

/// The spaces before a line at this depth.
pub(super) fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// `.name`, or `['na-me']`.
pub(super) fn property(name: &str) -> String {
    if is_word(name) { format!(".{name}") } else { format!("[{}]", quoted(name)) }
}

/// A key of an object.
pub(super) fn key(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { quoted(name) }
}

fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A text between quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", escaped(text))
}

pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' if letters.peek() == Some(&'{') => out.push_str("\\$"),
            other if is_unseen(other) => out.push_str(&format!("\\u{{{:x}}}", u32::from(other))),
            other => out.push(other),
        }
    }
    out
}

/// Host names that depend on the cloud (source: Bicep's rule `no-hardcoded-env-urls`), with their expressions.
const HOSTS: &[(&str, &str)] = &[
    (".database.windows.net", "environment().suffixes.sqlServerHostname"),
    (".vault.azure.net", "environment().suffixes.keyvaultDns"),
    ("core.windows.net", "environment().suffixes.storage"),
];

pub(super) fn has_host(text: &str) -> bool {
    HOSTS.iter().any(|(host, _)| text.contains(host))
}

pub(super) fn with_hosts(text: &str) -> String {
    HOSTS.iter().fold(text.to_owned(), |text, (host, code)| text.replace(host, &format!("${{{code}}}")))
}
