//! The site that is left: its work stops, and its writes are blocked.

use std::time::Duration;

use super::course::is_forced;
use super::draft::{NewStep, ProcedureDraft};
use super::levers::{endpoints_at, with_subject};
use super::provision::may_stand;
use super::survey::stands_up;
use super::{Avoidance, ProcedureInput};
use crate::address::Address;
use crate::kinds::DurationEstimate;
use crate::stack::Resource;
use crate::steps::{Act, Stage, Task, Undo};

/// Stops work at the site that is left, if it is reachable: the configured workloads of the home site, and every
/// failover-only resource that can be scaled to zero.
pub(super) fn quiesce(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let leaving = std::sync::Arc::clone(&draft.course.leaving);
    let configured = question.group.quiesce.iter().filter_map(|address| question.stack.resources.get(address));
    let failover_only = question.stack.resources.values().filter(|resource| stands_up(question.group, resource));
    let workloads: Vec<&Resource> = match *leaving == *question.group.from {
        true => configured.collect(),
        // An interrupted run may have deleted it already.
        false => failover_only.filter(|resource| *resource.site == *leaving && may_stand(draft, resource)).collect(),
    };
    for resource in workloads {
        let Some((argument, value)) = resource.kind.moves.quiesce else { continue };
        let made = draft.writes(resource, argument, value.json(), Stage::Quiesce);
        let unreached = draft.touches_lost(&made.touches)
            || (is_forced(question) && question.seen.silent.keys().any(|region| resource.location == *region));
        if unreached {
            let what = format!("not scaled to zero: {} is lost, and traffic no longer goes there", resource.site);
            draft.avoided.push(Avoidance { address: resource.address.clone(), what });
        } else {
            let needs = draft.needs_of(Stage::Quiesce);
            draft.add(made, needs);
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
        let seconds = resource.kind.moves.lingers.map_or(0, |lingers| with_subject(question.stack, resource, lingers));
        let fenced = draft.add(made, Vec::new());
        if seconds > 0 {
            draft.add(lingers(&address, seconds), vec![fenced]);
        }
    }
}

/// The resources that block writes at the site that is left: the configured ones for the home site, and the endpoints
/// of routes for a standby.
fn fences<'a>(draft: &ProcedureDraft<'a>) -> Vec<&'a Resource> {
    let ProcedureInput { stack, group, .. } = *draft.question;
    match *draft.course.leaving == *group.from {
        true => group.fence.iter().filter_map(|address| stack.resources.get(address)).collect(),
        false => endpoints_at(stack, group, &draft.course.leaving),
    }
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
