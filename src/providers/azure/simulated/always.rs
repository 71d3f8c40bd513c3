//! Implicit children: they exist as long as their parent. No request creates them; a write changes one.
//! The kinds' tables list them.

use crate::providers::azure::ids::AzureId;
use serde_json::{Value as Json, json};

use super::admitted::AdmittedRequest;
use super::bodies::merge;
use super::target::ResourcePath;
use super::types::{self, ProviderType};
use super::{absent, lists, state};
use crate::kinds::{ImplicitChild, path};
use crate::object::ObjectId;
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::{SimulatedObject, World};

/// The implicit child of an object, by its path segment.
fn always_of(object: &SimulatedObject, segment: &str) -> Option<&'static ImplicitChild> {
    let kinds = types::find(&object.type_).into_iter().flat_map(ProviderType::writers);
    kinds.flat_map(|kind| kind.simulated.always).find(|one| one.segment.eq_ignore_ascii_case(segment))
}

/// The body of an implicit child; `None` where the path names none.
pub(super) fn always(world: &World, named: &ResourcePath) -> Option<Json> {
    if types::find(&named.type_).is_some() {
        return None;
    }
    let parent = world.standing(&named.above(2))?;
    let segment = named.segments.iter().rev().nth(1)?;
    let child = always_of(parent, segment).filter(|child| child.name.eq_ignore_ascii_case(named.name()))?;
    let written = child.aside.is_none() || state::of(world).always.contains_key(&named.id);
    written.then(|| shown(world, parent, child))
}

/// The implicit children that a body declares: the folded id of each, and its properties.
pub(super) fn aside(id: &ObjectId, type_: &ProviderType, body: &Json) -> Vec<(String, Json)> {
    let children = type_.writers().flat_map(|kind| kind.simulated.always);
    let written = children.filter_map(|child| {
        let (at, make) = child.aside?;
        Some((id.child(child.segment, child.name).folded(), make(path::borrow(body, at)?)))
    });
    written.collect()
}

fn shown(world: &World, parent: &SimulatedObject, child: &ImplicitChild) -> Json {
    let id = parent.id.child(child.segment, child.name);
    let mut properties: Json = serde_json::from_str(child.properties).unwrap_or_default();
    if let Some(written) = state::of(world).always.get(&id.folded()) {
        merge(&mut properties, written.clone());
    }
    let type_ = id.arm_type().unwrap_or_default();
    json!({ "id": id.as_str(), "name": child.name, "type": type_, "properties": properties })
}

/// Children of an object that follow from it, each with its name; `None` where the type has none there.
fn computed(world: &World, object: &SimulatedObject, segment: &str) -> Option<Vec<(String, Json)>> {
    let kinds = types::find(&object.type_).into_iter().flat_map(ProviderType::writers);
    let mut made = kinds.flat_map(|kind| kind.simulated.computed);
    let (segment, make) = made.find(|(own, _)| own.eq_ignore_ascii_case(segment))?;
    let whole = |(name, body): (String, Json)| {
        let id = object.id.child(segment, &name);
        let mut child = json!({ "id": id.as_str(), "name": name, "type": id.arm_type() });
        merge(&mut child, body);
        (name, child)
    };
    Some(make(world, &object.id).into_iter().map(whole).collect())
}

/// One such child, by its path.
pub(super) fn computed_one(world: &World, named: &ResourcePath) -> Option<Json> {
    let parent = world.standing(&named.above(2))?;
    let all = computed(world, parent, named.segments.iter().rev().nth(1)?)?;
    all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(named.name())).map(|(_, child)| child)
}

/// The list of implicit children below an object; `None` where the type has none.
pub(super) fn always_listed(world: &World, parent: &str, segment: &str) -> Option<Json> {
    let path = parent;
    let parent = world.standing(parent)?;
    if let Some(all) = computed(world, parent, segment) {
        return Some(json!({ "value": all.into_iter().map(|(_, child)| child).collect::<Vec<_>>() }));
    }
    let child = always_of(parent, segment)?;
    let mut all: Vec<Json> = if child.name.is_empty() { Vec::new() } else { vec![shown(world, parent, child)] };
    // Clients may have created others beside it: the NS record sets of a zone.
    let type_ = format!("{}/{}", parent.type_, segment.to_ascii_lowercase());
    let others = world.below(path).map(|(_, object)| object).filter(|object| object.seen() && object.type_ == type_);
    all.extend(others.filter_map(|object| lists::listed(world, object)));
    Some(json!({ "value": all }))
}

/// The answer to an action of an implicit child; `None` where it has no such action.
pub(super) fn act_always(world: &mut World, named: &ResourcePath, action: &str) -> Option<Response> {
    let current = always(world, named)?;
    let parent = world.standing(&named.above(2))?;
    let segment = named.segments.iter().rev().nth(1)?;
    let child = always_of(parent, segment)?;
    let (_, make) = child.actions.iter().find(|(name, _)| name.eq_ignore_ascii_case(action))?;
    let properties = make(current.get("properties").unwrap_or(&Json::Null));
    state::of_mut(world).always.insert(named.id.clone(), properties);
    always(world, named).map(|body| Response::json(200, &body))
}

/// Writes an implicit child.
pub(super) fn write_always(
    world: &mut World,
    named: &ResourcePath,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let properties = ask.request.object()?.get("properties").cloned().unwrap_or_else(|| json!({}));
    merge(state::of_mut(world).always.entry(named.id.clone()).or_insert_with(|| json!({})), properties);
    always(world, named).map(|body| Response::json(200, &body)).ok_or_else(|| absent::absent(world, named))
}
