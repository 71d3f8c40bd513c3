//! Bodies of objects, which stay text until somebody looks into them: a world holds thousands, and a command few.
//!
//! Knows nothing about the meaning of a body.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

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
    /// A copy. The original stays text.
    pub(crate) fn to_json(&self) -> Json {
        let unread = self.loaded.as_ref().filter(|loaded| loaded.json.get().is_none());
        unread.map_or_else(|| Json::clone(self), Loaded::read)
    }

    /// The whole as it was loaded, unless it was changed since.
    pub(crate) fn loaded_text(&self) -> Option<&str> {
        self.loaded.as_ref().map(|loaded| loaded.text.get())
    }

    /// The text of one of its own properties. Does not read the rest for that.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let unread = self.loaded.as_ref().filter(|loaded| loaded.json.get().is_none());
        let Some(loaded) = unread else { return self.get(name)?.as_str().map(Cow::Borrowed) };
        let quoted = property(loaded.text.get(), name)?;
        let plain = quoted.strip_prefix('"')?.strip_suffix('"')?;
        // Escapes need the reader of JSON.
        if plain.contains('\\') {
            serde_json::from_str(quoted).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(plain))
        }
    }
}

impl Loaded {
    /// A text deeper than the reader of JSON goes is `null`: no request can have written it.
    fn read(&self) -> Json {
        serde_json::from_str(self.text.get()).unwrap_or_default()
    }
}

/// The text of a property of an object, in JSON.
fn property<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    let (mut depth, mut at) = (0_usize, 0);
    // The last text at the depth of the object's own properties, and where its value begins once a colon follows it.
    let (mut last, mut value) = (None, None);
    let bytes = object.as_bytes();
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = end_of_text(bytes, at)?;
                if depth == 1 {
                    last = object.get(at + 1..end);
                }
                at = end;
            }
            b'{' | b'[' => depth += 1,
            b':' if depth == 1 && last == Some(name) && value.is_none() => value = Some(at + 1),
            b',' | b'}' if depth == 1 && value.is_some() => return object.get(value?..at).map(str::trim),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The place of the quote that ends the text which begins at this quote.
fn end_of_text(bytes: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
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
        let text = r#"{"a": {"etag": "other"}, "b": ["etag", {"etag": 1}], "\\\"etag": "no", "c": "etag", "etag": "W/,}",
            "escaped": "a\"b", "number": 7}"#;
        let body = loaded(text);
        assert_eq!(body.text("etag").as_deref(), Some("W/,}"));
        assert_eq!(body.text("number"), None);
        assert_eq!(body.text("absent"), None);
        assert_eq!(body.text("escaped").as_deref(), Some("a\"b"));
        assert!(body.loaded.as_ref().unwrap().json.get().is_none());
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
