//! Combinations of arguments that the provider refuses.

use serde_json::Value as Json;

use super::args::Args;
use crate::kinds::path;
use crate::kinds::table::Lit;

/// A combination of arguments that the provider refuses: all of its conditions hold.
#[derive(Debug, Clone, Copy)]
pub struct Combination {
    /// The block to whose elements the conditions apply; empty: the resource.
    pub each: &'static str,
    /// The conditions: an argument, by dotted path, and a test of its value.
    pub when: &'static [(&'static str, Test)],
    /// The argument that the error shows.
    pub argument: &'static str,
    /// The fault, without a full stop.
    pub summary: &'static str,
    /// The fix.
    pub help: &'static str,
    /// The provider's error code.
    pub code: &'static str,
}

impl Combination {
    /// A combination of arguments of the resource, shown at the first of its conditions.
    pub const fn new(
        code: &'static str,
        when: &'static [(&'static str, Test)],
        summary: &'static str,
        help: &'static str,
    ) -> Self {
        let argument = match when {
            [(first, _), ..] => *first,
            [] => "",
        };
        Self { each: "", when, argument, summary, help, code }
    }

    /// Applies it to each element of a block.
    #[must_use]
    pub const fn each(mut self, block: &'static str) -> Self {
        self.each = block;
        self.argument = block;
        self
    }

    pub(super) fn is_broken(&self, args: &Args) -> bool {
        let holds = |body: &Json| self.when.iter().all(|(at, test)| test.holds(path::borrow(body, at)));
        let Some(block) = (!self.each.is_empty()).then_some(self.each) else {
            // The tests read paths of a body, and arguments have no others.
            return self.when.iter().all(|(at, test)| {
                let (first, rest) = at.split_once('.').unwrap_or((*at, ""));
                test.holds(args.get(first).and_then(|value| path::borrow(value, rest)))
            });
        };
        match args.get(block) {
            Some(Json::Array(items)) => items.iter().any(holds),
            Some(one) => holds(one),
            None => false,
        }
    }
}

/// A test of a value.
#[derive(Debug, Clone, Copy)]
pub enum Test {
    /// One of these.
    Is(&'static [Lit]),
    /// Set, and none of these.
    Not(&'static [Lit]),
    /// Set.
    Set,
    /// Not set.
    Absent,
    /// A number above this.
    Above(i64),
    /// A number below this.
    Below(i64),
    /// A number that is no multiple of this.
    Uneven(i64),
    /// A text that begins with one of these, in any case.
    Begins(&'static [&'static str]),
    /// A list with more elements than this.
    MoreThan(usize),
}

impl Test {
    /// `null` is a value that is set and not known yet.
    fn holds(self, value: Option<&Json>) -> bool {
        let is = |lit: &Lit| match (lit, value) {
            (Lit::Str(text), Some(Json::String(other))) => text.eq_ignore_ascii_case(other),
            (lit, Some(value)) => lit.json() == *value,
            (_, None) => false,
        };
        match self {
            Self::Is(all) => all.iter().any(is),
            Self::Not(all) => value.is_some_and(|value| !value.is_null()) && !all.iter().any(is),
            Self::Set => value.is_some_and(|value| value.as_array().is_none_or(|items| !items.is_empty())),
            Self::Absent => value.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty)),
            Self::Above(bound) => value.is_some_and(|value| match (value.as_i64(), value.as_f64()) {
                (Some(whole), _) => whole > bound,
                (None, Some(part)) => part > f64::from(i32::try_from(bound).unwrap_or(i32::MAX)),
                (None, None) => false,
            }),
            Self::Below(bound) => value.and_then(Json::as_i64).is_some_and(|number| number < bound),
            Self::Uneven(step) => value.and_then(Json::as_i64).is_some_and(|number| number % step != 0),
            Self::Begins(words) => value.and_then(Json::as_str).is_some_and(|text| {
                let text = text.to_ascii_lowercase();
                words.iter().any(|word| text.starts_with(&word.to_ascii_lowercase()))
            }),
            Self::MoreThan(most) => value.and_then(Json::as_array).is_some_and(|items| items.len() > most),
        }
    }
}
