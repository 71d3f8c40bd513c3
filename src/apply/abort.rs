//! Giving a run up: what can be taken back is, and where data has moved already the roles are recorded as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{FailoverRun, Onward, Party, Ports, RunError, Stopped};
use crate::address::Address;
use crate::failover::unwind;
use crate::kinds::Side;
use crate::run::Report;
use crate::stack::Stack;
use crate::state::{Active, GroupRole, Verb};
use crate::steps::{Act, Ended, Phase, RunStatus, Stage, Step, StepGraph, StepId, Task, Undo};

/// What came of giving a run up.
#[derive(Debug, Clone, PartialEq)]
pub enum Aborted {
    /// Nothing had to be taken back.
    Nothing,
    /// What was done was taken back, as far as the report says; the run is closed where that is all of it.
    Unwound(Report),
    /// Data has moved, or may have: nothing was taken back, and the group is recorded like this.
    Recorded(Active),
    /// Data has moved, and how it stands could not be recorded.
    Unrecorded(Report),
}

/// Gives a run up.
///
/// # Errors
/// As for [`FailoverRun::go`].
pub async fn abort(
    run: &mut FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Party<'_>,
) -> Result<Aborted, RunError> {
    run.is_of(stack)?;
    if run.is_over() {
        return Err(RunError::Over(run.id.clone()));
    }
    if run.is_unwinding() {
        let report = run.go(stack, ports, party, Onward::Resume).await?;
        let records = run.graph.steps.last().is_some_and(|step| matches!(step.act, Act::Task(Task::Record(_))));
        if report.ended == Some(Ended::Done) {
            run.close(ports, party, "what was left to do was done")?;
        }
        return Ok(match (records, report.ended) {
            (false, _) => Aborted::Unwound(report),
            (true, Some(Ended::Done)) => Aborted::Recorded(Active::Between),
            (true, _) => Aborted::Unrecorded(report),
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
                let why = "the run is given up after data has moved".to_owned();
                let report = run.go(stack, ports, party, Onward::Extend(steps, why)).await?;
                if report.ended != Some(Ended::Done) {
                    return Ok(Aborted::Unrecorded(report));
                }
                run.close(ports, party, "data had moved; the roles were recorded as they are")?;
                return Ok(Aborted::Recorded(active));
            }
            back
        }
    };
    let Some(steps) = back.filter(|steps| !steps.is_empty()) else {
        run.close(ports, party, "nothing had to be taken back")?;
        return Ok(Aborted::Nothing);
    };
    let report = run.go(stack, ports, party, Onward::Extend(steps, "the run is given up".to_owned())).await?;
    if report.ended == Some(Ended::Done) {
        run.close(ports, party, "what was done was taken back")?;
    }
    Ok(Aborted::Unwound(report))
}

/// The side that took writes before the run.
fn left(run: &FailoverRun) -> Side {
    match run.undertaking.verb {
        Verb::Up | Verb::Drill => Side::Source,
        Verb::Down => Side::Target,
    }
}

/// What takes a run back whose promotions were all refused, so that nothing of them is on its way. `None` where one may still be, or where something
/// else cannot be taken back.
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

/// The role as it is then, and the side that takes the writes of all replicas, where they agree. The group is between its sites: whatever is quiesced,
/// fenced or stood up, and wherever users are, only a run that comes to its end puts right.
async fn observed(
    run: &FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Party<'_>,
) -> Result<(GroupRole, Option<Side>), RunError> {
    let base = ports.store.load()?.ok_or(RunError::Nothing)?;
    let group = run.group(stack)?;
    let worker = run.worker(stack, &base, ports, party)?;
    // What cannot be asked says nothing, and then nothing is agreed.
    let replicas = worker.replicas().await.unwrap_or_else(|_: Stopped| BTreeMap::new());
    let mut writers = replicas.values().map(|told| told.writer);
    let first = writers.next().flatten();
    let agreed = first.filter(|first| writers.all(|writer| writer == Some(*first)));
    let known = base.roles.groups.get(&*group.name);
    let planned = run.graph.steps.iter().find_map(|step| match &step.act {
        Act::Task(Task::Record(role)) => Some(&**role),
        _ => None,
    });
    let stores = replicas.iter().filter_map(|(address, told)| Some((address.clone(), told.writer?))).collect();
    // While the group is not at home, what runs have written is left alone: what this one would have, and what those before it did.
    let mut moved: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
    for (address, names) in [planned, known].into_iter().flatten().flat_map(|role| &role.moved) {
        moved.entry(address.clone()).or_default().extend(names.iter().cloned());
    }
    let role = GroupRole {
        active: Active::Between,
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

/// The step that records a role, behind all others.
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
