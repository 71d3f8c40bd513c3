//! Facts about a kind that a failover run needs: the sides of a replica, the roles that responses show, the requests
//! that move roles, and the arguments that stop, fence or admit users.
//!
//! All functions are pure. They see the resource and the observations of its objects, and return requests. None of
//! them sends a request.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::argument::Lit;
use super::overrides::Subject;
use crate::command::CommandLine;
use crate::object::{Object, ObjectId};
use crate::roles::{FailoverMode, Health, ProtectionDebt, Side};

/// A read that is needed to determine a replica's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    /// The object.
    pub object: Object,
    /// The part to read.
    pub what: ReadTarget,
    /// The side of the object. `None` for a global object.
    pub side: Option<Side>,
    /// The region whose control plane answers. `None` if any region does. Reads do not need the region of the
    /// resource group's metadata.
    pub region: Option<String>,
    /// The program whose output is read, for [`ReadTarget::Output`]. `None` while a part of it is unknown.
    pub line: Option<Arc<CommandLine>>,
}

impl ReadRequest {
    /// The read of a global object, which any region answers.
    pub const fn new(object: Object, what: ReadTarget) -> Self {
        Self { object, what, side: None, region: None, line: None }
    }

    /// The read of what a program prints about an object.
    pub fn output(object: Object, line: Option<Arc<CommandLine>>) -> Self {
        Self { line, ..Self::new(object, ReadTarget::Output) }
    }

    /// The read of an object of this side. `region`: the region whose control plane answers, `None` if any does.
    #[must_use]
    pub fn of_side(self, side: Side, region: Option<String>) -> Self {
        Self { side: Some(side), region, ..self }
    }
}

/// The part of an object that a [`ReadRequest`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadTarget {
    /// The body.
    Body,
    /// The body with this `$expand`.
    Expanded(&'static str),
    /// The newest value of this metric, from the provider's monitoring.
    Metric(&'static str),
    /// The JSON in the last line that a program prints.
    Output,
}

/// Result of one [`ReadRequest`].
#[derive(Debug, Clone, PartialEq)]
pub enum ReadResult {
    /// The body, or the number.
    There(Json),
    /// The object does not exist.
    Absent,
    /// No answer, or not requested: the reason.
    Unseen(String),
}

/// Results of all reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadResults {
    sights: BTreeMap<(ObjectId, ReadTarget), ReadResult>,
    at: Option<Timestamp>,
}

impl ReadResults {
    /// An empty collection at this time. Some services report the time of the last synchronisation instead of the
    /// lag.
    pub fn at(time: Timestamp) -> Self {
        Self { sights: BTreeMap::new(), at: Some(time) }
    }

    /// Time since `then` when the reads were made. `None` if that time is unknown.
    pub fn since(&self, then: Timestamp) -> Option<Duration> {
        Some(self.at?.duration_since(then).try_into().unwrap_or_default())
    }

    /// Keeps the result of a read.
    pub fn keep(&mut self, look: &ReadRequest, sight: ReadResult) {
        self.sights.insert((look.object.id.clone(), look.what), sight);
    }

    /// The body of an object, expanded or not, if the read found it.
    pub fn body(&self, id: &ObjectId) -> Option<&Json> {
        self.sights.iter().find_map(|((other, what), sight)| match (what, sight) {
            (ReadTarget::Body | ReadTarget::Expanded(_), ReadResult::There(body)) if other == id => Some(body),
            _ => None,
        })
    }

    /// The JSON that a program printed about an object, or the reason why there is none. `None` if it was not
    /// requested.
    pub fn output(&self, id: &ObjectId) -> Option<Result<&Json, &str>> {
        match self.sights.get(&(id.clone(), ReadTarget::Output))? {
            ReadResult::There(output) => Some(Ok(output)),
            ReadResult::Absent => Some(Err("its machine does not exist")),
            ReadResult::Unseen(why) => Some(Err(why)),
        }
    }

    /// The newest value of a metric, if there is one.
    pub fn metric(&self, id: &ObjectId, name: &'static str) -> Option<f64> {
        match self.sights.get(&(id.clone(), ReadTarget::Metric(name)))? {
            ReadResult::There(value) => value.as_f64(),
            ReadResult::Absent | ReadResult::Unseen(_) => None,
        }
    }

    /// True if a read showed that the object does not exist.
    pub fn is_absent(&self, id: &ObjectId) -> bool {
        self.sights.iter().any(|((other, what), sight)| {
            matches!((what, sight), (ReadTarget::Body | ReadTarget::Expanded(_), ReadResult::Absent)) && other == id
        })
    }

    /// The reason why an object could not be read. `None` if it was read, does not exist, or was not requested.
    pub fn unseen(&self, id: &ObjectId) -> Option<&str> {
        self.sights.iter().find_map(|((other, what), sight)| match (what, sight) {
            (ReadTarget::Body | ReadTarget::Expanded(_), ReadResult::Unseen(why)) if other == id => Some(why.as_str()),
            _ => None,
        })
    }
}

/// State of a replica, as far as the reads show it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaStatus {
    /// The side that takes writes. `None` if unknown, or if neither does.
    pub writer: Option<Side>,
    /// The region that takes writes, where it is known and that of neither side: the data has further replicas.
    pub elsewhere: Option<String>,
    /// Health of replication to the side that does not take writes.
    pub health: Health,
    /// Replication lag: age of the newest writes that have not reached the read side. `None` if the service does not
    /// report it.
    pub lag: Option<Duration>,
    /// Replication or redundancy that is missing now, each with its remediation.
    pub debts: Vec<ProtectionDebt>,
    /// The reason why the source and everything in it must not be changed now: a sentence without its full stop.
    pub frozen: Option<String>,
}

/// One request that moves a role.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The object to call.
    pub object: Object,
    /// The method.
    pub method: CallMethod,
    /// The body.
    pub body: Option<Json>,
    /// The region whose control plane must accept the request and answer for its operation. `None` for a global
    /// service.
    pub region: Option<String>,
}

/// Method of a [`Call`]: of HTTP, or a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallMethod {
    /// POST of this action, with these pairs in the query.
    Post(&'static str, &'static [(&'static str, &'static str)]),
    /// PATCH.
    Patch,
    /// A program of this machine, which is run once: after an unknown outcome a read decides.
    Run(Arc<CommandLine>),
}

/// Duration of an operation, in seconds (source: the project's durations sheet).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationEstimate {
    /// Median (P50).
    pub typical: u32,
    /// 95th percentile (P95).
    pub worst: u32,
}

/// Behaviour of a replica in a failover run.
pub struct Promotion {
    /// Reads that the other functions need.
    pub looks: fn(&Subject<'_>) -> Vec<ReadRequest>,
    /// State of the replica, from those reads.
    pub standing: fn(&Subject<'_>, &ReadResults) -> ReplicaStatus,
    /// Request that gives a side the write role, or the reason why there is none (as in `geo-redundant storage is
    /// moved by the region that is lost`). drplan calls it again after each read, until [`Standing::writer`] is that
    /// side.
    pub promote: fn(&Subject<'_>, &ReadResults, Side, FailoverMode) -> Result<Call, String>,
    /// Restores the replication that a forced promotion broke.
    pub reprotect: fn(&Subject<'_>, &ReadResults) -> Reprotect,
    /// Duration of a planned promotion.
    pub planned: DurationEstimate,
    /// Duration of a forced promotion.
    pub forced: DurationEstimate,
    /// The provider's statement about data loss in a forced promotion, for services that report no lag: a sentence
    /// without its full stop.
    pub loses: &'static str,
    /// The provider's limit for data loss, in seconds of writes. `None` if it states none.
    pub most_lost: fn(&Subject<'_>) -> Option<u32>,
    /// True if the region of the source must accept the request: while that region is silent, promotion is
    /// impossible.
    pub asks_source: bool,
    /// True if a planned promotion needs every region of the data, and not only the two that exchange roles.
    pub needs_every_region: bool,
    /// The region that a forced promotion of this side takes offline until the provider brings it back, as far as the
    /// reads show it; `None` for kinds that take none offline. drplan takes only regions offline that are declared
    /// lost.
    pub takes_offline: fn(&Subject<'_>, &ReadResults, Side) -> Option<String>,
    /// Protection that is missing after a promotion in this mode, as far as the reads show it.
    pub costs: fn(&Subject<'_>, &ReadResults, FailoverMode) -> Option<ProtectionDebt>,
    /// The objects of both sides that should be alike.
    pub twins: fn(&Subject<'_>) -> Vec<Twins>,
    /// Arguments of the source that cannot change while the replica exists, each with the reason: a clause.
    pub holds: &'static [(&'static str, &'static str)],
    /// True if another planned promotion undoes a planned one.
    pub reversible: bool,
    /// Rehearsal in a drill, without touching production data.
    pub drill: Rehearsal,
    /// Rank of the sides in the body of the source, if a rank decides the role.
    pub order: Option<PriorityList>,
    /// Roles that are moved one side at a time. `None` where one request moves both.
    pub handover: Option<&'static Handover>,
}

/// Behaviour of a replica whose sides change their roles one by one: a promotion leaves the former primary as it is,
/// until a request of its own makes it follow.
pub struct Handover {
    /// The condition that a promotion of this side waits for, to complete "waits until …". `None`: nothing.
    pub waits: fn(&Subject<'_>, &ReadResults, Side, FailoverMode) -> Option<String>,
    /// True if this side takes writes, even if the other one does as well.
    pub takes_writes: fn(&Subject<'_>, &ReadResults, Side) -> bool,
    /// Makes this side follow the other one.
    pub follow: fn(&Subject<'_>, &ReadResults, Side) -> Reprotect,
    /// The machine that a read shows to be stopped, whose programs are not asked.
    pub stopped: fn(&Subject<'_>, &ReadResults) -> Option<ObjectId>,
    /// Argument with a machine that takes the place of the target: one that has restored its data at a cold standby,
    /// while users are there. Only a run away from that site sets it, no stack.
    pub stand_in: &'static str,
}

/// An object of the source and its counterpart at the target.
#[derive(Debug, Clone)]
pub struct Twins {
    /// The object of the source.
    pub source: Object,
    /// The object of the target.
    pub target: Object,
    /// The properties to compare.
    pub properties: &'static [TwinProperty],
    /// Paths that the target takes over when the source changes. Empty where the stack configures the target.
    pub follows: Vec<&'static str>,
    /// True if the second body is larger than the first: the target then changes before the source.
    pub grows: fn(&Json, &Json) -> bool,
}

/// A property in which two objects should agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwinProperty {
    /// Its path in both bodies.
    pub path: &'static str,
    /// Its name for the operator.
    pub name: &'static str,
    /// True if the provider refuses a planned promotion while the two differ. Otherwise the promoted side only has
    /// another size.
    pub needed: bool,
}

impl Twins {
    /// The same, of properties that both bodies have.
    pub fn set_differences(&self, source: &Json, target: &Json) -> Vec<(TwinProperty, String)> {
        let has = |body: &Json, at: &str| super::path::borrow(body, at).is_some_and(|value| !value.is_null());
        let mut differences = self.differences(source, target);
        differences.retain(|(property, _)| has(source, property.path) && has(target, property.path));
        differences
    }

    /// The properties in which two bodies differ, as text: `sku GP_Gen5_2 and GP_Gen5_4`.
    pub fn differences(&self, source: &Json, target: &Json) -> Vec<(TwinProperty, String)> {
        let word = |body: &Json, at: &str| match super::path::borrow(body, at) {
            Some(Json::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "none".to_owned(),
        };
        let pairs = self.properties.iter().map(|one| (one, word(source, one.path), word(target, one.path)));
        pairs
            .filter(|(_, here, there)| here != there)
            .map(|(one, here, there)| (*one, format!("{} {here} and {there}", one.name)))
            .collect()
    }
}

/// Sides that are elements of one list and swap ranks while the target takes writes. The source's own element is the
/// first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriorityList {
    /// Path of the list.
    pub list: &'static str,
    /// Property of an element with its rank.
    pub rank: &'static str,
}

/// Restoration of replication.
#[derive(Debug, Clone, PartialEq)]
pub enum Reprotect {
    /// Replication is intact.
    Nothing,
    /// The service restores it once the former write side is back; the text describes how.
    Itself(&'static str),
    /// This request restores it; the text describes how.
    Ask(Box<Call>, &'static str),
    /// No request of a run can restore it: the provider or an operator does. The text says who does what, and how
    /// long that takes.
    Vendor(&'static str),
}

/// Rehearsal of a replica in a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rehearsal {
    /// Only a check that it could be promoted; the text is the reason why drplan rehearses no more.
    Look(&'static str),
}

/// Arguments of a kind that move users or work: for quiescing, fencing and routes. All are among the kind's
/// `run_moves`.
#[derive(Debug, Clone, Copy)]
pub struct Moves {
    /// Stops its work: a scale set with no instances.
    pub quiesce: Option<(&'static str, Lit)>,
    /// Does its work at the active site only: another argument has the value elsewhere.
    pub idle: Option<IdleArgument>,
    /// Stops its work with an action and no argument: a machine that is deallocated.
    pub power: Option<&'static Power>,
    /// Keeps users away: a disabled endpoint.
    pub fence: Option<(&'static str, Lit)>,
    /// Admits users, as the `to` of a route.
    pub open: Option<(&'static str, Lit)>,
    /// Argument with the destination of users, for a record that is the `record` of a route.
    pub record: Option<&'static str>,
    /// Argument with the destination of users, for an endpoint that is an end of a route.
    pub target: Option<&'static str>,
    /// True for a record of which several change in one request, so that users never see half of a move.
    pub together: bool,
    /// Seconds during which users may still reach the old destination.
    pub lingers: Option<fn(&Subject<'_>) -> u32>,
    /// The front that probes an endpoint by itself: it confirms that users are served through it.
    pub front: Option<&'static Front>,
}

impl Moves {
    /// No such arguments.
    pub const NONE: Self = Self {
        quiesce: None,
        idle: None,
        power: None,
        fence: None,
        open: None,
        record: None,
        target: None,
        together: false,
        lingers: None,
        front: None,
    };

    /// The arguments that routes set.
    pub fn routed(&self) -> impl Iterator<Item = &'static str> {
        let ends = [self.fence, self.open].into_iter().flatten().map(|(argument, _)| argument);
        ends.chain(self.record)
    }

    /// True if its work can be stopped and started.
    pub const fn stops(&self) -> bool {
        self.quiesce.is_some() || self.idle.is_some() || self.power.is_some()
    }
}

/// An argument whose value follows from the role of the site: the number of pods of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleArgument {
    /// The argument, with its value while the site is active.
    pub argument: &'static str,
    /// The argument with its value while another site of the group is active.
    pub standby: &'static str,
}

/// A service that leads users to endpoints, and probes each of them.
#[derive(Debug)]
pub struct Front {
    /// Its name, for the operator.
    pub name: &'static str,
    /// Seconds until it has noticed that an endpoint is healthy, and until it has noticed that one is not. `None` for
    /// an endpoint that it does not probe.
    pub notices: fn(&Subject<'_>) -> Option<DurationEstimate>,
    /// The health of an endpoint, from its body.
    pub health: fn(&Json) -> EndpointHealth,
    /// Its word for an endpoint that did not answer the last probes. It stays until the next one, even where the
    /// endpoint answers again.
    pub failing: &'static str,
}

/// Health of an endpoint as its front reports it, in the front's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointHealth {
    /// The endpoint answered the probes.
    Healthy(String),
    /// It did not.
    Unhealthy(String),
    /// It was not probed, or not yet.
    Unknown(String),
}

/// Actions that stop and start the work of an object, and the read that shows if it works.
#[derive(Debug)]
pub struct Power {
    /// The `$expand` with which a read shows the state.
    pub expand: &'static str,
    /// The state, from such a body. `None` if the body does not show it.
    pub state: fn(&Json) -> Option<PowerState>,
    /// Stops the work.
    pub stop: PowerAction,
    /// Starts the work.
    pub start: PowerAction,
}

impl Power {
    /// The action that leads to running or stopped.
    pub const fn action(&self, on: bool) -> &PowerAction {
        if on { &self.start } else { &self.stop }
    }

    /// The read of the state of this object.
    pub const fn read(&self, object: Object) -> ReadRequest {
        ReadRequest::new(object, ReadTarget::Expanded(self.expand))
    }
}

/// An action of an object without a body, as in `deallocate`.
#[derive(Debug)]
pub struct PowerAction {
    /// The last segment of its path.
    pub name: &'static str,
    /// Its duration.
    pub takes: DurationEstimate,
}

/// State of an object that can be stopped and started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerState {
    /// It works.
    Running,
    /// It does no work.
    Stopped,
    /// An operation that stops or starts it is in progress.
    Changing,
}

/// Machines that a resource starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machines {
    /// Their size, as in `Standard_D2s_v5`.
    pub size: String,
    /// Their number.
    pub count: u32,
    /// The image that they start from, for machines that restore at launch.
    pub image: Option<String>,
}

#[cfg(test)]
mod tests {
    use crate::providers::azure::TABLES;

    #[test]
    fn arguments_that_a_run_moves_are_left_alone_by_plans() {
        for kind in TABLES.tables().map(|table| table.kind) {
            let moves = &kind.moves;
            let idle = moves.idle.map(|idle| idle.argument);
            for name in moves.quiesce.map(|(name, _)| name).into_iter().chain(idle).chain(moves.routed()) {
                assert!(kind.arg(name).is_some() && kind.run_moves.contains(&name), "{kind:?}: `{name}`");
            }
        }
    }

    #[test]
    fn every_replica_has_a_promotion() {
        for kind in TABLES
            .tables()
            .map(|table| table.kind)
            .filter(|kind| kind.recovery.replicates.is_some_and(|replicates| !replicates.image))
        {
            let promotion = kind.promotion.unwrap_or_else(|| panic!("{kind:?} has no promotion"));
            for span in [promotion.planned, promotion.forced] {
                assert!(0 < span.typical && span.typical <= span.worst, "{kind:?}: {span:?}");
            }
        }
    }
}

/// Recovery of a volume apart from its machine.
#[derive(Debug, Clone, Copy)]
pub struct VolumeRecovery {
    /// The read that shows if the volume is sound.
    pub shows: ReadTarget,
    /// The reason why its data cannot be trusted, from such a body: words without a full stop.
    pub unsound: fn(&Json) -> Option<String>,
    /// Its snapshots, where the provider makes some.
    pub snapshots: Option<VolumeSnapshots>,
}

/// Snapshots of a volume.
#[derive(Debug, Clone, Copy)]
pub struct VolumeSnapshots {
    /// The argument of a volume that names the snapshot that it is made of.
    pub argument: &'static str,
    /// The `$expand` with which a read of a volume lists its snapshots, as the tool of snapshots reads them.
    pub expand: &'static str,
}
