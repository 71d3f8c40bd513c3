//! The move of resources to another resource group: their ids change, and with them every id that refers to them.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::absent::group_not_found;
use super::admitted::AdmittedRequest;
use super::locks::{self, LockedAction};
use super::target::{GROUP, LOCK, ResourcePath};
use super::{state, types};
use crate::object::ObjectId;
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// Segments of the id of a resource after that of its group: `providers`, the namespace, the type and the name.
const SEGMENTS: usize = 4;

/// One resource that moves, with everything below it.
struct MovedResource {
    /// The folded id before the move.
    from: String,
    /// The id after the move.
    to: String,
}

/// Answers `moveResources` and `validateMoveResources`: all resources move, or none does.
pub(super) fn move_resources(
    world: &mut World,
    source: &ResourcePath,
    is_check: bool,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let body = ask.request.object()?;
    let target = body.get("targetResourceGroup").and_then(Json::as_str).unwrap_or_default();
    let target = ObjectId::new(target.trim_end_matches('/'));
    let group = world.standing(&target.folded()).filter(|group| group.type_ == GROUP);
    let group = group.ok_or_else(|| group_not_found(target.name()))?;
    if group.stage == Lifecycle::Deleting {
        return Err(refused("ResourceGroupBeingDeleted", format!("The group '{}' is being deleted.", group.id)));
    }
    let place = group.id.clone();
    for id in [&source.id, &place.folded()] {
        locks::check_unlocked(world, id, LockedAction::Write)?;
    }
    let asked = body.get("resources").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    let moved: Vec<MovedResource> =
        asked.map(|id| movable(world, &ObjectId::new(id), source, &place)).collect::<Result<_, _>>()?;
    if moved.is_empty() {
        return Err(ErrorResponse::content("The request content was invalid: 'resources' names no resource."));
    }
    if !is_check {
        carry(world, &moved);
    }
    Ok(Response::empty(204))
}

/// Checks one resource.
fn movable(
    world: &World,
    id: &ObjectId,
    source: &ResourcePath,
    place: &ObjectId,
) -> Result<MovedResource, ErrorResponse> {
    let from = id.folded();
    let object = world.standing(&from).ok_or_else(|| {
        ErrorResponse::gateway(404, "ResourceNotFound", format!("The Resource '{id}' was not found."))
    })?;
    let rest = from.strip_prefix(&source.id).unwrap_or_default();
    if rest.matches('/').count() != SEGMENTS {
        return Err(refused(
            "ResourceMoveProviderValidationFailed",
            format!(
                "'{id}' is not a resource of the group '{}' itself. Children move with their parent.",
                source.name()
            ),
        ));
    }
    locks::check_unlocked(world, &from, LockedAction::Write)?;
    for one in world.below(&from).map(|(_, below)| below).chain([object]) {
        let stays = types::find(&one.type_).is_some_and(|type_| type_.writers().any(|kind| kind.simulated.stays));
        if stays {
            return Err(refused(
                "ResourceMoveProviderValidationFailed",
                format!("Azure does not move '{}' to another resource group.", one.id),
            ));
        }
        if one.operation.is_some() || one.stage != Lifecycle::Standing {
            return Err(refused(
                "MoveCannotProceedWithResourcesNotInSucceededState",
                format!("The move cannot proceed, because '{}' is not in the state Succeeded.", one.id),
            ));
        }
    }
    let own = object.id.as_str();
    let to = format!("{place}{}", own.get(source.id.len()..).unwrap_or_default());
    if world.object(&to.to_ascii_lowercase()).is_some() {
        return Err(refused(
            "ResourceMoveProviderValidationFailed",
            format!("The resource group '{}' has a resource '{}' of this type.", place.name(), id.name()),
        ));
    }
    Ok(MovedResource { from, to })
}

/// Gives the resources their new ids, wherever these occur. Role assignments do not move (source: Microsoft's page
/// on moving resources).
fn carry(world: &mut World, moved: &[MovedResource]) {
    let is_assignment =
        |object: &SimulatedObject| object.type_ != LOCK && object.type_.starts_with("microsoft.authorization/");
    let inside: Vec<String> = moved
        .iter()
        .flat_map(|one| world.below(&one.from).map(|(id, _)| id.clone()).chain([one.from.clone()]))
        .collect();
    for id in &inside {
        let Some(mut object) = world.take(id) else { continue };
        if !is_assignment(&object) {
            object.id = ObjectId::new(renamed(object.id.as_str(), moved).unwrap_or_default());
            world.insert(with_new_ids(object, moved));
        }
    }
    let others = world.objects().filter(|object| with_new_ids((*object).clone(), moved).body != object.body);
    let others: Vec<SimulatedObject> = others.cloned().collect();
    for object in others {
        world.insert(with_new_ids(object, moved));
    }
    let always = std::mem::take(&mut state::of_mut(world).always);
    state::of_mut(world).always = always.into_iter().map(|(id, value)| (folded(id, moved), value)).collect();
    let monitors = std::mem::take(&mut state::of_mut(world).monitors);
    state::of_mut(world).monitors = monitors.into_iter().map(|(id, value)| (folded(id, moved), value)).collect();
    world.changes.rest = true;
}

/// An object with the new ids in its body.
fn with_new_ids(mut object: SimulatedObject, moved: &[MovedResource]) -> SimulatedObject {
    rename(&mut object.body, moved);
    let refers: BTreeSet<String> = object.refers.into_iter().map(|id| folded(id, moved)).collect();
    SimulatedObject { refers, ..object }
}

fn rename(json: &mut Json, moved: &[MovedResource]) {
    match json {
        Json::String(text) => {
            if let Some(new) = renamed(text, moved) {
                *text = new;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| rename(item, moved)),
        Json::Object(map) => {
            let old = std::mem::take(map);
            map.extend(old.into_iter().map(|(name, mut value)| {
                rename(&mut value, moved);
                (renamed(&name, moved).unwrap_or(name), value)
            }));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// An id after the move, if it is one of the moved ids or below one.
fn renamed(id: &str, moved: &[MovedResource]) -> Option<String> {
    if !id.starts_with('/') {
        return None;
    }
    let lower = id.to_ascii_lowercase();
    moved.iter().find_map(|one| {
        let rest = lower.strip_prefix(&one.from)?;
        (rest.is_empty() || rest.starts_with('/'))
            .then(|| format!("{}{}", one.to, id.get(one.from.len()..).unwrap_or_default()))
    })
}

fn folded(id: String, moved: &[MovedResource]) -> String {
    renamed(&id, moved).map_or(id, |new| new.to_ascii_lowercase())
}

fn refused(code: &str, message: String) -> ErrorResponse {
    ErrorResponse::gateway(409, code, message)
}
