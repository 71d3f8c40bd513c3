//! Steps and their graph, the events of a run, and the two pure functions over them: `replay` and `next`.
//!
//! A plan or a procedure compiles to a [`StepGraph`]; a run walks it. Everything that happens is an [`Entry`] of the run's journal, and the status of a run is a
//! fold over its entries. Nothing here acts, reads a clock or knows how a step is done.

mod fold;
mod graph;
pub mod lines;
mod next;
mod replay;
mod report;
mod task;
#[cfg(test)]
pub(crate) mod tests;
mod timeline;
mod undertaking;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::state::{GroupRole, Recorded};

pub use fold::Foreign;
pub use graph::{NotAGraph, Path};
pub use next::next;
pub use replay::{Corrupt, Phase, RunStatus, replay, replay_run};
pub use report::{Fate, Record, Report, Took};
pub use task::{Lever, Stage, Task, Touch, Undo};
pub(crate) use timeline::between;
pub use timeline::{Attempt, Condition, Course, Decision, Timeline};
pub use undertaking::{Accepted, Approval, Checked, Predicted, RoleChange, Undertaking};

/// The position of a step in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its position.
    pub id: StepId,
    /// The resource it is about; for what is about none, the block of the failover group: `probe.front`, `route.traffic`, `step.resume`.
    pub address: Address,
    /// The steps that must have succeeded before.
    pub needs: Vec<StepId>,
    /// What is done.
    pub act: Act,
    /// Steps that share one of these words are never under way together.
    pub serial: Vec<String>,
    /// The regions it touches, and with what.
    pub touches: Vec<Touch>,
    /// How long it is expected to take.
    pub expect: Duration,
    /// In nineteen of twenty cases it takes no longer.
    pub worst: Duration,
    /// The phase of the procedure it belongs to.
    pub stage: Stage,
    /// What takes it back.
    pub undo: Undo,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Creates the resource, or completes what an earlier run began.
    Create,
    /// Writes the resource again in place.
    Update,
    /// Records a resource that stands already, and writes it where it differs.
    Adopt,
    /// Deletes what is recorded.
    Delete(Box<Recorded>),
    /// Records the old object under the address it has until it is deleted, before a new one takes its own. Nothing happens in the cloud.
    SetAside(Box<Recorded>),
    /// Takes the resource out of the state and leaves what stands alone.
    Forget,
    /// What only a failover run does.
    Task(Task),
}

/// Steps and what they need. Invariant: `steps[i].id == i`, every need is a lower layer of an acyclic graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepGraph {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When, by the run's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// What can happen in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The run began. Always the first entry, and never another one.
    Started(Started),
    /// A run that had stopped, or was killed, goes on. What was under way then is looked at again.
    Resumed {
        /// Who resumed it: user and host.
        by: String,
    },
    /// More steps were added behind the others, and those that were not done will not be: a run is unwound.
    Extended {
        /// Who decided it, and why.
        why: String,
        /// The steps; their ids go on where those of the graph end.
        steps: Vec<Step>,
    },
    /// Something happened to a step.
    Step {
        /// The step.
        step: StepId,
        /// Its resource: redundant, so that a journal can be folded into the state without the plan.
        address: Address,
        /// What happened.
        event: StepEvent,
    },
    /// The run ended. The last entry, unless it is resumed.
    Ended(Ended),
    /// The run is given up: it will not be resumed. Always the last entry.
    Closed {
        /// Who gave it up: user and host.
        by: String,
        /// Why, and how things were left.
        why: String,
    },
}

/// How a run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// [`crate::state::VERSION`].
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// `apply`, `destroy`, …
    pub command: String,
    /// Who started it: user and host.
    pub by: String,
    /// The lineage of the state it started from.
    pub lineage: String,
    /// The serial of the snapshot it started from: the journal is folded on top of exactly this one.
    pub serial: u64,
    /// The name of the stack.
    pub stack: String,
    /// The digest of the stack.
    pub digest: String,
    /// How many steps there are.
    pub steps: u32,
    /// What a failover run undertakes; `None` for others, which nobody resumes: the next plan goes on from what stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<Box<Undertaking>>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Every step succeeded.
    Done,
    /// Some steps failed, and what needs them was not begun.
    Failed,
    /// It was asked to stop, and finished what was under way.
    Stopped,
}

/// What can happen to a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepEvent {
    /// It is about to be done. Holds what the state must know if nothing more is ever heard: the resource, with the status of what was begun
    /// (`None` where the step only takes it out of the state).
    Begun(Option<Box<Recorded>>),
    /// It is done: the resource as it stands (`None`: it is gone or forgotten).
    Succeeded(Option<Box<Recorded>>),
    /// It was refused or has failed; the words say why.
    Failed(String),
    /// Whether it was done is not known; the words say why.
    OutcomeUnknown(String),
    /// Something was learnt while it was under way, for the report.
    Learnt(Learnt),
    /// It waits for a person, and the run with it; the words say for what.
    Paused(String),
    /// It is left out, and what needs it may begin; the words say who decided so, and why.
    Skipped(String),
}

/// What a step learns or changes before its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learnt {
    /// What happened, a sentence without its full stop: `GET https://… answered 200`.
    pub what: String,
    /// A number that the report needs: the loss that was measured, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Another resource that the step has changed, as it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<(Address, Box<Recorded>)>,
    /// A failover group whose role has moved, and its role now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<(String, Box<GroupRole>)>,
}

impl Learnt {
    /// Something that happened, in words.
    pub fn said(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }
}
