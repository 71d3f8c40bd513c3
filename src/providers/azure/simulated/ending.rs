//! Ends of operations: the changes that an operation makes when it is due.

use super::cloudlet::{self, repairs_itself};
use super::target::GROUP;
use super::{NAME, actions, completion, delete, operations, removal, stale};
use crate::simulator::operations::{Operation, OperationKind, OperationState};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

pub(super) fn end(world: &mut World, mut operation: Operation) {
    let id = operation.id.folded();
    stale::remember(world, &id);
    let leaves = actions::leaves(world, &operation);
    let given = operation.fails.take();
    let failure = given.or_else(|| world.rest.faults.breaks(&operations::seat(world, &operation)).filter(|_| !leaves));
    let failure = match (failure, operation.act) {
        (None, OperationKind::Create | OperationKind::Update) => {
            completion::complete(world, &id);
            if world.object(&id).is_some_and(repairs_itself) {
                cloudlet::wake_all(world);
            }
            None
        }
        (None, OperationKind::Post) => actions::act(world, &operation).err(),
        (None, OperationKind::Wake) => {
            cloudlet::wake(world, &id);
            None
        }
        (None, OperationKind::Delete) if is_group(world, &id) => delete::empty_group(world, &id).err(),
        (None, OperationKind::Delete) => {
            removal::remove_with_all_below(world, &id);
            None
        }
        (Some(failure), OperationKind::Post | OperationKind::Wake) => Some(failure),
        (Some(failure), act) => {
            undo(world, &id, act, operation.before.take());
            Some(failure)
        }
    };
    operation.progress = failure.map_or(OperationState::Succeeded, OperationState::Failed);
    if operation.act == OperationKind::Post {
        world.change(&id, |object| object.operation = None);
    }
    world.keep_operation(operation);
}

/// True for an operation that makes no progress because of a fault.
pub(super) fn holds(world: &World, operation: &Operation) -> bool {
    let faults = &world.rest.faults;
    faults.holds(NAME, &operation.service, &operations::seat(world, operation))
        || actions::reaches(world, operation).iter().any(|region| faults.reach(region).is_err())
}

fn is_group(world: &World, id: &str) -> bool {
    world.object(id).is_some_and(|object| object.type_ == GROUP)
}

/// Undoes a failed operation: restores the object with the state `Failed`, or removes an object that
/// reads never found.
fn undo(world: &mut World, id: &str, act: OperationKind, before: Option<Box<SimulatedObject>>) {
    let seed = world.seed;
    if let (OperationKind::Update, Some(before)) = (act, before) {
        world.insert(*before);
    }
    if act == OperationKind::Create && world.object(id).is_some_and(|object| !object.seen()) {
        world.take(id);
        return;
    }
    world.change(id, |object| {
        object.stage = Lifecycle::Failed;
        object.operation = None;
        object.hollow |= act == OperationKind::Create;
        object.touch(seed);
        object.show_state("Failed");
    });
}
