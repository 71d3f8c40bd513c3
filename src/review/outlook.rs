//! Predicted recovery time and data loss, before and after a change.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value as Json;

use crate::failover::{History, LossEstimate, PreflightCheck, PreflightStatus, Procedure, forecasts};
use crate::roles::FailoverMode;
use crate::stack::Stack;
use crate::state::State;
use crate::steps::{Step, TimeSpan};
use crate::value::{SealedValue, Value};

/// Knowledge about the stack before.
#[derive(Clone, Copy)]
pub enum PreviousStack<'a> {
    /// Unknown: there is no state.
    Unknown,
    /// Its resources in state, from [`as_recorded`]. State has no failover groups, so they are those of the stack
    /// after.
    Recorded(&'a Stack),
    /// No stack before.
    Nothing,
    /// The stack before.
    Stack(&'a Stack),
}

/// Predictions for one failover group and one kind of move.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// The failover group.
    pub group: String,
    /// Planned or forced.
    pub how: FailoverMode,
    /// The source site.
    pub leaving: String,
    /// Before the change.
    pub before: Expectation,
    /// After the change.
    pub after: Expectation,
}

/// Prediction before or after a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// Unknown.
    Unknown,
    /// No such failover group.
    NoGroup,
    /// The procedure of the move.
    Procedure(Box<Procedure>),
}

impl Expectation {
    /// The procedure, if there is one.
    pub fn procedure(&self) -> Option<&Procedure> {
        match self {
            Self::Procedure(procedure) => Some(procedure),
            Self::Unknown | Self::NoGroup => None,
        }
    }
}

/// Preflight checks that depend on the configuration alone, not on observations.
const BY_TEXT: [&str; 4] = ["order", "direction", "routes", "touches-lost-site"];

/// A stack with the arguments in state for permanent resources. Secret and unknown ones stay as configured.
#[must_use]
pub fn as_recorded(mut stack: Stack, state: &State) -> Stack {
    let known = |value: &&Json| !SealedValue::has_unknown(value) && !SealedValue::has_sensitive(value);
    for (address, recorded) in &state.resources {
        for (argument, value) in recorded.arguments.iter().filter(|(_, value)| known(value)) {
            stack.pin(address, argument, Some(Value::from_json(value)));
        }
    }
    stack
}

/// Predictions for every failover group of either stack, forced moves first.
pub fn outlooks(earlier: PreviousStack<'_>, after: &Stack, history: &History) -> Vec<Outlook> {
    let mut old = match earlier {
        PreviousStack::Stack(before) | PreviousStack::Recorded(before) => forecasts(before, history),
        PreviousStack::Unknown | PreviousStack::Nothing => Vec::new(),
    };
    let known = matches!(earlier, PreviousStack::Stack(_) | PreviousStack::Nothing);
    let mut all: Vec<Outlook> = forecasts(after, history)
        .into_iter()
        .map(|procedure| {
            let same = |old: &Procedure| old.group == procedure.group && old.how == procedure.how;
            let before = match old.iter().position(same).map(|at| old.remove(at)) {
                Some(before) => Expectation::Procedure(Box::new(before)),
                None if known => Expectation::NoGroup,
                None => Expectation::Unknown,
            };
            let Procedure { group, how, leaving, .. } = procedure.clone();
            Outlook { group, how, leaving, before, after: Expectation::Procedure(Box::new(procedure)) }
        })
        .collect();
    all.extend(old.into_iter().map(|procedure| {
        let Procedure { group, how, leaving, .. } = procedure.clone();
        Outlook {
            group,
            how,
            leaving,
            before: Expectation::Procedure(Box::new(procedure)),
            after: Expectation::NoGroup,
        }
    }));
    all
}

/// True if P95 exceeds an objective after the change, or a failover is blocked.
pub fn misses(outlooks: &[Outlook]) -> bool {
    worst(outlooks).is_some()
}

/// Worst shortfall of all failover groups after the change; `None` if there is none.
pub fn worst(outlooks: &[Outlook]) -> Option<Shortfall> {
    outlooks.iter().filter_map(|outlook| falls_short(outlook.after.procedure()?)).max()
}

/// Shortfall of a procedure against its objectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// P95 exceeds the RTO.
    AtRisk,
    /// P50 exceeds the RTO, or data loss the RPO.
    Missed,
    /// The move is blocked.
    Impossible,
}

/// Shortfall of a procedure; `None` if it meets its objectives.
pub fn falls_short(procedure: &Procedure) -> Option<Shortfall> {
    let TimeSpan { typical, worst, .. } = procedure.headline();
    let late = |time: Duration| procedure.objectives.rto.is_some_and(|rto| time > rto);
    let loses =
        |loss: &LossEstimate| matches!((loss.amount, procedure.objectives.rpo), (Some(loss), Some(rpo)) if loss > rpo);
    if refusals(procedure).next().is_some() {
        Some(Shortfall::Impossible)
    } else if late(typical)
        || (procedure.objectives.rto.is_some() && procedure.moves_nothing())
        || procedure.losses.iter().any(loses)
    {
        Some(Shortfall::Missed)
    } else {
        late(worst).then_some(Shortfall::AtRisk)
    }
}

/// Failed preflight checks that depend on the configuration alone.
pub fn refusals(procedure: &Procedure) -> impl Iterator<Item = &PreflightCheck> {
    let by_text = |guard: &&PreflightCheck| guard.verdict == PreflightStatus::Refuses && BY_TEXT.contains(&guard.rule);
    procedure.guards.iter().filter(by_text)
}

/// The longest step of the critical path.
pub fn decides(procedure: &Procedure) -> Option<&Step> {
    let steps = procedure.critical.steps.iter().filter_map(|id| procedure.steps.step(*id));
    // The first of several equally long ones.
    steps.reduce(|longest, step| if step.expect > longest.expect { step } else { longest })
}
