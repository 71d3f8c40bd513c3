//! What recovery is predicted to take and to lose, before and after a change.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value as Json;

use crate::failover::{Guard, History, Loss, Procedure, Verdict, forecasts};
use crate::kinds::How;
use crate::stack::Stack;
use crate::state::State;
use crate::steps::{Predicted, Step};
use crate::value::{Sealed, Value};

/// What is known of the stack before.
#[derive(Clone, Copy)]
pub enum Earlier<'a> {
    /// Nothing: nothing of it is recorded.
    Unknown,
    /// What was recorded of its resources, as [`as_recorded`] has it. Failover groups are not recorded: they are those of the stack after.
    Recorded(&'a Stack),
    /// There was none.
    Nothing,
    /// This was it.
    Stack(&'a Stack),
}

/// What is expected of one failover group, moved in one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// The failover group.
    pub group: String,
    /// How it is moved.
    pub how: How,
    /// The site that is left.
    pub leaving: String,
    /// Before the change.
    pub before: Expected,
    /// After it.
    pub after: Expected,
}

/// What is expected on one side of a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// Nobody knows.
    Unknown,
    /// There is no such failover group.
    NoGroup,
    /// This procedure would be carried out.
    Procedure(Box<Procedure>),
}

impl Expected {
    /// The procedure, where there is one.
    pub fn procedure(&self) -> Option<&Procedure> {
        match self {
            Self::Procedure(procedure) => Some(procedure),
            Self::Unknown | Self::NoGroup => None,
        }
    }
}

/// What refuses a procedure whatever is seen: the rules of which the text alone decides.
const BY_TEXT: [&str; 4] = ["order", "direction", "levers", "touches-lost-site"];

/// A stack in which what always stands has the arguments that are recorded of it. What is secret or was not known yet stays as it is written.
#[must_use]
pub fn as_recorded(mut stack: Stack, state: &State) -> Stack {
    let known = |value: &&Json| !Sealed::has_unknown(value) && !Sealed::has_sensitive(value);
    for (address, recorded) in &state.resources {
        for (argument, value) in recorded.arguments.iter().filter(|(_, value)| known(value)) {
            stack.pin(address, argument, Some(Value::from_json(value)));
        }
    }
    stack
}

/// What is expected of every failover group of either stack: forced first, since that is how a site is lost.
pub fn outlooks(earlier: Earlier<'_>, after: &Stack, history: &History) -> Vec<Outlook> {
    let mut old = match earlier {
        Earlier::Stack(before) | Earlier::Recorded(before) => forecasts(before, history),
        Earlier::Unknown | Earlier::Nothing => Vec::new(),
    };
    let known = matches!(earlier, Earlier::Stack(_) | Earlier::Nothing);
    let mut all: Vec<Outlook> = forecasts(after, history)
        .into_iter()
        .map(|procedure| {
            let same = |old: &Procedure| old.group == procedure.group && old.how == procedure.how;
            let before = match old.iter().position(same).map(|at| old.remove(at)) {
                Some(before) => Expected::Procedure(Box::new(before)),
                None if known => Expected::NoGroup,
                None => Expected::Unknown,
            };
            let Procedure { group, how, leaving, .. } = procedure.clone();
            Outlook { group, how, leaving, before, after: Expected::Procedure(Box::new(procedure)) }
        })
        .collect();
    all.extend(old.into_iter().map(|procedure| {
        let Procedure { group, how, leaving, .. } = procedure.clone();
        Outlook { group, how, leaving, before: Expected::Procedure(Box::new(procedure)), after: Expected::NoGroup }
    }));
    all
}

/// Whether an objective would be missed after the change, in more than one of twenty cases, or a failover could not be carried out at all.
pub fn misses(outlooks: &[Outlook]) -> bool {
    worst(outlooks).is_some()
}

/// How the failover group that does worst after the change falls short; `None` where none does.
pub fn worst(outlooks: &[Outlook]) -> Option<Short> {
    outlooks.iter().filter_map(|outlook| falls_short(outlook.after.procedure()?)).max()
}

/// How a procedure can fall short of what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Short {
    /// Users may wait longer than the objective, in more than one of twenty cases.
    AtRisk,
    /// Users wait longer, or more is lost, in half of the cases.
    Missed,
    /// It cannot be carried out.
    Impossible,
}

/// How a procedure falls short of what is wanted; `None` where it does not.
pub fn falls_short(procedure: &Procedure) -> Option<Short> {
    let Predicted { typical, worst } = procedure.predicted;
    let late = |time: Duration| procedure.objectives.rto.is_some_and(|rto| time > rto);
    let loses = |loss: &Loss| matches!((loss.amount, procedure.objectives.rpo), (Some(loss), Some(rpo)) if loss > rpo);
    if refusals(procedure).next().is_some() {
        Some(Short::Impossible)
    } else if late(typical) || procedure.losses.iter().any(loses) {
        Some(Short::Missed)
    } else {
        late(worst).then_some(Short::AtRisk)
    }
}

/// What refuses it, whatever is seen.
pub fn refusals(procedure: &Procedure) -> impl Iterator<Item = &Guard> {
    let by_text = |guard: &&Guard| guard.verdict == Verdict::Refuses && BY_TEXT.contains(&guard.rule);
    procedure.guards.iter().filter(by_text)
}

/// The step that decides most of how long it takes: the longest on the chain that users wait for.
pub fn decides(procedure: &Procedure) -> Option<&Step> {
    let steps = procedure.critical.steps.iter().filter_map(|id| procedure.steps.step(*id));
    // Of two that take as long the first counts.
    steps.reduce(|longest, step| if step.expect > longest.expect { step } else { longest })
}
