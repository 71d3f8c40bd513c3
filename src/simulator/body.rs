//! Bodies of objects, which stay text until somebody looks into them: a world holds thousands, and a command few.
//!
//! Knows nothing about the meaning of a body.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The body of an object. It is used as the [`Json`] that it is.
#[derive(Clone, Default)]
pub(crate) struct Body {
    /// The body as it was loaded, until it is changed.
    loaded: Option<Loaded>,
    /// The body, where it was not loaded.
    json: Json,
}

/// Text, and the same read.
#[derive(Clone)]
struct Loaded {
    text: Box<RawValue>,
    json: OnceLock<Json>,
}

impl Body {
    /// A copy.
    pub(crate) fn to_json(&self) -> Json {
        Json::clone(self)
    }

    /// The text of one of its own properties. Does not read the rest for that.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let unread = self.loaded.as_ref().filter(|loaded| loaded.json.get().is_none());
        let Some(loaded) = unread else { return self.get(name)?.as_str() };
        let raw = property(&loaded.text, name)?.get();
        // Escapes need the reader of JSON.
        let plain = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).filter(|raw| !raw.contains('\\'));
        plain.or_else(|| self.get(name)?.as_str())
    }
}

impl Loaded {
    /// A text deeper than the reader of JSON goes is `null`: no request can have written it.
    fn read(&self) -> Json {
        serde_json::from_str(self.text.get()).unwrap_or_default()
    }
}

/// The value of a property of an object.
fn property<'t>(text: &'t RawValue, name: &str) -> Option<&'t RawValue> {
    let mut reader = serde_json::Deserializer::from_str(text.get());
    reader.deserialize_map(PropertyOf(name)).ok().flatten()
}

struct PropertyOf<'n>(&'n str);

impl<'t> Visitor<'t> for PropertyOf<'_> {
    type Value = Option<&'t RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(IsName(self.0))? {
            if is_it {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct IsName<'n>(&'n str);

impl<'t> DeserializeSeed<'t> for IsName<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

impl From<Json> for Body {
    fn from(json: Json) -> Self {
        Self { loaded: None, json }
    }
}

impl From<Body> for Json {
    fn from(mut body: Body) -> Self {
        std::mem::take(&mut *body)
    }
}

impl Deref for Body {
    type Target = Json;

    fn deref(&self) -> &Json {
        self.loaded.as_ref().map_or(&self.json, |loaded| loaded.json.get_or_init(|| loaded.read()))
    }
}

impl DerefMut for Body {
    fn deref_mut(&mut self) -> &mut Json {
        if let Some(mut loaded) = self.loaded.take() {
            self.json = loaded.json.take().unwrap_or_else(|| loaded.read());
        }
        &mut self.json
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.loaded {
            Some(loaded) => loaded.text.serialize(serializer),
            None => self.json.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self { loaded: Some(Loaded { text, json: OnceLock::new() }), json: Json::Null })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn loaded(text: &str) -> Body {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn text_of_a_property_is_found_without_reading_the_rest() {
        let body = loaded(r#"{"a": {"etag": "other"}, "etag": "W/1", "escaped": "a\"b", "number": 7}"#);
        assert_eq!(body.text("etag"), Some("W/1"));
        assert_eq!(body.text("number"), None);
        assert_eq!(body.text("absent"), None);
        assert!(body.loaded.as_ref().unwrap().json.get().is_none());
        assert_eq!(body.text("escaped"), Some("a\"b"));
        assert_eq!(body.text("etag"), Some("W/1"));
    }

    #[test]
    fn changed_body_is_written_as_changed() {
        let mut body = loaded(r#"{"a": 1}"#);
        assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"a": 1}"#);
        body["b"] = json!(2);
        assert_eq!(serde_json::to_string(&body).unwrap(), r#"{"a":1,"b":2}"#);
        assert_eq!(body, Body::from(json!({ "a": 1, "b": 2 })));
        assert_eq!(Json::from(body), json!({ "a": 1, "b": 2 }));
    }
}
