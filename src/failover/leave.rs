//! The site that is left: its work stops, and its writes are blocked.

use std::time::Duration;

use serde_json::Value as Json;

use super::course::is_forced;
use super::draft::{NewStep, ProcedureDraft};
use super::levers::endpoints_at;
use super::members::{is_idle, stands_up, workloads};
use super::provision::may_stand;
use super::users::observed;
use super::{Avoidance, ProcedureInput};
use crate::address::Address;
use crate::kinds::{DurationEstimate, PowerState};
use crate::stack::Resource;
use crate::steps::{Act, Stage, StepId, Task, Undo};

/// Stops work at each site that is left, if it is reachable.
pub(super) fn quiesce(draft: &mut ProcedureDraft<'_>) {
    for site in &draft.question.course.left {
        quiesce_at(draft, site);
    }
}

/// Stops the workloads of a site.
fn quiesce_at(draft: &mut ProcedureDraft<'_>, leaving: &str) {
    let question = draft.question;
    let is_optional = is_forced(question) || *leaving != *draft.question.course.leaving;
    let mut stopped: Vec<(&Resource, StepId)> = Vec::new();
    for resource in workloads(question, leaving) {
        // An interrupted run may have deleted or stopped it already.
        if !may_stand(draft, resource) || is_stopped(question, resource) {
            continue;
        }
        let Some(made) = draft.stops(resource) else { continue };
        if draft.touches_lost(&made.touches) || (is_optional && question.seen.is_silent(&resource.location)) {
            let state = if draft.touches_lost(&made.touches) { "is lost" } else { "does not respond" };
            let later = if is_idle(resource) { "; the next apply stops it once the site is back" } else { "" };
            let what = format!("not stopped: {} {state}, and traffic no longer goes there{later}", resource.site);
            draft.avoided.push(Avoidance { address: resource.address.clone(), what });
        } else {
            let needs = draft.needs_of(Stage::Quiesce);
            stopped.push((resource, draft.add(made, needs)));
        }
    }
    // What depends on another workload stops before it.
    for (resource, step) in &stopped {
        let users = stopped.iter().filter(|(other, _)| is_idle(other) && other.needs.contains(&resource.address));
        let users: Vec<StepId> = users.map(|(_, step)| *step).collect();
        draft.need(*step, &users);
    }
}

/// True for a workload that was read and does not run.
fn is_stopped(question: &ProcedureInput<'_>, resource: &Resource) -> bool {
    let seen = observed(resource, &question.seen.observed);
    let is_off =
        |(argument, off): (&str, Json)| matches!(&seen, Ok(Some(arguments)) if arguments.get(argument) == Some(&off));
    question.seen.powers.get(&resource.address) == Some(&PowerState::Stopped) || resource.stopped().is_some_and(is_off)
}

/// Starts the permanent workloads of the standby sites again that this run, or an earlier one that was interrupted, has
/// stopped while data moved: they run while their site is not active, as configured.
pub(super) fn restart(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let standbys = draft.question.course.left.iter().filter(|site| **site != question.group.from);
    let workloads: Vec<&Resource> = standbys.flat_map(|site| workloads(question, site)).collect();
    let needs = draft.needs_of(Stage::TakeDown);
    let stopped: Vec<Address> = draft.of(&[Stage::Quiesce]).into_iter().filter_map(|id| draft.address(id)).collect();
    for resource in workloads {
        let is_off = stopped.contains(&resource.address) || is_stopped(question, resource);
        let stays_off = |(argument, off): (&str, Json)| resource.configured(argument) == Some(off);
        // A workload of the active site alone stays stopped elsewhere.
        if is_idle(resource)
            || stands_up(question.group, resource)
            || !is_off
            || resource.stopped().is_some_and(stays_off)
            || question.seen.is_silent(&resource.location)
        {
            continue;
        }
        if let Some(made) = draft.starts(resource, Stage::TakeDown).filter(|made| !draft.touches_lost(&made.touches)) {
            draft.add(NewStep { undo: Undo::Nothing, ..made }, needs.clone());
        }
    }
}

/// Blocks writes at the lost site, and waits for clients to leave it.
pub(super) fn fence(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    for resource in fences(draft) {
        let address = resource.address.clone();
        let Some((argument, value)) = resource.kind.moves.fence else { continue };
        let made = draft.writes(resource, argument, value.json(), Stage::Fence);
        if draft.touches_lost(&made.touches) {
            let what = format!("not fenced: the request would go to {}, which is lost", resource.site);
            draft.avoided.push(Avoidance { address, what });
            continue;
        }
        let seconds = resource.kind.moves.lingers.map_or(0, |lingers| question.stack.with_known(resource, lingers));
        let fenced = draft.add(made, Vec::new());
        if seconds > 0 {
            draft.add(lingers(&address, seconds), vec![fenced]);
        }
    }
}

/// The resources that block writes at the sites that are left: the configured ones for the home site, and the endpoints
/// of routes for a standby.
fn fences<'a>(draft: &ProcedureDraft<'a>) -> Vec<&'a Resource> {
    let ProcedureInput { stack, group, .. } = **draft.question;
    let at = |site: &std::sync::Arc<str>| match *site == group.from {
        true => group.fence.iter().filter_map(|address| stack.resources.get(address)).collect(),
        false => endpoints_at(stack, group, site),
    };
    draft.question.course.left.iter().flat_map(at).collect()
}

/// Waits for clients to leave a fenced endpoint.
fn lingers(address: &Address, seconds: u32) -> NewStep {
    NewStep {
        address: address.clone(),
        act: Act::Task(Task::Linger(Duration::from_secs(u64::from(seconds)))),
        stage: Stage::Fence,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: DurationEstimate { typical: seconds, worst: seconds },
        undo: Undo::Nothing,
    }
}
