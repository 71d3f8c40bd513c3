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
