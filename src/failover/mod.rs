//! From a stack, its roles and observations to a [`Procedure`]: the steps that move users and data, the preflight
//! checks, the recovery time and the data loss.
//!
//! Pure: the same input gives the same procedure, byte for byte. The procedure decides everything; its execution only
//! checks before each step if that is done already.

mod assumed;
mod course;
mod data_left;
mod draft;
mod drill;
mod extra;
mod guards;
mod history;
mod in_place;
mod installed;
mod isolation;
mod leave;
mod levers;
mod locks;
mod lost;
mod members;
mod moving;
mod offers;
mod phases;
mod predict;
mod procedure;
pub mod production;
mod promote;
mod proofs;
mod provision;
mod reads;
mod replicas;
mod restores;
mod rights;
mod routes;
mod rungs;
mod sides;
mod snapshots;
mod standing;
mod start;
mod strayed;
mod survey;
mod unwind;
mod users;
mod verdicts;
mod verify;
mod volumes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::address::Address;
use crate::plan::Basis;
use crate::roles::{FailoverMode, IncidentCause};
use crate::stack::{FailoverGroup, Knowledge, Objectives, Site, Stack};
use crate::state::{ActiveSite, GroupRole, RunKind, State};
use crate::steps::{Acceptance, CheckRecord, Path, Prediction, RunSpec, StepGraph};

pub use crate::kinds::looks::ListRequest;
pub use crate::steps::RoleChange;
pub use assumed::forecasts;
pub(crate) use course::flags;
pub use history::{Calibration, History};
pub use in_place::{machine_to_restore, settled};
pub(crate) use levers::lever;
pub use members::lever_ends;
pub(crate) use offers::machines_of;
pub(crate) use predict::predict;
pub use reads::{PowerRequest, RestoreOrder, RestoreWay, SurveyRequest, SurveyResult};
pub use rungs::Ladder;
pub use standing::{
    EndpointCheck, EndpointRequest, FrontCheck, GroupStanding, ReplicaCheck, active_site, endpoint_requests,
    group_standing, standing_survey,
};
pub(crate) use survey::asked;
pub use survey::survey;
pub use unwind::unwind;
pub(crate) use users::user_sets;
pub use users::{RouteCheck, users_follow};
pub use verify::{Restorer, restorers};
pub use volumes::snapshots_beside;

/// Plans a procedure.
pub fn plan(input: &ProcedureInput<'_>) -> Procedure {
    procedure::assemble(input, || assumed::left_out_by_drill(input.stack, input.group, input.history))
}

/// The stack for a run of this verb: with copies for a drill, and with stand-ins for a move home from a cold standby.
/// `knowledge` is that of its evaluation.
#[must_use]
pub fn as_run(stack: Stack, group: &str, verb: RunKind, state: &State, knowledge: &Knowledge) -> Stack {
    match verb {
        RunKind::Drill => stack.with_copies(group, knowledge),
        RunKind::Up | RunKind::Restore => stack,
        RunKind::Down => {
            let role = state.roles.groups.get(group).filter(|role| role.active != ActiveSite::Home);
            let cold = role.and_then(|role| stack.sites.get(&*role.site)).filter(|site| site.is_cold());
            match cold.map(|site| Arc::clone(&site.name)) {
                Some(cold) => stack.with_stand_ins(group, &cold),
                None => stack,
            }
        }
    }
}

/// The input of a procedure.
pub struct ProcedureInput<'a> {
    /// The stack, evaluated with state, as [`as_run`] returns it for this verb.
    pub stack: &'a Stack,
    /// The failover group.
    pub group: &'a FailoverGroup,
    /// The operation.
    pub verb: RunKind,
    /// Planned or forced.
    pub how: FailoverMode,
    /// The names of the lost sites; only with [`FailoverMode::Forced`].
    pub lost: &'a [String],
    /// The requested standby site.
    pub to: Option<&'a str>,
    /// The replicas that are left behind as they are, and the routes that are not switched.
    pub without: &'a [Address],
    /// The resources whose configuration is not applied yet.
    pub pending: &'a [Address],
    /// The state.
    pub state: &'a State,
    /// The observations.
    pub seen: &'a SurveyResult,
    /// The accepted risks.
    pub accepted: Acceptance,
    /// The backups that a drill is limited to; empty for every other run.
    pub verify: &'a [Address],
    /// Recorded durations.
    pub history: &'a History,
}

impl<'a> ProcedureInput<'a> {
    /// True for a lost site.
    pub(crate) fn is_lost(&self, site: &str) -> bool {
        self.lost.iter().any(|lost| lost == site)
    }

    /// The lost sites of the stack.
    fn lost_sites(&self) -> impl Iterator<Item = &'a Site> {
        let stack = self.stack;
        self.lost.iter().filter_map(move |lost| stack.sites.get(lost.as_str()))
    }
}

/// Names in a sentence: `a, b and c`.
pub(crate) fn in_prose(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// The plan of a failover run.
#[derive(Debug, Clone, PartialEq)]
pub struct Procedure {
    /// The stack's name.
    pub stack: String,
    /// The versions of its input.
    pub basis: Basis,
    /// The failover group.
    pub group: String,
    /// The operation.
    pub verb: RunKind,
    /// Planned or forced.
    pub how: FailoverMode,
    /// The lost sites.
    pub lost: Vec<String>,
    /// The site that users and data move from.
    pub leaving: String,
    /// The site that they move to.
    pub arriving: String,
    /// The region of each of the group's sites, by the site's name.
    pub regions: BTreeMap<String, String>,
    /// The reason why there is nothing to do: `web is failed over already: …`. Then there are no steps.
    pub idle: Option<String>,
    /// The steps.
    pub steps: StepGraph,
    /// The critical path to restored service.
    pub critical: Path,
    /// The predicted recovery time.
    pub predicted: Prediction,
    /// Accuracy of earlier predictions.
    pub calibration: Calibration,
    /// Data loss of each replica.
    pub losses: Vec<LossEstimate>,
    /// The ways to get the data of each backup back, and the one that the procedure takes.
    pub ladders: Vec<Ladder>,
    /// The primary of each replica before and after.
    pub roles: Vec<RoleChange>,
    /// The new role of the group.
    pub becomes: Option<GroupRole>,
    /// The preflight checks, failures first.
    pub guards: Vec<PreflightCheck>,
    /// Actions skipped because they would touch the lost site.
    pub avoided: Vec<Avoidance>,
    /// The objectives of the stack.
    pub objectives: Objectives,
    /// The accepted risks.
    pub accepted: Acceptance,
    /// The routes that are left out, so that their users stay where they are.
    pub unswitched: Vec<Address>,
    /// The backups that a drill is limited to; empty for every other run.
    pub verifies: Vec<Address>,
    /// Notes for the operator.
    pub notes: Vec<String>,
    /// The outage, where its start is known.
    pub outage: Option<Outage>,
    /// The cause of the incident.
    pub cause: IncidentCause,
}

/// The outage that a procedure follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Its start.
    pub since: Timestamp,
    /// The time at which the procedure was made.
    pub now: Timestamp,
}

impl Procedure {
    /// True if a preflight check failed.
    pub fn is_refused(&self) -> bool {
        self.guards.iter().any(|guard| guard.verdict == PreflightStatus::Refuses)
    }

    /// The greatest loss of all replicas; `None` if one is unknown.
    pub fn loss(&self) -> Option<Duration> {
        self.losses.iter().map(|loss| loss.amount).try_fold(Duration::ZERO, |most, amount| Some(most.max(amount?)))
    }

    /// The part that its run keeps in the journal, to be resumed and reported.
    pub fn undertaking(&self) -> RunSpec {
        let checked = |guard: &PreflightCheck| CheckRecord {
            rule: guard.rule.to_owned(),
            warned: guard.verdict != PreflightStatus::Passes,
            what: guard.what.clone(),
        };
        RunSpec {
            group: self.group.clone(),
            verb: self.verb,
            how: self.how,
            lost: self.lost.clone(),
            supersedes: None,
            leaving: self.leaving.clone(),
            arriving: self.arriving.clone(),
            regions: self.regions.clone(),
            roles: self.roles.clone(),
            notes: self.notes.clone(),
            unswitched: self.unswitched.clone(),
            verifies: self.verifies.clone(),
            checks: self.guards.iter().map(checked).collect(),
            text: BTreeMap::new(),
            steps: self.steps.steps.clone(),
            predicted: self.predicted,
            losses: self.losses.iter().map(|loss| (loss.replica.clone(), loss.amount)).collect(),
            accepted: self.accepted,
            objectives: (self.objectives.rto, self.objectives.rpo),
            since: self.outage.map(|outage| outage.since),
            cause: self.cause,
        }
    }
}

/// Data loss of a replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LossEstimate {
    /// The replica.
    pub replica: Address,
    /// Age of the oldest lost write, by the last known lag; `None` if unknown, and in a drill, which promotes no data.
    pub amount: Option<Duration>,
    /// Source of the amount, or why it is unknown: a sentence without its full stop.
    pub source: String,
}

/// A preflight check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreflightCheck {
    /// Its stable name: `lag`, `fenced`, `single-lever`.
    pub rule: &'static str,
    /// The result.
    pub verdict: PreflightStatus,
    /// The finding, a sentence without its full stop.
    pub what: String,
    /// The fix, in sentences; empty if there is none.
    pub help: String,
}

/// Result of a preflight check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum PreflightStatus {
    /// The procedure is blocked.
    #[serde(rename = "failed")]
    Refuses,
    /// The procedure can run, and the operator should know.
    #[serde(rename = "warning")]
    Warns,
    /// Nothing to report.
    #[serde(rename = "passed")]
    Passes,
}

/// An action skipped or replaced because it would touch the lost site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Avoidance {
    /// The resource.
    pub address: Address,
    /// The skipped action, and its replacement.
    pub what: String,
}

/// A time for people: without fractions of a second.
pub fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}
