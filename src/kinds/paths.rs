//! Reading and writing a JSON body by dotted path, for what a kind's own functions complete.
//!
//! A path is names joined by dots, through objects only; lists are walked by the functions that know them.

use serde_json::{Map as JsonMap, Value as Json};

/// The value at a path, where there is one that is not null.
pub fn get<'a>(body: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(body, |at, name| at.get(name)).filter(|value| !value.is_null())
}

/// The string at a path.
pub fn text<'a>(body: &'a Json, path: &str) -> Option<&'a str> {
    get(body, path).and_then(Json::as_str)
}

/// The elements of the list at a path; none where there is no list.
pub fn items<'a>(body: &'a Json, path: &str) -> &'a [Json] {
    get(body, path).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

/// The list at a path, to be changed, where there is one.
pub fn items_mut<'a>(body: &'a mut Json, path: &str) -> Option<&'a mut Vec<Json>> {
    path.split('.').try_fold(body, |at, name| at.get_mut(name))?.as_array_mut()
}

/// Puts a value at a path, making the objects on the way; what stands in the way is replaced.
pub fn put(body: &mut Json, path: &str, value: impl Into<Json>) {
    let mut at = body;
    for name in path.split('.') {
        if !at.is_object() {
            *at = Json::Object(JsonMap::new());
        }
        let Json::Object(map) = at else { return };
        at = map.entry(name).or_insert(Json::Null);
    }
    *at = value.into();
}

/// Puts a value at a path unless something is there.
pub fn put_new(body: &mut Json, path: &str, value: impl Into<Json>) {
    if get(body, path).is_none() {
        put(body, path, value);
    }
}

/// Takes the value at a path away.
pub fn remove(body: &mut Json, path: &str) {
    let (parent, name) = path.rsplit_once('.').map_or((None, path), |(parent, name)| (Some(parent), name));
    let parent = match parent {
        Some(parent) => parent.split('.').try_fold(body, |at, name| at.get_mut(name)),
        None => Some(body),
    };
    if let Some(Json::Object(map)) = parent {
        map.shift_remove(name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_put_is_got_and_removed() {
        let mut body = json!({ "properties": null });
        put(&mut body, "properties.sku.name", "S1");
        put_new(&mut body, "properties.sku.name", "S2");
        assert_eq!(text(&body, "properties.sku.name"), Some("S1"));
        remove(&mut body, "properties.sku.name");
        assert_eq!(body, json!({ "properties": { "sku": {} } }));
    }
}
