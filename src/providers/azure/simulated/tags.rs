//! The tags of an object as a separate resource, `{scope}/providers/Microsoft.Resources/tags/default`. A client can
//! change tags without the rest of the body.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::absent::{method_not_allowed, parent_not_found};
use super::admitted::AdmittedRequest;
use super::locks::{self, LockedAction};
use super::target::ResourcePath;
use super::{operations, places, stale};
use crate::simulator::request::{ErrorResponse, HttpMethod, Response};
use crate::simulator::world::World;

/// The type of the tags resource, folded.
pub(super) const TAGS: &str = "microsoft.resources/tags";

/// Answers a request about the tags of an object.
pub(super) fn tags(
    world: &mut World,
    named: &ResourcePath,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let scope = named.above(4);
    let object = world.standing(&scope).ok_or_else(|| parent_not_found(&scope))?;
    if let Some(region) = places::region(world, &scope) {
        world.rest.faults.reach(&region)?;
    }
    let id = format!("{}/providers/Microsoft.Resources/tags/default", object.id);
    let before = object.body.get("tags").and_then(Json::as_object).cloned().unwrap_or_default();
    let after = match ask.request.verb {
        HttpMethod::Get => return Ok(shown(&id, &before)),
        HttpMethod::Put => written(ask)?,
        HttpMethod::Delete => JsonMap::new(),
        HttpMethod::Patch => patched(before, ask)?,
        verb => return Err(method_not_allowed(verb)),
    };
    locks::check_unlocked(world, &scope, LockedAction::Write)?;
    if let Some(operation) = world.object(&scope).and_then(|object| world.operation(object.operation.as_ref()?)) {
        return Err(operations::in_progress(world, operation));
    }
    stale::remember(world, &scope);
    if let Some(body) = world.body_mut(&scope) {
        body["tags"] = Json::Object(after.clone());
    }
    Ok(shown(&id, &after))
}

fn shown(id: &str, tags: &JsonMap<String, Json>) -> Response {
    let body =
        json!({ "id": id, "name": "default", "type": "Microsoft.Resources/tags", "properties": { "tags": tags } });
    Response::json(200, &body)
}

/// The tags that a request writes.
fn written(ask: &AdmittedRequest<'_>) -> Result<JsonMap<String, Json>, ErrorResponse> {
    let body = ask.request.object()?;
    let tags = body.pointer("/properties/tags").and_then(Json::as_object);
    tags.filter(|tags| tags.values().all(Json::is_string)).cloned().ok_or_else(|| {
        ErrorResponse::content("The request content was invalid: 'properties.tags' must be an object of strings.")
    })
}

/// Tags after a PATCH: merged with the written ones, replaced by them, or without them. Tag names ignore case.
fn patched(mut tags: JsonMap<String, Json>, ask: &AdmittedRequest<'_>) -> Result<JsonMap<String, Json>, ErrorResponse> {
    let given = written(ask)?;
    let body = ask.request.object()?;
    let operation = body.get("operation").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase();
    let is_given = |name: &str| given.keys().any(|other| other.eq_ignore_ascii_case(name));
    match operation.as_str() {
        "replace" => Ok(given),
        "merge" => {
            tags.retain(|name, _| !is_given(name));
            tags.extend(given);
            Ok(tags)
        }
        "delete" => {
            tags.retain(|name, _| !is_given(name));
            Ok(tags)
        }
        other => Err(ErrorResponse::content(format!(
            "The request content was invalid: the operation '{other}' must be Replace, Merge or Delete."
        ))),
    }
}
