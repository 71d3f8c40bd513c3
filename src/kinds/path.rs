//! Paths into the body of a resource: `properties.ipConfigurations[].properties.subnet.id`.
//!
//! Segments are joined by dots. `name[]` steps into every element of a list, `name[0]` into one element, and
//! `name[key=value]` into the element whose property `key` has this value. The empty path is the body itself.

use serde_json::{Map, Value as Json};

/// Copy of the value at a path; through a list, the list of each element's value. `None` if there is no value.
pub fn get(body: &Json, path: &str) -> Option<Json> {
    if path.is_empty() {
        return Some(body.clone());
    }
    let (segment, rest) = first(path);
    match segment.split_once('[') {
        None => get(body.get(segment)?, rest),
        Some((name, "]")) => {
            let items = body.get(name)?.as_array()?;
            let inner: Vec<Json> = items.iter().filter_map(|item| get(item, rest)).collect();
            (inner.len() == items.len()).then_some(Json::Array(inner))
        }
        Some((name, index)) => {
            let list = body.get(name)?.as_array()?;
            get(list.get(position(list, index)?)?, rest)
        }
    }
}

/// The first segment of a path and the rest. A dot in brackets belongs to the segment.
fn first(path: &str) -> (&str, &str) {
    let mut inside = false;
    for (at, c) in path.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            '.' if !inside => return (&path[..at], &path[at + 1..]),
            _ => {}
        }
    }
    (path, "")
}

/// The position that the text after an opening bracket selects: a number, or the element with a name.
fn position(list: &[Json], selector: &str) -> Option<usize> {
    let selector = selector.trim_end_matches(']');
    match selector.split_once('=') {
        None => selector.parse().ok(),
        Some((key, name)) => list.iter().position(|item| text(item, key).is_some_and(|own| same_name(own, name))),
    }
}

/// Path of the element of a list whose property `key` has this value.
pub fn selected(list: &str, key: &str, value: &str) -> String {
    format!("{list}[{key}={value}]")
}

/// Borrowed value at a path without lists, but for elements selected by a property.
pub fn borrow<'a>(body: &'a Json, path: &str) -> Option<&'a Json> {
    let (mut at, mut rest) = (body, path);
    while !rest.is_empty() {
        let (segment, after) = first(rest);
        at = match segment.split_once('[') {
            None => at.get(segment)?,
            Some((name, selector)) => {
                let list = at.get(name)?.as_array()?;
                list.get(position(list, selector)?)?
            }
        };
        rest = after;
    }
    Some(at)
}

/// Mutable value at a path without lists, but for elements selected by a property.
pub fn borrow_mut<'a>(body: &'a mut Json, path: &str) -> Option<&'a mut Json> {
    let (mut at, mut rest) = (body, path);
    while !rest.is_empty() {
        let (segment, after) = first(rest);
        at = match segment.split_once('[') {
            None => at.get_mut(segment)?,
            Some((name, selector)) => {
                let list = at.get_mut(name)?.as_array_mut()?;
                let position = position(list, selector)?;
                list.get_mut(position)?
            }
        };
        rest = after;
    }
    Some(at)
}

/// String at a path without lists.
pub fn text<'a>(body: &'a Json, path: &str) -> Option<&'a str> {
    borrow(body, path).and_then(Json::as_str)
}

/// Sets what the provider shows of each element of a list that it also serves as a child: its type and its state.
pub fn settle_elements(body: &mut Json, list: &str, type_: &str) {
    for element in borrow_mut(body, list).and_then(Json::as_array_mut).into_iter().flatten() {
        put(element, "type", Json::from(type_));
        put(element, "properties.provisioningState", Json::from("Succeeded"));
    }
}

/// Elements of the list at a path without further lists. Empty if there is no list.
pub fn items<'a>(body: &'a Json, path: &str) -> &'a [Json] {
    borrow(body, path).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// Sets the value at a path unless a value other than `null` exists there.
pub fn fill(body: &mut Json, path: &str, value: impl Into<Json>) {
    if borrow(body, path).is_none_or(Json::is_null) {
        put(body, path, value.into());
    }
}

/// Sets the value at a path and creates missing objects and list elements. With `[]`, sets one value for each
/// element. An element that is selected by a property is not created: without it, nothing is set. Merges an object
/// into an existing one.
pub fn put(body: &mut Json, path: &str, value: Json) {
    if path.is_empty() {
        join(body, value);
        return;
    }
    let (segment, rest) = first(path);
    match segment.split_once('[') {
        None => put(slot(body, segment), rest, value),
        Some((name, "]")) => {
            let Json::Array(values) = value else { return };
            let list = list_at(body, name, values.len());
            for (element, value) in list.iter_mut().zip(values) {
                put(element, rest, value);
            }
        }
        Some((name, selector)) if selector.contains('=') => {
            let list = list_at(body, name, 0);
            if let Some(element) = position(list, selector).and_then(|at| list.get_mut(at)) {
                put(element, rest, value);
            }
        }
        Some((name, index)) => {
            let index: usize = index.trim_end_matches(']').parse().unwrap_or(0);
            if let Some(element) = list_at(body, name, index + 1).get_mut(index) {
                put(element, rest, value);
            }
        }
    }
}

/// Removes the value at a path, and nothing else; through lists, from each element.
pub fn remove(body: &mut Json, path: &str) {
    let (segment, rest) = first(path);
    let (name, selector) = segment.split_once('[').unwrap_or((segment, ""));
    let Json::Object(map) = body else { return };
    if rest.is_empty() {
        map.remove(name);
        return;
    }
    match map.get_mut(name) {
        Some(Json::Array(items)) if selector.contains('=') => {
            if let Some(item) = position(items, selector).and_then(|at| items.get_mut(at)) {
                remove(item, rest);
            }
        }
        Some(Json::Array(items)) => items.iter_mut().for_each(|item| remove(item, rest)),
        Some(inner) => remove(inner, rest),
        None => {}
    }
}

fn slot<'a>(body: &'a mut Json, name: &str) -> &'a mut Json {
    if !body.is_object() {
        *body = Json::Object(Map::new());
    }
    match body {
        Json::Object(map) => map.entry(name).or_insert(Json::Null),
        other => other,
    }
}

fn list_at<'a>(body: &'a mut Json, name: &str, length: usize) -> &'a mut [Json] {
    let list = slot(body, name);
    if !list.is_array() {
        *list = Json::Array(Vec::new());
    }
    match list {
        Json::Array(items) => {
            while items.len() < length {
                items.push(Json::Object(Map::new()));
            }
            items
        }
        _ => &mut [],
    }
}

fn join(at: &mut Json, value: Json) {
    match (at, value) {
        (Json::Object(into), Json::Object(from)) => {
            for (name, value) in from {
                match into.get_mut(&name) {
                    Some(inner) => join(inner, value),
                    None => {
                        into.insert(name, value);
                    }
                }
            }
        }
        (at, value) => *at = value,
    }
}

/// Three-way merge: applies the change from `old` to `new` to `current`, and leaves everything in `current` alone
/// that is equal in both. Elements of lists that have a `name` (see [`element_name`]) are matched by it; other lists
/// are replaced as a whole.
pub fn merge(current: &mut Json, old: &Json, new: &Json) {
    if old == new && !current.is_null() {
        return;
    }
    match (&mut *current, old, new) {
        (Json::Object(at), Json::Object(was), Json::Object(will)) => {
            for name in was.keys().filter(|name| !will.contains_key(*name)) {
                at.remove(name);
            }
            for (name, value) in will {
                let before = was.get(name).unwrap_or(&Json::Null);
                merge(at.entry(name).or_insert(Json::Null), before, value);
            }
        }
        (Json::Object(at), _, Json::Object(will)) => {
            for (name, value) in will {
                merge(at.entry(name).or_insert(Json::Null), &Json::Null, value);
            }
        }
        (Json::Array(at), was, Json::Array(will)) if will.iter().all(|item| element_name(item).is_some()) => {
            let was = was.as_array().map_or(&[][..], Vec::as_slice);
            *at = will
                .iter()
                .map(|item| {
                    let mut now = named(at, item).cloned().unwrap_or(Json::Null);
                    merge(&mut now, named(was, item).unwrap_or(&Json::Null), item);
                    now
                })
                .collect();
        }
        (current, _, new) => *current = new.clone(),
    }
}

/// The name that identifies an element of a list.
pub fn element_name(item: &Json) -> Option<&str> {
    item.get("name").or_else(|| item.get("locationName")).and_then(Json::as_str)
}

/// True if two names of elements are equal. The provider returns regions by display name (`Canada East` for
/// `canadaeast`).
pub fn same_name(a: &str, b: &str) -> bool {
    let fold = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_lowercase();
    a == b || fold(a) == fold(b)
}

fn named<'a>(items: &'a [Json], like: &Json) -> Option<&'a Json> {
    let name = element_name(like)?;
    items.iter().find(|item| element_name(item).is_some_and(|other| same_name(other, name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn put_values_are_read_back() {
        let mut body = json!({});
        put(&mut body, "properties.addressSpace.addressPrefixes", json!(["10.0.0.0/16"]));
        put(&mut body, "properties.publicIpAddresses[].id", json!(["/a", "/b"]));
        put(&mut body, "properties.configurations[0].name", json!("first"));
        assert_eq!(
            body,
            json!({"properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "publicIpAddresses": [{"id": "/a"}, {"id": "/b"}],
                "configurations": [{"name": "first"}],
            }})
        );
        assert_eq!(get(&body, "properties.publicIpAddresses[].id"), Some(json!(["/a", "/b"])));
        assert_eq!(get(&body, "properties.configurations[0].name"), Some(json!("first")));
        assert_eq!(get(&body, "properties.missing"), None);
        remove(&mut body, "properties.publicIpAddresses[].id");
        assert_eq!(get(&body, "properties.publicIpAddresses"), Some(json!([{}, {}])));
    }

    #[test]
    fn elements_are_selected_by_a_property() {
        let at = |name: &str| format!("{}.properties.pools", selected("properties.configurations", "name", name));
        let mut body =
            json!({"properties": {"configurations": [{"name": "a.b"}, {"name": "C", "properties": {"x": 1}}]}});
        assert_eq!(borrow(&body, &at("a.b")), None);
        put(&mut body, &at("c"), json!([1]));
        put(&mut body, &at("a.b"), json!([2]));
        put(&mut body, &at("missing"), json!([3]));
        assert_eq!((borrow(&body, &at("C")), get(&body, &at("a.b"))), (Some(&json!([1])), Some(json!([2]))));
        remove(&mut body, &at("a.b"));
        assert_eq!(
            body,
            json!({"properties": {"configurations": [
                {"name": "a.b", "properties": {}}, {"name": "C", "properties": {"x": 1, "pools": [1]}},
            ]}})
        );
    }

    #[test]
    fn merge_changes_only_differences() {
        let mut current = json!({"etag": "x", "sku": {"name": "S0", "tier": "Standard"}, "properties": {
            "mine": 1, "theirs": 2, "rules": [{"name": "a", "id": "/a", "p": 1}, {"name": "b", "p": 2}]}});
        let old = json!({"sku": {"name": "S0"}, "properties": {"mine": 1, "gone": 3, "rules": [{"name": "a", "p": 1}, {"name": "b", "p": 2}]}});
        let new = json!({"sku": {"name": "S1"}, "properties": {"mine": 1, "rules": [{"name": "a", "p": 7}]}});
        merge(&mut current, &old, &new);
        assert_eq!(
            current,
            json!({"etag": "x", "sku": {"name": "S1", "tier": "Standard"}, "properties": {
                "mine": 1, "theirs": 2, "rules": [{"name": "a", "id": "/a", "p": 7}]}})
        );
    }
}
