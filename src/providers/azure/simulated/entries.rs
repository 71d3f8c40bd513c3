//! Entries of answers that depend on no object of the world, and what requests name: the subscription, its regions,
//! entries of generic lists, actions in terms of permissions.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::target::{ResourcePath, Target};
use super::{SUBSCRIPTION, TENANT};
use crate::kinds::regions::Region;
use crate::providers::azure::regions::REGIONS;
use crate::simulator::request::HttpMethod;
use crate::simulator::world::SimulatedObject;

/// The subscription.
pub(super) fn subscription() -> Json {
    json!({
        "id": format!("/subscriptions/{SUBSCRIPTION}"),
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        "displayName": "Simulated subscription",
        "state": "Enabled",
    })
}

/// The regions of the subscription.
pub(super) fn locations() -> Json {
    let one = |region: &Region| {
        let pair = region.pair.map(|pair| json!({ "name": pair }));
        json!({
            "id": format!("/subscriptions/{SUBSCRIPTION}/locations/{}", region.name),
            "name": region.name, "type": "Region", "displayName": region.display_name,
            "regionalDisplayName": region.display_name,
            "metadata": { "regionType": "Physical", "regionCategory": "Recommended", "pairedRegion": pair.into_iter().collect::<Vec<_>>() },
        })
    };
    json!({ "value": REGIONS.iter().map(one).collect::<Vec<_>>() })
}

/// An object as an entry of the generic list of resources.
pub(super) fn entry(object: &SimulatedObject, state: bool) -> Json {
    let shown = ["id", "name", "type", "location", "tags", "kind", "sku", "plan", "identity", "zones", "managedBy"];
    let mut entry = JsonMap::new();
    for name in shown {
        if let Some(value) = object.body.get(name) {
            entry.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(value) = object.body.pointer("/properties/provisioningState").filter(|_| state) {
        entry.insert("provisioningState".to_owned(), value.clone());
    }
    Json::Object(entry)
}

/// The object from which a child follows, and the segment of the child.
pub(super) fn above_computed(mut named: ResourcePath) -> (ResourcePath, String) {
    let id = named.above(2);
    named.segments.pop();
    let segment = named.segments.pop().unwrap_or_default();
    let type_ = named.type_.rsplit_once('/').map_or_else(String::new, |(type_, _)| type_.to_owned());
    (ResourcePath { id, type_, segments: named.segments }, segment)
}

/// The action of a request in Azure RBAC terms, and its scope; `None` for a read.
pub(super) fn asked_action(verb: HttpMethod, target: &Target) -> Option<(String, String)> {
    let whole = || format!("/subscriptions/{SUBSCRIPTION}");
    match (verb, target) {
        (HttpMethod::Put | HttpMethod::Patch, Target::Resource(named)) => {
            Some((format!("{}/write", named.type_), named.id.clone()))
        }
        (HttpMethod::Delete, Target::Resource(named)) => Some((format!("{}/delete", named.type_), named.id.clone())),
        (HttpMethod::Post, Target::Action(named, word)) => {
            Some((format!("{}/{word}/action", named.type_), named.id.clone()))
        }
        (HttpMethod::Post, Target::Register(namespace)) => Some((format!("{namespace}/register/action"), whole())),
        (HttpMethod::Post, Target::Unregister(namespace)) => Some((format!("{namespace}/unregister/action"), whole())),
        _ => None,
    }
}
