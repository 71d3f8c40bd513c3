//! The simulated world: what stands, what is under way, and the indexes that keep every request cheap.
//!
//! Pure but for memory: time comes with each request, chance from the seed. It knows nothing of HTTP libraries or of the disk; what has changed
//! is noted in [`Changes`] for whoever keeps it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::deployments::Deployment;
use super::faults::Faults;
use super::monitor::Monitor;
use super::network::Sight;
use super::operations::{Operation, Progress};
use super::registrations::Asked;
use super::seed::Seed;
use super::target::{GROUP, LOCK};
use super::throttle::Buckets;
use super::types;
use super::workload::Work;
use crate::address::ArmId;

/// What stands and happens in the simulated cloud.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    pub(super) seed: Seed,
    pub(super) now: Timestamp,
    objects: BTreeMap<String, Object>,
    operations: BTreeMap<String, Operation>,
    /// The deployments, by folded id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) deployments: BTreeMap<String, Deployment>,
    pub(super) rest: Rest,
    #[serde(skip)]
    pub(super) base: String,
    /// Whether newer API versions, and properties that are not known, are taken.
    #[serde(skip)]
    pub(super) lenient: bool,
    #[serde(skip)]
    index: Index,
    #[serde(skip)]
    pub(super) changes: Changes,
    /// Grows whenever anything changes that a client of the public network could feel.
    #[serde(skip)]
    pub(super) revision: u64,
    /// What was worked out of the world as it is, so that it is worked out once.
    #[serde(skip)]
    pub(super) sight: Sight,
}

/// What is small and changes often.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rest {
    pub(super) faults: Faults,
    pub(super) counters: BTreeMap<String, u64>,
    pub(super) buckets: Buckets,
    /// What readers still see of objects that have changed, while reads lag.
    pub(super) stale: BTreeMap<String, Stale>,
    /// What is known of what is watched, by folded id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) monitors: BTreeMap<String, Monitor>,
    /// What was written of children that always exist, by folded id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) always: BTreeMap<String, Json>,
    /// What was deleted and is kept, by folded id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) bin: BTreeMap<String, Json>,
    /// What was asked for of the subscription's registrations, by folded namespace.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) registrations: BTreeMap<String, Asked>,
    /// The clients that write rows, and what came of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) work: Option<Work>,
}

/// What readers see for a while instead of what stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stale {
    pub(super) until: Timestamp,
    /// The old body; `None`: nothing stood.
    pub(super) body: Option<Json>,
}

/// One object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Object {
    /// The id as it was created.
    pub(super) id: ArmId,
    /// The type, folded.
    #[serde(rename = "type")]
    pub(super) type_: String,
    /// The body as it is answered.
    pub(super) body: Json,
    pub(super) stage: Stage,
    /// Grows with every change; the etag follows from it.
    pub(super) version: i64,
    /// The folded ids that a client wrote into the body.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) refers: BTreeSet<String>,
    /// The key of the operation under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<String>,
    /// Whether its creation has failed, so that nothing of it works.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) hollow: bool,
}

/// Where an object is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// It stands.
    Standing,
    /// Its creation is under way and can be seen.
    Creating,
    /// Its creation is under way and cannot be seen.
    Hidden,
    /// A change is under way.
    Updating,
    /// Its deletion is under way.
    Deleting,
    /// Its last write has failed.
    Failed,
}

impl Object {
    /// Whether a read finds it.
    pub(super) fn seen(&self) -> bool {
        self.stage != Stage::Hidden
    }

    pub(super) fn location(&self) -> Option<&str> {
        self.body.get("location").and_then(Json::as_str)
    }

    pub(super) fn etag(&self) -> Option<&str> {
        self.body.get("etag").and_then(Json::as_str)
    }
}

/// What has changed since it was last kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    pub(super) objects: BTreeSet<String>,
    pub(super) operations: BTreeSet<String>,
    pub(super) deployments: BTreeSet<String>,
    /// Whether anything else did that must not be lost.
    pub(super) rest: bool,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        let Self { objects, operations, deployments, rest } = self;
        objects.is_empty() && operations.is_empty() && deployments.is_empty() && !rest
    }
}

/// What follows from objects and operations.
#[derive(Debug, Clone, Default)]
struct Index {
    /// Who refers to an id: the ids of the objects whose clients wrote it.
    users: BTreeMap<String, BTreeSet<String>>,
    groups: BTreeSet<String>,
    locks: BTreeSet<String>,
    /// Type and name of what must be unique in all of Azure, and its id.
    names: BTreeMap<(String, String), String>,
    /// What the public network finds by a name or address.
    hosting: BTreeSet<String>,
    /// What somebody watches over the public network.
    watched: BTreeSet<String>,
    /// When operations are due.
    due: BTreeSet<(Timestamp, String)>,
    /// What must not be written beside an operation, and that operation.
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
            rest: Rest::default(),
            base,
            lenient: false,
            index: Index::default(),
            changes: Changes::default(),
            revision: 0,
            sight: Sight::default(),
        }
    }

    /// Builds the indexes, after a world was read.
    pub(super) fn indexed(mut self, base: String) -> Self {
        self.base = base;
        self.index = Index::default();
        self.rest.faults.pass(self.now);
        let Self { objects, operations, index, .. } = &mut self;
        objects.iter().for_each(|(id, object)| index.add_object(id, object));
        operations.iter().for_each(|(key, operation)| index.add_operation(key, operation));
        self
    }

    /// The object with this folded id, seen or not.
    pub(super) fn object(&self, id: &str) -> Option<&Object> {
        self.objects.get(id)
    }

    /// The object with this folded id, where a read finds it.
    pub(super) fn standing(&self, id: &str) -> Option<&Object> {
        self.objects.get(id).filter(|object| object.seen())
    }

    /// Puts an object there.
    pub(super) fn insert(&mut self, object: Object) {
        let id = object.id.folded();
        self.take(&id);
        self.revision += 1;
        self.index.add_object(&id, &object);
        self.changes.objects.insert(id.clone());
        self.objects.insert(id, object);
    }

    /// Takes an object away, and nothing below it.
    pub(super) fn take(&mut self, id: &str) -> Option<Object> {
        let object = self.objects.remove(id)?;
        self.revision += 1;
        self.index.remove_object(id, &object);
        self.changes.objects.insert(id.to_owned());
        Some(object)
    }

    /// Changes an object. What it refers to must stay the same.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Object)) {
        if let Some(object) = self.objects.get_mut(id) {
            change(object);
            self.revision += 1;
            self.changes.objects.insert(id.to_owned());
        }
    }

    /// The body of an object, to be changed; its etag moves.
    pub(super) fn body_mut(&mut self, id: &str) -> Option<&mut Json> {
        let seed = self.seed;
        let object = self.objects.get_mut(id).filter(|object| object.seen())?;
        self.revision += 1;
        self.changes.objects.insert(id.to_owned());
        object.touch(seed);
        Some(&mut object.body)
    }

    /// The objects below an id, nearest first within each branch.
    pub(super) fn below<'a>(&'a self, id: &str) -> impl DoubleEndedIterator<Item = (&'a String, &'a Object)> {
        range(&self.objects, id)
    }

    /// The resource groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Object> {
        self.index.groups.iter().filter_map(|id| self.objects.get(id))
    }

    /// All objects.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// The locks at or below an id.
    pub(super) fn locks_below<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        let start = format!("{id}/");
        self.index
            .locks
            .range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded))
            .take_while(move |lock| lock.starts_with(&start))
            .filter_map(|lock| self.objects.get(lock))
    }

    /// Who refers to an id or to something below it: what is referred to, and by whom.
    pub(super) fn users(&self, id: &str) -> impl Iterator<Item = (&String, &String)> {
        let whole = self.index.users.get_key_value(id).into_iter();
        let below = range(&self.index.users, id);
        whole.chain(below).flat_map(|(to, users)| users.iter().map(move |user| (to, user)))
    }

    /// The id of what already has a name that must be unique.
    pub(super) fn named(&self, type_: &str, name: &str) -> Option<&String> {
        self.index.names.get(&(type_.to_owned(), name.to_ascii_lowercase()))
    }

    /// The folded ids of what the public network may find by a name or address.
    pub(super) fn hosting(&self) -> impl Iterator<Item = &String> {
        self.index.hosting.iter()
    }

    /// The folded ids of what somebody watches over the public network.
    pub(super) fn watched(&self) -> impl Iterator<Item = &String> {
        self.index.watched.iter()
    }

    /// What works under a folded id: the body before the write under way; `None` while it is made, where that failed, and while it goes.
    pub(super) fn working(&self, id: &str) -> Option<&Json> {
        let object = self.standing(id).filter(|object| !object.hollow)?;
        match object.stage {
            Stage::Standing | Stage::Failed => Some(&object.body),
            Stage::Creating | Stage::Hidden | Stage::Deleting => None,
            Stage::Updating => {
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

    /// The operations under way.
    pub(super) fn under_way(&self) -> impl Iterator<Item = &Operation> {
        self.index.due.iter().filter_map(|(_, key)| self.operations.get(key))
    }

    /// When the next operation is due that is not due yet.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let later = (Bound::Excluded((self.now, String::from(char::MAX))), Bound::Unbounded);
        self.index.due.range::<(Timestamp, String), _>(later).next().map(|(due, _)| *due)
    }

    /// The keys of the operations that are due by now, in the order in which they are.
    pub(super) fn due(&self) -> impl Iterator<Item = &String> {
        self.index.due.iter().take_while(|(due, _)| *due <= self.now).map(|(_, key)| key)
    }

    /// The operation that must not be written beside, for one of these words.
    pub(super) fn busy(&self, words: &[String]) -> Option<&Operation> {
        words.iter().find_map(|word| self.index.busy.get(word)).and_then(|key| self.operations.get(key))
    }

    /// Puts an operation there, or a changed one.
    pub(super) fn keep_operation(&mut self, operation: Operation) {
        let key = operation.key.clone();
        if let Some(old) = self.operations.get(&key) {
            self.index.remove_operation(&key, old);
        }
        self.index.add_operation(&key, &operation);
        self.changes.operations.insert(key.clone());
        self.operations.insert(key, operation);
    }

    /// Forgets what ended long ago and can no longer be asked for.
    pub(super) fn forget_old_operations(&mut self) {
        let hour_ago = self.now - jiff::SignedDuration::from_hours(1);
        self.operations.retain(|_, operation| operation.progress == Progress::Running || operation.due > hour_ago);
    }

    /// Applies what a log says: objects and operations as they then were, `None` for what is gone.
    pub(super) fn apply(
        &mut self,
        now: Timestamp,
        objects: BTreeMap<String, Option<Object>>,
        operations: BTreeMap<String, Operation>,
        deployments: BTreeMap<String, Option<Deployment>>,
        rest: Option<Rest>,
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

impl Object {
    /// Notes a change: the etag moves.
    pub(super) fn touch(&mut self, seed: Seed) {
        self.version += 1;
        let etag = format!("W/\"{}\"", seed.guid(&[&self.id.folded(), "etag", &self.version.to_string()]));
        if let Json::Object(map) = &mut self.body {
            map.insert("etag".to_owned(), Json::from(etag));
        }
    }

    /// Shows a provisioning state, where the type has one.
    pub(super) fn show_state(&mut self, state: &str) {
        if let Some(properties) = self.body.get_mut("properties").and_then(Json::as_object_mut) {
            properties.insert("provisioningState".to_owned(), Json::from(state));
        }
    }
}

/// What lies below a folded id.
fn range<'a, T>(
    map: &'a BTreeMap<String, T>,
    id: &str,
) -> impl DoubleEndedIterator<Item = (&'a String, &'a T)> + use<'a, T> {
    // `0` is the character after `/`.
    map.range::<str, _>((Bound::Included(format!("{id}/").as_str()), Bound::Excluded(format!("{id}0").as_str())))
}

impl Index {
    fn add_object(&mut self, id: &str, object: &Object) {
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

    fn remove_object(&mut self, id: &str, object: &Object) {
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
        if operation.progress == Progress::Running {
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
