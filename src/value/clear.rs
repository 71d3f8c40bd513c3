//! Proof that a value may be written: emitted code, messages and reports take [`Clear`], which only a value without
//! anything sensitive or unknown becomes.

use serde_json::Value as Json;

use super::Value;

/// The text that replaces a sensitive value wherever values are shown.
pub const HIDDEN: &str = "(sensitive)";

/// JSON of a value in which nothing is sensitive and nothing unknown. Only [`Value::clear`] makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Clear(Json);

impl Clear {
    /// The JSON.
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// The JSON.
    pub fn into_json(self) -> Json {
        self.0
    }
}

impl Value {
    /// The value, proved clear; `None` where anything within is sensitive or unknown.
    pub fn clear(&self) -> Option<Clear> {
        if self.sensitive_within() { None } else { self.reveal().ok().map(Clear) }
    }

    /// The plain string, where this is one and not sensitive.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The plain string, sensitive or not: for requests, never for text that is kept or shown.
    pub fn revealed_str(&self) -> Option<&str> {
        self.unmark().0.as_str()
    }

    /// The value for messages: a clear string as it is, anything else that is clear as JSON, and otherwise the reason
    /// why it is not shown.
    pub fn shown(&self) -> String {
        if self.sensitive_within() {
            return HIDDEN.to_owned();
        }
        match self {
            Self::String(text) => text.to_string(),
            Self::Block(address) => address.to_string(),
            other => other.reveal().map_or_else(|_| "(known after apply)".to_owned(), |json| json.to_string()),
        }
    }

    /// The same value with each sensitive part replaced by a constant of its type: what a message would be if it did
    /// not depend on the secret.
    #[must_use]
    pub fn masked(&self) -> Self {
        fn mask(value: &Value) -> Value {
            match value {
                Value::Bool(_) => Value::Bool(false),
                Value::Number(_) => Value::from(0_i64),
                Value::String(_) => Value::from(HIDDEN),
                Value::List(items) => items.iter().map(mask).collect::<Vec<_>>().into(),
                Value::Map(_) => super::Map::new().into(),
                Value::Null | Value::Block(_) | Value::Unknown(_) => value.clone(),
                Value::Sensitive(inner) => mask(inner),
            }
        }
        match self {
            Self::Sensitive(inner) => mask(inner).sensitive(),
            Self::List(items) => items.iter().map(Self::masked).collect::<Vec<_>>().into(),
            Self::Map(map) => map.iter().map(|(key, item)| (key.clone(), item.masked())).collect::<super::Map>().into(),
            plain => plain.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_within_a_value_makes_the_whole_unclear() {
        let map = |value: Value| Value::from(super::super::Map::from([("k".into(), Value::from(vec![value]))]));
        let secret = map(Value::from("s").sensitive());
        assert_eq!((secret.clear(), secret.shown()), (None, HIDDEN.to_owned()));
        assert_eq!(map(Value::from("s")).shown(), r#"{"k":["s"]}"#);
        assert_eq!(Value::from("s").sensitive().as_str(), None);
        assert_eq!(Value::from("s").sensitive().revealed_str(), Some("s"));
        assert_eq!(secret.masked().reveal(), map(Value::from(HIDDEN)).reveal());
    }
}
