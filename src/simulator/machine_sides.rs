//! The state of replication between two machines: the role of each side. Knows no world.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::command::ReplicaCommand;
use crate::object::ObjectId;
use crate::roles::Side;

/// Replication between two machines.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MachineReplica {
    pub(super) name: String,
    pub(super) source: MachineSide,
    pub(super) target: MachineSide,
}

/// A side of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MachineSide {
    pub(super) machine: ObjectId,
    pub(super) is_primary: bool,
    /// True for a primary to which nobody writes: its application was stopped before the other one was promoted.
    pub(super) is_idle: bool,
    pub(super) timeline: u64,
    /// The time from which a standby has every row; `None` for a side that follows nothing.
    pub(super) follows: Option<Timestamp>,
}

impl MachineReplica {
    pub(super) fn new(command: &ReplicaCommand, now: Timestamp) -> Self {
        let side = |side: Side| MachineSide {
            machine: command.machine(side).clone(),
            is_primary: side == Side::Source,
            is_idle: false,
            timeline: 1,
            follows: (side == Side::Target).then_some(now),
        };
        Self { name: command.replica.clone(), source: side(Side::Source), target: side(Side::Target) }
    }

    /// Its key in the world.
    pub(super) fn key(command: &ReplicaCommand) -> String {
        format!("{} {} {}", command.replica, command.source.folded(), command.target.folded())
    }

    pub(super) const fn side(&self, side: Side) -> &MachineSide {
        match side {
            Side::Source => &self.source,
            Side::Target => &self.target,
        }
    }

    pub(super) const fn side_mut(&mut self, side: Side) -> &mut MachineSide {
        match side {
            Side::Source => &mut self.source,
            Side::Target => &mut self.target,
        }
    }

    /// True for a replica of which a workload names a machine.
    pub(super) fn is_of(&self, ids: &[ObjectId]) -> bool {
        ids.iter().any(|id| [&self.source, &self.target].into_iter().any(|side| side.machine == *id))
    }
}
