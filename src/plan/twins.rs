//! Objects that a replica keeps beside those of its source, and that change with them.

use serde_json::{Map as JsonMap, Value as Json};

use super::decide::Decisions;
use crate::address::Address;
use crate::kinds::{Twins, body, path};
use crate::object::Object;
use crate::plan::Action;
use crate::stack::{Knowledge, Resource, Stack};

/// A change of the target's object that belongs to a change of the source's.
#[derive(Debug, Clone, PartialEq)]
pub struct TwinChange {
    /// The replica.
    pub replica: Address,
    /// The object of the target.
    pub target: Object,
    /// The properties to change, as the body of a PATCH.
    pub body: Json,
    /// True if the target changes before the source: while a size grows.
    pub first: bool,
}

/// The changes of counterparts that belong to this change of a resource's main object. A replica whose size is
/// configured in the stack follows its own configuration.
pub fn twin_changes(stack: &Stack, resource: &Resource, old: &Json, new: &Json) -> Vec<TwinChange> {
    let mut changes = Vec::new();
    for replica in stack.resources.values() {
        let Some(promotion) = replica.kind.promotion else { continue };
        let twins = stack.with_known(replica, promotion.twins);
        for twins in twins.into_iter().filter(|twins| twins.source.id == resource.id) {
            changes.extend(change(&replica.address, &twins, old, new));
        }
    }
    changes
}

fn change(replica: &Address, twins: &Twins, old: &Json, new: &Json) -> Option<TwinChange> {
    let changed = twins.follows.iter().filter(|at| path::borrow(old, at) != path::borrow(new, at));
    let mut body = Json::Object(JsonMap::new());
    for at in changed {
        path::put(&mut body, at, path::borrow(new, at)?.clone());
    }
    let is_empty = body.as_object().is_none_or(JsonMap::is_empty);
    (!is_empty).then(|| TwinChange {
        replica: replica.clone(),
        target: twins.target.clone(),
        body,
        first: (twins.grows)(old, new),
    })
}

/// Notes about counterparts that change with their source.
pub(super) fn notes(stack: &Stack, decisions: &Decisions) -> Vec<String> {
    let mut notes = Vec::new();
    for (address, decision) in decisions.iter().filter(|(_, decision)| decision.change.action == Action::Update) {
        let (Some(resource), Some(recorded)) = (stack.resources.get(address), &decision.recorded) else { continue };
        let bodies = |args: &JsonMap<String, Json>| {
            stack.with_subject(resource, args, &Knowledge::default(), body::bodies).into_iter().next()
        };
        let Some((old, new)) = bodies(&recorded.arguments).zip(bodies(&resource.known_arguments())) else { continue };
        for change in twin_changes(stack, resource, &old, &new) {
            let when = if change.first { "before" } else { "after" };
            notes.push(format!(
                "{} keeps both sides alike: {} changes {when} {address}, to the same size.",
                change.replica, change.target.id
            ));
        }
    }
    notes
}
