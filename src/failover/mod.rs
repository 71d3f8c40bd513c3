//! Stack, roles and what was seen to a [`Procedure`]: the steps that move users and data, why each is safe, and what they will cost.
//!
//! Pure: the same input gives the same procedure, byte for byte. It decides everything; whoever carries it out has no choice left but to look
//! before each step whether it is done already.

mod assumed;
mod down;
mod draft;
mod drill;
mod extra;
mod guards;
mod history;
mod isolation;
mod levers;
mod offers;
mod predict;
mod procedure;
pub mod production;
mod rights;
mod standing;
mod survey;
mod unwind;
mod up;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::address::Address;
use crate::kinds::How;
use crate::plan::Basis;
use crate::stack::{FailoverGroup, Knowledge, Objectives, Stack};
use crate::state::{GroupRole, State, Verb};
use crate::steps::{Accepted, Checked, Path, Predicted, StepGraph, Undertaking};

pub use crate::steps::RoleChange;
pub use assumed::forecasts;
pub use history::{Calibration, History};
pub(crate) use levers::lever;
pub(crate) use offers::{machines_of, offered, sizes, usages};
pub use procedure::plan;
pub(crate) use rights::{action_of, allows, permissions};
pub use survey::{List, Survey, Surveyed, survey};
pub use unwind::unwind;

/// The stack as a run of this verb has it: with the copies, for a drill. `knowledge` is what it was evaluated with.
#[must_use]
pub fn as_run(stack: Stack, group: &str, verb: Verb, knowledge: &Knowledge) -> Stack {
    if verb == Verb::Drill { stack.with_copies(group, knowledge) } else { stack }
}

/// What a procedure is asked for.
pub struct Question<'a> {
    /// The stack, evaluated with what is recorded, as [`as_run`] makes it for this verb.
    pub stack: &'a Stack,
    /// The failover group.
    pub group: &'a FailoverGroup,
    /// What is to be done.
    pub verb: Verb,
    /// How roles are to be moved.
    pub how: How,
    /// The site that is given up, by name; with [`How::Forced`] only.
    pub lost: Option<&'a str>,
    /// What is recorded.
    pub state: &'a State,
    /// What was seen.
    pub seen: &'a Surveyed,
    /// What was accepted.
    pub accepted: Accepted,
    /// How long things took before.
    pub history: &'a History,
}

/// What a failover run will do.
#[derive(Debug, Clone, PartialEq)]
pub struct Procedure {
    /// The stack's name.
    pub stack: String,
    /// What it was made from.
    pub basis: Basis,
    /// The failover group.
    pub group: String,
    /// What is done.
    pub verb: Verb,
    /// How roles are moved.
    pub how: How,
    /// The site that is given up.
    pub lost: Option<String>,
    /// The site that users and data leave.
    pub leaving: String,
    /// The site that they go to.
    pub arriving: String,
    /// The region of each of the group's sites, by the site's name.
    pub regions: BTreeMap<String, String>,
    /// Why there is nothing to do, completing a sentence: `web is up since … by run …`. Then there are no steps.
    pub idle: Option<String>,
    /// The steps.
    pub steps: StepGraph,
    /// The chain of steps that decides how long it takes until users are served again.
    pub critical: Path,
    /// How long that is predicted to take.
    pub predicted: Predicted,
    /// How good such predictions were.
    pub calibration: Calibration,
    /// What each replica would lose.
    pub losses: Vec<Loss>,
    /// The role of each replica before and after, and of the group.
    pub roles: Vec<RoleChange>,
    /// What the group's role will be.
    pub becomes: Option<GroupRole>,
    /// What was checked before the first change, refusals first.
    pub guards: Vec<Guard>,
    /// What is not called, although it belongs to the group, because it would touch the site that is given up.
    pub avoided: Vec<Avoided>,
    /// What the stack wants to reach.
    pub objectives: Objectives,
    /// What was accepted.
    pub accepted: Accepted,
    /// What else there is to say.
    pub notes: Vec<String>,
}

impl Procedure {
    /// Whether a guard forbids it.
    pub fn is_refused(&self) -> bool {
        self.guards.iter().any(|guard| guard.verdict == Verdict::Refuses)
    }

    /// The greatest loss that any replica would suffer, where all say; `None` where one does not.
    pub fn loss(&self) -> Option<Duration> {
        self.losses.iter().map(|loss| loss.amount).try_fold(Duration::ZERO, |most, amount| Some(most.max(amount?)))
    }

    /// What its run keeps of it: all that is needed to resume the run and to hold its report against.
    pub fn undertaking(&self) -> Undertaking {
        let checked = |guard: &Guard| Checked {
            rule: guard.rule.to_owned(),
            warned: guard.verdict != Verdict::Passes,
            what: guard.what.clone(),
        };
        Undertaking {
            group: self.group.clone(),
            verb: self.verb,
            how: self.how,
            lost: self.lost.clone(),
            leaving: self.leaving.clone(),
            arriving: self.arriving.clone(),
            regions: self.regions.clone(),
            roles: self.roles.clone(),
            notes: self.notes.clone(),
            checks: self.guards.iter().map(checked).collect(),
            steps: self.steps.steps.clone(),
            predicted: self.predicted,
            losses: self.losses.iter().map(|loss| (loss.replica.clone(), loss.amount)).collect(),
            accepted: self.accepted,
            objectives: (self.objectives.rto, self.objectives.rpo),
        }
    }
}

/// What a replica would lose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The replica.
    pub replica: Address,
    /// Writes no older than this, as last heard; `None` where nobody says.
    pub amount: Option<Duration>,
    /// Where the figure comes from, or why there is none: a sentence without its full stop.
    pub source: String,
}

/// Something that was checked before the first change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guard {
    /// The stable name of what is checked: `lag`, `fenced`, `single-lever`.
    pub rule: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// What was found, a sentence without its full stop.
    pub what: String,
    /// What to do about it, in sentences; empty where there is nothing to do.
    pub help: String,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The procedure must not be carried out.
    Refuses,
    /// It may, and whoever starts it should know.
    Warns,
    /// All is well.
    Passes,
}

/// Something that is left out, or goes another way, because it would touch the site that is given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Avoided {
    /// The resource.
    pub address: Address,
    /// What is not called, and what happens instead.
    pub what: String,
}

/// A moment as people are told of it: a time without fractions of a second.
pub fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}
