//! The specification of a failover run, as its journal keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Step;
use crate::address::Address;
use crate::kinds::FailoverMode;
use crate::state::RunKind;

/// The specification of a failover run: everything needed to resume it, and the figures that its report compares
/// with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// The failover group.
    pub group: String,
    /// `up`, `down` or `drill`.
    pub verb: RunKind,
    /// Planned or forced.
    pub how: FailoverMode,
    /// The name of the lost site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
    /// The source site.
    pub leaving: String,
    /// The destination site.
    pub arriving: String,
    /// The region of each of these sites, by the site's name.
    pub regions: BTreeMap<String, String>,
    /// The change of role of each replica.
    pub roles: Vec<RoleChange>,
    /// Notices that were shown beforehand, such as what a drill does not rehearse.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The results of the preflight checks.
    pub checks: Vec<CheckRecord>,
    /// The steps.
    pub steps: Vec<Step>,
    /// The predicted duration.
    pub predicted: Prediction,
    /// The predicted data loss of each replica; `None` where replication lag was unavailable.
    pub losses: BTreeMap<Address, Option<Duration>>,
    /// The risks that the operator accepted at the start.
    pub accepted: Acceptance,
    /// The objectives of the stack at that time: RTO and RPO.
    pub objectives: (Option<Duration>, Option<Duration>),
}

/// A predicted duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// P50 of the recovery time.
    pub typical: Duration,
    /// P95 of the recovery time.
    pub worst: Duration,
}

/// The risks that an operator accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The accepted data loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_loss: Option<Duration>,
    /// Both sites may accept writes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub split_brain: bool,
}

/// An operator's answer to a step that waits for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The step.
    pub step: Address,
    /// The approver.
    pub by: String,
    /// The user and host that recorded it.
    pub at_host: String,
    /// Its time.
    pub at: Timestamp,
}

/// The primary site of a replica before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// The replica.
    pub replica: Address,
    /// The name of the site that accepts writes now; `None` where unknown.
    pub from: Option<String>,
    /// The name of the site that will accept them.
    pub to: String,
}

/// A preflight check that did not block the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRecord {
    /// The stable name of the check.
    pub rule: String,
    /// Set where the check warned and the operator continued.
    pub warned: bool,
    /// The result, a sentence without its full stop.
    pub what: String,
}
