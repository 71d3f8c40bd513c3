//! What is recorded: resources, roles, outputs; and how a journal's entries change it.
//!
//! Pure: reading and writing files is the store's. Nothing here can hold a sensitive value: arguments and outputs are [`Sealed`], and
//! secret attributes are left out before a [`Recorded`] is made.

pub mod format;
mod roles;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use crate::address::{Address, ArmId};
use crate::kinds::Object;
use crate::stack::{Presence, Resource};
use crate::value::Sealed;

pub use roles::{Active, GroupRole, OpenRun, Owed, Roles, Verb};

/// The version of the file format. A greater one is refused; a smaller one is read (see `tests/formats`).
pub const VERSION: u32 = 1;

/// All that is recorded of one stack on one cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// [`VERSION`] of who wrote it.
    pub version: u32,
    /// Which history this is: a state of another lineage is of another stack, however alike.
    pub lineage: String,
    /// Grows by one with every snapshot.
    pub serial: u64,
    /// The name of the stack.
    pub stack: String,
    /// Which site is active.
    pub roles: Roles,
    /// What stands, or may stand, by address.
    pub resources: BTreeMap<Address, Recorded>,
    /// The outputs of the last apply.
    pub outputs: BTreeMap<String, Sealed>,
    /// When a run last did something, by its clock: for a while after that, what stands may not be seen yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<Timestamp>,
}

impl State {
    /// Of this stack, nothing is recorded in this lineage.
    pub fn empty(stack: &str, lineage: String) -> Self {
        Self {
            version: VERSION,
            lineage,
            serial: 0,
            stack: stack.to_owned(),
            roles: Roles::default(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            last_step: None,
        }
    }
}

/// One recorded resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The id that others refer to.
    pub id: ArmId,
    /// Its name in the cloud.
    pub name: String,
    /// The site's name in the stack.
    pub site: String,
    /// The region.
    pub location: String,
    /// Its presence.
    #[serde(default = "permanent", skip_serializing_if = "is_permanent")]
    pub presence: Presence,
    /// Its objects, in the order in which they are written.
    pub objects: Vec<Object>,
    /// The kind's variant, where it has some: the kind that decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The arguments as last written or observed: those that are written in the stack, and those with a default.
    pub arguments: JsonMap<String, Json>,
    /// The attributes that are not secret.
    pub attributes: JsonMap<String, Json>,
    /// What it needs: the order of deletion, once the stack no longer says it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Address>,
    /// Whether the stack forbids its deletion.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// Whether it stands.
    pub status: Status,
    /// When its creation was begun, while the end of that is not known: until it has ended, it may be that nothing can be seen of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<Timestamp>,
}

impl Recorded {
    /// A resource of a stack as it is recorded, with these arguments and attributes; nothing of it is under way.
    pub fn of(
        resource: &Resource,
        arguments: JsonMap<String, Json>,
        attributes: JsonMap<String, Json>,
        status: Status,
    ) -> Self {
        Self {
            id: resource.id.clone(),
            name: resource.name.clone(),
            site: resource.site.to_string(),
            location: resource.location.clone(),
            presence: resource.presence,
            objects: resource.objects.clone(),
            variant: resource.variant.map(str::to_owned),
            arguments,
            attributes,
            needs: resource.needs.clone(),
            prevent_destroy: resource.prevent_destroy,
            status,
            under_way: None,
        }
    }
}

const fn permanent() -> Presence {
    Presence::Permanent
}

fn is_permanent(presence: &Presence) -> bool {
    *presence == Presence::Permanent
}

/// How sure it is that a resource stands as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It stood as recorded when last written or observed.
    Standing,
    /// Its creation was begun and has not ended well: look before deciding anything.
    Creating,
    /// A change was begun and has not ended well.
    Updating,
    /// Its deletion was begun and has not ended well.
    Deleting,
}

/// Why a state cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The file is not what was written.
    #[error("{file} is damaged: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong, where.
        what: String,
    },
    /// A newer drplan wrote it.
    #[error("{file} has format {found}; this drplan reads up to {known}")]
    Newer {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The operating system refused.
    #[error("{file}: {what}")]
    Io {
        /// The file.
        file: String,
        /// What the operating system said.
        what: String,
    },
    /// Another process works on it.
    #[error("{0}")]
    Locked(String),
}
