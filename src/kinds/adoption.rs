//! How what stands is taken for a resource of a kind, whoever made it: what a kind's table cannot say of that.
//!
//! All of it is pure: it sees the bodies that were read, and nothing else.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::ArmId;

/// Something that was found in the cloud.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// Its id; for properties of another object, that one's.
    pub id: &'a ArmId,
    /// Its body: for a part, the element of the list; for properties, the object that has them.
    pub body: &'a Json,
    /// All bodies that were read.
    pub all: &'a BTreeMap<ArmId, Json>,
}

/// See [`Adoption::arguments`].
pub type Complete = fn(&Found<'_>, &mut JsonMap<String, Json>);

/// What has to be known to adopt an object, beside the kind's table.
#[derive(Clone, Copy)]
pub struct Adoption {
    /// Whether an object of the kind's type is of this kind, where several have one type. Without it, every one is.
    pub is: Option<fn(&Found<'_>) -> bool>,
    /// Completes the arguments that were read from the object: those that say where it is or that no body answers, and takes out what says the same twice.
    pub arguments: Option<Complete>,
    /// The objects that the provider makes with it, which are therefore not declared: a machine's own disk.
    pub brings: Option<fn(&Found<'_>) -> Vec<ArmId>>,
}

impl Adoption {
    /// The table says it all.
    pub const BY_TABLE: Self = Self { is: None, arguments: None, brings: None };
}
