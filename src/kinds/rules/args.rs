//! Arguments as rules read them.

use serde_json::{Map as JsonMap, Value as Json};

/// Arguments in JSON, by name.
pub(super) type Args = JsonMap<String, Json>;

/// A value in the form in which values are compared.
pub(super) fn fold(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::from(text.to_ascii_lowercase()),
        other => other.clone(),
    }
}
