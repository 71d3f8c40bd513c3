//! Steps and their graph, the events of a run, and the two pure functions over them: `replay` and `next`.
//!
//! A plan or a procedure compiles to a [`StepGraph`]; a run executes it. Everything that happens is an [`Entry`] of
//! the run's journal, and the status of a run is a fold over its entries. Nothing here acts, reads a clock or knows
//! how a step is executed.

mod fold;
mod graph;
pub mod lines;
mod next;
mod replay;
mod report;
mod run_spec;
mod schedule;
mod task;
#[cfg(test)]
pub(crate) mod tests;
mod timeline;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::backup::RestoreRecord;
use crate::stack::RecordedInputs;
use crate::state::{GroupRole, Recorded};

pub use fold::{ForeignEntry, restores_of};
pub use graph::{GraphError, Path};
pub use next::next;
pub use replay::{Corrupt, Phase, RunStatus, replay, replay_run};
pub use report::{Record, Report, StepOutcome, StepTime};
pub use run_spec::{Acceptance, Approval, CheckRecord, Prediction, RoleChange, RunSpec, RunText, TimeSpan};
pub use schedule::{Schedule, WIDTH};
pub use task::{
    FrontWatch, LateArgument, LaunchRestore, OlderPoint, RouteSwitch, SnapshotRestore, Stage, Task, Touch, Undo,
};
pub(crate) use timeline::between;
pub use timeline::{Attempt, Condition, OperatorDecision, StepHistory, Timeline};

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
    /// The resource that the step changes; for a step without one, the block of the failover group: `probe.front`,
    /// `route.traffic`, `step.resume`.
    pub address: Address,
    /// The steps that must have succeeded before.
    pub needs: Vec<StepId>,
    /// The operation.
    pub act: Act,
    /// Steps that share one of these keys never run at the same time.
    pub serial: Vec<String>,
    /// The regions that it touches, and with which request.
    pub touches: Vec<Touch>,
    /// The expected duration (P50).
    pub expect: Duration,
    /// The P95 of its duration.
    pub worst: Duration,
    /// The phase of the procedure it belongs to.
    pub stage: Stage,
    /// The rollback.
    pub undo: Undo,
}

/// The operation of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Create the resource, or complete what an earlier run began.
    Create,
    /// Update the resource in place.
    Update,
    /// Record the resource, which has a new address, as the stack now declares it. Changes nothing in the cloud.
    Rename,
    /// Import an existing resource into the state, and update it where it differs.
    Adopt,
    /// Delete the recorded objects.
    Delete(Box<Recorded>),
    /// Record the old object under its temporary address until its deletion, before a new object takes the address.
    /// Changes nothing in the cloud.
    SetAside(Box<Recorded>),
    /// Remove the resource from the state and leave its objects in the cloud.
    Forget,
    /// An operation of failover runs only.
    Task(Task),
}

/// Steps and their needs. Invariant: `steps[i].id == i`, and the needs form no cycle.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepGraph {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Time by the run's clock.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
}

/// The events of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The run began. Always the first entry, and only the first.
    Started(RunStart),
    /// A run that had stopped or was killed resumes. Steps that were in progress are checked again.
    Resumed {
        /// The operator who resumed it: user and host.
        by: String,
    },
    /// The run resumes with a stack that has changed.
    Revised {
        /// The operator who resumed it: user and host.
        by: String,
        /// The digest of the stack.
        digest: String,
        /// The differences, a line each.
        differences: Vec<String>,
        /// The configuration that the run depends on from now on.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        text: RunText,
        /// The steps that take the place of the unfinished ones; their ids continue those of the graph. Empty where the
        /// unfinished ones stay.
        steps: Vec<Step>,
    },
    /// Steps were added after the others, and the unfinished ones are cancelled: the run rolls back.
    Extended {
        /// The operator who decided it, and the reason.
        why: String,
        /// The new steps; their ids continue those of the graph.
        steps: Vec<Step>,
    },
    /// An event of a step.
    Step {
        /// The step.
        step: StepId,
        /// Its resource. Redundant, so that a journal can be folded into the state without the plan.
        address: Address,
        /// The event of the step.
        event: StepEvent,
    },
    /// The run ended. The last entry, unless it is resumed.
    Ended(RunEnd),
    /// The run was aborted and will not be resumed. Always the last entry.
    Closed {
        /// The operator who aborted it: user and host.
        by: String,
        /// The reason, and the state in which it ended.
        why: String,
        /// The run that took it over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        superseded_by: Option<String>,
    },
}

/// The reason of a wait step that a request to stop interrupted. It needs no answer: `resume` continues the wait.
pub const INTERRUPTED: &str = "the run was asked to stop while this waited; `resume` continues the wait";

/// The end of the observation of a step with a condition that did not hold.
pub const NOT_NEEDED: &str = "the step is not needed";

/// True for a step that paused because the run was asked to stop, and not for the operator. Earlier versions wrote
/// another ending.
pub fn is_interruption(why: &str) -> bool {
    why.starts_with("the run was asked to stop while this waited")
}

/// The start of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStart {
    /// [`crate::state::VERSION`].
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// `apply`, `destroy`, …
    pub command: String,
    /// The operator who started it: user and host.
    pub by: String,
    /// The lineage of the state it started from.
    pub lineage: String,
    /// The serial of the snapshot it started from: the journal is folded onto exactly this one.
    pub serial: u64,
    /// The name of the stack.
    pub stack: String,
    /// The digest of the stack.
    pub digest: String,
    /// The number of steps.
    pub steps: u32,
    /// The inputs of the stack, for resuming the run; empty in journals of other runs and of earlier versions.
    #[serde(default, skip_serializing_if = "RecordedInputs::is_empty")]
    pub inputs: RecordedInputs,
    /// The specification of a failover run. `None` for other runs, which are never resumed: the next plan starts from
    /// the observed state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<Box<RunSpec>>,
}

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Every step succeeded.
    Done,
    /// Some steps failed, and the steps that need them did not begin.
    Failed,
    /// The run was asked to stop, and finished the steps in progress.
    Stopped,
}

/// The events of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StepEvent {
    /// The step is about to run. Holds what the state needs if nothing more is recorded: the resource with the status
    /// of the operation that begins (`None` where the step only removes it from the state).
    Begun(Option<Box<Recorded>>),
    /// The step succeeded: the resource as it now exists (`None`: deleted or forgotten).
    Succeeded(Option<Box<Recorded>>),
    /// The request was refused or failed, with the reason.
    Failed(String),
    /// The outcome is unknown, with the reason.
    OutcomeUnknown(String),
    /// An observation during the step, for the report.
    Learnt(StepFact),
    /// The step, and the run with it, waits for the operator; with the reason.
    Paused(String),
    /// The step was skipped, and steps that need it may begin; with the operator and the reason.
    Skipped(String),
}

/// An observation or a change by a step before its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepFact {
    /// The observation, a sentence without its full stop: `GET https://… answered 200`.
    pub what: String,
    /// The measured data loss in seconds, for the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// True where a request was not sent, because its host is outside the simulated world: nothing is known of the
    /// answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_simulated: bool,
    /// True where the front of an endpoint reported that users are served through it, false where it reported that they
    /// are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<bool>,
    /// The number of production objects that a drill has set apart, because another run works on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<u32>,
    /// Another resource that the step changed, as it now exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<(Address, Box<Recorded>)>,
    /// Backups that a machine restored, or could not restore because of damage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restores: Vec<(Address, RestoreRecord)>,
    /// A failover group whose role has moved, and its new role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<(String, Box<GroupRole>)>,
}

impl StepFact {
    /// An observation as text.
    pub fn said(what: impl Into<String>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }
}

/// The answer of the public network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebAnswer {
    /// A host answered with this HTTP status.
    Status(u16),
    /// A host answered with this HTTP status, and with this marker, if any; for requests with a marker.
    Marked(u16, Option<String>),
    /// The host is outside the simulated world: nothing was sent, and nothing is known of it.
    NotSimulated,
}
