//! Functions over patterns. A pattern is compiled once, and its size decides the cost of a match.

use std::rc::Rc;
use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use crate::hcl::eval::Budget;
use crate::value::{Map, Value};

use super::{Function, FunctionError, MAX_ELEMENTS, ParamType, costly, grow, param, text};

pub(super) const FUNCTIONS: &[Function] = &[
    costly(
        "regex",
        &[PATTERN, STRING],
        regex,
        "The first match of the pattern: the text, or the list or map of its groups.",
    ),
    costly("regexall", &[PATTERN, STRING], regexall, "All matches of the pattern, each as `regex` returns it."),
    costly(
        "replace",
        &[STRING, param("substring", ParamType::Text), param("replacement", ParamType::Text)],
        replace,
        "The string with every substring replaced; between slashes, the substring is a pattern.",
    ),
];

const STRING: super::Param = param("string", ParamType::Text);
const PATTERN: super::Param = param("pattern", ParamType::Text);

/// Maximum length of a pattern in bytes.
pub const MAX_PATTERN_BYTES: usize = 4 * 1024;
/// Sizes of a compiled pattern, in bytes; the last is the maximum.
const SIZES: [usize; 4] = [16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024];
/// Units for each byte of a pattern that is compiled, beside its size: a class of characters may be one byte.
const BYTE_WORK: usize = 512;

/// A compiled pattern.
pub struct Pattern {
    regex: Regex,
    /// Units for each byte that it is matched with.
    cost: usize,
}

impl Pattern {
    /// Pays for a match that may read this much, and for all that was read for those before it.
    fn pay(&self, bytes: usize, budget: &Budget) -> Result<(), FunctionError> {
        Ok(budget.charge(bytes.saturating_mul(self.cost))?)
    }
}

/// The compiled pattern. The smallest size that suffices is found by trying.
fn compile(pattern: &str, arg: usize, budget: &Budget) -> Result<Rc<Pattern>, FunctionError> {
    budget.pattern(pattern, || {
        if pattern.len() > MAX_PATTERN_BYTES {
            let why = format!("A pattern may have {MAX_PATTERN_BYTES} bytes.");
            return Err(FunctionError::arg(arg, "this pattern is too long").help(why));
        }
        budget.charge(pattern.len() * BYTE_WORK)?;
        for size in SIZES {
            budget.charge(2 * size)?;
            match RegexBuilder::new(pattern).size_limit(size).dfa_size_limit(size).build() {
                Ok(regex) => return Ok(Pattern { regex, cost: size / SIZES[0] * 4 }),
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    let said = error.to_string();
                    let cause = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    return Err(FunctionError::arg(arg, format!("this is not a pattern: {cause}")));
                }
            }
        }
        Err(FunctionError::arg(arg, "this pattern becomes too large").help("Repeat fewer or smaller parts in it."))
    })
}

fn regex(args: &[Value], budget: &Budget) -> Result<Value, FunctionError> {
    let (pattern, string) = (compile(text(args, 0), 0, budget)?, text(args, 1));
    pattern.pay(string.len(), budget)?;
    let found = pattern.regex.captures(string).ok_or_else(|| {
        FunctionError::arg(1, "the pattern does not match this")
            .help("Use `try(regex(…), null)` or `regexall` where it need not match.")
    })?;
    groups(&pattern.regex, &found)
}

fn regexall(args: &[Value], budget: &Budget) -> Result<Value, FunctionError> {
    let (pattern, string) = (compile(text(args, 0), 0, budget)?, text(args, 1));
    let mut all = Vec::new();
    matches(&pattern, string, budget, |found| {
        if all.len() >= MAX_ELEMENTS {
            return Err(FunctionError::too_large());
        }
        all.push(groups(&pattern.regex, found)?);
        Ok(())
    })?;
    Ok(all.into())
}

/// Calls `each` with every match. A search for the next match may read the text to its end, and find that the match
/// ends at once: each pays for a part of the text that is left.
fn matches(
    pattern: &Pattern,
    string: &str,
    budget: &Budget,
    mut each: impl FnMut(&Captures<'_>) -> Result<(), FunctionError>,
) -> Result<(), FunctionError> {
    pattern.pay(string.len(), budget)?;
    for found in pattern.regex.captures_iter(string) {
        let end = found.get(0).map_or(0, |whole| whole.end());
        pattern.pay((string.len() - end) / 8 + found.len() * 16, budget)?;
        each(&found)?;
    }
    Ok(())
}

/// The whole match where the pattern has no groups, a map where they have names and a list where they have none.
fn groups(pattern: &Regex, found: &Captures<'_>) -> Result<Value, FunctionError> {
    let value = |group: Option<regex::Match<'_>>| group.map_or(Value::Null, |group| group.as_str().into());
    let names: Vec<Option<&str>> = pattern.capture_names().skip(1).collect();
    let named = names.iter().flatten().count();
    if names.is_empty() {
        Ok(value(found.get(0)))
    } else if named == 0 {
        Ok(found.iter().skip(1).map(value).collect::<Vec<_>>().into())
    } else if named == names.len() {
        Ok(names.into_iter().flatten().map(|name| (Arc::from(name), value(found.name(name)))).collect::<Map>().into())
    } else {
        Err(FunctionError::arg(0, "either all groups of a pattern have names or none has"))
    }
}

fn replace(args: &[Value], budget: &Budget) -> Result<Value, FunctionError> {
    let (string, sought, replacement) = (text(args, 0), text(args, 1), text(args, 2));
    let mut out = String::new();
    let mut rest = 0;
    if let Some(pattern) = sought.strip_prefix('/').and_then(|inner| inner.strip_suffix('/')) {
        let pattern = compile(pattern, 1, budget)?;
        matches(&pattern, string, budget, |found| {
            let Some(whole) = found.get(0) else { return Ok(()) };
            grow(&mut out, string.get(rest..whole.start()).unwrap_or_default())?;
            rest = whole.end();
            budget.charge(replacement.len())?;
            expand(replacement, found, &mut out)
        })?;
    } else {
        budget.charge(string.len())?;
        for (at, found) in string.match_indices(sought) {
            grow(&mut out, string.get(rest..at).unwrap_or_default())?;
            grow(&mut out, replacement)?;
            rest = at + found.len();
        }
    }
    grow(&mut out, string.get(rest..).unwrap_or_default())?;
    Ok(out.into())
}

/// Adds a replacement with the groups of a match in it: `$1`, `$name`, `${name}`, and `$$` for a dollar sign. Each is
/// added by itself, so that a result that becomes too long ends in time.
fn expand(replacement: &str, found: &Captures<'_>, out: &mut String) -> Result<(), FunctionError> {
    let group = |name: &str| match name.parse() {
        Ok(number) => found.get(number),
        Err(_) => found.name(name),
    };
    let group = |name: &str| group(name).map_or("", |group| group.as_str());
    let mut rest = replacement;
    let mut may_close = true;
    while let Some((before, after)) = rest.split_once('$') {
        grow(out, before)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (more, left) = match after.chars().next() {
            Some('$') => ("$", after.get(1..).unwrap_or_default()),
            Some('{') if may_close => match after.get(1..).and_then(|inner| inner.split_once('}')) {
                Some((name, left)) => (group(name), left),
                None => {
                    may_close = false;
                    ("$", after)
                }
            },
            Some(first) if is_name(first) => {
                let (name, left) = after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len()));
                (group(name), left)
            }
            _ => ("$", after),
        };
        grow(out, more)?;
        rest = left;
    }
    grow(out, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_expanded_as_by_the_crate() {
        let pattern = Regex::new("(?<word>[a-z]+)-([0-9]+)").unwrap();
        let found = pattern.captures("ab-12").unwrap();
        for replacement in [
            "$1", "${1}x", "$word", "$1x", "$$1", "$", "a$", "${", "${word", "$${word}", "${no}", "$9", "$-", "$é",
            "${2}$",
        ] {
            let (mut own, mut theirs) = (String::new(), String::new());
            assert!(expand(replacement, &found, &mut own).is_ok());
            found.expand(replacement, &mut theirs);
            assert_eq!(own, theirs, "{replacement}");
        }
    }
}
