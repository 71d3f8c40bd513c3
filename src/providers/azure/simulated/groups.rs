//! Actions on resource groups: the export of a group as a template; [`super::moves`] has the move to another group.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::admitted::AdmittedRequest;
use super::target::ResourcePath;
use super::{absent, moves, types};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::{SimulatedObject, World};

/// Properties of an answer that a template does not have.
const NOT_WRITTEN: [&str; 8] =
    ["id", "name", "type", "etag", "systemData", "managedBy", "provisioningState", "resourceGuid"];

/// Answers an action on a group.
pub(super) fn post_group(
    world: &mut World,
    named: &ResourcePath,
    action: &str,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let group = world.standing(&named.id).ok_or_else(|| absent::absent(world, named))?;
    match action.to_ascii_lowercase().as_str() {
        "exporttemplate" => {
            let asked = ask.request.object().unwrap_or_default();
            let asked = asked.get("resources").and_then(Json::as_array).cloned().unwrap_or_default();
            Ok(Response::json(200, &exported(world, group, &asked)))
        }
        other => moves::move_resources(world, named, other == "validatemoveresources", ask),
    }
}

/// A group as a template: each resource as it is, with its children.
fn exported(world: &World, group: &SimulatedObject, asked: &[Json]) -> Json {
    let is_asked = |object: &SimulatedObject| {
        let all = asked.is_empty() || asked.iter().any(|id| id.as_str() == Some("*"));
        all || asked.iter().filter_map(Json::as_str).any(|id| id.eq_ignore_ascii_case(object.id.as_str()))
    };
    let id = group.id.folded();
    let objects = world.below(&id).map(|(_, object)| object).filter(|object| object.seen() && is_asked(object));
    let resources: Vec<Json> = objects.filter_map(|object| template_resource(object, &id)).collect();
    json!({ "template": {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {},
        "variables": {},
        "resources": resources,
    } })
}

/// An object as a resource of a template.
fn template_resource(object: &SimulatedObject, group: &str) -> Option<Json> {
    let type_ = types::find(&object.type_)?;
    // Extensions and objects with segments that are no types have no name in a template of the group.
    let rest = object.id.as_str().get(group.len()..)?.strip_prefix("/providers/")?;
    let names: Vec<&str> = rest.split('/').skip(2).step_by(2).collect();
    if rest.contains("/providers/") || names.len() != type_.name.split('/').count() - 1 {
        return None;
    }
    let mut resource = JsonMap::from_iter([
        ("type".to_owned(), Json::from(type_.name)),
        ("apiVersion".to_owned(), Json::from(type_.api)),
        ("name".to_owned(), Json::from(names.join("/"))),
    ]);
    let body = object.body.as_object()?.iter();
    let written = body.filter(|(name, _)| !NOT_WRITTEN.contains(&name.as_str()));
    resource.extend(written.map(|(name, value)| (name.clone(), without_state(value))));
    Some(Json::Object(resource))
}

/// A value without what only answers have.
fn without_state(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let kept =
                map.iter().filter(|(name, _)| !["etag", "provisioningState", "resourceGuid"].contains(&name.as_str()));
            Json::Object(kept.map(|(name, value)| (name.clone(), without_state(value))).collect())
        }
        Json::Array(items) => items.iter().map(without_state).collect(),
        plain => plain.clone(),
    }
}
