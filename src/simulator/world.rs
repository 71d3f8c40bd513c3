//! The simulated world: its objects and operations, and the indexes that keep every request cheap.
//!
//! Pure apart from memory: time comes with each request, randomness from the seed. Independent of HTTP libraries and of
//! the disk; [`Changes`] records changes for the storage layer.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::deployments::Deployment;
use super::faults::Faults;
use super::monitor::Monitor;
use super::network::NetworkView;
use super::operations::{Operation, OperationState};
use super::registrations::RegistrationRequest;
use super::seed::Seed;
use super::target::{GROUP, LOCK};
use super::throttle::Buckets;
use super::types;
use super::workload::RunningWorkload;
use crate::address::ArmId;

/// The objects, operations and events of the simulated cloud.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    pub(super) seed: Seed,
    pub(super) now: Timestamp,
    objects: BTreeMap<String, SimulatedObject>,
    operations: BTreeMap<String, Operation>,
    /// The deployments, by folded id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) deployments: BTreeMap<String, Deployment>,
    pub(super) rest: WorldDetails,
    #[serde(skip)]
    pub(super) base: String,
    /// Accepts newer API versions and unknown properties.
    #[serde(skip)]
    pub(super) lenient: bool,
    #[serde(skip)]
    index: WorldIndex,
    #[serde(skip)]
    pub(super) changes: Changes,
    /// Grows with every change that could affect a client of the public network.
    #[serde(skip)]
    pub(super) revision: u64,
    /// Cached views of the world at its current revision.
    #[serde(skip)]
    pub(super) sight: NetworkView,
}

/// Small state that changes often.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorldDetails {
    pub(super) faults: Faults,
    pub(super) counters: BTreeMap<String, u64>,
    pub(super) buckets: Buckets,
    /// The old versions that stale reads return, by folded id.
    pub(super) stale: BTreeMap<String, StaleRead>,
    /// The probe state of monitored objects, by folded id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) monitors: BTreeMap<String, Monitor>,
    /// The written properties of implicit children, by folded id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) always: BTreeMap<String, Json>,
    /// Soft-deleted objects, by folded id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) bin: BTreeMap<String, Json>,
    /// The last registration request of each provider, by folded namespace.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) registrations: BTreeMap<String, RegistrationRequest>,
    /// The current or last workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) work: Option<RunningWorkload>,
}

/// An old version that reads return until a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StaleRead {
    pub(super) until: Timestamp,
    /// The old body; `None`: the object did not exist.
    pub(super) body: Option<Json>,
}

/// One object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SimulatedObject {
    /// The id in its original case.
    pub(super) id: ArmId,
    /// The type, folded.
    #[serde(rename = "type")]
    pub(super) type_: String,
    /// The body as returned by reads.
    pub(super) body: Json,
    pub(super) stage: Lifecycle,
    /// Grows with every change; the etag is derived from it.
    pub(super) version: i64,
    /// The folded ids that a client wrote into the body.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) refers: BTreeSet<String>,
    /// The key of the operation under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<String>,
    /// True after a failed creation: the object does not work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) hollow: bool,
}

/// The lifecycle state of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Lifecycle {
    /// The object exists.
    Standing,
    /// Its creation is under way, and reads find the object.
    Creating,
    /// Its creation is under way, and reads do not find the object yet.
    Hidden,
    /// A change is under way.
    Updating,
    /// Its deletion is under way.
    Deleting,
    /// Its last write has failed.
    Failed,
}

impl SimulatedObject {
    /// True for an object that reads find.
    pub(super) fn seen(&self) -> bool {
        self.stage != Lifecycle::Hidden
    }

    pub(super) fn location(&self) -> Option<&str> {
        self.body.get("location").and_then(Json::as_str)
    }

    pub(super) fn etag(&self) -> Option<&str> {
        self.body.get("etag").and_then(Json::as_str)
    }
}

/// The changes since the last write to disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    pub(super) objects: BTreeSet<String>,
    pub(super) operations: BTreeSet<String>,
    pub(super) deployments: BTreeSet<String>,
    /// Any other change that must be stored.
    pub(super) rest: bool,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        let Self { objects, operations, deployments, rest } = self;
        objects.is_empty() && operations.is_empty() && deployments.is_empty() && !rest
    }
}

/// Indexes derived from objects and operations.
#[derive(Debug, Clone, Default)]
struct WorldIndex {
    /// For each id, the ids of the objects that refer to it.
    users: BTreeMap<String, BTreeSet<String>>,
    groups: BTreeSet<String>,
    locks: BTreeSet<String>,
    /// The ids of globally unique resources, by type and name.
    names: BTreeMap<(String, String), String>,
    /// Objects with a public name or address.
    hosting: BTreeSet<String>,
    /// Objects that are monitored over the public network.
    watched: BTreeSet<String>,
    /// Running operations by due time.
    due: BTreeSet<(Timestamp, String)>,
    /// For each id that blocks other writes, the running operation.
    busy: BTreeMap<String, String>,
}

impl World {
    /// An empty world.
    pub(super) fn new(seed: u64, now: Timestamp, base: String) -> Self {
        Self {
            seed: Seed(seed),
            now,
            objects: BTreeMap::new(),
            operations: BTreeMap::new(),
            deployments: BTreeMap::new(),
            rest: WorldDetails::default(),
            base,
            lenient: false,
            index: WorldIndex::default(),
            changes: Changes::default(),
            revision: 0,
            sight: NetworkView::default(),
        }
    }

    /// Builds the indexes after a world was loaded.
    pub(super) fn indexed(mut self, base: String) -> Self {
        self.base = base;
        self.index = WorldIndex::default();
        self.rest.faults.pass(self.now);
        let Self { objects, operations, index, .. } = &mut self;
        objects.iter().for_each(|(id, object)| index.add_object(id, object));
        operations.iter().for_each(|(key, operation)| index.add_operation(key, operation));
        self
    }

    /// The object with this folded id, whether or not reads find it.
    pub(super) fn object(&self, id: &str) -> Option<&SimulatedObject> {
        self.objects.get(id)
    }

    /// The object with this folded id, if reads find it.
    pub(super) fn standing(&self, id: &str) -> Option<&SimulatedObject> {
        self.objects.get(id).filter(|object| object.seen())
    }

    /// Inserts or replaces an object.
    pub(super) fn insert(&mut self, object: SimulatedObject) {
        let id = object.id.folded();
        self.take(&id);
        self.revision += 1;
        self.index.add_object(&id, &object);
        self.changes.objects.insert(id.clone());
        self.objects.insert(id, object);
    }

    /// Removes an object, but nothing below it.
    pub(super) fn take(&mut self, id: &str) -> Option<SimulatedObject> {
        let object = self.objects.remove(id)?;
        self.revision += 1;
        self.index.remove_object(id, &object);
        self.changes.objects.insert(id.to_owned());
        Some(object)
    }

    /// Changes an object. Its references must stay the same.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut SimulatedObject)) {
        if let Some(object) = self.objects.get_mut(id) {
            change(object);
            self.revision += 1;
            self.changes.objects.insert(id.to_owned());
        }
    }

    /// The body of an object for a change; updates its etag.
    pub(super) fn body_mut(&mut self, id: &str) -> Option<&mut Json> {
        let seed = self.seed;
        let object = self.objects.get_mut(id).filter(|object| object.seen())?;
        self.revision += 1;
        self.changes.objects.insert(id.to_owned());
        object.touch(seed);
        Some(&mut object.body)
    }

    /// The objects below an id, nearest first within each branch.
    pub(super) fn below<'a>(&'a self, id: &str) -> impl DoubleEndedIterator<Item = (&'a String, &'a SimulatedObject)> {
        range(&self.objects, id)
    }

    /// The resource groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &SimulatedObject> {
        self.index.groups.iter().filter_map(|id| self.objects.get(id))
    }

    /// All objects.
    pub(super) fn objects(&self) -> impl Iterator<Item = &SimulatedObject> {
        self.objects.values()
    }

    /// The locks at or below an id.
    pub(super) fn locks_below<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a SimulatedObject> + use<'a> {
        let start = format!("{id}/");
        self.index
            .locks
            .range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded))
            .take_while(move |lock| lock.starts_with(&start))
            .filter_map(|lock| self.objects.get(lock))
    }

    /// The references to an id or to anything below it: pairs of the referenced id and the referring object's id.
    pub(super) fn users(&self, id: &str) -> impl Iterator<Item = (&String, &String)> {
        let whole = self.index.users.get_key_value(id).into_iter();
        let below = range(&self.index.users, id);
        whole.chain(below).flat_map(|(to, users)| users.iter().map(move |user| (to, user)))
    }

    /// The id of the resource that has a globally unique name.
    pub(super) fn named(&self, type_: &str, name: &str) -> Option<&String> {
        self.index.names.get(&(type_.to_owned(), name.to_ascii_lowercase()))
    }

    /// The folded ids of objects with a public name or address.
    pub(super) fn hosting(&self) -> impl Iterator<Item = &String> {
        self.index.hosting.iter()
    }

    /// The folded ids of objects monitored over the public network.
    pub(super) fn watched(&self) -> impl Iterator<Item = &String> {
        self.index.watched.iter()
    }

    /// The body in service under a folded id: the body before an update under way. `None` while the object is created
    /// or deleted, and after a failed creation.
    pub(super) fn working(&self, id: &str) -> Option<&Json> {
        let object = self.standing(id).filter(|object| !object.hollow)?;
        match object.stage {
            Lifecycle::Standing | Lifecycle::Failed => Some(&object.body),
            Lifecycle::Creating | Lifecycle::Hidden | Lifecycle::Deleting => None,
            Lifecycle::Updating => {
                let operation = object.operation.as_ref().and_then(|key| self.operation(key));
                let before = operation.and_then(|operation| operation.before.as_ref());
                Some(before.map_or(&object.body, |before| &before.body))
            }
        }
    }

    /// The operation with this key.
    pub(super) fn operation(&self, key: &str) -> Option<&Operation> {
        self.operations.get(key)
    }

    /// The operations under way, and those that ended in the last hour.
    pub(super) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// The operations under way.
    pub(super) fn under_way(&self) -> impl Iterator<Item = &Operation> {
        self.index.due.iter().filter_map(|(_, key)| self.operations.get(key))
    }

    /// The next due time after now.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let later = (Bound::Excluded((self.now, String::from(char::MAX))), Bound::Unbounded);
        self.index.due.range::<(Timestamp, String), _>(later).next().map(|(due, _)| *due)
    }

    /// The keys of the operations that are due, in order of due time.
    pub(super) fn due(&self) -> impl Iterator<Item = &String> {
        self.index.due.iter().take_while(|(due, _)| *due <= self.now).map(|(_, key)| key)
    }

    /// A running operation that blocks a write, by one of these ids.
    pub(super) fn busy(&self, words: &[String]) -> Option<&Operation> {
        words.iter().find_map(|word| self.index.busy.get(word)).and_then(|key| self.operations.get(key))
    }

    /// Inserts or replaces an operation.
    pub(super) fn keep_operation(&mut self, operation: Operation) {
        let key = operation.key.clone();
        if let Some(old) = self.operations.get(&key) {
            self.index.remove_operation(&key, old);
        }
        self.index.add_operation(&key, &operation);
        self.changes.operations.insert(key.clone());
        self.operations.insert(key, operation);
    }

    /// Removes operations that ended over an hour ago.
    pub(super) fn forget_old_operations(&mut self) {
        let hour_ago = self.now - jiff::SignedDuration::from_hours(1);
        self.operations
            .retain(|_, operation| operation.progress == OperationState::Running || operation.due > hour_ago);
    }

    /// Applies a line of the log: complete new values, `None` for a deleted object.
    pub(super) fn apply(
        &mut self,
        now: Timestamp,
        objects: BTreeMap<String, Option<SimulatedObject>>,
        operations: BTreeMap<String, Operation>,
        deployments: BTreeMap<String, Option<Deployment>>,
        rest: Option<WorldDetails>,
    ) {
        self.now = now;
        for (id, object) in objects {
            match object {
                Some(object) => self.objects.insert(id, object),
                None => self.objects.remove(&id),
            };
        }
        self.operations.extend(operations);
        for (id, deployment) in deployments {
            match deployment {
                Some(deployment) => self.deployments.insert(id, deployment),
                None => self.deployments.remove(&id),
            };
        }
        if let Some(rest) = rest {
            self.rest = rest;
        }
    }
}

impl SimulatedObject {
    /// Records a change: updates version and etag.
    pub(super) fn touch(&mut self, seed: Seed) {
        self.version += 1;
        let etag = format!("W/\"{}\"", seed.guid(&[&self.id.folded(), "etag", &self.version.to_string()]));
        if let Json::Object(map) = &mut self.body {
            map.insert("etag".to_owned(), Json::from(etag));
        }
    }

    /// Sets the provisioning state, if the body has properties.
    pub(super) fn show_state(&mut self, state: &str) {
        if let Some(properties) = self.body.get_mut("properties").and_then(Json::as_object_mut) {
            properties.insert("provisioningState".to_owned(), Json::from(state));
        }
    }
}

/// The entries below a folded id.
fn range<'a, T>(
    map: &'a BTreeMap<String, T>,
    id: &str,
) -> impl DoubleEndedIterator<Item = (&'a String, &'a T)> + use<'a, T> {
    // `0` is the character after `/`.
    map.range::<str, _>((Bound::Included(format!("{id}/").as_str()), Bound::Excluded(format!("{id}0").as_str())))
}

impl WorldIndex {
    fn add_object(&mut self, id: &str, object: &SimulatedObject) {
        for to in &object.refers {
            self.users.entry(to.clone()).or_default().insert(id.to_owned());
        }
        match object.type_.as_str() {
            GROUP => drop(self.groups.insert(id.to_owned())),
            LOCK => drop(self.locks.insert(id.to_owned())),
            type_ if types::find(type_).is_some_and(|type_| type_.unique) => {
                self.names.insert((type_.to_owned(), object.id.name().to_ascii_lowercase()), id.to_owned());
            }
            _ => {}
        }
        if let Some(type_) = types::find(&object.type_) {
            if type_.writers().any(|kind| kind.simulated.hosts.is_some()) {
                self.hosting.insert(id.to_owned());
            }
            if type_.writers().any(|kind| kind.simulated.watched.is_some()) {
                self.watched.insert(id.to_owned());
            }
        }
    }

    fn remove_object(&mut self, id: &str, object: &SimulatedObject) {
        for to in &object.refers {
            if let Some(users) = self.users.get_mut(to) {
                users.remove(id);
                if users.is_empty() {
                    self.users.remove(to);
                }
            }
        }
        self.groups.remove(id);
        self.locks.remove(id);
        self.hosting.remove(id);
        self.watched.remove(id);
        self.names.remove(&(object.type_.clone(), object.id.name().to_ascii_lowercase()));
    }

    fn add_operation(&mut self, key: &str, operation: &Operation) {
        if operation.progress == OperationState::Running {
            self.due.insert((operation.due, key.to_owned()));
            for word in &operation.serial {
                self.busy.insert(word.clone(), key.to_owned());
            }
        }
    }

    fn remove_operation(&mut self, key: &str, operation: &Operation) {
        self.due.remove(&(operation.due, key.to_owned()));
        for word in &operation.serial {
            if self.busy.get(word).is_some_and(|busy| busy == key) {
                self.busy.remove(word);
            }
        }
    }
}
