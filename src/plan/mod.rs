//! Desired, recorded and observed to a [`Plan`]: what changes, why, and the steps that do it.
//!
//! Pure: the same input gives the same plan, byte for byte. What is shown of values is sealed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::address::{Address, ArmId};
use crate::stack::Presence;
use crate::steps::StepGraph;
use crate::value::Sealed;

/// What `apply` would do, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// What it was made from.
    pub basis: Basis,
    /// Every resource of the stack that is to stand and every recorded one, destructive changes first, `Keep` last.
    pub changes: Vec<Change>,
    /// What the cloud has otherwise than recorded.
    pub drift: Vec<Drift>,
    /// What would stand up with each failover group.
    pub stand_up: Vec<StandUp>,
    /// Outputs that change.
    pub outputs: Vec<OutputChange>,
    /// What else there is to say.
    pub notes: Vec<String>,
    /// The steps that do it.
    pub steps: StepGraph,
}

/// What a plan was made from; checked again before it is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The digest of the stack.
    pub stack: String,
    /// The lineage of the state; empty where nothing is recorded yet.
    pub lineage: String,
    /// The serial of the state.
    pub serial: u64,
    /// The role epoch.
    pub role_epoch: u64,
}

/// What happens to one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// Its id in the cloud.
    pub id: ArmId,
    /// The name of its site.
    pub site: String,
    /// Its presence.
    pub presence: Presence,
    /// What happens.
    pub action: Action,
    /// Why, completing a sentence: `not recorded yet`, `sku changes, which Azure cannot change in place`.
    pub reason: String,
    /// The arguments that change, in the words of the stack; for a create, all of them.
    pub arguments: Vec<ArgumentChange>,
    /// Whether it loses what `apply` cannot make again.
    pub loses_data: bool,
}

/// What can happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is deleted.
    Delete,
    /// It is deleted and created.
    Replace(Order),
    /// It is taken out of the state, and left alone.
    Forget,
    /// It is changed in place.
    Update,
    /// It stands already and is taken into the state.
    Adopt,
    /// It is created.
    Create,
    /// Nothing.
    Keep,
}

/// In which order a resource is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The old one goes first: both would have the same id.
    DeleteFirst,
    /// The new one comes first.
    CreateFirst,
}

/// One argument that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArgumentChange {
    /// The argument, with the block and key it is in: `security_rule["https"].priority`.
    pub path: String,
    /// What it was; `None`: it was not there.
    pub before: Option<Sealed>,
    /// What it will be; `None`: it will not be there.
    pub after: Option<Sealed>,
    /// Whether this is why the resource is replaced.
    pub forces_replace: bool,
}

/// What the cloud has otherwise than recorded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// The resource.
    pub address: Address,
    /// Whether it is gone altogether.
    pub gone: bool,
    /// The arguments that differ: `before` as recorded, `after` as observed.
    pub arguments: Vec<ArgumentChange>,
}

/// What would stand up with a failover group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandUp {
    /// The failover group; empty for failover resources that no group stands up.
    pub group: String,
    /// The name of the site.
    pub site: String,
    /// The resources, resource groups among them.
    pub resources: Vec<Address>,
    /// How many objects they are in the cloud.
    pub objects: usize,
}

/// An output that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// What it was.
    pub before: Option<Sealed>,
    /// What it will be.
    pub after: Option<Sealed>,
}

/// What was observed in the cloud.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The bodies that were read, by id; `None`: nothing is there. An id that is absent was not looked at.
    pub objects: BTreeMap<ArmId, Option<Json>>,
}
