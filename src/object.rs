//! Objects of resources as requests and the state name them.

use serde::{Deserialize, Serialize};

use crate::address::ArmId;

/// One object of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The id that requests go to. For a part or a property, the id of the containing object.
    pub id: ArmId,
    /// The API version.
    pub api: String,
    /// Place within the containing object. `None` for a whole object.
    pub within: Option<Within>,
}

impl Object {
    /// A whole object.
    pub fn whole(id: ArmId, api: impl Into<String>) -> Self {
        Self { id, api: api.into(), within: None }
    }

    /// The whole object that this is, or is a part of.
    #[must_use]
    pub fn to_whole(&self) -> Self {
        Self { id: self.id.clone(), api: self.api.clone(), within: None }
    }
}

/// Objects of one type directly below another object, or below a scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collection {
    /// Its path: `…/providers/{namespace}/{type}`, `…/{parent}/{type}` or `…/resourceGroups`.
    pub path: ArmId,
    /// The API version.
    pub api: String,
}

impl Collection {
    /// The list at this path.
    pub fn new(path: ArmId, api: impl Into<String>) -> Self {
        Self { path, api: api.into() }
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
