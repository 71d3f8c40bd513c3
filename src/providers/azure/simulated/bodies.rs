//! Checks and changes of bodies: envelope, location, values carried over from the old body, merge. Independent
//! of the world.

use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json, json};

use super::admitted::AdmittedRequest;
use super::target::GROUP;
use super::types::ProviderType;
use crate::kinds::regions::same_region;
use crate::kinds::{Location, path};
use crate::object::ObjectId;
use crate::providers::azure::regions::region;
use crate::simulator::request::{ErrorResponse, HttpMethod};
use crate::simulator::world::SimulatedObject;

/// `If-Match` and `If-None-Match`.
pub(super) fn check_conditions(
    ask: &AdmittedRequest<'_>,
    standing: Option<&SimulatedObject>,
) -> Result<(), ErrorResponse> {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let met = match (ask.request.header("if-match"), ask.request.header("if-none-match"), standing) {
        (Some(_), _, None) => ask.request.verb == HttpMethod::Delete,
        (Some("*"), _, Some(_)) => true,
        (Some(tag), _, Some(object)) => object.etag().is_some_and(|etag| bare(&etag) == bare(tag)),
        (None, Some("*"), Some(_)) => false,
        (None, _, _) => true,
    };
    if met {
        return Ok(());
    }
    Err(ErrorResponse::service(
        412,
        "PreconditionFailed",
        "The condition on the etag of the resource was not met: the resource was changed, or does not exist.",
    ))
}

pub(super) fn check_envelope(body: &Json, id: &ObjectId, type_: &ProviderType) -> Result<(), ErrorResponse> {
    let differs = |name: &str, wanted: &str| {
        let written = body.get(name).and_then(Json::as_str);
        written.filter(|written| !written.trim_end_matches('/').eq_ignore_ascii_case(wanted)).map(str::to_owned)
    };
    for (name, wanted) in [("id", id.as_str()), ("name", id.name()), ("type", type_.name)] {
        if let Some(written) = differs(name, wanted) {
            return Err(ErrorResponse::content(format!(
                "The request content was invalid: the property '{name}' is '{written}', but the URL of the request has '{wanted}'."
            )));
        }
    }
    Ok(())
}

/// Checks the location and normalises it to the form `canadaeast`.
pub(super) fn check_location(
    body: &mut Json,
    id: &ObjectId,
    type_: &ProviderType,
    old: Option<&SimulatedObject>,
) -> Result<(), ErrorResponse> {
    let written = body.get("location").and_then(Json::as_str).map(str::to_owned);
    let location = match (type_.location, written) {
        (Location::None, Some(written)) if type_.generic => match region(&written) {
            Some(region) => region.name.to_owned(),
            None => written.to_ascii_lowercase(),
        },
        (Location::None, _) => return Ok(()),
        (_, None) => match old.and_then(SimulatedObject::location) {
            Some(old) => old.into_owned(),
            None => {
                return Err(ErrorResponse::gateway(
                    400,
                    "LocationRequired",
                    "The location property is required for this definition.",
                ));
            }
        },
        (Location::Global, Some(location)) if location.eq_ignore_ascii_case("global") => "global".to_owned(),
        (_, Some(location)) => match region(&location).filter(|_| matches!(type_.location, Location::Regional)) {
            Some(region) => region.name.to_owned(),
            None => {
                return Err(ErrorResponse::gateway(
                    400,
                    "LocationNotAvailableForResourceType",
                    format!("The provided location '{location}' is not available for resource type '{}'.", type_.name),
                ));
            }
        },
    };
    if let Some(stands) = old.and_then(SimulatedObject::location).filter(|stands| !same_region(stands, &location)) {
        let (name, group) = (id.name(), id.resource_group().unwrap_or_default());
        return Err(if type_.name.eq_ignore_ascii_case(GROUP) {
            ErrorResponse::gateway(
                409,
                "InvalidResourceGroupLocation",
                format!(
                    "Invalid resource group location '{location}'. The Resource group already exists in location '{stands}'."
                ),
            )
        } else {
            ErrorResponse::gateway(
                409,
                "InvalidResourceLocation",
                format!(
                    "The resource '{name}' already exists in location '{stands}' in resource group '{group}'. A resource with the same name cannot be created in location '{location}'. Please select a new resource name."
                ),
            )
        });
    }
    path::put(body, "location", Json::from(location));
    Ok(())
}

/// Carries over read-only properties, and rejects a change of immutable ones.
pub(super) fn carry_over(body: &mut Json, old: &Json, type_: &ProviderType) -> Result<(), ErrorResponse> {
    for at in &type_.read_only {
        path::remove(body, at);
        if let Some(value) = path::borrow(old, at) {
            path::put(body, at, value.clone());
        }
    }
    for at in &type_.immutable {
        let Some(stands) = path::borrow(old, at).filter(|stands| !stands.is_null()) else { continue };
        match path::borrow(body, at).filter(|value| !value.is_null()) {
            None => path::put(body, at, stands.clone()),
            Some(value) if differ(stands, value) => {
                return Err(ErrorResponse::service(
                    409,
                    "PropertyChangeNotAllowed",
                    format!("Changing property '{at}' is not allowed."),
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// True where two scalars, or two lists of scalars, certainly differ.
fn differ(a: &Json, b: &Json) -> bool {
    let fold = |json: &Json| match json {
        Json::Array(items) => {
            let mut texts: Vec<String> = items.iter().map(fold_scalar).collect();
            texts.sort_unstable();
            texts.join(",")
        }
        scalar => fold_scalar(scalar),
    };
    !a.is_object() && !b.is_object() && fold(a) != fold(b)
}

fn fold_scalar(json: &Json) -> String {
    let text = json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase()
}

/// True where the child that a client sent equals the existing one, apart from provisioning state and etag.
pub(super) fn same_but_state(stands: &Json, sent: &Json) -> bool {
    let plain = |body: &Json| {
        let mut body = body.clone();
        for at in ["id", "type", "etag", "properties.provisioningState"] {
            path::remove(&mut body, at);
        }
        body
    };
    plain(stands) == plain(sent)
}

/// Puts id, name and type first.
pub(super) fn envelope(body: &mut Json, id: &ObjectId, type_: &str) {
    let mut map = JsonMap::new();
    map.insert("id".to_owned(), Json::from(id.as_str()));
    map.insert("name".to_owned(), Json::from(id.name()));
    map.insert("type".to_owned(), Json::from(type_));
    if let Json::Object(rest) = std::mem::take(body) {
        let rest = rest.into_iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "name" | "type" | "etag"));
        map.extend(rest);
    }
    map.entry("properties").or_insert_with(|| json!({}));
    *body = Json::Object(map);
}

pub(super) fn drop_nulls(json: &mut Json) {
    match json {
        Json::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_nulls),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// A JSON merge patch.
pub(super) fn merge(into: &mut Json, patch: Json) {
    match (into, patch) {
        (Json::Object(into), Json::Object(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    into.shift_remove(&name);
                } else {
                    merge(into.entry(name).or_insert(Json::Null), value);
                }
            }
        }
        (into, patch) => *into = patch,
    }
}
