//! Aborting a run: reversible steps are rolled back; where data has already moved, the current roles are recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{Continuation, FailoverRun, Operator, Ports, RunError, StepError};
use crate::address::Address;
use crate::failover::unwind;
use crate::kinds::Side;
use crate::run::Report;
use crate::stack::Stack;
use crate::state::{ActiveSite, GroupRole, RunKind};
use crate::steps::{Act, Phase, RunEnd, RunStatus, Stage, Step, StepGraph, StepId, Task, Undo};

/// The outcome of an abort.
#[derive(Debug, Clone, PartialEq)]
pub enum AbortOutcome {
    /// Nothing to roll back.
    Nothing,
    /// Rolled back, as far as the report shows. The run is closed once the rollback is complete.
    Unwound(Report),
    /// Data has moved, or may have: nothing was rolled back, and the group is recorded with this role.
    Recorded(ActiveSite),
    /// Data has moved, and the current roles could not be recorded.
    Unrecorded(Report),
}

/// Aborts a run.
///
/// # Errors
/// As for [`FailoverRun::go`].
pub async fn abort(
    run: &mut FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Operator<'_>,
) -> Result<AbortOutcome, RunError> {
    run.is_of(stack)?;
    if run.is_over() {
        return Err(RunError::Over(run.id.clone()));
    }
    if run.is_unwinding() {
        let report = run.go(stack, ports, party, Continuation::Resume).await?;
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
    let back = match unwind(&run.graph, &status) {
        Ok(steps) => Some(steps),
        Err(_) => {
            let (role, agreed) = observed(run, stack, ports, party).await?;
            let active = role.active;
            let back = if agreed == Some(left(run)) { without_promotions(&run.graph, &status) } else { None };
            if back.is_none() {
                let steps = vec![record(run, role)];
                let why = "the run is aborted after data has moved".to_owned();
                let report = run.go(stack, ports, party, Continuation::Extend(steps, why)).await?;
                if report.ended != Some(RunEnd::Done) {
                    return Ok(AbortOutcome::Unrecorded(report));
                }
                run.close(ports, party, "data had moved; the current roles were recorded")?;
                return Ok(AbortOutcome::Recorded(active));
            }
            back
        }
    };
    let Some(steps) = back.filter(|steps| !steps.is_empty()) else {
        run.close(ports, party, "nothing to roll back")?;
        return Ok(AbortOutcome::Nothing);
    };
    let report = run.go(stack, ports, party, Continuation::Extend(steps, "the run is aborted".to_owned())).await?;
    if report.ended == Some(RunEnd::Done) {
        run.close(ports, party, "the completed steps were rolled back")?;
    }
    Ok(AbortOutcome::Unwound(report))
}

/// The primary side before the run.
fn left(run: &FailoverRun) -> Side {
    match run.undertaking.verb {
        RunKind::Up | RunKind::Drill => Side::Source,
        RunKind::Down => Side::Target,
    }
}

/// The rollback of a run whose promotions were all refused, so that none is in progress. `None` where one may be, or
/// where another step is irreversible.
fn without_promotions(graph: &StepGraph, status: &RunStatus) -> Option<Vec<Step>> {
    let mut graph = graph.clone();
    for step in graph.steps.iter_mut().filter(|step| step.stage == Stage::Promote) {
        match status.phase(step.id) {
            Some(Phase::Succeeded | Phase::UnderWay | Phase::Unknown) => return None,
            _ => step.undo = Undo::Nothing,
        }
    }
    unwind(&graph, status).ok()
}

/// The current role, and the primary side of all replicas where they agree. The group is in a mixed state: only a run
/// that completes puts right what is quiesced, fenced or created, and where users are served.
async fn observed(
    run: &FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Operator<'_>,
) -> Result<(GroupRole, Option<Side>), RunError> {
    let base = ports.store.load()?.ok_or(RunError::Nothing)?;
    let group = run.group(stack)?;
    let worker = run.worker(stack, &base, ports, party)?;
    // A replica that cannot be read reports no role, so the replicas do not agree.
    let replicas = worker.replicas().await.unwrap_or_else(|_: StepError| BTreeMap::new());
    let mut writers = replicas.values().map(|told| told.writer);
    let first = writers.next().flatten();
    let agreed = first.filter(|first| writers.all(|writer| writer == Some(*first)));
    let known = base.roles.groups.get(&*group.name);
    let planned = run.graph.steps.iter().find_map(|step| match &step.act {
        Act::Task(Task::Record(role)) => Some(&**role),
        _ => None,
    });
    let stores = replicas.iter().filter_map(|(address, told)| Some((address.clone(), told.writer?))).collect();
    // While the group is not at home, the arguments that runs have written stay unchanged: those of this run, and
    // those of earlier ones.
    let mut moved: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
    for (address, names) in [planned, known].into_iter().flatten().flat_map(|role| &role.moved) {
        moved.entry(address.clone()).or_default().extend(names.iter().cloned());
    }
    let role = GroupRole {
        active: ActiveSite::Between,
        site: group.from.to_string(),
        since: Timestamp::UNIX_EPOCH,
        run: run.id.clone(),
        how: run.undertaking.how,
        stores,
        moved,
        owed: known.map(|role| role.owed.clone()).unwrap_or_default(),
        accepted: None,
    };
    Ok((role, agreed))
}

/// The step that records a role, after all others.
fn record(run: &FailoverRun, role: GroupRole) -> Step {
    Step {
        id: StepId(u32::try_from(run.graph.steps.len()).unwrap_or(u32::MAX)),
        address: Address::new("failover_group", &run.undertaking.group),
        needs: Vec::new(),
        act: Act::Task(Task::Record(Box::new(role))),
        serial: Vec::new(),
        touches: Vec::new(),
        expect: Duration::ZERO,
        worst: Duration::ZERO,
        stage: Stage::Record,
        undo: Undo::Nothing,
    }
}
