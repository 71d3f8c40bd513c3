//! Versions of objects: Cloudflare has none, so that a digest of the body stands for one.

use serde_json::Value as Json;

use crate::sight::{Phase, Sight, Version};

/// Properties that change without a change of the object.
const RESTLESS: [&str; 4] = ["modified_on", "comment_modified_on", "tags_modified_on", "healthy"];
/// Properties that the API writes itself and no request has.
const OWN: [&str; 11] = [
    "id",
    "created_on",
    "modified_on",
    "comment_modified_on",
    "tags_modified_on",
    "proxiable",
    "meta",
    "zone_id",
    "zone_name",
    "networks",
    "disabled_at",
];

/// The object with this body. Its writes are complete when they are answered.
pub(super) fn sight(body: Json) -> Sight {
    Sight { version: Some(version(&body)), phase: Phase::Settled, body }
}

/// The version of a body: equal for equal bodies, whatever the order of their properties.
pub(super) fn version(body: &Json) -> Version {
    Version::of_body(body, &RESTLESS)
}

/// The body of a request that writes this object: without what the API writes itself, and without nothings.
pub(super) fn written(body: &Json) -> Json {
    match body {
        Json::Object(map) => {
            let kept = map.iter().filter(|(name, value)| !OWN.contains(&name.as_str()) && !value.is_null());
            Json::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

/// True if an object has everything that a request wrote.
pub(super) fn has(found: &Json, written: &Json) -> bool {
    match (found, written) {
        (Json::Object(found), Json::Object(written)) => {
            written.iter().all(|(name, value)| found.get(name).is_some_and(|found| has(found, value)))
        }
        (Json::Array(found), Json::Array(written)) => {
            found.len() == written.len() && found.iter().zip(written).all(|(found, written)| has(found, written))
        }
        (Json::Number(found), Json::Number(written)) => found.as_f64() == written.as_f64(),
        (found, written) => found == written,
    }
}
