//! Arguments of an existing resource of any type.

use serde_json::{Map as JsonMap, Value as Json};

use super::tables::{GLOBAL, NOWHERE, of};
use super::{APART, identity};
use crate::kinds::mark;
use crate::kinds::table::*;
use crate::object::{Object, ObjectId};
use crate::providers::azure::ids::AzureId;

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

/// The API version with which a resource provider's types are read.
const PROVIDERS_API: &str = "2021-04-01";

/// The resource provider of an object, which lists the versions of its types.
pub(super) fn provider_of(id: &ObjectId) -> Option<Object> {
    let type_ = id.arm_type()?;
    let namespace = type_.split('/').next()?;
    let id = ObjectId::new(format!("/subscriptions/{}/providers/{namespace}", id.subscription()?));
    Some(Object::whole(id, PROVIDERS_API))
}

/// The newest version of an object's type, one that is no preview where there is one.
pub(super) fn newest(provider: &Json, id: &ObjectId) -> Option<String> {
    let type_ = id.arm_type()?;
    let (_, rest) = type_.split_once('/')?;
    let is_it = |one: &&Json| {
        one.get("resourceType").and_then(Json::as_str).is_some_and(|name| name.eq_ignore_ascii_case(rest))
    };
    let types = provider.get("resourceTypes")?.as_array()?;
    let versions = types.iter().find(is_it)?.get("apiVersions")?.as_array()?;
    let versions = versions.iter().filter_map(Json::as_str);
    let best = versions.max_by_key(|version| (version.len() == "2024-01-01".len(), version.to_owned()));
    best.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_stable_version_of_a_type_is_read() {
        let provider = json!({ "resourceTypes": [
            { "resourceType": "sites", "apiVersions": ["2025-05-01-preview", "2024-04-01", "2023-12-01"] },
            { "resourceType": "sites/slots", "apiVersions": ["2022-01-01-preview"] },
        ] });
        let id =
            |rest: &str| ObjectId::new(format!("/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/{rest}"));
        assert_eq!(newest(&provider, &id("Sites/a")).as_deref(), Some("2024-04-01"));
        assert_eq!(newest(&provider, &id("sites/a/slots/b")).as_deref(), Some("2022-01-01-preview"));
        assert_eq!(newest(&provider, &id("serverfarms/a")), None);
        assert_eq!(provider_of(&id("sites/a")).unwrap().id, ObjectId::new("/subscriptions/s/providers/Microsoft.Web"));
    }
}
