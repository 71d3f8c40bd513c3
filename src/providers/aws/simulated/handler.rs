//! A handler of Cloud Control: what a type adds to its facts when an object is created, changed or deleted.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::answers::Refused;
use super::store::{Place, text};
use super::types::{GLOBAL, PROFILE, ROLE, Type};
use crate::simulator::world::{Lifecycle, World};

/// Seconds of a creation, an update and a deletion.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seconds(pub(super) u32, pub(super) u32, pub(super) u32);

/// Completes the model of a new object in a region and inserts what belongs to it. Returns its name in the world.
pub(super) type Creation = fn(&mut World, &str, &mut Map<String, Json>) -> Result<String, Refused>;

/// The handler of a type. Its errors have the codes of the service, as those of its own API.
pub(super) struct Handler {
    pub(super) of: &'static Type,
    pub(super) seconds: Seconds,
    pub(super) create: Creation,
    /// Refuses a change, or completes the new body.
    pub(super) update: fn(&World, &str, &Json, &mut Json) -> Result<(), Refused>,
    /// Refuses a deletion. The text is the region.
    pub(super) delete: fn(&World, &str, &Json) -> Result<(), Refused>,
    /// Removes what belongs to an object that is gone.
    pub(super) gone: fn(&mut World, &str, &Json),
}

/// A handler of a type without anything of its own but its creation.
pub(super) const fn plain(of: &'static Type, seconds: Seconds, create: Creation) -> Handler {
    Handler { of, seconds, create, update: |_, _, _, _| Ok(()), delete: |_, _, _| Ok(()), gone: |_, _, _| () }
}

impl Handler {
    /// Where its objects lie, for requests to a region.
    pub(super) fn place<'a>(&self, region: &'a str) -> Place<'a> {
        let is_global = *self.of == ROLE || *self.of == PROFILE;
        Place::new(self.of, if is_global { GLOBAL } else { region })
    }
}

/// A text of a model.
pub(super) fn string(model: &Map<String, Json>, name: &str) -> String {
    model.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

/// Sets a property that a model does not have.
pub(super) fn default(model: &mut Map<String, Json>, name: &str, value: impl Into<Json>) {
    model.entry(name.to_owned()).or_insert(value.into());
}

/// Inserts what comes and goes with another object.
pub(super) fn insert(world: &mut World, place: Place<'_>, name: &str, body: Json) {
    place.insert(world, name, body, Lifecycle::Standing);
}

/// Objects of a type whose property has this value.
pub(super) fn with<'w>(world: &'w World, place: Place<'_>, property: &str, value: &str) -> Vec<&'w Json> {
    let all = place.all(world).into_iter().map(|object| &*object.body);
    all.filter(|body| text(body, property) == value).collect()
}

/// The object in use.
pub(super) fn in_use(noun: &str, id: &str) -> Refused {
    Refused::bad("DependencyViolation", format!("The {noun} '{id}' has dependencies and cannot be deleted."))
}

/// Refuses one more object than a quota allows.
pub(super) fn within(count: usize, quota: usize, code: &str) -> Result<(), Refused> {
    match count < quota {
        true => Ok(()),
        false => Err(Refused::bad(code, format!("The maximum number, {quota}, has been reached."))),
    }
}

/// Refuses tags that AWS does not take.
pub(super) fn check_tags(tags: Option<&Json>) -> Result<(), Refused> {
    let tags = tags.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let keys: Vec<&str> = tags.iter().map(|tag| text(tag, "Key")).collect();
    if keys.len() > 50 {
        return Err(Refused::bad("TagLimitExceeded", "More than 50 tags specified."));
    }
    if let Some(key) = keys.iter().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        let why = format!("Tag keys starting with 'aws:' are reserved for internal use: {key}");
        return Err(Refused::bad("InvalidParameterValue", why));
    }
    if keys.iter().any(|key| key.is_empty() || key.chars().count() > 128) {
        return Err(Refused::bad("InvalidParameterValue", "Tag keys must have 1 to 128 characters."));
    }
    if tags.iter().any(|tag| text(tag, "Value").chars().count() > 256) {
        return Err(Refused::bad("InvalidParameterValue", "Tag values must have at most 256 characters."));
    }
    if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
        return Err(Refused::bad("InvalidParameterValue", "Duplicate tag key specified."));
    }
    Ok(())
}

/// A document of a policy: an object, or a text with one, that has statements.
pub(super) fn policy(document: Option<&Json>) -> Result<(), Refused> {
    let parsed = match document {
        Some(Json::String(text)) => serde_json::from_str(text).ok(),
        other => other.cloned(),
    };
    match parsed.and_then(|document| document.get("Statement").cloned()) {
        Some(Json::Array(_) | Json::Object(_)) => Ok(()),
        _ => Err(Refused::bad("MalformedPolicyDocument", "Syntax errors in policy.")),
    }
}

/// A name for an object whose model has none.
pub(super) fn generated(of: &Type, id: &str) -> Json {
    json!(format!("{}-{id}", of.word.trim_end_matches('s')))
}
