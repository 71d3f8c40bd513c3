//! Roles: which site of a failover group is active, since when and by which run; and the run that is not finished.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::kinds::{Debt, How, Side};

/// Which site is active, by failover group: observed and recorded, never declared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Grows by one each time a run moves a role.
    pub epoch: u64,
    /// The groups whose roles a run has moved. A group that is not here is as it was declared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, GroupRole>,
    /// The failover run that is not finished. While there is one, nothing else changes the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenRun>,
    /// What is not protected as it should be in groups that no run has moved, by group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owed: BTreeMap<String, Vec<Owed>>,
}

/// The role of a failover group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRole {
    /// Which site is active.
    pub active: Active,
    /// The name of the site that is.
    pub site: String,
    /// Since when.
    pub since: Timestamp,
    /// The run that moved it.
    pub run: String,
    /// How it moved. Of a role that was accepted nobody knows, so that the worst is taken.
    pub how: How,
    /// Who accepted it, where it had moved without a run; the run is then that of the acceptance, and since when it is so is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The side of each replica that takes writes.
    pub stores: BTreeMap<Address, Side>,
    /// The arguments that belong to runs while the group is not at home, by resource: a plan leaves them as they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<Address, BTreeSet<String>>,
    /// What is not protected as it should be, until it is paid back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Owed>,
}

/// Which site of a failover group is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Active {
    /// The one it fails over from: an ordinary day.
    Home,
    /// The one it fails over to.
    Away,
    /// A run was given up in between.
    Between,
}

/// Protection that is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owed {
    /// Of what.
    pub of: Address,
    /// What is missing and what pays it back.
    pub debt: Debt,
    /// Since when.
    pub since: Timestamp,
}

/// A failover run that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRun {
    /// Its id.
    pub run: String,
    /// The failover group.
    pub group: String,
    /// What it does.
    pub verb: Verb,
    /// Since when.
    pub since: Timestamp,
}

/// What a failover run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// It moves users and data to the other site.
    Up,
    /// It brings them back.
    Down,
    /// It proves that they could move.
    Drill,
}

impl Roles {
    /// Which site of a failover group is active.
    pub fn active(&self, group: &str) -> Active {
        self.groups.get(group).map_or(Active::Home, |role| role.active)
    }
}

impl Verb {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Drill => "drill",
        }
    }
}
