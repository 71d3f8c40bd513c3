//! Aborting a run: reversible steps are rolled back; where data has already moved, the current roles are recorded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::begin::role_of;
use super::left::{moved_arguments, record};
use super::roles::ReplicaRole;
use super::{Continuation, FailoverRun, Operator, Ports, RunError, StepError};
use crate::address::Address;
use crate::failover::unwind;
use crate::run::Report;
use crate::stack::{Resource, Stack};
use crate::state::{ActiveSite, GroupRole};
use crate::steps::{Act, Event, Phase, RunEnd, RunStatus, Step, StepEvent, StepGraph, StepId, Task, Undo};

/// The outcome of an abort.
#[derive(Debug, Clone, PartialEq)]
pub enum AbortOutcome {
    /// Nothing to roll back.
    Nothing,
    /// Rolled back, as far as the report shows. The run is closed once the rollback is complete.
    Unwound(Report),
    /// Data has moved, or may have, or the run had recorded its role: nothing was rolled back, and the group has this
    /// role.
    Recorded(ActiveSite),
    /// Data has moved, and the current roles could not be recorded.
    Unrecorded(Report),
    /// Ended where it was, and the group is recorded with this role.
    Left(ActiveSite),
}

impl FailoverRun {
    /// The first resource that a rollback creates or updates as configured, where the stack is not the one that the run
    /// was made from: the journal does not hold what to write.
    pub fn needs_text(&self, stack: &Stack) -> Option<Address> {
        if self.is_of(stack).is_ok() {
            return None;
        }
        let status = self.status().ok()?;
        let steps = match self.is_unwinding() {
            true => self.graph.steps.clone(),
            false => unwind(&self.graph, &status).ok()?,
        };
        let left = |step: &&Step| {
            status.phase(step.id).is_none_or(|phase| phase != Phase::Succeeded && phase != Phase::Skipped)
        };
        let writes = |step: &&Step| matches!(step.act, Act::Create | Act::Update | Act::Adopt);
        steps.iter().filter(left).find(writes).map(|step| step.address.clone())
    }
}

/// Aborts a run. What is rolled back follows from its journal; `stack` has the resources, as configured or as recorded.
///
/// # Errors
/// As for [`FailoverRun::go`], but for a stack that has changed.
pub async fn abort(
    run: &mut FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Operator<'_>,
) -> Result<AbortOutcome, RunError> {
    if run.is_over() {
        return Err(RunError::Over(run.id.clone()));
    }
    if run.is_unwinding() {
        let report = roll_back(run, stack, ports, party, Continuation::Resume).await?;
        let records = run.graph.steps.last().is_some_and(|step| matches!(step.act, Act::Task(Task::Record(_))));
        if report.ended == Some(RunEnd::Done) {
            run.close(ports, party, "the remaining steps were completed")?;
        }
        return Ok(match (records, report.ended) {
            (false, _) => AbortOutcome::Unwound(report),
            (true, Some(RunEnd::Done)) => AbortOutcome::Recorded(ActiveSite::Between),
            (true, _) => AbortOutcome::Unrecorded(report),
        });
    }
    let status = run.status()?;
    if let Some(active) = recorded(run, &status).or(recorded_in_state(run, ports)?) {
        // Only the end of the run is missing in its journal.
        return complete(run, stack, ports, party, (Continuation::Resume, "every step was completed"), active).await;
    }
    let back = match unwind(&run.graph, &status) {
        Ok(steps) => Some(steps),
        // A machine that was deleted cannot come back as it was, and the group is where it was.
        Err(_) if !run.undertaking.verb.moves() => {
            let active =
                ports.store.load()?.map_or(ActiveSite::Home, |state| state.roles.active(&run.undertaking.group));
            run.close(ports, party, "it cannot be rolled back; its changes are left as they are")?;
            return Ok(AbortOutcome::Left(active));
        }
        Err(_) => {
            let (role, data) = observed(run, stack, ports, party).await?;
            let active = role.active;
            let back = if data == DataSite::Left { without_promotions(&run.graph, &status) } else { None };
            if back.is_none() {
                let steps = vec![record(run, role)];
                let why = "the run is aborted after data has moved".to_owned();
                let onward = Continuation::Extend(steps, why);
                let closed = "data had moved; the current roles were recorded";
                return complete(run, stack, ports, party, (onward, closed), active).await;
            }
            back
        }
    };
    let Some(steps) = back.filter(|steps| !steps.is_empty()) else {
        run.close(ports, party, "nothing to roll back")?;
        return Ok(AbortOutcome::Nothing);
    };
    let onward = Continuation::Extend(steps, "the run is aborted".to_owned());
    let report = roll_back(run, stack, ports, party, onward).await?;
    if report.ended == Some(RunEnd::Done) {
        run.close(ports, party, "the completed steps were rolled back")?;
    }
    Ok(AbortOutcome::Unwound(report))
}

/// Continues a run to its end, at which it has recorded where the group is active, and closes it with this reason.
async fn complete(
    run: &mut FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Operator<'_>,
    (onward, why): (Continuation, &str),
    active: ActiveSite,
) -> Result<AbortOutcome, RunError> {
    let report = run.go(stack, ports, party, onward).await?;
    if report.ended != Some(RunEnd::Done) {
        return Ok(AbortOutcome::Unrecorded(report));
    }
    run.close(ports, party, why)?;
    Ok(AbortOutcome::Recorded(active))
}

/// The active site that the run has recorded: the group is there, and a rollback would take it away from where plans
/// and later runs see it.
fn recorded(run: &FailoverRun, status: &RunStatus) -> Option<ActiveSite> {
    run.graph.steps.iter().find_map(|step| match &step.act {
        Act::Task(Task::Record(role)) if status.phase(step.id) == Some(Phase::Succeeded) => Some(role.active),
        _ => None,
    })
}

/// The same for a run that was killed between the record in the state and the end of its step.
fn recorded_in_state(run: &FailoverRun, ports: Ports<'_>) -> Result<Option<ActiveSite>, RunError> {
    let state = ports.store.load()?;
    let role = state.as_ref().and_then(|state| state.roles.groups.get(&run.undertaking.group));
    Ok(role.filter(|role| role.run == run.id).map(|role| role.active))
}

/// Rolls back. A write that the cloud had refused is left where it refuses its rollback, too: otherwise a site that
/// fails in the middle of a run could never be left.
async fn roll_back(
    run: &mut FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Operator<'_>,
    onward: Continuation,
) -> Result<Report, RunError> {
    let report = run.go(stack, ports, party, onward).await?;
    let (refused, added) = refused_writes(run);
    let status = run.status()?;
    let failed = run.graph.steps.iter().filter(|step| {
        added.contains(&step.id) && matches!(status.phase(step.id), Some(Phase::Failed | Phase::Unknown))
    });
    let failed: Vec<&Step> = failed.collect();
    if report.ended == Some(RunEnd::Done)
        || failed.is_empty()
        || !failed.iter().all(|step| refused.contains(&step.address))
    {
        return Ok(report);
    }
    let failed = failed.iter().map(|step| step.id).collect();
    let why = "the write that it rolls back was refused as well".to_owned();
    run.go(stack, ports, party, Continuation::Skip(failed, why)).await
}

/// The resources of steps that only write arguments and failed; and the steps of the rollback.
fn refused_writes(run: &FailoverRun) -> (BTreeSet<Address>, BTreeSet<StepId>) {
    let (mut refused, mut added) = (BTreeSet::new(), BTreeSet::new());
    for entry in &run.journal {
        match &entry.event {
            Event::Extended { steps, .. } => added.extend(steps.iter().map(|step| step.id)),
            Event::Step { step, address, event } if !added.contains(step) => {
                let writes = run
                    .graph
                    .step(*step)
                    .is_some_and(|step| matches!(step.act, Act::Task(Task::Move { .. } | Task::Power { .. })));
                match event {
                    StepEvent::Failed(_) if writes => drop(refused.insert(address.clone())),
                    StepEvent::Succeeded(_) => drop(refused.remove(address)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    (refused, added)
}

/// The site of the data that a run was to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DataSite {
    /// Every replica is primary where it was before.
    Left,
    /// Every replica is primary at the destination.
    Arrived,
    /// Some have moved, or are unknown.
    Mixed,
}

impl DataSite {
    /// The site of the data, from the roles of the replicas that the run was to promote.
    fn of(run: &FailoverRun, replicas: &BTreeMap<Address, ReplicaRole>) -> Self {
        let moved = run.graph.steps.iter().filter_map(|step| match &step.act {
            Act::Task(Task::Promote { to, .. }) => Some(replicas.get(&step.address).and_then(|now| now.is_at(*to))),
            _ => None,
        });
        let moved: Vec<Option<bool>> = moved.collect();
        let all = |wanted: bool| !moved.is_empty() && moved.iter().all(|moved| *moved == Some(wanted));
        match (all(false), all(true)) {
            (true, _) => Self::Left,
            (_, true) => Self::Arrived,
            (false, false) => Self::Mixed,
        }
    }
}

/// The rollback of a run whose promotions were all refused, so that none is in progress. `None` where one may be, or
/// where another step is irreversible.
fn without_promotions(graph: &StepGraph, status: &RunStatus) -> Option<Vec<Step>> {
    let mut graph = graph.clone();
    let promotes = |step: &&mut Step| matches!(step.act, Act::Task(Task::Promote { .. }));
    for step in graph.steps.iter_mut().filter(promotes) {
        match status.phase(step.id) {
            Some(Phase::Succeeded | Phase::UnderWay | Phase::Unknown) => return None,
            _ => step.undo = Undo::Nothing,
        }
    }
    unwind(&graph, status).ok()
}

/// The current role, and the site of the data. The group is in a mixed state: only a run
/// that completes puts right what is quiesced, fenced or created, and where users are served.
async fn observed(
    run: &FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Operator<'_>,
) -> Result<(GroupRole, DataSite), RunError> {
    let base = ports.store.load()?.ok_or(RunError::Nothing)?;
    let worker = run.worker(stack, &base, ports, party)?;
    // A replica that cannot be read reports no role, so the site of the data is unknown.
    let replicas = worker.replicas(Resource::clone).await.unwrap_or_else(|_: StepError| BTreeMap::new());
    let data = DataSite::of(run, &replicas);
    let known = role_of(&base, &run.undertaking.group);
    let stores = replicas.iter().filter_map(|(address, told)| Some((address.clone(), told.writer?))).collect();
    let role = GroupRole {
        active: ActiveSite::Between,
        site: match data {
            DataSite::Arrived => run.undertaking.arriving.clone(),
            DataSite::Left | DataSite::Mixed => run.undertaking.leaving.clone(),
        },
        since: Timestamp::UNIX_EPOCH,
        run: run.id.clone(),
        how: Some(run.undertaking.how),
        stores,
        moved: moved_arguments(run, known),
        owed: known.map(|role| role.owed.clone()).unwrap_or_default(),
        accepted: None,
    };
    Ok((role, data))
}
