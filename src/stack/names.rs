//! Names in the cloud, checked against the rules of their kind.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kinds::drill::{SUFFIX, suffixed};
use crate::kinds::{Kind, with_article};

static PATTERNS: LazyLock<Mutex<HashMap<&'static str, Option<Regex>>>> = LazyLock::new(Mutex::default);

/// Reports an invalid name: `written` there, or taken from the label of the block with this header.
pub(super) fn check(
    kind: &'static Kind,
    name: &str,
    address: &Address,
    written: Result<Span, Span>,
    found: &mut Diagnostics,
) {
    let rule = &kind.names;
    let length = name.chars().count();
    let what = with_article(kind.name);
    let wrong = if length < rule.min || length > rule.max {
        let characters = if length == 1 { "character" } else { "characters" };
        format!(
            "invalid name `{name}`: it has {length} {characters}, and the name of {what} has {} to {}",
            rule.min, rule.max
        )
    } else if !matches(rule.pattern, name) {
        format!("invalid name `{name}`: the name of {what} may contain {}", rule.words)
    } else {
        return;
    };
    let problem = Diagnostic::error("wrong-name", wrong);
    found.push(match written {
        Ok(span) => problem.at(span).help(format!("Write {} to {} characters: {}.", rule.min, rule.max, rule.words)),
        Err(header) => problem.at(header).why("Without `name`, the label is the name in the cloud.").help(format!(
            "Write `name = \"…\"` into `{address}`: {} to {} characters, {}.",
            rule.min, rule.max, rule.words
        )),
    });
}

/// The name of a copy that cannot have the name of its original, within the rules of the kind.
pub(super) fn rehearsed(kind: &'static Kind, name: &str) -> String {
    let suffixes = [SUFFIX, SUFFIX.trim_start_matches('-')];
    let mut all = suffixes.iter().map(|suffix| suffixed(name, suffix, kind.names.max));
    all.find(|name| matches(kind.names.pattern, name)).unwrap_or_else(|| suffixed(name, SUFFIX, kind.names.max))
}

fn matches(pattern: &'static str, name: &str) -> bool {
    if pattern.is_empty() {
        return true;
    }
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    // A test finds a pattern that is no regular expression; it must not stop a user.
    patterns
        .entry(pattern)
        .or_insert_with(|| Regex::new(pattern).ok())
        .as_ref()
        .is_none_or(|regex| regex.is_match(name))
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    #[test]
    fn every_pattern_of_a_table_is_a_regular_expression() {
        let wrong: Vec<_> = crate::providers::azure::TABLES
            .kinds
            .iter()
            .filter(|kind| Regex::new(kind.names.pattern).is_err())
            .map(|kind| (kind.name, kind.names.pattern))
            .collect();
        assert_eq!(wrong, []);
    }
}
