//! Bodies above the port and below it. Above, every provider has `location`, and tags by name; Linode has `region`, and
//! tags as texts.

use serde_json::{Map, Value as Json, json};

use super::names::Of;

/// The tag of a mark with a lineage, which is too long for a tag as it is.
const LINEAGE: &str = "drplan-lineage";

/// A body of Linode as the port returns it.
pub(super) fn above(of: Of, mut body: Json) -> Json {
    let Json::Object(map) = &mut body else { return body };
    if let Some(region) = map.remove("region") {
        map.insert("location".to_owned(), region);
    }
    if let Some(Json::Array(tags)) = map.remove("tags") {
        let tags: Map<String, Json> = tags.iter().filter_map(Json::as_str).map(tag_above).collect();
        if !tags.is_empty() {
            map.insert("tags".to_owned(), Json::Object(tags));
        }
    }
    if let (Of::Image, Some(replicas)) = (of, map.get("regions").map(replica_regions)) {
        map.insert("replica_regions".to_owned(), replicas);
    }
    // Nothing else tells a machine without backups from one whose backups are unknown.
    if of == Of::Instance && !map.contains_key("backups") {
        map.insert("backups".to_owned(), json!({ "enabled": false }));
    }
    body
}

/// The regions of an image, in order.
pub(super) fn replica_regions(regions: &Json) -> Json {
    let of = |region: &Json| region.get("region").unwrap_or(region).as_str().map(str::to_owned);
    let mut names: Vec<String> = regions.as_array().into_iter().flatten().filter_map(of).collect();
    names.sort_unstable();
    names.dedup();
    json!(names)
}

/// The tags of a body of the port as Linode has them.
pub(super) fn tags(body: &Json) -> Json {
    let tags = body.get("tags").and_then(Json::as_object).into_iter().flatten();
    let mut texts: Vec<String> =
        tags.map(|(name, value)| tag_below(name, value.as_str().unwrap_or_default())).collect();
    texts.sort_unstable();
    json!(texts)
}

/// Properties of a domain that a request writes.
pub(super) const DOMAIN: &[&str] = &[
    "type",
    "soa_email",
    "status",
    "description",
    "ttl_sec",
    "refresh_sec",
    "retry_sec",
    "expire_sec",
    "master_ips",
    "axfr_ips",
];

/// The body that creates an object, with the tags and the region as Linode has them.
pub(super) fn created(of: Of, label: &str, body: &Json) -> Json {
    let names: &[&str] = match of {
        Of::Instance => &[
            "type",
            "image",
            "authorized_keys",
            "authorized_users",
            "root_pass",
            "metadata",
            "firewall_id",
            "disk_encryption",
        ],
        Of::Volume => &["size", "linode_id", "encryption"],
        Of::Firewall => &["rules"],
        Of::Image => &["description", "cloud_init", "disk_id"],
        Of::Bucket => &["acl", "cors_enabled", "endpoint_type"],
        Of::Domain => DOMAIN,
        Of::Record => &["type", "target", "ttl_sec"],
    };
    let mut made = json!({ (of.label()): label });
    for name in names {
        if let Some(value) = body.get(*name).filter(|value| !value.is_null()) {
            made[*name] = value.clone();
        }
    }
    if let Some(location) = body.get("location") {
        made["region"] = location.clone();
    }
    if body.get("tags").is_some() {
        made["tags"] = tags(body);
    }
    if of == Of::Instance && body.pointer("/backups/enabled").and_then(Json::as_bool) == Some(true) {
        made["backups_enabled"] = Json::from(true);
    }
    if of == Of::Firewall {
        made["rules"] = rules(body);
    }
    made
}

/// The rules of a firewall, without what Linode adds, and without nothings.
pub(super) fn rules(body: &Json) -> Json {
    let of = |name: &str| body.pointer(&format!("/rules/{name}")).cloned().unwrap_or_default();
    let each = |name: &str| -> Vec<Json> { of(name).as_array().into_iter().flatten().map(without_nothings).collect() };
    json!({
        "inbound": each("inbound"),
        "inbound_policy": of("inbound_policy"),
        "outbound": each("outbound"),
        "outbound_policy": of("outbound_policy"),
    })
}

fn without_nothings(value: &Json) -> Json {
    let is_nothing = |value: &Json| match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(map) => map.is_empty(),
        _ => false,
    };
    match value {
        Json::Object(map) => {
            let kept = map.iter().map(|(name, value)| (name.clone(), without_nothings(value)));
            Json::Object(kept.filter(|(_, value)| !is_nothing(value)).collect())
        }
        other => other.clone(),
    }
}

/// A tag of Linode: the name before the first colon, and the value after it.
fn tag_above(text: &str) -> (String, Json) {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    let whole = (name == LINEAGE && value.len() == 32).then(|| uuid::Uuid::try_parse(value).ok()).flatten();
    (name.to_owned(), Json::from(whole.map_or_else(|| value.to_owned(), |whole| whole.to_string())))
}

/// A tag has at most 50 characters, so that a lineage goes without its hyphens.
fn tag_below(name: &str, value: &str) -> String {
    match uuid::Uuid::try_parse(value) {
        Ok(lineage) if name == LINEAGE => format!("{name}:{}", lineage.simple()),
        _ if value.is_empty() => name.to_owned(),
        _ => format!("{name}:{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_texts_of_at_most_fifty_characters() {
        let lineage = "0a1b2c3d-0000-4000-8000-0123456789ab";
        let body = json!({ "tags": { "product": "saas", "bare": "", (LINEAGE): lineage } });
        let texts = tags(&body);
        assert_eq!(texts, json!(["bare", "drplan-lineage:0a1b2c3d0000400080000123456789ab", "product:saas"]));
        assert!(texts.as_array().unwrap().iter().all(|text| text.as_str().unwrap().len() <= 50));
        assert_eq!(above(Of::Volume, json!({ "tags": texts })), body);
    }

    #[test]
    fn rules_are_compared_without_nothings() {
        let ours = json!({ "rules": { "inbound": [{ "label": "a", "addresses": { "ipv4": ["0.0.0.0/0"] } }] } });
        let mut theirs = ours.clone();
        theirs["rules"]["inbound"][0]["description"] = Json::Null;
        theirs["rules"]["inbound"][0]["addresses"]["ipv6"] = json!([]);
        theirs["rules"]["outbound"] = json!([]);
        assert_eq!(rules(&ours), rules(&theirs));
    }
}
