//! The state: resources, roles, outputs; and its changes by journal entries.
//!
//! Pure: the store reads and writes the files. Nothing here can hold a sensitive value: arguments and outputs are
//! [`SealedValue`], and secret attributes are removed before a [`Recorded`] is built.

pub mod format;
mod roles;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use crate::address::Address;
use crate::backup::RestoreRecord;
use crate::object::{Object, ObjectId};
use crate::stack::{Presence, Resource};
use crate::value::SealedValue;

pub use roles::{ActiveSite, GroupRole, OpenRun, RecordedDebt, Roles, RunKind};

/// The version of the file format. A greater one is refused; a smaller one is read (see `tests/formats`).
pub const VERSION: u32 = 1;

/// The state of one stack on one cloud.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// [`VERSION`] of the drplan that wrote it.
    pub version: u32,
    /// The history it belongs to: a state of another lineage belongs to another stack, however similar.
    pub lineage: String,
    /// [`crate::value::Seal::check`] of the key of its digests; `None` in a state of an older drplan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_check: Option<String>,
    /// Increases by one with every snapshot.
    pub serial: u64,
    /// The name of the stack.
    pub stack: String,
    /// The active site of each failover group.
    pub roles: Roles,
    /// The resources that exist, or may exist, by address. Copies of a state share those that they do not change.
    pub resources: BTreeMap<Address, Arc<Recorded>>,
    /// The outputs of the last apply.
    pub outputs: BTreeMap<String, SealedValue>,
    /// The newest restores of each backup, oldest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub restores: BTreeMap<Address, Vec<RestoreRecord>>,
    /// The unfinished runs, each with the number of its journal's entries that are folded in: the next load continues
    /// with the entry after them, whatever other runs have saved meanwhile.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub folded: BTreeMap<String, usize>,
    /// The time of the last step of a run, by its clock: shortly after it, reads may not show new objects yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_step: Option<Timestamp>,
}

impl State {
    /// The empty state of this stack in this lineage.
    pub fn empty(stack: &str, lineage: String) -> Self {
        Self {
            version: VERSION,
            lineage,
            key_check: None,
            serial: 0,
            stack: stack.to_owned(),
            roles: Roles::default(),
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            restores: BTreeMap::new(),
            folded: BTreeMap::new(),
            last_step: None,
        }
    }

    /// Each resource with its address.
    pub fn recorded(&self) -> impl Iterator<Item = (&Address, &Recorded)> {
        self.resources.iter().map(|(address, recorded)| (address, &**recorded))
    }
}

/// One recorded resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The id by which other resources refer to it.
    pub id: ObjectId,
    /// Its name in the cloud.
    pub name: String,
    /// The site's name in the stack.
    pub site: String,
    /// The region.
    pub location: String,
    /// Permanent or failover-only.
    #[serde(default = "permanent", skip_serializing_if = "is_permanent")]
    pub presence: Presence,
    /// Its objects, in the order in which they are written.
    pub objects: Vec<Object>,
    /// The kind's variant, where the kind has variants: the kind that decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The arguments as last written or observed: those set in the stack, and those with a default.
    pub arguments: JsonMap<String, Json>,
    /// The attributes, without secret ones.
    pub attributes: JsonMap<String, Json>,
    /// Its dependencies: they give the order of deletion once the stack no longer has the resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Address>,
    /// The lineage of another stack whose mark the object bore when it was imported with its state. Absent once
    /// this stack has written the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Deletion protection, as set in the stack.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// The reliability of the record.
    pub status: Status,
    /// The start of its creation, until its end is known: until then, reads may not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_way: Option<Timestamp>,
}

impl Recorded {
    /// A resource of a stack as recorded, with these arguments and attributes and no operation in progress.
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
            owner: None,
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

/// The reliability of a recorded resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It existed as recorded when last written or observed.
    Standing,
    /// Its creation began and has not succeeded: read it before any decision.
    Creating,
    /// An update began and has not succeeded.
    Updating,
    /// Its deletion began and has not succeeded.
    Deleting,
}

/// Reasons why a state cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The file is not as drplan wrote it.
    #[error("{file} is damaged: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// The damage, and the way to recover.
        what: String,
    },
    /// A newer version of drplan wrote it.
    #[error("{file} has format {found}; this drplan reads up to {known}")]
    Newer {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
        /// The newest version that this drplan reads.
        known: u32,
    },
    /// The operating system refused the operation.
    #[error("{file}: {what}")]
    Io {
        /// The file.
        file: String,
        /// The message of the operating system.
        what: String,
    },
    /// Another process holds the lock.
    #[error("{0}")]
    Locked(String),
}
