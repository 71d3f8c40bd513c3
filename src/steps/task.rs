//! The operations of failover runs, the regions a step touches, and its rollback.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use super::{Act, Step};
use crate::actions::{self, ActionExecutor, StepAction};
use crate::address::Address;
use crate::backup::launch::ManifestItem;
use crate::backup::{Level, ManifestBytes};
use crate::roles::{FailoverMode, Side};
use crate::state::GroupRole;

/// An operation of failover runs only. Each first checks whether it is done already, so that a repetition does no
/// harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// Promote one side of the replica.
    Promote {
        /// The side to promote.
        to: Side,
        /// Planned or forced.
        how: FailoverMode,
        /// The accepted data loss of a forced promotion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<Duration>,
    },
    /// Wait until the secondary replicates again.
    CatchUp,
    /// Request the operation that restores replication.
    Reprotect,
    /// Write these arguments of the resource, and no others.
    Move {
        /// Their values; none is secret.
        arguments: JsonMap<String, Json>,
    },
    /// Start or stop the work of the resource.
    Power {
        /// True to start it.
        on: bool,
    },
    /// Wait until clients no longer use the old endpoint (DNS time to live).
    Linger(Duration),
    /// Switch the traffic of one set of users: every route that is no fallback, and fallbacks where it fails.
    Route {
        /// The routes.
        levers: Vec<RouteSwitch>,
        /// The probes, by name, that must succeed after the switch.
        agree: Vec<String>,
    },
    /// Wait until the machine has restored its backups, and release the keys that it asks for.
    Restore(Box<LaunchRestore>),
    /// Check that the volume was made of its snapshot, and record the restore.
    Snapshot(Box<SnapshotRestore>),
    /// Wait for the probe with the step's name to succeed.
    Probe,
    /// Run the step block with the step's name; the value is its action.
    Custom {
        /// The word of a table in `actions`; one without a table is an action of another version of drplan.
        action: String,
    },
    /// Compare the objects outside the drill's copies with those from before the drill.
    Unchanged {
        /// A digest of each production object, by id, without the fields that change by themselves.
        before: std::collections::BTreeMap<String, String>,
        /// The time of the digests; `None` in journals of earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// Record the active site.
    Record(Box<GroupRole>),
}

impl Act {
    /// The action of a step of the group's own. `None` for every other step, and for an action without a table.
    pub fn action(&self) -> Option<&'static StepAction> {
        match self {
            Self::Task(Task::Custom { action }) => actions::find(action),
            _ => None,
        }
    }

    /// True for steps that wait for the operator: their observations are decisions.
    pub fn asks_a_person(&self) -> bool {
        self.action().is_some_and(StepAction::asks_a_person)
    }
}

impl Step {
    /// True for requests and programs of the group's own: nothing shows what they have done, so that a resumed run
    /// repeats them. Every other step is checked before it is repeated.
    pub fn repeats_unchecked(&self) -> bool {
        self.act.action().is_some_and(|action| action.executor == ActionExecutor::Unchecked)
    }

    /// True for steps that may move users or data: promotions, traffic switches, and everything of the group's own
    /// except waits and approvals.
    pub fn moves_users(&self) -> bool {
        match &self.act {
            Act::Task(Task::Promote { .. } | Task::Route { .. }) => true,
            // An action without a table may do anything.
            Act::Task(Task::Custom { .. }) => self.act.action().is_none_or(StepAction::moves_users),
            _ => false,
        }
    }
}

/// The restore of a machine at its launch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchRestore {
    /// The resource that keeps the manifest, the status document and the released keys.
    pub store: Address,
    /// The time at which the points were chosen.
    pub chosen: Timestamp,
    /// The announced data loss: the age of the oldest data of users.
    pub loss: Duration,
    /// The backups in their order, each with its point.
    pub items: Vec<ManifestItem>,
    /// The points before these, newest first, for a machine that finds damage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub older: Vec<OlderPoint>,
    /// The predicted time of each in seconds; empty in journals of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predicted: Vec<f64>,
    /// The proof of each point; empty in journals of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Level>,
}

/// The restore of a volume from a snapshot: the creation of the volume in the same run names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotRestore {
    /// The backup whose point the snapshot is.
    pub backup: Address,
    /// The snapshot.
    pub point: String,
    /// The argument of the volume that names it.
    pub argument: String,
    /// The time of its data.
    pub promised: Timestamp,
    /// The announced data loss.
    pub loss: Duration,
    /// The proof of the point.
    pub level: Level,
    /// Its sizes.
    pub bytes: ManifestBytes,
}

/// A point that is restored where the ones after it are damaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OlderPoint {
    /// The data loss with it; none for data that no user writes.
    pub loss: Duration,
    /// The backup with this point.
    pub item: ManifestItem,
}

/// One route: the writes, in this order, that switch traffic.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSwitch {
    /// The name of the route block.
    pub name: String,
    /// The resources, each with the arguments to write.
    pub moves: Vec<(Address, JsonMap<String, Json>)>,
    /// Arguments whose values are known only once the destination exists. Written first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<LateArgument>,
    /// The route that this one replaces where that cannot be switched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_for: Option<String>,
    /// How long clients may still use the old endpoint.
    pub lingers: Duration,
    /// The URL of the public endpoint, in journals of earlier versions; nothing asks it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<String>,
    /// The endpoint of the destination, where its front probes it: the front confirms that users are served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<FrontWatch>,
}

/// An endpoint whose front reports if it serves users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontWatch {
    /// The endpoint.
    pub endpoint: Address,
    /// The expected time until the front has noticed a healthy endpoint.
    pub expect: Duration,
    /// The time until it has noticed any.
    pub within: Duration,
}

impl RouteSwitch {
    /// The resources that it writes.
    pub fn resources(&self) -> impl Iterator<Item = &Address> {
        self.late.iter().map(|late| &late.resource).chain(self.moves.iter().map(|(address, _)| address))
    }

    /// The arguments that it writes, each with its resource.
    pub fn arguments(&self) -> impl Iterator<Item = (&Address, &str)> {
        let known =
            self.moves.iter().flat_map(|(address, arguments)| arguments.keys().map(move |name| (address, &**name)));
        self.late.iter().map(|late| (&late.resource, &*late.argument)).chain(known)
    }
}

/// An argument of a route's resource whose value is that of the route for a site, once it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LateArgument {
    /// The resource.
    pub resource: Address,
    /// The argument.
    pub argument: String,
    /// The site whose value is written.
    pub site: String,
    /// The attributes that the value waits for, as `public_ip.web.ip_address`.
    pub waits_for: Vec<String>,
}

/// The phases of a procedure, named as in the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Steps of a plan, which has no phases.
    #[default]
    Plan,
    /// The secondary catches up.
    CatchUp,
    /// Work at the source stops.
    Quiesce,
    /// Writes at the old primary are blocked.
    Fence,
    /// The other replica becomes primary.
    Promote,
    /// Failover-only resources are created.
    StandUp,
    /// Machines restore backups.
    Restore,
    /// An endpoint must answer.
    Probe,
    /// Traffic is switched.
    Route,
    /// A step of the group.
    Step,
    /// Failover-only resources, or a drill's copies, are deleted.
    TakeDown,
    /// Roles are recorded; in a drill, production is compared with its earlier state.
    Record,
}

impl Stage {
    /// The name of the phase.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::CatchUp => "catch_up",
            Self::Quiesce => "quiesce",
            Self::Fence => "fence",
            Self::Promote => "promote",
            Self::StandUp => "stand_up",
            Self::Restore => "restore",
            Self::Probe => "probe",
            Self::Route => "route",
            Self::Step => "step",
            Self::TakeDown => "take_down",
            Self::Record => "record",
        }
    }
}

/// A region that a step touches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Touch {
    /// The region.
    pub region: String,
    /// The reason: `the resource`, `its resource group's metadata`, `the status of the operation`.
    pub with: String,
    /// True for a request to the control plane of a lost site, which must respond: it moves data away from there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaves: bool,
}

impl Touch {
    /// A step needs this region.
    pub fn new(region: impl Into<String>, with: impl Into<String>) -> Self {
        Self { region: region.into(), with: with.into(), leaves: false }
    }
}

/// The rollback of a step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Nothing to roll back: the step changed nothing.
    #[default]
    Nothing,
    /// This operation rolls it back.
    Act(Box<Act>),
    /// Irreversible, with the reason.
    Impossible(String),
}
