//! Provisioning of the destination: resources that exist only while failed over are created, and what an earlier run
//! stopped is started; deletion at the site that was left.

use std::collections::BTreeMap;

use super::Avoidance;
use super::draft::{NewStep, ProcedureDraft, usual};
use super::members::{is_at, is_idle, lever_ends, stands_up, workloads};
use super::restores::restore;
use crate::address::Address;
use crate::kinds::PowerState;
use crate::object::Object;
use crate::plan::{kind_of, serial_words, touches, words};
use crate::sight::Phase;
use crate::stack::Resource;
use crate::state::{Recorded, Status};
use crate::steps::{Act, Stage, StepId, Undo};

/// Creates the failover-only resources of the destination, each after its dependencies, and starts what an earlier run
/// has stopped there.
pub(super) fn stand_up(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let first = draft.needs_of(Stage::StandUp);
    let arriving = &draft.question.course.arriving;
    let at_destination = |resource: &&Resource| is_at(question.stack, question.group, resource, arriving);
    let wanted: Vec<&Resource> = question.stack.resources.values().filter(at_destination).collect();
    let (standing, missing): (Vec<&Resource>, Vec<&Resource>) =
        wanted.into_iter().partition(|resource| stands(draft, resource));
    let made = create_all(draft, &missing, &first);
    restore(draft, &made);
    // A machine that an interrupted run has stopped, and whose deletion came to nothing: writing it starts nothing.
    for resource in missing.into_iter().filter(|resource| resource.kind.moves.power.is_some()) {
        let needs: Vec<StepId> = made.get(&resource.address).copied().into_iter().collect();
        start_work(draft, resource, &needs, |draft| exists(draft, resource) && !works(draft, resource));
    }
    let starts = |resource: &&Resource| resource.kind.moves.stops() && !is_idle(resource);
    for resource in standing.into_iter().filter(starts) {
        start_work(draft, resource, &first, |draft| !works(draft, resource));
    }
    for resource in workloads(question, arriving) {
        // A workload of the active site alone starts once the data is there.
        let is_later = stands_up(question.group, resource) || is_idle(resource);
        if is_later || draft.touches_lost(&touches(resource)) {
            continue;
        }
        // A write that changes nothing is cheap, and home must work after the move.
        let written = draft.question.course.homeward && resource.kind.moves.quiesce.is_some();
        start_work(draft, resource, &first, |draft| written || !works(draft, resource));
    }
}

/// Starts a workload of the destination if it has to be.
fn start_work(
    draft: &mut ProcedureDraft<'_>,
    resource: &Resource,
    first: &[StepId],
    is_needed: impl FnOnce(&ProcedureDraft<'_>) -> bool,
) {
    if let Some(made) = draft.starts(resource, Stage::StandUp).filter(|_| is_needed(draft)) {
        draft.add(made, first.to_vec());
    }
}

/// True for a workload that is running as configured, by state or by the survey.
pub(super) fn works(draft: &ProcedureDraft<'_>, resource: &Resource) -> bool {
    match resource.stopped() {
        Some((argument, _)) => is_as_configured(draft, resource, argument),
        None => draft.question.seen.powers.get(&resource.address) == Some(&PowerState::Running),
    }
}

/// True for a resource in state that was not observed to be deleted, nor left unfinished by a failed change.
fn stands(draft: &ProcedureDraft<'_>, resource: &Resource) -> bool {
    let recorded = draft.question.state.resources.get(&resource.address);
    let observed = &draft.question.seen.observed.objects;
    recorded.is_some_and(|recorded| {
        recorded.status == Status::Standing
            && recorded.objects.iter().all(|object| match observed.get(&object.id) {
                Some(Some(seen)) => !matches!(seen.phase, Phase::Failed(_)),
                Some(None) => false,
                None => true,
            })
    })
}

/// True for a resource in state of which an object was read.
fn exists(draft: &ProcedureDraft<'_>, resource: &Resource) -> bool {
    let recorded = draft.question.state.resources.get(&resource.address);
    let observed = &draft.question.seen.observed.objects;
    let is_there = |object: &Object| matches!(observed.get(&object.id), Some(Some(_)));
    recorded.is_some_and(|recorded| recorded.objects.iter().any(is_there))
}

/// True for an argument with its configured value in state.
fn is_as_configured(draft: &ProcedureDraft<'_>, resource: &Resource, argument: &str) -> bool {
    let recorded = draft.question.state.resources.get(&resource.address);
    let now = recorded.and_then(|recorded| recorded.arguments.get(argument));
    resource.configured(argument).is_none_or(|wanted| now == Some(&wanted))
}

/// Opens what earlier runs fenced at the home site and no route opens.
pub(super) fn reopen(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let levers = lever_ends(question.stack, question.group);
    for address in question.group.fence.iter().filter(|address| !levers.contains(*address)) {
        let Some(resource) = question.stack.resources.get(address) else { continue };
        let Some((argument, _)) = resource.kind.moves.fence else { continue };
        if let Some(value) = resource.configured(argument).filter(|_| !draft.touches_lost(&touches(resource))) {
            let needs = draft.needs_of(Stage::Route);
            let made = NewStep { undo: Undo::Nothing, ..draft.writes(resource, argument, value, Stage::Route) };
            draft.add(made, needs);
        }
    }
}

/// Deletes the failover-only resources at sites other than the destination, each before its dependencies.
pub(super) fn take_down(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let last = draft.needs_of(Stage::TakeDown);
    let arriving = &draft.question.course.arriving;
    let elsewhere = question.stack.resources.values().filter(|resource| {
        stands_up(question.group, resource) && !is_at(question.stack, question.group, resource, arriving)
    });
    let mut standing: Vec<(&Resource, Recorded)> = Vec::new();
    for resource in elsewhere {
        let Some(recorded) = question.state.resources.get(&resource.address) else { continue };
        if draft.touches_lost(&touches(resource)) {
            let what = "not deleted: it is at the lost site; the next apply deletes it once the site is back";
            draft.avoided.push(Avoidance { address: resource.address.clone(), what: what.to_owned() });
            continue;
        }
        standing.push((resource, (**recorded).clone()));
    }
    delete_all(draft, &standing, &last, &Undo::Act(Box::new(Act::Create)));
}

/// True unless an object of the resource was observed to be deleted.
pub(super) fn may_stand(draft: &ProcedureDraft<'_>, resource: &Resource) -> bool {
    let gone = |object: &Object| draft.question.seen.observed.objects.get(&object.id) == Some(&None);
    draft.question.state.resources.contains_key(&resource.address) && !resource.objects.iter().any(gone)
}

/// Creates these resources, each after its dependencies among them; those without any, after `first`. Returns the step
/// of each.
pub(super) fn create_all<'r>(
    draft: &mut ProcedureDraft<'_>,
    resources: &[&'r Resource],
    first: &[StepId],
) -> BTreeMap<&'r Address, StepId> {
    let mut made: BTreeMap<&'r Address, StepId> = BTreeMap::new();
    for resource in resources {
        let step = draft.creates(resource);
        made.insert(&resource.address, draft.add(step, Vec::new()));
    }
    for resource in resources {
        let needs: Vec<StepId> = resource.needs.iter().filter_map(|need| made.get(need)).copied().collect();
        if let Some(step) = made.get(&resource.address) {
            draft.need(*step, if needs.is_empty() { first } else { &needs });
        }
    }
    made
}

/// Deletes these resources by their state, each before its dependencies among them; those that nothing needs, after
/// `last`.
pub(super) fn delete_all(
    draft: &mut ProcedureDraft<'_>,
    going: &[(&Resource, Recorded)],
    last: &[StepId],
    undo: &Undo,
) {
    let mut made: BTreeMap<&Address, StepId> = BTreeMap::new();
    for (resource, recorded) in going.iter().rev() {
        let serial = match kind_of(draft.question.stack.catalog(), &resource.address, recorded) {
            Some(kind) if !recorded.arguments.is_empty() => words(kind, &recorded.id, &recorded.arguments),
            _ => serial_words(resource),
        };
        let step = NewStep {
            address: resource.address.clone(),
            act: Act::Delete(Box::new(recorded.clone())),
            stage: Stage::TakeDown,
            serial,
            touches: touches(resource),
            takes: usual(resource.kind.durations.delete),
            undo: undo.clone(),
        };
        made.insert(&resource.address, draft.add(step, Vec::new()));
    }
    let mut users: BTreeMap<StepId, Vec<StepId>> = made.values().map(|step| (*step, Vec::new())).collect();
    for (resource, recorded) in going {
        let Some(user) = made.get(&resource.address) else { continue };
        for needed in recorded.needs.iter().filter_map(|need| made.get(need)) {
            users.entry(*needed).or_default().push(*user);
        }
    }
    for (step, users) in users {
        draft.need(step, if users.is_empty() { last } else { &users });
    }
}
