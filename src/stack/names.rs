//! Names in the cloud, held against what their kind allows.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::kinds::{Kind, with_article};

static PATTERNS: LazyLock<Mutex<HashMap<&'static str, Option<Regex>>>> = LazyLock::new(Mutex::default);

/// Says what is wrong with a name.
pub(super) fn check(
    kind: &'static Kind,
    name: &str,
    address: &Address,
    span: Span,
    written: bool,
    found: &mut Diagnostics,
) {
    let rule = &kind.names;
    let length = name.chars().count();
    let wrong = if length < rule.min || length > rule.max {
        Some(format!(
            "`{name}` has {length} characters, and {} has {} to {}",
            with_article(kind.name),
            rule.min,
            rule.max
        ))
    } else if !matches(rule.pattern, name) {
        Some(format!("`{name}` is no name for {}, which may hold {}", with_article(kind.name), rule.words))
    } else {
        None
    };
    let Some(wrong) = wrong else { return };
    let problem = Diagnostic::error("wrong-name", wrong).at(span);
    found.push(if written {
        problem.help(format!("A name of {} to {} characters may hold {}.", rule.min, rule.max, rule.words))
    } else {
        problem.why("Where no `name` is written, the label is the name in the cloud.").help(format!(
            "Write `name = \"…\"` into `{address}`: {} to {} characters, {}.",
            rule.min, rule.max, rule.words
        ))
    });
}

fn matches(pattern: &'static str, name: &str) -> bool {
    if pattern.is_empty() {
        return true;
    }
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    // A pattern that is no regular expression is a fault of a table, which a test finds; it must not stop a user.
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
        let wrong: Vec<_> = crate::kinds::ALL
            .iter()
            .filter(|kind| Regex::new(kind.names.pattern).is_err())
            .map(|kind| (kind.name, kind.names.pattern))
            .collect();
        assert_eq!(wrong, []);
    }
}
