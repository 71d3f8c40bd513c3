//! Digests of production objects, without properties that change by themselves, to prove that a drill changes nothing.
//!
//! The planner takes them before the first step, and the last step compares them. They cover roles and traffic, which
//! are properties of replicas and endpoints.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::kinds::{Catalog, path};
use crate::object::Object;
use crate::plan::Observed;
use crate::state::State;
use crate::state::format::digest;

/// The objects to compare: every object in state that is no drill copy, each once.
pub fn objects(state: &State) -> Vec<Object> {
    let recorded = state.resources.iter().filter(|(address, _)| !address.is_rehearsed());
    let mut objects: Vec<Object> = recorded.flat_map(|(_, recorded)| &recorded.objects).cloned().collect();
    objects.sort_by(|a, b| a.id.cmp(&b.id));
    objects.dedup_by(|a, b| a.id == b.id);
    objects
}

/// The digest of each existing object, by id.
pub fn fingerprints(catalog: &Catalog, state: &State, observed: &Observed) -> BTreeMap<String, String> {
    let one = |object: Object| {
        let body = &observed.objects.get(&object.id)?.as_ref()?.body;
        Some((object.id.to_string(), fingerprint(catalog, &object, body)))
    };
    objects(state).into_iter().filter_map(one).collect()
}

/// The digest of an object.
pub fn fingerprint(catalog: &Catalog, object: &Object, body: &Json) -> String {
    let mut body = body.clone();
    for kind in catalog.of_object(object) {
        kind.restless.iter().for_each(|at| path::remove(&mut body, at));
    }
    let restless: Vec<&str> = catalog.providers().flat_map(|provider| provider.restless).copied().collect();
    digest(&[at_rest(&body, &restless).to_string().as_bytes()])
}

/// The same with sorted properties, and without those that services maintain by themselves.
fn at_rest(value: &Json, restless: &[&str]) -> Json {
    match value {
        Json::Object(map) => {
            let mut names: Vec<&String> = map.keys().filter(|name| !restless.contains(&name.as_str())).collect();
            names.sort();
            names.into_iter().filter_map(|name| Some((name.clone(), at_rest(map.get(name)?, restless)))).collect()
        }
        Json::Array(items) => items.iter().map(|item| at_rest(item, restless)).collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::ObjectId;
    use crate::providers::azure::TABLES;

    fn of(type_: &str, body: &Json) -> String {
        let id = ObjectId::new(format!("/subscriptions/s/resourceGroups/g/providers/{type_}/x"));
        fingerprint(&Catalog::new([&TABLES]), &Object::whole(id, "1"), body)
    }

    #[test]
    fn digest_ignores_property_order_and_service_maintained_properties() {
        let before =
            of("A.B/c", &json!({"etag": "1", "systemData": {"at": 1}, "properties": {"a": [{"etag": 1}], "b": 2}}));
        assert_eq!(of("A.B/c", &json!({"properties": {"b": 2, "a": [{}]}, "etag": "2"})), before);
        assert_ne!(of("A.B/c", &json!({"properties": {"b": 2, "a": [{"c": 1}]}})), before);
    }

    #[test]
    fn digest_ignores_restless_properties_of_their_own_kind_only() {
        let kind = TABLES.kinds.iter().find(|kind| !kind.restless.is_empty()).expect("a restless kind");
        let [mut one, mut other] = [json!({}), json!({})];
        path::put(&mut one, kind.restless[0], json!("Online"));
        path::put(&mut other, kind.restless[0], json!("Degraded"));
        assert_eq!(of(kind.type_.name, &one), of(kind.type_.name, &other));
        assert_ne!(of("A.B/c", &one), of("A.B/c", &other));
    }
}
