//! Locks in the way of a run's steps, as the providers list them before the first request.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::PreflightCheck;
use super::course::Question;
use super::rights::scopes;
use super::verdicts::{passes, refuses, warns};
use crate::address::Address;
use crate::kinds::looks::{ListRequest, Lock, Locks};
use crate::kinds::{Call, CallMethod, Reprotect, body};
use crate::object::{Object, ObjectId};
use crate::stack::{FailoverGroup, Resource, Stack};
use crate::state::State;
use crate::steps::{Act, RouteSwitch, Step, StepGraph, Task};

/// The lists to read: the locks in each existing group that the run changes, and those of the account itself.
pub(super) fn lists(stack: &Stack, group: &FailoverGroup, state: &State) -> Vec<ListRequest> {
    let list = |scope: ObjectId| Some((stack.catalog().owner(&scope)?.guards.locks?.list)(&scope));
    let whole = stack.providers().filter_map(|provider| Some(provider.guards.locks?.whole?()));
    scopes(stack, group, state).into_iter().filter_map(list).chain(whole).collect()
}

/// A request that a lock may block.
struct LockedRequest {
    id: ObjectId,
    deletes: bool,
}

/// True if a lock blocks a request. A lock applies to everything in its scope; a deletion needs everything below to be
/// free, too.
fn blocks(lock: &Lock, request: &LockedRequest) -> bool {
    let around = lock.scope == request.id || lock.scope.contains(&request.id);
    around && (lock.read_only || request.deletes) || request.deletes && request.id.contains(&lock.scope)
}

/// A lock as text, with its address where it belongs to the stack.
fn name(lock: &Lock, stack: &Stack) -> String {
    let own = stack.by_id(&lock.id).map(|resource| resource.address.to_string());
    format!("{} ({} lock of {})", own.unwrap_or_else(|| lock.id.name().to_owned()), lock.level, lock.scope.name())
}

/// Adds the check.
pub(super) fn check(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let stack = question.stack;
    let known: Vec<&Locks> = stack.providers().filter_map(|provider| provider.guards.locks).collect();
    let is_list = |id: &ObjectId| known.iter().any(|locks| (locks.is_list)(id));
    let lists: Vec<_> = question.seen.lists.iter().filter(|(id, _)| is_list(id)).collect();
    let unread = lists.iter().filter(|(_, list)| list.is_err()).count();
    // Without any read, as for a forecast, the stack's own locks count.
    let locks = if lists.is_empty() { declared(stack) } else { read(stack, &lists) };
    let going: BTreeSet<&ObjectId> = graph
        .steps
        .iter()
        .filter_map(|step| if let Act::Delete(recorded) = &step.act { Some(&recorded.objects) } else { None })
        .flatten()
        .map(|object| &object.id)
        .collect();
    let locks: Vec<Lock> = locks.into_iter().filter(|lock| !going.contains(&lock.id)).collect();
    let (mut blocked, mut avoidable) = (BTreeMap::new(), BTreeMap::new());
    for step in &graph.steps {
        let alternatives: Vec<BTreeSet<String>> = requests(question, step)
            .iter()
            .map(|requests| {
                let of = |lock: &&Lock| requests.iter().any(|request| blocks(lock, request));
                locks.iter().filter(of).map(|lock| name(lock, stack)).collect()
            })
            .collect();
        let is_open = alternatives.iter().any(BTreeSet::is_empty);
        let found = if is_open { &mut avoidable } else { &mut blocked };
        for lock in alternatives.into_iter().flatten() {
            found.entry(lock).or_insert_with(BTreeSet::new).insert(step.address.to_string());
        }
    }
    let removal: String = known.iter().map(|locks| format!(", or with `{}`", locks.removal)).collect();
    let steps = |steps: &BTreeSet<String>| steps.iter().cloned().collect::<Vec<_>>().join(", ");
    for (lock, of) in &blocked {
        found.push(refuses(
            "locks",
            format!("{lock} blocks {}", steps(of)),
            format!("Remove the lock before the run: from the stack with `drplan apply`{removal}."),
        ));
    }
    for (lock, of) in &avoidable {
        found.push(warns(
            "locks",
            format!("{lock} blocks one of the routes of {}", steps(of)),
            "Another route is tried.",
        ));
    }
    if unread > 0 {
        found.push(warns(
            "locks",
            format!("management locks could not be read in {unread} of {} scopes", lists.len()),
            "",
        ));
    } else if blocked.is_empty() && avoidable.is_empty() && !lists.is_empty() {
        found.push(passes("locks", "no management lock blocks a step"));
    }
}

/// The locks in these lists.
fn read(stack: &Stack, lists: &[(&ObjectId, &Result<Json, String>)]) -> Vec<Lock> {
    let of = |body: &Json| {
        let id = ObjectId::new(body.get("id")?.as_str()?);
        (stack.catalog().owner(&id)?.guards.locks?.read)(&id, body)
    };
    let bodies = lists.iter().filter_map(|(_, list)| list.as_ref().ok()?.get("value")?.as_array()).flatten();
    let locks = bodies.filter_map(of);
    let by_id: BTreeMap<ObjectId, Lock> = locks.map(|lock| (lock.id.clone(), lock)).collect();
    by_id.into_values().collect()
}

/// The locks that the stack declares.
fn declared(stack: &Stack) -> Vec<Lock> {
    let guards = stack.resources.values().filter(|resource| resource.kind.guards);
    let lock = |resource: &Resource| {
        let body = stack.with_known(resource, |subject| body::bodies(subject).pop())?;
        (resource.kind.provider().guards.locks?.read)(&resource.id, &body)
    };
    guards.filter_map(lock).collect()
}

/// The requests of a step, by alternative: a switch of traffic has one for each route.
fn requests(question: &Question<'_>, step: &Step) -> Vec<Vec<LockedRequest>> {
    let stack = question.stack;
    let write = |id: ObjectId| LockedRequest { id, deletes: false };
    let writes = |address: &Address| {
        let objects = stack.resources.get(address).into_iter().flat_map(|resource| &resource.objects);
        objects.map(|object| write(object.id.clone())).collect::<Vec<_>>()
    };
    let one = match &step.act {
        Act::Create | Act::Update | Act::Adopt | Act::Task(Task::Move { .. } | Task::Power { .. }) => {
            writes(&step.address)
        }
        Act::Delete(recorded) => {
            // A part is deleted by a write of its whole.
            let request = |object: &Object| LockedRequest { id: object.id.clone(), deletes: object.within.is_none() };
            recorded.objects.iter().map(request).collect()
        }
        Act::Task(Task::Route { levers, agree: _ }) => {
            let lever = |route: &RouteSwitch| route.resources().flat_map(writes).collect();
            return levers.iter().map(lever).collect();
        }
        Act::Task(Task::Promote { to, how, accepted: _ }) => promoted(question, step, |promotion, subject, seen| {
            (promotion.promote)(subject, seen, *to, *how).ok().filter(is_write).map(|call| call.object.id)
        })
        .map(write)
        .into_iter()
        .collect(),
        Act::Task(Task::Reprotect) => {
            promoted(question, step, |promotion, subject, seen| match (promotion.reprotect)(subject, seen) {
                Reprotect::Ask(call, _) => Some(*call).filter(is_write).map(|call| call.object.id),
                Reprotect::Nothing | Reprotect::Itself(_) | Reprotect::Vendor(_) => None,
            })
            .map(write)
            .into_iter()
            .collect()
        }
        Act::Rename | Act::SetAside(_) | Act::Forget | Act::Task(_) => Vec::new(),
    };
    vec![one]
}

/// True for a request to the provider. A program changes nothing that a lock guards.
const fn is_write(call: &Call) -> bool {
    !matches!(call.method, CallMethod::Run(_))
}

/// The object of a request of a step's replica.
fn promoted(
    question: &Question<'_>,
    step: &Step,
    id: impl FnOnce(&crate::kinds::Promotion, &crate::kinds::Subject<'_>, &crate::kinds::ReadResults) -> Option<ObjectId>,
) -> Option<ObjectId> {
    let resource = question.stack.resources.get(&step.address)?;
    let (promotion, nothing) = (resource.kind.promotion?, Default::default());
    let seen = question.seen.replicas.get(&step.address).unwrap_or(&nothing);
    question.stack.with_known(resource, |subject| id(promotion, subject, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str = "/groups/g";

    fn lock(scope: &str, read_only: bool) -> Lock {
        let (id, scope) = (ObjectId::new(format!("{scope}/locks/l")), ObjectId::new(scope));
        Lock { id, scope, read_only, level: "" }
    }

    fn request(id: &str, deletes: bool) -> LockedRequest {
        LockedRequest { id: ObjectId::new(id), deletes }
    }

    #[test]
    fn read_only_lock_blocks_writes_in_its_scope() {
        let machine = format!("{GROUP}/machines/m");
        let whole = lock(GROUP, true);
        assert!(blocks(&whole, &request(&machine, false)) && blocks(&whole, &request(GROUP, false)));
        assert!(!blocks(&whole, &request("/groups/gg", false)));
        assert!(!blocks(&lock(&machine, true), &request(GROUP, false)));
    }

    #[test]
    fn lock_below_blocks_only_a_deletion() {
        let machine = format!("{GROUP}/machines/m");
        let below = lock(&machine, false);
        assert!(blocks(&below, &request(GROUP, true)) && blocks(&below, &request(&machine, true)));
        assert!(!blocks(&below, &request(&machine, false)));
    }
}
