//! DELETE: the checks that can block it, and the deletion of a whole resource group.

use std::collections::BTreeSet;

use super::absent::{self, group_not_found};
use super::admitted::AdmittedRequest;
use super::bodies::check_conditions;
use super::locks::{self, LockedAction};
use super::target::{GROUP, ResourcePath, group_of};
use super::types::{self, ProviderType, shows_state};
use super::{operations, places, references, removal, serial, stale};
use crate::kinds::{AnswerStyle, ImmediateRequest};
use crate::simulator::operations::{Operation, OperationKind};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

pub(super) fn delete(
    world: &mut World,
    named: &ResourcePath,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let type_ = absent::known_type(world, &named.type_, ask.api)?;
    let Some(object) = world.object(&named.id) else { return nothing_to_delete(world, named, type_) };
    let id = object.id.clone();
    places::reach_to_write(world, &named.id, None)?;
    check_conditions(ask, Some(object))?;
    let answers = match type_.at_once.contains(&ImmediateRequest::Delete) {
        _ if named.type_ == GROUP => AnswerStyle::Location,
        true => AnswerStyle::Sync,
        false => type_.answers,
    };
    if let Some(operation) = object.operation.as_ref().and_then(|key| world.operation(key)) {
        return match operation.act {
            OperationKind::Delete => Ok(operations::announce(world, Response::empty(202), operation, answers)),
            OperationKind::Create | OperationKind::Update | OperationKind::Post | OperationKind::Wake => {
                Err(operations::in_progress(world, operation))
            }
        };
    }
    locks::check_unlocked(world, &named.id, LockedAction::Delete)?;
    let mut serial = Vec::new();
    let mut seconds = type_.durations.delete;
    if named.type_ == GROUP {
        seconds += slowest_below(world, &named.id);
    } else {
        check_group_stands(world, &named.id)?;
        references::check_unused(world, &named.id)?;
        serial = serial::serial(world, &id, type_, &object.refers);
        if let Some(operation) = world.busy(&serial).or_else(|| serial::blocked_beside(world, &id, type_)) {
            return Err(operations::in_progress(world, operation));
        }
    }
    if answers == AnswerStyle::Sync {
        return match &ask.fails {
            Some(failure) => Err(failure.clone()),
            None => {
                let delay = world.lasts(&named.id, "delete", seconds).unsigned_abs();
                removal::remove_with_all_below(world, &named.id);
                Ok(Response { delay, ..Response::empty(200) })
            }
        };
    }
    let operation = Operation {
        api: ask.api.to_owned(),
        serial,
        fails: ask.fails.clone(),
        ..operations::begin(world, &id, type_, OperationKind::Delete, seconds)
    };
    Ok(begin_deletion(world, &named.id, type_, operation, answers))
}

fn begin_deletion(
    world: &mut World,
    id: &str,
    type_: &ProviderType,
    operation: Operation,
    answers: AnswerStyle,
) -> Response {
    stale::remember(world, id);
    let (seed, key) = (world.seed, operation.key.clone());
    world.change(id, |object| {
        object.stage = Lifecycle::Deleting;
        object.operation = Some(key);
        object.touch(seed);
        if shows_state(type_) {
            object.show_state("Deleting");
        }
    });
    let response = operations::announce(world, Response::empty(202), &operation, answers);
    world.keep_operation(operation);
    response
}

/// 204, unless the group or parent is missing, too.
fn nothing_to_delete(world: &World, named: &ResourcePath, type_: &ProviderType) -> Result<Response, ErrorResponse> {
    if named.type_ == GROUP {
        return Err(group_not_found(named.name()));
    }
    let subscription = super::SUBSCRIPTION;
    let parent = absent::parent_id(named, type_);
    if parent == format!("/subscriptions/{subscription}") || world.standing(&parent).is_some() {
        return Ok(Response::empty(204));
    }
    Err(absent::absent(world, named))
}

fn check_group_stands(world: &World, id: &str) -> Result<(), ErrorResponse> {
    let group = group_of(id).and_then(|group| world.standing(group));
    match group.filter(|group| group.stage == Lifecycle::Deleting) {
        Some(group) => Err(ErrorResponse::gateway(
            409,
            "ResourceGroupBeingDeleted",
            format!(
                "The resource group '{}' is in deprovisioning state and cannot perform this operation.",
                group.id.name()
            ),
        )),
        None => Ok(()),
    }
}

/// The longest deletion time of any object in a group, in seconds.
fn slowest_below(world: &World, group: &str) -> u32 {
    let inside: BTreeSet<&str> = world.below(group).map(|(_, object)| object.type_.as_str()).collect();
    inside.into_iter().filter_map(types::find).map(|type_| type_.durations.delete).max().unwrap_or(0)
}

/// Deletes a group and its contents. Objects that are in use from outside the group remain, and so does the group.
pub(super) fn empty_group(world: &mut World, group: &str) -> Result<(), ErrorResponse> {
    let held = references::held_from_outside(world, group);
    if held.is_empty() {
        removal::remove_with_all_below(world, group);
        return Ok(());
    }
    let free: Vec<String> = world.below(group).map(|(id, _)| id.clone()).filter(|id| !held.contains(id)).collect();
    for id in free.iter().rev() {
        removal::remove_with_all_below(world, id);
    }
    let seed = world.seed;
    world.change(group, |object| {
        object.stage = Lifecycle::Standing;
        object.operation = None;
        object.touch(seed);
        object.show_state("Succeeded");
    });
    let ids = held.iter().map(|id| world.object(id).map_or(id.as_str(), |object: &SimulatedObject| object.id.as_str()));
    let ids: Vec<&str> = ids.collect();
    Err(ErrorResponse::gateway(
        409,
        "ResourceGroupDeletionBlocked",
        format!(
            "Deletion of resource group '{}' failed as resources with identifiers '{}' could not be deleted. The provisioning state of the resource group will be rolled back.",
            group.rsplit('/').next().unwrap_or_default(),
            ids.join(",")
        ),
    ))
}
