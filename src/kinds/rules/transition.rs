//! Changes that the provider refuses in place.

use serde_json::{Map as JsonMap, Value as Json};

use super::args::{Args, fold};
use crate::kinds::path;
use crate::kinds::table::{Kind, Lit};

/// A change that the provider refuses in place.
#[derive(Debug, Clone, Copy)]
pub struct Transition {
    /// The argument, by dotted path.
    pub argument: &'static str,
    /// The changes that it is about.
    pub change: ChangeTest,
    /// The consequence.
    pub way: Way,
    /// The reason, in a full sentence.
    pub why: &'static str,
    /// The provider's error code.
    pub code: &'static str,
}

/// A test of a change.
#[derive(Debug, Clone, Copy)]
pub enum ChangeTest {
    /// A number becomes smaller. Numbers in strings count, as in versions.
    Shrinks,
    /// An element leaves a list.
    LosesElement,
    /// From one of the first values to one of the second. An empty list: any value.
    Between(&'static [Lit], &'static [Lit]),
    /// Any change that this function accepts.
    Where(fn(&Json, &Json) -> bool),
    /// A change of several arguments that this function accepts.
    Together(fn(&JsonMap<String, Json>, &JsonMap<String, Json>) -> bool),
}

/// The consequence of a change that the provider refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The object is deleted and created.
    Replace,
    /// The plan is refused; the text says what to do instead.
    Refuse(&'static str),
}

impl Transition {
    /// A change that replaces the object.
    pub const fn replace(code: &'static str, argument: &'static str, change: ChangeTest, why: &'static str) -> Self {
        Self { argument, change, way: Way::Replace, why, code }
    }

    /// A change that the plan refuses.
    pub const fn refuse(
        code: &'static str,
        argument: &'static str,
        change: ChangeTest,
        why: &'static str,
        instead: &'static str,
    ) -> Self {
        Self { argument, change, way: Way::Refuse(instead), why, code }
    }

    /// True if the change from the first arguments to the second ones is one of these. What is not known yet changes
    /// nothing.
    pub fn applies(&self, old: &Args, new: &Args) -> bool {
        if let ChangeTest::Together(is_such) = self.change {
            return is_such(old, new);
        }
        let (first, rest) = self.argument.split_once('.').unwrap_or((self.argument, ""));
        let at =
            |args: &Args| args.get(first).and_then(|value| path::borrow(value, rest)).filter(|v| !v.is_null()).cloned();
        let (old, new) = (at(old), at(new));
        if new.as_ref().is_some_and(is_sealed) || old.as_ref().is_some_and(is_sealed) {
            return false;
        }
        let is_one =
            |all: &[Lit], value: &Json| all.is_empty() || all.iter().any(|lit| fold(&lit.json()) == fold(value));
        match (self.change, old, new) {
            (ChangeTest::Shrinks, Some(old), Some(new)) => number(&old).zip(number(&new)).is_some_and(|(o, n)| n < o),
            (ChangeTest::LosesElement, Some(Json::Array(old)), new) => {
                let new = new.as_ref().and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
                old.iter().any(|item| !new.iter().any(|other| fold(other) == fold(item)))
            }
            (ChangeTest::Between(from, to), Some(old), Some(new)) => {
                old != new && is_one(from, &old) && is_one(to, &new)
            }
            (ChangeTest::Where(is_such), Some(old), Some(new)) => is_such(&old, &new),
            _ => false,
        }
    }
}

/// A digest or an unknown value, which says nothing about a change.
fn is_sealed(value: &Json) -> bool {
    value.as_object().is_some_and(|map| map.keys().any(|key| key.starts_with('$')))
}

fn number(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The first change of a kind's table that a request makes although the provider refuses it in place. Changes of
/// several arguments together are left out: some of those arguments are in no response.
pub fn refused_change(kind: &Kind, old: &Args, new: &Args) -> Option<&'static Transition> {
    let told = kind.transitions.iter().filter(|transition| !matches!(transition.change, ChangeTest::Together(_)));
    told.into_iter().find(|transition| transition.applies(old, new))
}
