//! The specification of a failover run, as its journal keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map as JsonMap, Value as Json};

use super::Step;
use crate::address::Address;
use crate::roles::{FailoverMode, IncidentCause};
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
    /// The names of the lost sites. Journals hold one as text, as earlier versions did, and several as a list.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        serialize_with = "as_one_or_several",
        deserialize_with = "one_or_several"
    )]
    pub lost: Vec<String>,
    /// The start of the outage, where the operator gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The cause of the incident.
    #[serde(default, skip_serializing_if = "IncidentCause::is_lost")]
    pub cause: IncidentCause,
    /// The unfinished run of the group that this one takes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
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
    /// The routes that the operator left out, so that their users stay where they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unswitched: Vec<Address>,
    /// The backups that a drill is limited to: their restores are verified. Empty for every other run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verifies: Vec<Address>,
    /// The results of the preflight checks.
    pub checks: Vec<CheckRecord>,
    /// The configuration that the run depends on; empty in journals of earlier versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub text: RunText,
    /// The steps.
    pub steps: Vec<Step>,
    /// The predicted duration.
    pub predicted: Prediction,
    /// The predicted data loss of each replica; `None` where replication lag was unavailable, and in a
    /// drill, which promotes no data.
    pub losses: BTreeMap<Address, Option<Duration>>,
    /// The risks that the operator accepted at the start.
    pub accepted: Acceptance,
    /// The objectives of the stack at that time: RTO and RPO.
    pub objectives: (Option<Duration>, Option<Duration>),
}

/// The arguments of the blocks that a run depends on, by block. Sensitive values are digests.
pub type RunText = BTreeMap<String, JsonMap<String, Json>>;

/// The predicted times of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// P50 of the recovery time: from the start of the run to the last probe and traffic switch, without the time that
    /// an operator takes to approve.
    pub typical: Duration,
    /// P95 of the recovery time, with the P95 of each approval on the way.
    pub worst: Duration,
    /// The number of steps before service is restored that wait for an operator.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub approvals: u32,
    /// The service interruption of a planned move. `None` in journals of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interruption: Option<TimeSpan>,
    /// The time of the steps of a failover that a drill leaves out: fences, promotions, traffic switches, steps of the
    /// group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<TimeSpan>,
}

/// A predicted duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeSpan {
    /// P50, without the time that an operator takes to approve.
    pub typical: Duration,
    /// P95, with the P95 of each approval.
    pub worst: Duration,
    /// The number of steps within that wait for an operator.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub approvals: u32,
}

impl TimeSpan {
    /// This time and another one after it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            typical: self.typical + other.typical,
            worst: self.worst + other.worst,
            approvals: self.approvals + other.approvals,
        }
    }
}

impl Prediction {
    /// The recovery time.
    pub const fn recovery(&self) -> TimeSpan {
        TimeSpan { typical: self.typical, worst: self.worst, approvals: self.approvals }
    }

    /// The time that the RTO limits: in an outage the recovery time, during a planned move the service interruption,
    /// in a drill the recovery time together with the steps that the drill leaves out.
    pub fn headline(&self, verb: RunKind, how: FailoverMode) -> TimeSpan {
        match (verb, how) {
            (RunKind::Drill, _) => self.recovery().and(self.left_out.unwrap_or_default()),
            (RunKind::Restore, _) => self.recovery(),
            (RunKind::Up | RunKind::Down, FailoverMode::Planned) => self.interruption.unwrap_or(self.recovery()),
            (RunKind::Up | RunKind::Down, FailoverMode::Forced) => self.recovery(),
        }
    }
}

/// One name as text, several as a list.
fn as_one_or_several<S: Serializer>(names: &[String], to: S) -> Result<S::Ok, S::Error> {
    match names {
        [one] => to.serialize_str(one),
        several => several.serialize(to),
    }
}

/// A list of names, or one name.
fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Several(Vec<String>),
        None(()),
    }
    Ok(match Names::deserialize(from)? {
        Names::One(name) => vec![name],
        Names::Several(names) => names,
        Names::None(()) => Vec::new(),
    })
}

const fn is_zero(count: &u32) -> bool {
    *count == 0
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

impl Acceptance {
    /// True if it accepts a risk, or a loss, that the other does not.
    pub fn exceeds(&self, other: &Self) -> bool {
        self.data_loss > other.data_loss || (self.split_brain && !other.split_brain)
    }
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
