//! Patches of JSON (RFC 6902), as Cloud Control takes them.

use serde_json::{Map, Value as Json};

/// The model after a patch.
///
/// # Errors
/// An operation that cannot be applied.
pub(super) fn patched(model: &Map<String, Json>, patch: &str) -> Result<Map<String, Json>, String> {
    let operations: Vec<Json> = serde_json::from_str(patch).map_err(|error| format!("invalid patch: {error}"))?;
    let mut model = Json::Object(model.clone());
    for operation in &operations {
        apply(&mut model, operation).ok_or_else(|| format!("the patch operation {operation} cannot be applied"))?;
    }
    match model {
        Json::Object(model) => Ok(model),
        _ => Err("the patch replaces the model with another type".to_owned()),
    }
}

fn apply(model: &mut Json, operation: &Json) -> Option<()> {
    let path = operation["path"].as_str()?;
    match operation["op"].as_str()? {
        "add" => add(model, path, operation.get("value")?.clone()),
        "remove" => remove(model, path).map(drop),
        "replace" => {
            let place = model.pointer_mut(path)?;
            *place = operation.get("value")?.clone();
            Some(())
        }
        "copy" => {
            let value = model.pointer(operation["from"].as_str()?)?.clone();
            add(model, path, value)
        }
        "move" => {
            let value = remove(model, operation["from"].as_str()?)?;
            add(model, path, value)
        }
        "test" => (model.pointer(path)? == operation.get("value")?).then_some(()),
        _ => None,
    }
}

fn split(path: &str) -> Option<(&str, String)> {
    let (outer, last) = path.rsplit_once('/')?;
    Some((outer, last.replace("~1", "/").replace("~0", "~")))
}

fn add(model: &mut Json, path: &str, value: Json) -> Option<()> {
    let Some((outer, last)) = split(path) else {
        *model = value;
        return path.is_empty().then_some(());
    };
    match model.pointer_mut(outer)? {
        Json::Object(fields) => drop(fields.insert(last, value)),
        Json::Array(items) if last == "-" => items.push(value),
        Json::Array(items) => {
            let at = last.parse().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(model: &mut Json, path: &str) -> Option<Json> {
    let (outer, last) = split(path)?;
    match model.pointer_mut(outer)? {
        Json::Object(fields) => fields.shift_remove(&last),
        Json::Array(items) => last.parse().ok().filter(|at| *at < items.len()).map(|at| items.remove(at)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_are_applied_in_order_or_refused() {
        let model = json!({ "Name": "a", "Tags": [1, 2] });
        let model = model.as_object().unwrap();
        let done = |patch: Json| patched(model, &patch.to_string()).map(Json::Object);
        let all = json!([
            { "op": "replace", "path": "/Name", "value": "b" },
            { "op": "add", "path": "/Tags/-", "value": 3 },
            { "op": "remove", "path": "/Tags/0" },
            { "op": "copy", "from": "/Name", "path": "/Other" },
            { "op": "test", "path": "/Other", "value": "b" },
        ]);
        assert_eq!(done(all).unwrap(), json!({ "Name": "b", "Tags": [2, 3], "Other": "b" }));
        for wrong in [
            json!([{ "op": "replace", "path": "/Missing", "value": 1 }]),
            json!([{ "op": "remove", "path": "/Tags/2" }]),
            json!([{ "op": "test", "path": "/Name", "value": "c" }]),
            json!([{ "op": "turn", "path": "/Name" }]),
            json!({}),
        ] {
            assert!(done(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
