//! Whether a stack could be applied and failed over from here, now: what is looked at, and what that says. It reads nothing by itself, and changes nothing.
//!
//! A new check is one file and one line in [`CHECKS`]. What hangs on this machine (credentials, the clock, the store) is found by the command.

mod capacity;
mod permissions;
mod registrations;
mod subscription;

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value as Json;

use crate::failover::List;
use crate::stack::Stack;
use crate::state::State;

/// What is examined.
#[derive(Clone, Copy)]
pub struct Patient<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// What is recorded of it.
    pub state: Option<&'a State>,
}

/// What was answered for each list, or why nothing was.
#[derive(Debug, Default)]
pub struct Answers(HashMap<String, Result<Json, String>>);

impl Answers {
    /// The answers to these lists, in their order.
    pub fn to(lists: &[List], answers: Vec<Result<Json, String>>) -> Self {
        Self(lists.iter().map(key).zip(answers).collect())
    }

    fn get(&self, list: &List) -> Option<&Result<Json, String>> {
        self.0.get(&key(list))
    }
}

/// Two lists at one place may be asked for different things.
fn key(list: &List) -> String {
    format!("{}?{:?}", list.id.folded(), list.query)
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked, as in `permissions`.
    pub check: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found, a sentence without its full stop.
    pub what: String,
    /// What to do about it, in sentences; empty where there is nothing to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
}

/// How bad it is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An apply or a failover would fail.
    Fails,
    /// It could not be looked at.
    Unseen,
    /// Worth knowing before it is needed.
    Warns,
    /// All is well.
    Passes,
}

/// A check that Resource Manager is asked for.
struct Check {
    /// The lists that it needs.
    lists: fn(Patient<'_>) -> Vec<List>,
    /// What they say.
    judge: fn(Patient<'_>, &Answers, &mut Vec<Finding>),
}

/// All checks, in the order in which they are told.
const CHECKS: &[Check] = &[subscription::CHECK, permissions::CHECK, registrations::CHECK, capacity::CHECK];

/// The lists to read, each once.
pub fn lists(patient: Patient<'_>) -> Vec<List> {
    let mut seen = BTreeSet::new();
    let all = CHECKS.iter().flat_map(|check| (check.lists)(patient));
    all.filter(|list| seen.insert(key(list))).collect()
}

/// What the answers say.
pub fn examine(patient: Patient<'_>, answers: &Answers) -> Vec<Finding> {
    let mut found = Vec::new();
    for check in CHECKS {
        (check.judge)(patient, answers, &mut found);
    }
    found
}

impl Finding {
    /// All is well.
    pub fn passes(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Passes, what: what.into(), help: String::new() }
    }

    /// All is not well.
    pub fn of(check: &'static str, verdict: Verdict, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, verdict, what: what.into(), help: help.into() }
    }
}

/// The id of the subscription.
fn subscription(stack: &Stack) -> String {
    format!("/subscriptions/{}", stack.subscription)
}

/// Why there is no answer, as the end of a sentence.
fn why(answer: Option<&Result<Json, String>>) -> String {
    match answer {
        Some(Err(why)) => format!(": {}", why.trim_end_matches('.')),
        _ => String::new(),
    }
}
