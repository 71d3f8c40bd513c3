//! Replication between machines that commands report and move: the role of each side, and what they answer.
//!
//! No program runs. The replication is as a playbook would have set it up: the source is primary, the target follows.
//! The application on the machines is not simulated either: a planned promotion finds it stopped by the group's own
//! steps, so that the standby has every row. Rows that users write to a machine that has restored a backup are not
//! simulated either.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::machine_sides::{MachineReplica, Part};
use super::world::World;
use crate::command::{ReplicaCommand, ReplicaVerb};
use crate::object::ObjectId;

/// Bounds of the time of a promotion, and of a side that is made to follow, in seconds.
const PROMOTES: (f64, f64) = (9.5, 10.5);
const FOLLOWS: (f64, f64) = (10.0, 60.0);

/// The answer of a command and its time; no answer where the machine is silent.
pub(super) type CommandAnswer = (Option<Result<Json, String>>, Duration);

impl World {
    /// Answers a command of a replica.
    pub(super) fn replica_command(&mut self, command: &ReplicaCommand) -> CommandAnswer {
        let now = self.now;
        let Some(region) = self.works(command.machine(command.side)) else { return (None, Duration::ZERO) };
        let key = MachineReplica::key(command);
        let replica = self.rest.replicas.entry(key.clone()).or_insert_with(|| MachineReplica::new(command, now));
        let mut replica = replica.clone();
        // A machine that restores again under the same name is another one.
        replica.restored = replica.restored.filter(|side| self.standing(&self.key(&side.machine)).is_some());
        if let Some(machine) = &command.stand_in {
            replica.restore(machine);
        }
        let parts = (Part::of(command), Part::other(command));
        let answer = match command.verb {
            ReplicaVerb::Observe => (Ok(self.observed(&replica, parts, &region)), Duration::from_millis(300)),
            ReplicaVerb::Promote => self.promoted(&mut replica, parts, &region),
            ReplicaVerb::Follow => self.followed(&mut replica, parts),
        };
        self.rest.replicas.insert(key, replica);
        self.revision += 1;
        (Some(answer.0), answer.1)
    }

    /// The region of a machine that answers.
    fn works(&self, id: &ObjectId) -> Option<String> {
        let object = self.standing(&self.key(id))?;
        let dialect = self.dialect(&object.provider);
        let region = dialect.region(self, object)?;
        let answers = dialect.runs(self, object) && !self.rest.faults.is_dark(dialect.name(), Some(&region));
        answers.then_some(region)
    }

    fn observed(&self, replica: &MachineReplica, (part, other): (Part, Part), region: &str) -> Json {
        let own = replica.part(part);
        let follows = own.follows.is_some_and(|from| from <= self.now);
        let (role, lag) = match own.is_primary {
            true => ("primary", Some(0.0)),
            false => ("standby", follows.then(|| self.replica_lag(replica, other, region))),
        };
        json!({ "role": role, "lag_seconds": lag, "healthy": own.is_primary || follows, "timeline": own.timeline })
    }

    /// The lag that a standby reports, in seconds. While its primary answers, the usual delay of a few rows counts as
    /// none; what is missing once it is silent stays missing.
    fn replica_lag(&self, replica: &MachineReplica, other: Part, region: &str) -> f64 {
        let further = self.rest.faults.store_lag(&replica.name);
        if self.works(&replica.part(other).machine).is_some() {
            return further;
        }
        let lag = self.ledger_lag(&replica.name, region).unwrap_or_else(|| self.usual_lag(replica, region) + further);
        (lag * 1000.0).round() / 1000.0
    }

    fn replica_time(&self, replica: &MachineReplica, what: &str, (low, high): (f64, f64)) -> Duration {
        let now = self.now.to_string();
        let drawn = self.seed.stream(&["replica", &replica.name, what, &now]).unit();
        Duration::from_secs_f64(low + (high - low) * drawn)
    }

    fn promoted(
        &mut self,
        replica: &mut MachineReplica,
        (part, other): (Part, Part),
        region: &str,
    ) -> (Result<Json, String>, Duration) {
        let takes = self.replica_time(replica, "promote", PROMOTES);
        if replica.part(part).is_primary {
            return (Ok(json!({})), takes);
        }
        let before = replica.part(other);
        let in_step = before.is_primary && self.works(&before.machine).is_some();
        if in_step && self.replica_lag(replica, other, region) <= 0.0 {
            self.pass_rows_on(&replica.name, region);
            replica.part_mut(other).is_idle = true;
        }
        let timeline = replica.newest() + 1;
        let own = replica.part_mut(part);
        (own.is_primary, own.is_idle, own.timeline, own.follows) = (true, false, timeline, None);
        (Ok(json!({})), takes)
    }

    fn followed(&self, replica: &mut MachineReplica, (part, other): (Part, Part)) -> (Result<Json, String>, Duration) {
        let other = replica.part(other);
        let refused = |why: &str| (Err(why.to_owned()), Duration::from_secs(1));
        if self.works(&other.machine).is_none() {
            return refused("its primary does not answer");
        }
        if !other.is_primary {
            return refused("the machine to follow is no primary");
        }
        let (takes, timeline) = (self.replica_time(replica, "follow", FOLLOWS), other.timeline);
        let own = replica.part_mut(part);
        let from = self.now.saturating_add(SignedDuration::try_from(takes).unwrap_or_default());
        own.follows = Some(from.unwrap_or(self.now));
        (own.is_primary, own.is_idle, own.timeline) = (false, false, timeline);
        (Ok(json!({})), takes)
    }
}
