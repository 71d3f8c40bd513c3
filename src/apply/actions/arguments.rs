//! The arguments of an action: what messages may show, and what is sent and never shown.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::apply::StepError;
use crate::duration;
use crate::value::{Map, Value};

/// A text that messages may show.
pub(super) fn text<'a>(args: &'a Map, name: &str) -> Result<Option<&'a str>, StepError> {
    match args.get(name) {
        Some(value) if value.sensitive_within() => Err(is_secret(name)),
        value => Ok(value.and_then(Value::as_str)),
    }
}

/// The error of a sensitive value that messages would show.
pub(super) fn is_secret(name: &str) -> StepError {
    StepError::Failed(format!("`{name}` is sensitive, and messages would show it: use a value that is not sensitive"))
}

/// A text that is sent and never shown.
pub(in crate::apply) fn sent<'a>(args: &'a Map, name: &str) -> Option<&'a str> {
    args.get(name)?.revealed_str()
}

/// A length of time; `otherwise` where it is not written.
pub(in crate::apply) fn span(args: &Map, name: &str, otherwise: Duration) -> Result<Duration, StepError> {
    text(args, name)?.map_or(Ok(otherwise), |text| duration::parse(text).map_err(StepError::Failed))
}

/// The entries of a map of strings.
pub(in crate::apply) fn pairs(args: &Map, name: &str) -> BTreeMap<String, String> {
    match args.get(name).map(|map| map.unmark().0) {
        Some(Value::Map(map)) => {
            map.iter().filter_map(|(name, value)| Some((name.to_string(), body_text(value)?))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// The elements of a list of strings.
pub(in crate::apply) fn list(args: &Map, name: &str) -> Vec<String> {
    match args.get(name).map(|list| list.unmark().0) {
        Some(Value::List(items)) => items.iter().filter_map(body_text).collect(),
        _ => Vec::new(),
    }
}

/// A value as text: a string unchanged, anything else as JSON.
pub(super) fn body_text(value: &Value) -> Option<String> {
    match value.reveal().ok()? {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
