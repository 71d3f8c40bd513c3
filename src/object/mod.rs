//! Objects of resources as requests and the state name them.

mod id;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use id::ObjectId;

/// One object of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ObjectRecord", into = "ObjectRecord")]
pub struct Object {
    /// The id that requests go to. For a part or a property, the id of the containing object.
    pub id: ObjectId,
    /// The type of the object with this id.
    pub of: Type,
    /// Place within the containing object. `None` for a whole object.
    pub within: Option<Within>,
}

/// The type of an object, in the words of its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// Its name. Empty where the id says it, by the grammar of its provider, and for what has no type.
    pub name: Arc<str>,
    /// The version of the provider's interface for it.
    pub version: Arc<str>,
}

impl Object {
    /// A whole object whose id says its type.
    pub fn whole(id: ObjectId, version: impl Into<Arc<str>>) -> Self {
        Self { id, of: Type { name: Arc::default(), version: version.into() }, within: None }
    }

    /// The whole object that this is, or is a part of.
    #[must_use]
    pub fn to_whole(&self) -> Self {
        Self { id: self.id.clone(), of: self.of.clone(), within: None }
    }
}

/// An object in the state: a type is kept only where the id does not say it.
#[derive(Serialize, Deserialize)]
struct ObjectRecord {
    id: ObjectId,
    #[serde(default, rename = "type", skip_serializing_if = "str::is_empty")]
    type_: Arc<str>,
    api: Arc<str>,
    within: Option<Within>,
}

impl From<ObjectRecord> for Object {
    fn from(ObjectRecord { id, type_, api, within }: ObjectRecord) -> Self {
        Self { id, of: Type { name: type_, version: api }, within }
    }
}

impl From<Object> for ObjectRecord {
    fn from(Object { id, of: Type { name, version }, within }: Object) -> Self {
        Self { id, type_: name, api: version, within }
    }
}

/// Objects of one type directly below another object, or below a scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Collection {
    /// Its path: `…/providers/{namespace}/{type}`, `…/{parent}/{type}` or `…/resourceGroups`.
    pub path: ObjectId,
    /// The version of the provider's interface for the type.
    pub version: Arc<str>,
}

impl Collection {
    /// The list at this path.
    pub fn new(path: ObjectId, version: impl Into<Arc<str>>) -> Self {
        Self { path, version: version.into() }
    }
}

/// A place within another resource's object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Within {
    /// The element of the list at `list` whose property `key` equals `name`.
    Element {
        /// Path of the list.
        list: String,
        /// Property with the name.
        key: String,
        /// The name.
        name: String,
    },
    /// These paths of the body.
    Paths(Vec<String>),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn type_is_recorded_where_the_id_does_not_say_it() {
        let object = Object::whole(ObjectId::new("/subscriptions/s/resourceGroups/g/providers/A.B/c/d"), "1");
        let record = serde_json::to_value(&object).unwrap();
        assert_eq!(record, json!({ "id": object.id.as_str(), "api": "1", "within": null }));
        assert_eq!(serde_json::from_value::<Object>(record).unwrap(), object);

        let of = Type { name: "machine".into(), version: "2".into() };
        let object = Object { id: ObjectId::new("m-1"), of, within: None };
        let record = serde_json::to_value(&object).unwrap();
        assert_eq!(record, json!({ "id": "m-1", "type": "machine", "api": "2", "within": null }));
        assert_eq!(serde_json::from_value::<Object>(record).unwrap(), object);
    }
}
