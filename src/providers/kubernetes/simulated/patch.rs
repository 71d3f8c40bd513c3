//! Patches: JSON merge patch, strategic merge patch for what workloads have, and JSON patch.

use serde_json::{Map, Value as Json};

/// Lists of workloads that a strategic patch merges, with the property that identifies an element.
const MERGED: &[(&str, &str)] = &[
    ("containers", "name"),
    ("initContainers", "name"),
    ("env", "name"),
    ("volumes", "name"),
    ("ports", "containerPort"),
    ("volumeMounts", "mountPath"),
    ("imagePullSecrets", "name"),
];

/// Merges a patch into a value (RFC 7396).
pub(super) fn merge(target: &mut Json, patch: &Json) {
    let Json::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    let Some(map) = map_of(target) else { return };
    for (name, change) in changes {
        match change {
            Json::Null => drop(map.remove(name)),
            _ => merge(map.entry(name.clone()).or_insert(Json::Null), change),
        }
    }
}

/// The same, where some lists are merged by a property of their elements.
pub(super) fn strategic(target: &mut Json, patch: &Json) {
    let Json::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    let Some(map) = map_of(target) else { return };
    for (name, change) in changes {
        let key = MERGED.iter().find(|(list, _)| list == name).map(|(_, key)| *key);
        match (change, key) {
            (Json::Null, _) => drop(map.remove(name)),
            (Json::Array(items), Some(key)) => {
                let list = map.entry(name.clone()).or_insert_with(|| Json::Array(Vec::new()));
                merge_list(list, items, key);
            }
            _ => strategic(map.entry(name.clone()).or_insert(Json::Null), change),
        }
    }
}

fn merge_list(list: &mut Json, items: &[Json], key: &str) {
    if !list.is_array() {
        *list = Json::Array(Vec::new());
    }
    let Json::Array(list) = list else { return };
    for item in items {
        let wanted = item.get(key);
        let is_deletion = item.get("$patch").and_then(Json::as_str) == Some("delete");
        match list.iter().position(|one| one.get(key) == wanted) {
            Some(at) if is_deletion => drop(list.remove(at)),
            Some(at) => strategic(&mut list[at], item),
            None if is_deletion => {}
            None => list.push(item.clone()),
        }
    }
}

/// The map of a value, which becomes an empty one where it is none.
fn map_of(target: &mut Json) -> Option<&mut Map<String, Json>> {
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    target.as_object_mut()
}

/// Carries out a JSON patch (RFC 6902); `None` where a test fails or a place is missing.
pub(super) fn json(target: &Json, operations: &[Json]) -> Option<Json> {
    let mut out = target.clone();
    for operation in operations {
        let text = |name: &str| operation.get(name).and_then(Json::as_str);
        let (op, path) = (text("op")?, text("path")?);
        match op {
            "test" if out.pointer(path) == operation.get("value") => {}
            "replace" => *out.pointer_mut(path)? = operation.get("value")?.clone(),
            "add" => add(&mut out, path, operation.get("value")?.clone())?,
            "remove" => remove(&mut out, path)?,
            _ => return None,
        }
    }
    Some(out)
}

fn place<'a>(target: &'a mut Json, path: &str) -> Option<(&'a mut Json, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((target.pointer_mut(parent)?, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Json, path: &str, value: Json) -> Option<()> {
    let (parent, last) = place(target, path)?;
    match parent {
        Json::Object(map) => drop(map.insert(last, value)),
        Json::Array(items) if last == "-" => items.push(value),
        Json::Array(items) => {
            let at: usize = last.parse().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Json, path: &str) -> Option<()> {
    let (parent, last) = place(target, path)?;
    match parent {
        Json::Object(map) => map.remove(&last).map(drop),
        Json::Array(items) => {
            let at: usize = last.parse().ok().filter(|at| *at < items.len())?;
            items.remove(at);
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strategic_patch_keeps_what_it_does_not_name() {
        let container = json!({ "name": "main", "image": "web:1", "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }] });
        let mut body = json!({ "containers": [container] });
        strategic(&mut body, &json!({ "containers": [{ "name": "main", "env": [{ "name": "A", "value": "3" }] }] }));
        assert_eq!(body["containers"][0]["env"], json!([{ "name": "A", "value": "3" }, { "name": "B", "value": "2" }]));
        assert_eq!(body["containers"][0]["image"], "web:1");
        merge(&mut body, &json!({ "containers": [{ "name": "main" }] }));
        assert_eq!(body, json!({ "containers": [{ "name": "main" }] }));
    }

    #[test]
    fn json_patch_with_a_failed_test_changes_nothing() {
        let body = json!({ "spec": { "replicas": 1, "list": [1, 2] } });
        let test = json!({ "op": "test", "path": "/spec/replicas", "value": 9 });
        assert_eq!(json(&body, &[test, json!({ "op": "remove", "path": "/spec" })]), None);
        let added = json(&body, &[json!({ "op": "add", "path": "/spec/list/-", "value": 3 })]).unwrap();
        assert_eq!(added["spec"]["list"], json!([1, 2, 3]));
    }
}
