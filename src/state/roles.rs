//! Roles: the active site of each failover group, since when and by which run; and the unfinished run of each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::address::Address;
use crate::roles::{FailoverMode, ProtectionDebt, Side};

/// The active site, by failover group: observed and recorded, never declared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Increases by one each time a run moves a role.
    pub epoch: u64,
    /// The groups whose roles a run has moved. A group that is absent has its declared role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, GroupRole>,
    /// The unfinished failover run of each group. While there is one, nothing else changes what it works on.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "write_open",
        deserialize_with = "read_open"
    )]
    pub open: BTreeMap<String, OpenRun>,
    /// Protection debt of groups that no run has moved, by group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owed: BTreeMap<String, Vec<RecordedDebt>>,
}

/// The role of a failover group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRole {
    /// Home, away, or a mixed state.
    pub active: ActiveSite,
    /// The name of the active site.
    pub site: String,
    /// Since when.
    pub since: Timestamp,
    /// The run that moved it.
    pub run: String,
    /// Planned or forced; `None` where unknown: the role moved without a run, or the journal of its run is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<FailoverMode>,
    /// The operator who accepted it, where it had moved without a run. The run is then that of the acceptance, and
    /// the time of the move is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The primary side of each replica.
    pub stores: BTreeMap<Address, Side>,
    /// The arguments that runs control while the group is not at home, by resource: a plan leaves them unchanged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<Address, BTreeSet<String>>,
    /// Protection debt, until it is remedied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<RecordedDebt>,
}

/// The active site of a failover group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActiveSite {
    /// The home site: normal operation.
    Home,
    /// The standby site.
    Away,
    /// Mixed state: a run was aborted midway.
    Between,
}

/// Protection debt: reduced protection of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedDebt {
    /// The resource or group.
    pub of: Address,
    /// The reduced protection and its remediation.
    pub debt: ProtectionDebt,
    /// Since when.
    pub since: Timestamp,
}

/// An unfinished failover run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRun {
    /// Its id.
    pub run: String,
    /// The failover group.
    pub group: String,
    /// `up`, `down` or `drill`.
    pub verb: RunKind,
    /// The site that it moves users and data from; empty in states of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub leaving: String,
    /// Since when.
    pub since: Timestamp,
}

/// The kinds of failover runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Failover: moves traffic and data to the standby site.
    Up,
    /// Failback: moves them home.
    Down,
    /// Drill: proves that a failover would work.
    Drill,
    /// Restore in place: brings the data of one machine back where it is.
    Restore,
}

/// Writes the unfinished runs as a list; a single one as itself, as earlier versions did.
fn write_open<S: Serializer>(open: &BTreeMap<String, OpenRun>, to: S) -> Result<S::Ok, S::Error> {
    let mut runs = open.values();
    match (runs.next(), runs.next()) {
        (Some(only), None) => only.serialize(to),
        _ => to.collect_seq(open.values()),
    }
}

/// Reads one unfinished run, or a list of them.
fn read_open<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, OpenRun>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(OpenRun),
        Several(Vec<OpenRun>),
    }
    let runs = match Written::deserialize(from)? {
        Written::One(run) => vec![run],
        Written::Several(runs) => runs,
    };
    Ok(runs.into_iter().map(|run| (run.group.clone(), run)).collect())
}

impl Roles {
    /// The active site of a failover group.
    pub fn active(&self, group: &str) -> ActiveSite {
        self.groups.get(group).map_or(ActiveSite::Home, |role| role.active)
    }
}

impl RunKind {
    /// True for a run that moves users and data from one site to another.
    pub const fn moves(self) -> bool {
        matches!(self, Self::Up | Self::Down)
    }

    /// The name used in commands and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Drill => "drill",
            Self::Restore => "restore",
        }
    }
}
