//! Tags and places of bodies: above the port every provider has `location`, and tags by name; AWS has regions in the
//! addresses of requests, and tags as a list, the name among them.

use serde_json::{Map, Value as Json, json};

use super::names::{Named, Of};
use super::xml::{list, text};

/// The tag with the name of an object that has no other.
pub(super) const NAME: &str = "Name";
/// The tag of a machine that drplan has stopped and is to start again.
pub(super) const RESTART: &str = "drplan-restart";
/// The tag of a copy with the region and the id of its source, which AWS forgets.
pub(super) const SOURCE: &str = "drplan-source";
/// The tag with the lineage of the stack that an object belongs to.
const LINEAGE: &str = "drplan-lineage";

/// A tag that is no tag of a stack.
fn is_hidden(of: Of, name: &str) -> bool {
    is_kept(name) || name == NAME && of.name_property().is_none()
}

/// A tag that no stack changes.
fn is_kept(name: &str) -> bool {
    name.starts_with("aws:") || [RESTART, SOURCE].contains(&name)
}

/// The tags of a body with lists of `Key` and `Value`.
fn pairs(body: &Json) -> impl Iterator<Item = (&str, &str)> {
    let all = body.get("Tags").and_then(Json::as_array).into_iter().flatten();
    all.filter_map(|tag| Some((tag.get("Key")?.as_str()?, tag.get("Value").and_then(Json::as_str).unwrap_or_default())))
}

/// A body of AWS with the place and the tags of the port.
pub(super) fn above(of: Of, region: &str, mut body: Json) -> Json {
    let tags: Map<String, Json> = pairs(&body)
        .filter(|(name, _)| !is_hidden(of, name))
        .map(|(name, value)| (name.to_owned(), Json::from(value)))
        .collect();
    if let Json::Object(map) = &mut body {
        map.remove("Tags");
        if !tags.is_empty() {
            map.insert("tags".to_owned(), Json::Object(tags));
        }
        map.insert("location".to_owned(), Json::from(region));
    }
    body
}

/// A body of the port as AWS has it, with the name of its object.
pub(super) fn below(named: &Named, body: &Json) -> Json {
    let mut made: Map<String, Json> = body.as_object().cloned().unwrap_or_default();
    made.remove("location");
    let tags = made.remove("tags");
    let tags = tags.as_ref().and_then(Json::as_object).into_iter().flatten();
    let mut tags: Vec<(&str, &str)> =
        tags.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())).collect();
    match named.of.name_property() {
        Some("AliasName") => drop(made.insert("AliasName".to_owned(), Json::from(alias(&named.name)))),
        Some(property) => drop(made.insert(property.to_owned(), Json::from(named.name.as_str()))),
        None if !matches!(named.of, Of::Object | Of::Record) => tags.push((NAME, &named.name)),
        None => {}
    }
    tags.sort_unstable();
    if has_tags(named.of) {
        let tags: Vec<Json> = tags.iter().map(|(name, value)| json!({ "Key": name, "Value": value })).collect();
        made.insert("Tags".to_owned(), Json::Array(tags));
    }
    made.retain(|_, value| !value.is_null());
    Json::Object(made)
}

/// Tags of a list by their names, as types of the older kind have them.
pub(super) fn by_name(tags: &Json) -> Json {
    let all = json!({ "Tags": tags });
    Json::Object(pairs(&all).map(|(name, value)| (name.to_owned(), Json::from(value))).collect())
}

/// Tags by their names as a list, as most types have them.
pub(super) fn listed(tags: &Json) -> Json {
    let all = tags.as_object().into_iter().flatten();
    all.map(|(name, value)| json!({ "Key": name, "Value": value })).collect()
}

/// True for types with tags.
pub(super) const fn has_tags(of: Of) -> bool {
    !matches!(of, Of::Object | Of::Record | Of::InstanceProfile)
}

/// The alias of a key with this name.
pub(super) fn alias(name: &str) -> String {
    format!("alias/{name}")
}

/// The tags of an answer of EC2 as CloudFormation has them.
pub(super) fn of_item(item: &Json) -> Json {
    let tag = |tag: &&Json| Some(json!({ "Key": text(tag, "key")?, "Value": text(tag, "value").unwrap_or_default() }));
    list(item, "tagSet").iter().filter_map(tag).collect()
}

/// True for an object of a stack of drplan.
pub(super) fn is_marked(item: &Json) -> bool {
    super::described::tag(item, LINEAGE).is_some()
}

/// The tags to set and the names of those to remove, to get from one body to another.
pub(super) fn changes(now: &Json, wanted: &Json) -> (Vec<Json>, Vec<Json>) {
    if wanted.get("Tags").is_none() {
        return (Vec::new(), Vec::new());
    }
    let before: Vec<(&str, &str)> = pairs(now).collect();
    let after: Vec<(&str, &str)> = pairs(wanted).collect();
    let set = after.iter().filter(|pair| !before.contains(pair));
    let is_gone = |name: &str| !after.iter().any(|(kept, _)| *kept == name);
    let removed = before.iter().filter(|(name, _)| !is_kept(name) && is_gone(name));
    (
        set.map(|(name, value)| json!({ "Key": name, "Value": value })).collect(),
        removed.map(|(name, _)| json!({ "Key": name })).collect(),
    )
}

/// The tags of a new object, as the parameters of EC2 have them.
pub(super) fn specification(kind: &str, body: &Json) -> Json {
    let tags = body.get("Tags").cloned().unwrap_or_default();
    match tags.as_array().is_some_and(|tags| !tags.is_empty()) {
        true => json!([{ "ResourceType": kind, "Tag": tags }]),
        false => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_come_from_the_id() {
        let named = Named::read("aws:eu-west-1/vpcs/main").unwrap();
        let body = json!({ "location": "eu-west-1", "tags": { "team": "a" }, "CidrBlock": "10.0.0.0/16" });
        let down = below(&named, &body);
        let tags = json!([{ "Key": "Name", "Value": "main" }, { "Key": "team", "Value": "a" }]);
        assert_eq!(down, json!({ "CidrBlock": "10.0.0.0/16", "Tags": tags }));
        assert_eq!(above(Of::Vpc, "eu-west-1", down), body);
        let pair = Named::read("aws:eu-west-1/key-pairs/ops").unwrap();
        assert_eq!(below(&pair, &json!({})), json!({ "KeyName": "ops", "Tags": [] }));
    }

    #[test]
    fn changed_tags_are_set_and_missing_ones_removed() {
        let tags = |pairs: &[(&str, &str)]| {
            let tags: Vec<Json> = pairs.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            json!({ "Tags": tags })
        };
        let (set, removed) =
            changes(&tags(&[("a", "1"), ("b", "1"), ("aws:x", "1")]), &tags(&[("a", "2"), ("c", "1")]));
        assert_eq!(json!(set), json!([{ "Key": "a", "Value": "2" }, { "Key": "c", "Value": "1" }]));
        assert_eq!(json!(removed), json!([{ "Key": "b" }]));
        assert_eq!(changes(&tags(&[("a", "1")]), &json!({})), (Vec::new(), Vec::new()));
    }
}
