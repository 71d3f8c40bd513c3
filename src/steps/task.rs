//! What only a failover run does, what a step touches, and what takes it back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map as JsonMap, Value as Json};

use super::Act;
use crate::address::Address;
use crate::kinds::{How, Side};
use crate::state::GroupRole;

/// Something that only a failover run does. Each looks first whether it is done already, so that doing it again does no harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// Makes a side of the replica take writes.
    Promote {
        /// The side.
        to: Side,
        /// How.
        how: How,
        /// The most of the newest writes whose loss was accepted; for a forced promotion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<Duration>,
    },
    /// Waits until the side that does not take writes follows again.
    CatchUp,
    /// Asks for what brings replication back.
    Reprotect,
    /// Writes these arguments of the resource, and no others.
    Move {
        /// Their values; none is secret.
        arguments: JsonMap<String, Json>,
    },
    /// Waits until users no longer go where they went before.
    Linger(Duration),
    /// Moves users with the first lever that works.
    Route {
        /// The levers, in the order in which they are tried.
        levers: Vec<Lever>,
        /// The probes (by name) that must agree that users have moved.
        agree: Vec<String>,
    },
    /// Asks until the probe block with the step's name answers as wanted.
    Probe,
    /// Does the step block with the step's name; the word is that of its action.
    Custom {
        /// `http`, `command`, `approval`, `wait`, `storage_failover`, …
        action: String,
    },
    /// Compares what stands outside of a drill's copies with what stood before it.
    Unchanged {
        /// A digest of each object of production, by id, without what changes by itself.
        before: std::collections::BTreeMap<String, String>,
    },
    /// Records which site is active.
    Record(Box<GroupRole>),
}

impl Act {
    /// Whether it waits for a person's word, so that what it learns is a decision.
    pub fn asks_a_person(&self) -> bool {
        matches!(self, Self::Task(Task::Custom { action }) if action == "approval")
    }
}

/// A lever: what is written, in this order, to move users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lever {
    /// The name of the route block.
    pub name: String,
    /// The resources, each with the arguments that are written.
    pub moves: Vec<(Address, JsonMap<String, Json>)>,
    /// For how long users may still go where they went before.
    pub lingers: Duration,
    /// The URL under which users come, where that is known: it must answer once they have moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<String>,
}

/// The phases of a procedure, in the words of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It belongs to a plan, which has no phases.
    #[default]
    Plan,
    /// The side that is behind catches up.
    CatchUp,
    /// Work stops where data moves away from.
    Quiesce,
    /// The old side is kept from taking writes.
    Fence,
    /// Data changes sides.
    Promote,
    /// What stands only during a failover is created.
    StandUp,
    /// Something must answer.
    Probe,
    /// Users move.
    Route,
    /// A step of the group.
    Step,
    /// What stands only during a failover, or a drill, goes.
    TakeDown,
    /// Roles are recorded; in a drill, what stands is compared with what stood before.
    Record,
}

impl Stage {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::CatchUp => "catch_up",
            Self::Quiesce => "quiesce",
            Self::Fence => "fence",
            Self::Promote => "promote",
            Self::StandUp => "stand_up",
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
    /// With what: `the resource`, `its resource group's metadata`, `the status of the operation`.
    pub with: String,
}

/// What takes a step back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// Nothing has to: it changed nothing.
    #[default]
    Nothing,
    /// This does.
    Act(Box<Act>),
    /// Nothing can; the words say why.
    Impossible(String),
}
