//! Objects that go, with everything below them.

use super::{bin, cloudlet, stale, state, types};
use crate::simulator::operations::{Operation, OperationKind, OperationState};
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{SimulatedObject, World};

/// Removes an object and everything below it, innermost first, and calls the kinds' hooks.
pub(super) fn remove_with_all_below(world: &mut World, id: &str) {
    let mut ids: Vec<String> = world.below(id).map(|(id, _)| id.clone()).rev().collect();
    ids.push(id.to_owned());
    state::of_mut(world)
        .always
        .retain(|child, _| !child.starts_with(id) || child.as_bytes().get(id.len()) != Some(&b'/'));
    for id in ids {
        stale::remember(world, &id);
        state::of_mut(world).forget_deployments(&id);
        state::of_mut(world).forget_share(&id);
        let Some(object) = world.take(&id) else { continue };
        call_off(world, &object);
        if let Some(type_) = types::find(&object.type_) {
            cloudlet::run_removed_hooks(world, &object, type_);
            bin::keep_deleted(world, &object, type_);
        }
    }
}

/// Ends the operation of a deleted object.
fn call_off(world: &mut World, object: &SimulatedObject) {
    let operation = object.operation.as_ref().and_then(|key| world.operation(key));
    let Some(operation) = operation.filter(|operation| operation.act != OperationKind::Delete) else { return };
    let failure = ErrorResponse::service(
        409,
        "OperationPreempted",
        format!("The operation was preempted by the deletion of the resource '{}'.", object.id),
    );
    let operation = Operation { progress: OperationState::Failed(failure), ..operation.clone() };
    world.keep_operation(operation);
}
