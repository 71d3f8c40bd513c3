//! Checks that a stack can be applied and failed over from this machine now. Pure: they name the lists to read and
//! judge the answers.
//!
//! A new check is one file and one line in [`CHECKS`]. The command checks credentials, the clock and the store itself.

mod capacity;
mod permissions;
mod registrations;
mod subscription;

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value as Json;

use crate::failover::ListRequest;
use crate::kinds::body;
use crate::stack::Stack;
use crate::state::State;

/// Subject of the checks.
#[derive(Clone, Copy)]
pub struct DoctorInput<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// Its state, if any.
    pub state: Option<&'a State>,
}

/// The answer to each list, or why there is none.
#[derive(Debug, Default)]
pub struct ListAnswers(HashMap<String, Result<Json, String>>);

impl ListAnswers {
    /// The answers to these lists, in their order.
    pub fn to(lists: &[ListRequest], answers: Vec<Result<Json, String>>) -> Self {
        Self(lists.iter().map(key).zip(answers).collect())
    }

    fn get(&self, list: &ListRequest) -> Option<&Result<Json, String>> {
        self.0.get(&key(list))
    }
}

/// Two lists with one id may have different queries.
fn key(list: &ListRequest) -> String {
    format!("{}?{:?}", list.object.id.folded(), list.query)
}

/// Result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoctorResult {
    /// Name of the check, as in `permissions`.
    pub check: &'static str,
    /// Verdict.
    pub verdict: DoctorStatus,
    /// Observation, a sentence without its full stop.
    pub what: String,
    /// Correction, in sentences; empty if none is needed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
}

/// Severity, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoctorStatus {
    /// An apply or a failover would fail.
    Fails,
    /// Not readable, so unknown.
    Unseen,
    /// May delay or block an apply or a failover.
    Warns,
    /// No problem.
    Passes,
}

/// A check against Resource Manager.
struct DoctorCheck {
    /// Lists to read.
    lists: fn(DoctorInput<'_>) -> Vec<ListRequest>,
    /// Judges the answers.
    judge: fn(DoctorInput<'_>, &ListAnswers, &mut Vec<DoctorResult>),
}

/// All checks, in the order of the report.
const CHECKS: &[DoctorCheck] = &[subscription::CHECK, permissions::CHECK, registrations::CHECK, capacity::CHECK];

/// The lists to read, each once.
pub fn lists(subject: DoctorInput<'_>) -> Vec<ListRequest> {
    let mut seen = BTreeSet::new();
    let all = CHECKS.iter().flat_map(|check| (check.lists)(subject));
    all.filter(|list| seen.insert(key(list))).collect()
}

/// Findings of all checks.
pub fn examine(subject: DoctorInput<'_>, answers: &ListAnswers) -> Vec<DoctorResult> {
    let mut found = Vec::new();
    for check in CHECKS {
        (check.judge)(subject, answers, &mut found);
    }
    found
}

impl DoctorResult {
    /// A finding without a problem.
    pub fn passes(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, verdict: DoctorStatus::Passes, what: what.into(), help: String::new() }
    }

    /// A finding with a problem.
    pub fn of(check: &'static str, verdict: DoctorStatus, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { check, verdict, what: what.into(), help: help.into() }
    }
}

/// The id of the subscription.
fn subscription(stack: &Stack) -> String {
    body::scope(&stack.account).to_string()
}

/// Reason of a missing answer, as the end of a sentence.
fn why(answer: Option<&Result<Json, String>>) -> String {
    match answer {
        Some(Err(why)) => format!(": {}", why.trim_end_matches('.')),
        _ => String::new(),
    }
}
