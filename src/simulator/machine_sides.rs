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
    /// A machine elsewhere that has restored the data, and takes writes in place of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) restored: Option<MachineSide>,
}

/// A machine of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Source,
    Target,
    Restored,
}

impl Part {
    /// The machine that a command is about.
    pub(super) const fn of(command: &ReplicaCommand) -> Self {
        Self::at(command, command.side)
    }

    /// The other machine of the pair.
    pub(super) const fn other(command: &ReplicaCommand) -> Self {
        Self::at(command, command.side.other())
    }

    const fn at(command: &ReplicaCommand, side: Side) -> Self {
        match (side, &command.stand_in) {
            (Side::Source, _) => Self::Source,
            (Side::Target, None) => Self::Target,
            (Side::Target, Some(_)) => Self::Restored,
        }
    }
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
        let (source, target) = (side(Side::Source), side(Side::Target));
        Self { name: command.replica.clone(), source, target, restored: None }
    }

    /// The newest promotion.
    pub(super) fn newest(&self) -> u64 {
        let sides = [Some(&self.source), Some(&self.target), self.restored.as_ref()];
        sides.into_iter().flatten().map(|side| side.timeline).max().unwrap_or_default()
    }

    /// Adds a machine that has restored the data: it ends its restore with a promotion.
    pub(super) fn restore(&mut self, machine: &ObjectId) {
        let timeline = self.newest() + 1;
        let side =
            || MachineSide { machine: machine.clone(), is_primary: true, is_idle: false, timeline, follows: None };
        self.restored.get_or_insert_with(side);
    }

    /// A machine is gone: one that is made under its name holds no data. True if it was one of these.
    pub(super) fn forget(&mut self, machine: &ObjectId) -> bool {
        let sides = [&mut self.source, &mut self.target].into_iter();
        let gone = sides.filter(|side| side.machine.folded() == machine.folded());
        let gone = gone.map(|side| {
            (side.is_primary, side.is_idle, side.timeline, side.follows) = (false, false, 0, None);
        });
        gone.count() > 0
    }

    /// Its key in the world.
    pub(super) fn key(command: &ReplicaCommand) -> String {
        format!("{} {} {}", command.replica, command.source.folded(), command.target.folded())
    }

    /// A machine of it. Without a restored one, that of the target.
    pub(super) fn part(&self, part: Part) -> &MachineSide {
        match part {
            Part::Source => &self.source,
            Part::Target => &self.target,
            Part::Restored => self.restored.as_ref().unwrap_or(&self.target),
        }
    }

    pub(super) fn part_mut(&mut self, part: Part) -> &mut MachineSide {
        match part {
            Part::Source => &mut self.source,
            Part::Target => &mut self.target,
            Part::Restored => self.restored.as_mut().unwrap_or(&mut self.target),
        }
    }

    /// True for a replica of which a workload names a machine.
    pub(super) fn is_of(&self, ids: &[ObjectId]) -> bool {
        ids.iter().any(|id| [&self.source, &self.target].into_iter().any(|side| side.machine == *id))
    }
}
