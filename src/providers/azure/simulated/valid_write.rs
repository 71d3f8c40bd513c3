//! Validation of a write against its type and the world, before any change.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::absent::{self, group_not_found, parent_not_found};
use super::admitted::AdmittedRequest;
use super::bodies::{
    carry_over, check_conditions, check_envelope, check_location, drop_nulls, envelope, same_but_state,
};
use super::cloudlet::note_key;
use super::locks::{self, LockedAction};
use super::references::{self, name_elements};
use super::rules::{self, fill_defaults};
use super::target::{GROUP, ResourcePath, group_of};
use super::types::{self, ProviderType};
use super::{always, bin, hooks, operations, places, serial};
use crate::kinds::path;
use crate::object::ObjectId;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// A write that passed all checks.
pub(super) struct ValidWrite {
    pub(super) id: ObjectId,
    pub(super) type_: &'static ProviderType,
    pub(super) body: Json,
    pub(super) refers: BTreeSet<String>,
    /// The existing object.
    pub(super) old: Option<SimulatedObject>,
    /// The folded ids of objects that block other writes meanwhile.
    pub(super) serial: Vec<String>,
    /// The duration in seconds.
    pub(super) seconds: u32,
    /// The error with which the write will end, if any.
    pub(super) fails: Option<ErrorResponse>,
    /// The children declared in its body; `gone` has the folded ids of those no longer declared.
    pub(super) children: Vec<ValidWrite>,
    /// Values that are kept beside its body: the properties of implicit children and write-only values, by their keys.
    pub(super) aside: Vec<(String, Json)>,
    pub(super) gone: Vec<String>,
}

/// The id of the named resource, with its parent in the case in which the parent was created.
pub(super) fn place(world: &World, named: &ResourcePath, type_: &ProviderType) -> Result<ObjectId, ErrorResponse> {
    let name = named.name();
    if !type_.may_be_called(name) {
        return Err(ErrorResponse::gateway(
            400,
            "InvalidResourceName",
            format!("Resource name {name} is invalid for a resource of type {}.", type_.name),
        ));
    }
    if named.type_ != GROUP
        && let Some(group) = named.group()
    {
        check_group(world, group, &named.id)?;
    }
    let parent = absent::parent_id(named, type_);
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    let above = if parent == subscription {
        subscription
    } else {
        match world.standing(&parent) {
            Some(object) => {
                check_parent(world, object)?;
                object.id.to_string()
            }
            None if type_.generic && absent::is_implied(world, &parent) => named.place_above(),
            None => return Err(parent_not_found(&parent)),
        }
    };
    let nested = named.type_.matches('/').count() > 1;
    if !nested && !type_.extension && named.type_ != GROUP && group_of(&parent) != Some(parent.as_str()) {
        return Err(ErrorResponse::gateway(
            404,
            "InvalidResourceType",
            format!("The resource type '{}' can only be created in a resource group.", type_.name),
        ));
    }
    if let Some(object) = world.object(&named.id) {
        return Ok(object.id.clone());
    }
    let type_name = if type_.generic { named.type_name() } else { type_.name.to_owned() };
    let last = type_name.rsplit('/').next().unwrap_or_default();
    Ok(ObjectId::new(match type_.segment {
        _ if named.type_ == GROUP => format!("{above}/resourceGroups/{name}"),
        Some(segment) => format!("{above}/{segment}/{name}"),
        None if nested => format!("{above}/{last}/{name}"),
        None => format!("{above}/providers/{type_name}/{name}"),
    }))
}

fn check_group(world: &World, name: &str, id: &str) -> Result<(), ErrorResponse> {
    match group_of(id).and_then(|group| world.standing(group)) {
        None => Err(group_not_found(name)),
        Some(group) if group.stage == Lifecycle::Deleting => Err(ErrorResponse::gateway(
            409,
            "ResourceGroupBeingDeleted",
            format!("The resource group '{name}' is in deprovisioning state and cannot perform this operation."),
        )),
        Some(_) => Ok(()),
    }
}

fn check_parent(world: &World, parent: &SimulatedObject) -> Result<(), ErrorResponse> {
    let operation = parent.operation.as_ref().and_then(|key| world.operation(key));
    match (parent.stage, operation) {
        (Lifecycle::Creating | Lifecycle::Deleting, Some(operation)) => Err(operations::in_progress(world, operation)),
        _ => Ok(()),
    }
}

/// Runs all checks of a write.
pub(super) fn draft(
    world: &World,
    id: ObjectId,
    type_: &'static ProviderType,
    mut body: Json,
    ask: &AdmittedRequest<'_>,
) -> Result<ValidWrite, ErrorResponse> {
    let folded = id.folded();
    drop_nulls(&mut body);
    places::reach_to_write(world, &folded, body.get("location").and_then(Json::as_str))?;
    locks::check_unlocked(world, &folded, LockedAction::Write)?;
    let standing = world.object(&folded);
    check_conditions(ask, standing.filter(|object| object.seen()))?;
    if let Some(operation) = standing.and_then(|object| object.operation.as_ref()).and_then(|key| world.operation(key))
    {
        return Err(operations::in_progress(world, operation));
    }
    let draft = draft_body(world, id, type_, body, standing, ask.api)?;
    if let Some(operation) = world.busy(&draft.serial).or_else(|| serial::blocked_beside(world, &draft.id, draft.type_))
    {
        return Err(operations::in_progress(world, operation));
    }
    check_name_free(world, &draft)?;
    let location = draft.body.get("location").and_then(Json::as_str).unwrap_or_default();
    let fails = match world.rest.faults.capacity(location, world.working(&folded), &draft.body) {
        Some((false, failure)) => return Err(failure),
        Some((true, failure)) => Some(failure),
        None => ask.fails.clone(),
    };
    Ok(ValidWrite { fails, ..draft })
}

/// Checks a body, and completes it with the values that the provider sets at once.
fn draft_body(
    world: &World,
    id: ObjectId,
    type_: &'static ProviderType,
    mut body: Json,
    old: Option<&SimulatedObject>,
    api: &str,
) -> Result<ValidWrite, ErrorResponse> {
    check_envelope(&body, &id, type_)?;
    let old_body = old.map(with_children);
    check_location(&mut body, &id, type_, old)?;
    // The Azure CLI sends a size and nothing else, which some services accept as a change of the size: they keep
    // the properties, the tags and everything else that the request leaves out.
    if world.lenient
        && body.get("properties").is_none()
        && let (Json::Object(map), Some(Json::Object(old))) = (&mut body, &old_body)
    {
        for (name, value) in old.iter().filter(|(name, _)| *name != "etag") {
            map.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    // Other clients send empty blocks, which the services do not store.
    if world.lenient {
        let empty = |at: &&&str| path::borrow(&body, at).and_then(Json::as_object).is_some_and(|map| map.is_empty());
        let empty: Vec<&str> = type_.blocks.iter().filter(empty).copied().collect();
        empty.into_iter().for_each(|at| path::remove(&mut body, at));
        type_.shape.drop_blanks(&mut body);
    }
    if world.lenient {
        type_.shape.convert(&mut body);
    }
    fill_defaults(&mut body, &id, type_, api);
    // The tables describe the bodies of their own versions only.
    let strict = type_.strict && !world.lenient && type_.writers().any(|kind| kind.type_.version == api);
    type_.shape.check(&body, old_body.as_ref(), strict, "")?;
    let (children, gone) = draft_children(world, &id, type_, &mut body, api)?;
    let type_name = id.arm_type().filter(|_| type_.generic);
    envelope(&mut body, &id, type_name.as_deref().unwrap_or(type_.name));
    name_elements(&mut body, &id, type_);
    if let Some(old) = old {
        carry_over(&mut body, &old.body, type_)?;
        references::check_elements_unused(world, old, &body)?;
    }
    let refers = references::references(world, &id, &body, old)?;
    rules::check_rules(world, &id, type_, &body, old)?;
    for admit in type_.writers().filter_map(|kind| kind.simulated.admit) {
        admit(world, &id, &body)?;
    }
    let seconds = type_.writers().filter_map(|kind| kind.lasts).map(|lasts| lasts(old.map(|old| &*old.body), &body));
    let usual = if old.is_some() { type_.durations.update } else { type_.durations.create };
    let seconds = seconds.max().unwrap_or(usual);
    // Azure accepts such options at creation only.
    let mut aside = if old.is_none() { always::aside(&id, type_, &body) } else { Vec::new() };
    for (word, at) in type_.writers().flat_map(|kind| kind.simulated.told) {
        aside.extend(path::borrow(&body, at).map(|value| (note_key(&id, word), value.clone())));
    }
    for notes in type_.writers().filter_map(|kind| kind.simulated.notes) {
        aside.extend(notes(&body).into_iter().map(|(word, value)| (note_key(&id, word), value)));
    }
    for path in &type_.write_only {
        path::remove(&mut body, path);
    }
    let serial = serial::serial(world, &id, type_, &refers);
    Ok(ValidWrite { id, type_, body, refers, old: old.cloned(), serial, seconds, fails: None, children, aside, gone })
}

fn with_children(object: &SimulatedObject) -> Json {
    let mut body = object.body.to_json();
    if let Some(type_) = types::find(&object.type_) {
        for segment in &type_.embeds {
            path::put(&mut body, &format!("properties.{segment}"), json!([]));
        }
    }
    body
}

/// Removes the embedded children from a body and checks each. A missing list leaves the
/// existing children unchanged.
fn draft_children(
    world: &World,
    id: &ObjectId,
    type_: &ProviderType,
    body: &mut Json,
    api: &str,
) -> Result<(Vec<ValidWrite>, Vec<String>), ErrorResponse> {
    let (mut drafts, mut gone) = (Vec::new(), Vec::new());
    let prefix = format!("{}/", type_.name).to_ascii_lowercase();
    let mixes = type_.writers().filter_map(|kind| kind.simulated.mixes);
    for list in type_.embeds.iter().copied().chain(mixes) {
        let items = body.get_mut("properties").and_then(Json::as_object_mut).and_then(|map| map.shift_remove(list));
        let Some(Json::Array(items)) = items else { continue };
        let one_type = Some(format!("{prefix}{}", list.to_ascii_lowercase())).filter(|_| type_.embeds.contains(&list));
        let mut kept = BTreeSet::new();
        for item in items {
            let told = item.get("type").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase();
            let child_type = one_type.clone().unwrap_or(told);
            let Some(child_type) = types::find(&child_type).filter(|_| child_type.starts_with(&prefix)) else {
                continue;
            };
            let name = item.get("name").and_then(Json::as_str).unwrap_or_default();
            let child = id.child(child_type.name.rsplit('/').next().unwrap_or_default(), name);
            let folded = child.folded();
            let old = world.standing(&folded);
            if old.is_none_or(|old| !is_same(child_type, &old.body, &item)) {
                let child = old.map_or(child, |old| old.id.clone());
                drafts.push(draft_body(world, child, child_type, item, old, api)?);
            }
            kept.insert(folded);
        }
        let is_of_list = |type_: &str| one_type.as_deref().map_or(type_.starts_with(&prefix), |one| one == type_);
        let outer = id.folded();
        let below = world.below(&outer);
        for (child, _) in below.filter(|(child, object)| is_of_list(&object.type_) && !kept.contains(*child)) {
            references::check_unused(world, child)?;
            gone.push(child.clone());
        }
    }
    Ok((drafts, gone))
}

fn check_name_free(world: &World, draft: &ValidWrite) -> Result<(), ErrorResponse> {
    if !draft.type_.unique || draft.old.is_some() {
        return Ok(());
    }
    bin::check_not_kept(world, &draft.id, draft.type_, &draft.body)?;
    let name = draft.id.name();
    match hooks::named(world, &draft.type_.name.to_ascii_lowercase(), name) {
        Some(_) => Err(ErrorResponse::service(
            409,
            "NameNotAvailable",
            format!("The name '{name}' is already taken. Names of {} are unique in all of Azure.", draft.type_.name),
        )),
        None => Ok(()),
    }
}

/// True if a child is sent as it is, but for its state and for what changes without a request.
fn is_same(type_: &ProviderType, stands: &Json, sent: &Json) -> bool {
    let plain = |body: &Json| {
        let mut body = body.clone();
        type_.writers().flat_map(|kind| kind.restless).for_each(|at| path::remove(&mut body, at));
        body
    };
    same_but_state(&plain(stands), &plain(sent))
}
