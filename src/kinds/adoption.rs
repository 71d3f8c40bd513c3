//! Import of existing objects as resources of a kind: facts that a kind's table cannot express.
//!
//! All functions are pure and see only the bodies that were read.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json};

use super::argument::Lit;
use crate::object::{Object, ObjectId};

/// An object that was found in the cloud.
#[derive(Clone, Copy)]
pub struct CloudObject<'a> {
    /// Its id. For properties of another object, the id of that object.
    pub id: &'a ObjectId,
    /// Its body. For a part, the element of the list; for properties, the body of the object that has them.
    pub body: &'a Json,
    /// All bodies that were read.
    pub all: &'a BTreeMap<ObjectId, Json>,
}

/// See [`Adoption::arguments`].
pub type ArgumentCompletion = fn(&CloudObject<'_>, &mut JsonMap<String, Json>);

/// Import of objects whose type no kind has, as resources of a kind whose type is an argument.
#[derive(Clone, Copy)]
pub struct AnyType {
    /// The arguments of an object, from its body and the version of the interface that it was read with; the table
    /// follows from them, see [`super::Kind::of`].
    pub arguments: fn(&CloudObject<'_>, &str) -> JsonMap<String, Json>,
    /// The object whose body has the versions of the type of an object. `None` where nothing has them.
    pub versions: fn(&ObjectId) -> Option<Object>,
    /// The version with which an object is read, from that body.
    pub newest: fn(&Json, &ObjectId) -> Option<String>,
}

/// A list of children whose type has no kind: an import names them, and does not omit them silently.
#[derive(Clone, Copy)]
pub struct ChildList {
    /// The segments between the object and its children: `MX`, `queueServices/default/queues`.
    pub segment: &'static str,
    /// True for an object that has such children, by its body. The provider refuses the list of any other.
    pub of: fn(&Json) -> bool,
    /// True for a child that a client has created or changed, by its body. The provider creates the others.
    pub is_made: fn(&Json) -> bool,
}

impl ChildList {
    /// The list of an object that always has it, without children that the provider creates.
    pub const fn all(segment: &'static str) -> Self {
        Self { segment, of: |_| true, is_made: |_| true }
    }
}

/// Facts for the import of an object, in addition to the kind's table.
#[derive(Clone, Copy)]
pub struct Adoption {
    /// Selects objects of this kind where several kinds share one type. Without it, every object of the type belongs.
    pub is: Option<fn(&CloudObject<'_>) -> bool>,
    /// Completes the arguments that were read from the object: adds those that no body returns, such as its parent,
    /// and removes redundant ones.
    pub arguments: Option<ArgumentCompletion>,
    /// Import of objects whose type no kind has. Only the kind of such objects has it.
    pub any: Option<AnyType>,
    /// Objects that the provider creates with it and that a stack does not declare: a machine's own disk.
    pub brings: Option<fn(&CloudObject<'_>) -> Vec<ObjectId>>,
    /// Values that the provider sets at paths that no argument has: `properties.nicType`, `Standard`. Any other value
    /// there is a setting that the import loses.
    pub chosen: &'static [(&'static str, Lit)],
    /// Lists of children whose types have no kind, read with the kind's API version.
    pub others: &'static [ChildList],
}

impl Adoption {
    /// The table is sufficient.
    pub const BY_TABLE: Self = Self { is: None, arguments: None, any: None, brings: None, chosen: &[], others: &[] };
}
