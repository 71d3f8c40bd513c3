//! Arguments of an existing resource of any type.

use serde_json::{Map as JsonMap, Value as Json};

use super::tables::{GLOBAL, NOWHERE, of};
use super::{APART, identity};
use crate::kinds::mark;
use crate::kinds::table::*;

/// Properties that only the provider sets, in the bodies of every type (source: Azure's guidelines for its REST APIs).
const READ_ONLY: &[&str] = &["provisioningState", "resourceGuid"];

/// The type, the parent, the body without what only the provider sets, and the location where it is not that of the
/// type.
pub(super) fn arguments(found: &CloudObject<'_>, api: &str) -> JsonMap<String, Json> {
    let CloudObject { id, body, .. } = found;
    let mut args = JsonMap::new();
    let Some(type_) = id.arm_type() else { return args };
    let parent = id.parent().or_else(|| id.scope());
    args.insert("type".to_owned(), Json::from(format!("{type_}@{api}")));
    args.extend(parent.map(|parent| ("parent".to_owned(), Json::from(parent.as_str()))));
    let location = body.get("location").and_then(Json::as_str);
    let word = match (of(&args).location, location) {
        (Location::Regional, None) => Some(NOWHERE),
        (Location::Regional, Some(word)) if word.eq_ignore_ascii_case(GLOBAL) => Some(GLOBAL),
        (Location::Regional, Some(_)) | (Location::None, None) => None,
        (Location::Global, Some(word)) if word.eq_ignore_ascii_case(GLOBAL) => None,
        (Location::Global, None) => Some(NOWHERE),
        (Location::Global | Location::None, Some(word)) => Some(word),
    };
    args.extend(word.map(|word| ("location".to_owned(), Json::from(word))));
    let whole = body.as_object().into_iter().flatten();
    let mut own: JsonMap<String, Json> = whole
        .filter(|(name, value)| !APART.contains(&name.as_str()) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(Json::Object(properties)) = own.get_mut("properties") {
        properties.retain(|name, value| !READ_ONLY.contains(&name.as_str()) && !value.is_null());
        if properties.is_empty() {
            own.remove("properties");
        }
    }
    if !own.is_empty() {
        args.insert("body".to_owned(), Json::Object(own));
    }
    if let Some(type_) = body.get("identity").and_then(|identity| identity.get("type")) {
        args.insert("identity".to_owned(), Json::Object(JsonMap::from_iter([("type".to_owned(), type_.clone())])));
        identity::decode(body, &mut args);
    }
    args.extend(body.get("tags").filter(|tags| tags.is_object()).map(|tags| ("tags".to_owned(), tags.clone())));
    mark::remove(&mut args);
    args
}
