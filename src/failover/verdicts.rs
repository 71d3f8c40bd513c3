//! Results of preflight checks.

use super::{PreflightCheck, PreflightStatus};

/// A check that stops the procedure: what is wrong, and the fix.
pub(super) fn refuses(rule: &'static str, what: impl Into<String>, help: impl Into<String>) -> PreflightCheck {
    PreflightCheck { rule, verdict: PreflightStatus::Refuses, what: what.into(), help: help.into() }
}

/// A check that warns the operator: what is wrong, and the fix.
pub(super) fn warns(rule: &'static str, what: impl Into<String>, help: impl Into<String>) -> PreflightCheck {
    PreflightCheck { rule, verdict: PreflightStatus::Warns, what: what.into(), help: help.into() }
}

/// A check that is fulfilled.
pub(super) fn passes(rule: &'static str, what: impl Into<String>) -> PreflightCheck {
    PreflightCheck { rule, verdict: PreflightStatus::Passes, what: what.into(), help: String::new() }
}
