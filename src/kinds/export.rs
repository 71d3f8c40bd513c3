//! Parts of a response that a resource exports as one attribute, by paths that its block lists.
//!
//! Before the resource exists the attribute has its final form with unknown parts, so that a reference to a part that
//! is not exported is an error of the text. Independent of kinds.

use serde_json::{Map as JsonMap, Value as Json};

use super::path;
use crate::value::{Map, Value};

/// The path of the whole response.
const ALL: &str = "*";

/// The exported paths, each with its place in the attribute. An empty place is the attribute itself.
///
/// # Errors
/// The fault, for anything but a list of paths or a map from names to paths.
pub fn paths(wanted: &Json) -> Result<Vec<(String, String)>, String> {
    let of = |value: &Json| match value.as_str().map(str::trim) {
        Some(ALL | "@") => Ok(String::new()),
        Some(text) if is_path(text) => Ok(text.to_owned()),
        Some(text) => Err(format!("`{text}` is no path: names joined by dots, without functions or filters")),
        None => Err("a path is a string".to_owned()),
    };
    match wanted {
        Json::Array(items) => items.iter().map(|item| of(item).map(|path| (path.clone(), path))).collect(),
        Json::Object(map) => map.iter().map(|(name, item)| of(item).map(|path| (name.clone(), path))).collect(),
        _ => Err("expected a list or a map".to_owned()),
    }
}

fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|segment| {
            let (name, index) = segment.split_once('[').map_or((segment, None), |(name, index)| (name, Some(index)));
            let is_index = |index: &str| {
                index
                    .strip_suffix(']')
                    .is_some_and(|digits| digits.len() <= 2 && digits.chars().all(|c| c.is_ascii_digit()))
            };
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_@$".contains(c));
            is_name && index.is_none_or(is_index)
        })
}

/// The place of a value in the attribute: up to the first list, which is exported as a whole.
fn place(at: &str) -> &str {
    at.split('[').next().unwrap_or(at)
}

/// The attribute for a response: `null` for a part that the response lacks.
pub fn exported(wanted: &Json, response: &Json) -> Json {
    let mut out = Json::Object(JsonMap::new());
    for (at, from) in paths(wanted).unwrap_or_default() {
        if at.is_empty() {
            return response.clone();
        }
        // A list is exported whole, so that positions in it mean the same.
        let source = if at == from { place(&from) } else { from.as_str() };
        path::put(&mut out, place(&at), path::get(response, source).unwrap_or_default());
    }
    out
}

/// The attribute as far as it is known; `unknown` stands for each part that is not.
pub fn expected(wanted: &Json, known: Option<&Value>, unknown: &Value) -> Value {
    let all = paths(wanted).unwrap_or_default();
    if all.iter().any(|(at, _)| at.is_empty()) {
        return known.cloned().unwrap_or_else(|| unknown.clone());
    }
    let part = |at: &str| {
        at.split('.').try_fold(known?.clone(), |value, name| match value {
            Value::Map(map) => map.get(name).cloned(),
            _ => None,
        })
    };
    all.iter().map(|(at, _)| place(at)).fold(Value::from(Map::new()), |out, at| {
        let names: Vec<&str> = at.split('.').collect();
        with(&out, &names, part(at).unwrap_or_else(|| unknown.clone()))
    })
}

/// A value with another one at this place.
fn with(value: &Value, place: &[&str], leaf: Value) -> Value {
    let Some((first, rest)) = place.split_first() else { return leaf };
    let mut map: Map = match value {
        Value::Map(map) => map.iter().map(|(name, inner)| (name.clone(), inner.clone())).collect(),
        _ => Map::new(),
    };
    let inner = map.get(*first).cloned().unwrap_or(Value::Null);
    map.insert((*first).into(), with(&inner, rest, leaf));
    map.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::Unknown;

    #[test]
    fn exported_parts_keep_their_place_or_get_a_name() {
        let response = json!({ "id": "/a", "properties": { "host": "h", "ips": [{ "ip": "1" }], "secret": "s" } });
        let list = json!(["properties.host", "properties.ips[0].ip", "properties.missing"]);
        let wanted = json!({ "properties": { "host": "h", "ips": [{ "ip": "1" }], "missing": null } });
        assert_eq!(exported(&list, &response), wanted);
        let map = json!({ "host": "properties.host", "first": "properties.ips[0].ip" });
        assert_eq!(exported(&map, &response), json!({ "host": "h", "first": "1" }));
        assert_eq!(exported(&json!(["*"]), &response), response);
        assert!(paths(&json!(["properties.a | [0]"])).is_err());
        assert!(paths(&json!("properties.a")).is_err());
    }

    #[test]
    fn unknown_parts_have_their_final_place() {
        let unknown = Value::Unknown(Unknown::default());
        let value = expected(&json!(["properties.host", "properties.port"]), None, &unknown);
        let Value::Map(map) = &value else { panic!("{value:?}") };
        let Some(Value::Map(inner)) = map.get("properties") else { panic!("{value:?}") };
        assert_eq!((inner.get("host"), inner.get("other")), (Some(&unknown), None));
        let known = Value::from_json(&json!({ "properties": { "host": "h" } }));
        let value = expected(&json!(["properties.host"]), Some(&known), &unknown);
        assert_eq!(value.reveal().ok(), Some(json!({ "properties": { "host": "h" } })));
    }
}
