//! The tags of an object as a resource of their own, `{scope}/providers/Microsoft.Resources/tags/default`: who may tag need not know what else is written there.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::answer::{Ask, method_not_allowed, parent_not_found};
use super::locks::Wish;
use super::request::{Failure, Response, Verb};
use super::target::Named;
use super::world::World;

/// Its type, folded.
pub(super) const TAGS: &str = "microsoft.resources/tags";

impl World {
    /// Answers what is asked of the tags of an object.
    pub(super) fn tags(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
        let scope = named.above(4);
        let object = self.standing(&scope).ok_or_else(|| parent_not_found(&scope))?;
        if let Some(region) = self.region(&scope) {
            self.rest.faults.reach(&region)?;
        }
        let id = format!("{}/providers/Microsoft.Resources/tags/default", object.id);
        let before = object.body.get("tags").and_then(Json::as_object).cloned().unwrap_or_default();
        let after = match ask.request.verb {
            Verb::Get => return Ok(shown(&id, &before)),
            Verb::Put => written(ask)?,
            Verb::Delete => JsonMap::new(),
            Verb::Patch => patched(before, ask)?,
            verb => return Err(method_not_allowed(verb)),
        };
        self.check_unlocked(&scope, Wish::Write)?;
        if let Some(operation) = self.object(&scope).and_then(|object| self.operation(object.operation.as_ref()?)) {
            return Err(self.in_progress(operation));
        }
        self.remember(&scope);
        if let Some(body) = self.body_mut(&scope) {
            body["tags"] = Json::Object(after.clone());
        }
        Ok(shown(&id, &after))
    }
}

fn shown(id: &str, tags: &JsonMap<String, Json>) -> Response {
    let body =
        json!({ "id": id, "name": "default", "type": "Microsoft.Resources/tags", "properties": { "tags": tags } });
    Response::json(200, &body)
}

/// The tags that a request writes.
fn written(ask: &Ask<'_>) -> Result<JsonMap<String, Json>, Failure> {
    let body = ask.request.object()?;
    let tags = body.pointer("/properties/tags").and_then(Json::as_object);
    tags.filter(|tags| tags.values().all(Json::is_string)).cloned().ok_or_else(|| {
        Failure::content("The request content was invalid: 'properties.tags' must be an object of texts.")
    })
}

/// Tags after a PATCH: joined with those written, replaced by them, or without them. Names of tags are the same in any case.
fn patched(mut tags: JsonMap<String, Json>, ask: &Ask<'_>) -> Result<JsonMap<String, Json>, Failure> {
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
        other => Err(Failure::content(format!(
            "The request content was invalid: the operation '{other}' is none of Replace, Merge and Delete."
        ))),
    }
}
