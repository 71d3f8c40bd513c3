//! References: the ids in a body, the check that their objects exist, and the objects that block a deletion.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::SUBSCRIPTION;
use super::absent;
use super::target::group_of;
use super::types::{self, ProviderType};
use crate::object::ObjectId;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// The folded ids of this subscription's resources and groups anywhere in a body, in order, except in its tags and
/// its own id.
///
/// Ids of other subscriptions are not checked.
pub(super) fn ids(body: &Json) -> Vec<String> {
    let mut found = Vec::new();
    match body {
        Json::Object(map) => map
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "id" | "name" | "type" | "tags" | "etag"))
            .for_each(|(_, value)| collect(value, &mut found)),
        other => collect(other, &mut found),
    }
    found
}

fn collect(json: &Json, into: &mut Vec<String>) {
    match json {
        Json::String(text) => into.extend(own_id(text)),
        Json::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Json::Object(map) => {
            for (name, value) in map {
                into.extend(own_id(name));
                collect(value, into);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// A text as a folded id, if it is the id of an object in a resource group of this subscription.
fn own_id(text: &str) -> Option<String> {
    if !text.starts_with('/') {
        return None;
    }
    let folded = text.trim_end_matches('/').to_ascii_lowercase();
    let rest = folded.strip_prefix("/subscriptions/")?.strip_prefix(SUBSCRIPTION)?;
    rest.starts_with("/resourcegroups/").then_some(folded)
}

/// Sets the id of every named element in the lists directly under `properties`, and adds missing lists of parts.
pub(super) fn name_elements(body: &mut Json, id: &ObjectId, type_: &ProviderType) {
    let Some(properties) = body.get_mut("properties").and_then(Json::as_object_mut) else { return };
    for part in &type_.parts {
        if let Some(name) = part.list.strip_prefix("properties.").filter(|name| !name.contains('.')) {
            properties.entry(name).or_insert_with(|| Json::Array(Vec::new()));
        }
    }
    for (list, value) in properties {
        let part = type_.parts.iter().find(|part| part.list.strip_prefix("properties.") == Some(list));
        let segment = part.map_or(list.as_str(), |part| part.segment);
        let key = part.map_or("name", |part| part.key);
        for element in value.as_array_mut().into_iter().flatten() {
            let Some(name) = element.get(key).and_then(Json::as_str).map(str::to_owned) else { continue };
            if let Json::Object(map) = element {
                map.insert("id".to_owned(), Json::from(id.child(segment, &name).as_str()));
            }
        }
    }
}

/// The elements of a body's lists with ids below its own, each with its folded id.
fn elements<'a>(body: &'a Json, own: &str) -> impl Iterator<Item = (String, &'a Json)> {
    let lists = body.get("properties").and_then(Json::as_object).into_iter().flat_map(|map| map.values());
    lists.filter_map(Json::as_array).flatten().filter_map(move |element| {
        let id = element.get("id").and_then(Json::as_str)?.to_ascii_lowercase();
        id.strip_prefix(own)?.starts_with('/').then_some((id, element))
    })
}

/// The element with this folded id in an object's body.
pub(super) fn element<'w>(world: &'w World, id: &str) -> Option<&'w Json> {
    let at = id.rmatch_indices('/').nth(1)?.0;
    let owner = id.get(..at)?;
    elements(&world.standing(owner)?.body, owner).find(|(element, _)| element == id).map(|(_, element)| element)
}

/// The ids to which a new body refers. Rejects a reference to a missing object.
///
/// Ids that only the provider wrote into the old body (the interfaces in a subnet) are no references of the client,
/// even when the client sends them back.
///
/// # Errors
/// 400 `InvalidResourceReference` with Azure's wording; 409 while the referenced object is being created.
pub(super) fn references(
    world: &World,
    id: &ObjectId,
    body: &Json,
    old: Option<&SimulatedObject>,
) -> Result<BTreeSet<String>, ErrorResponse> {
    let own = id.folded();
    let inner = format!("{own}/");
    let (before, kept): (BTreeSet<String>, _) = match old {
        Some(old) => (ids(&old.body).into_iter().collect(), Some(&old.refers)),
        None => (BTreeSet::new(), None),
    };
    let mut refers = BTreeSet::new();
    for to in ids(body) {
        let echoed = before.contains(&to) && kept.is_some_and(|kept| !kept.contains(&to));
        if to == own || refers.contains(&to) {
            continue;
        }
        if to.starts_with(&inner) {
            if !echoed && world.standing(&to).is_none() && !elements(body, &own).any(|(element, _)| element == to) {
                return Err(missing(&to, id));
            }
            continue;
        }
        if echoed {
            continue;
        }
        check_reference(world, &to, id)?;
        refers.insert(to);
    }
    Ok(refers)
}

fn check_reference(world: &World, to: &str, id: &ObjectId) -> Result<(), ErrorResponse> {
    match world.standing(to).map(|object| object.stage) {
        Some(Lifecycle::Creating) => Err(ErrorResponse::service(
            409,
            "ReferencedResourceNotProvisioned",
            format!(
                "Cannot proceed with operation because resource {to} used by resource {id} is not in Succeeded state. Resource is in Creating state."
            ),
        )
        .retry_after(5)),
        Some(Lifecycle::Deleting | Lifecycle::Hidden) => Err(missing(to, id)),
        Some(Lifecycle::Standing | Lifecycle::Updating | Lifecycle::Failed) => Ok(()),
        None if element(world, to).is_some() || absent::is_implied(world, to) => Ok(()),
        None => Err(missing(to, id)),
    }
}

/// Rejects the deletion of an object that others refer to.
///
/// # Errors
/// Azure's code and wording for the type.
pub(super) fn check_unused(world: &World, id: &str) -> Result<(), ErrorResponse> {
    let below = format!("{id}/");
    let outside = |user: &str| user != id && !user.starts_with(&below);
    for (to, user) in world.users(id).filter(|(_, user)| outside(user)) {
        let Some((code, name)) = code_in_use(world, to) else { continue };
        let by = world.standing(user).map_or(user.as_str(), |object| object.id.as_str());
        return Err(in_use(code, &name, by));
    }
    Ok(())
}

/// Rejects a new body that omits elements that other objects refer to.
pub(super) fn check_elements_unused(world: &World, old: &SimulatedObject, body: &Json) -> Result<(), ErrorResponse> {
    let own = old.id.folded();
    let kept: BTreeSet<String> = elements(body, &own).map(|(id, _)| id).collect();
    let gone = elements(&old.body, &own).map(|(id, _)| id).filter(|id| !kept.contains(id));
    for element in gone {
        if let Some((to, user)) = world.users(&element).find(|(_, user)| **user != own) {
            let code = code_in_use(world, to).map_or("InUse", |(code, _)| code);
            return Err(in_use(code, element.rsplit('/').next().unwrap_or_default(), user));
        }
    }
    Ok(())
}

/// The error code for the deletion of an object in use, and its name; `None` where the type allows such a deletion.
fn code_in_use(world: &World, to: &str) -> Option<(&'static str, String)> {
    if let Some(object) = world.object(to) {
        let code = types::find(&object.type_)?.in_use;
        return (!code.is_empty()).then(|| (code, object.id.name().to_owned()));
    }
    // A reference may outlast an object whose type allows deletion in use. Such a reference does not
    // block its parent.
    if ObjectId::new(to).arm_type().is_some_and(|type_| types::find(&type_.to_ascii_lowercase()).is_some()) {
        return None;
    }
    let (at, _) = to.rmatch_indices('/').nth(1)?;
    let (segment, name) = to.get(at + 1..)?.split_once('/')?;
    let owner = world.object(to.get(..at)?)?;
    let type_ = types::find(&owner.type_)?;
    let part = type_.parts.iter().find(|part| part.segment.eq_ignore_ascii_case(segment));
    let code = part.map_or(type_.in_use, |part| part.kind.in_use);
    (!code.is_empty()).then(|| (code, name.to_owned()))
}

/// The objects of a group that cannot be deleted with it because objects in other groups refer to them, including
/// their parents and references.
pub(super) fn held_from_outside(world: &World, group: &str) -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    let outside =
        world.users(group).filter(|(to, user)| group_of(user) != Some(group) && code_in_use(world, to).is_some());
    let mut next: Vec<String> = outside.map(|(to, _)| to.clone()).collect();
    while let Some(id) = next.pop() {
        if id == group || !id.starts_with(group) || held.contains(&id) {
            continue;
        }
        if let Some(object) = world.object(&id) {
            next.extend(object.refers.iter().cloned());
            held.insert(id.clone());
        }
        // A child keeps its parent; an element keeps its object.
        next.extend(id.rmatch_indices('/').nth(1).and_then(|(at, _)| id.get(..at)).map(str::to_owned));
    }
    held
}

fn missing(to: &str, id: &ObjectId) -> ErrorResponse {
    ErrorResponse::service(
        400,
        "InvalidResourceReference",
        format!(
            "Resource {to} referenced by resource {id} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
        ),
    )
}

fn in_use(code: &str, name: &str, by: &str) -> ErrorResponse {
    let status = if code.starts_with("InUse") { 400 } else { 409 };
    let what = code.strip_prefix("InUse").and_then(|rest| rest.strip_suffix("CannotBeDeleted")).unwrap_or("Resource");
    ErrorResponse::service(status, code, format!("{what} {name} is in use by {by} and cannot be deleted."))
}
