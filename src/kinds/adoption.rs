//! Import of existing objects as resources of a kind: facts that a kind's table cannot express.
//!
//! All functions are pure and see only the bodies that were read.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::ArmId;

/// An object that was found in the cloud.
#[derive(Clone, Copy)]
pub struct CloudObject<'a> {
    /// Its id. For properties of another object, the id of that object.
    pub id: &'a ArmId,
    /// Its body. For a part, the element of the list; for properties, the body of the object that has them.
    pub body: &'a Json,
    /// All bodies that were read.
    pub all: &'a BTreeMap<ArmId, Json>,
}

/// See [`Adoption::arguments`].
pub type ArgumentCompletion = fn(&CloudObject<'_>, &mut JsonMap<String, Json>);

/// Facts for the import of an object, in addition to the kind's table.
#[derive(Clone, Copy)]
pub struct Adoption {
    /// Selects objects of this kind where several kinds share one type. Without it, every object of the type belongs.
    pub is: Option<fn(&CloudObject<'_>) -> bool>,
    /// Completes the arguments that were read from the object: adds those that no body returns, such as its parent,
    /// and removes redundant ones.
    pub arguments: Option<ArgumentCompletion>,
    /// Objects that the provider creates with it and that a stack does not declare: a machine's own disk.
    pub brings: Option<fn(&CloudObject<'_>) -> Vec<ArmId>>,
}

impl Adoption {
    /// The table is sufficient.
    pub const BY_TABLE: Self = Self { is: None, arguments: None, brings: None };
}
