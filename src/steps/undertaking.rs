//! What a failover run undertakes, as its journal keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Step;
use crate::address::Address;
use crate::kinds::How;
use crate::state::Verb;

/// What a failover run undertakes: all that it needs to be resumed, and what its report is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undertaking {
    /// The failover group.
    pub group: String,
    /// What is done.
    pub verb: Verb,
    /// How roles are moved.
    pub how: How,
    /// The site that is given up, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
    /// The site that users and data leave.
    pub leaving: String,
    /// The site that they go to.
    pub arriving: String,
    /// The region of each of these sites, by the site's name.
    pub regions: BTreeMap<String, String>,
    /// The role of each replica before, and what it is to be.
    pub roles: Vec<RoleChange>,
    /// What the reader was told beforehand: what a drill does not rehearse, what a run leaves alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was checked before the first change.
    pub checks: Vec<Checked>,
    /// The steps.
    pub steps: Vec<Step>,
    /// How long it was predicted to take.
    pub predicted: Predicted,
    /// How much of the newest writes each replica was predicted to lose; `None` where nobody said.
    pub losses: BTreeMap<Address, Option<Duration>>,
    /// What was accepted when it was started.
    pub accepted: Accepted,
    /// The objectives of the stack at that time: of recovery time and of data loss.
    pub objectives: (Option<Duration>, Option<Duration>),
}

/// How long a run is predicted to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicted {
    /// Until users are served again, in half of the cases no longer.
    pub typical: Duration,
    /// In nineteen of twenty.
    pub worst: Duration,
}

/// What an operator has accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The loss of writes this old and newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_loss: Option<Duration>,
    /// That both sides may take writes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub split_brain: bool,
}

/// The answer of a person to a step that waits for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The step.
    pub step: Address,
    /// Who answers for it.
    pub by: String,
    /// The user and host it was written down by.
    pub at_host: String,
    /// When.
    pub at: Timestamp,
}

/// Where a replica takes writes before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// The replica.
    pub replica: Address,
    /// The name of the site that takes writes now; `None` where that is not known.
    pub from: Option<String>,
    /// The name of the site that will.
    pub to: String,
}

/// Something that was checked before the first change, and did not forbid it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// The stable name of what was checked.
    pub rule: String,
    /// Whether whoever started the run was warned, and went on.
    pub warned: bool,
    /// What was found, a sentence without its full stop.
    pub what: String,
}
