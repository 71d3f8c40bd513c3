//! The simulated world: its objects and operations, and the indexes that keep every request cheap.
//!
//! Pure apart from memory: time comes with each request, randomness from the seed, what a provider means by its objects
//! from its [`Dialect`]. Independent of HTTP libraries and of the disk; [`Changes`] records changes for the storage
//! layer.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::body::Body;
use super::dialect::{Dialect, Dialects, Parts, ProviderName};
use super::faults::Faults;
use super::machine_sides::MachineReplica;
use super::operations::{Operation, OperationState};
use super::rows::RunningWorkload;
use super::seed::Seed;
use super::sight::NetworkView;
use crate::object::ObjectId;

/// The objects, operations and events of the simulated clouds.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) seed: Seed,
    pub(crate) now: Timestamp,
    /// The objects, by [`SimulatedObject::key`].
    objects: BTreeMap<String, SimulatedObject>,
    operations: BTreeMap<String, Operation>,
    pub(crate) rest: WorldDetails,
    /// State of the dialects, beside objects and operations.
    pub(crate) parts: Parts,
    pub(crate) dialects: Dialects,
    /// The URL with which links in answers of the first provider begin.
    pub(crate) base: String,
    /// Accepts newer API versions and unknown properties.
    pub(crate) lenient: bool,
    index: WorldIndex,
    pub(crate) changes: Changes,
    /// Grows with every change that could affect a client of the public network.
    pub(crate) revision: u64,
    /// Cached views of the world at its current revision.
    pub(super) sight: NetworkView,
}

/// Small state that changes often.
#[derive(Debug, Clone, Default)]
pub(crate) struct WorldDetails {
    pub(crate) faults: Faults,
    pub(crate) counters: BTreeMap<String, u64>,
    /// The current or last workload.
    pub(super) work: Option<RunningWorkload>,
    /// Replication between machines, once a command has been run for it.
    pub(super) replicas: BTreeMap<String, MachineReplica>,
}

/// One object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimulatedObject {
    /// The id in its original case.
    pub(crate) id: ObjectId,
    /// Its provider.
    #[serde(default, rename = "dialect", skip_serializing_if = "ProviderName::is_first")]
    pub(crate) provider: ProviderName,
    /// The type, folded.
    #[serde(rename = "type")]
    pub(crate) type_: String,
    /// The body as returned by reads.
    pub(crate) body: Body,
    pub(crate) stage: Lifecycle,
    /// Grows with every change.
    pub(crate) version: i64,
    /// The folded ids that a client wrote into the body.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) refers: BTreeSet<String>,
    /// The key of the operation under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<String>,
    /// True after a failed creation: the object does not work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hollow: bool,
}

/// The lifecycle state of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lifecycle {
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
    pub(crate) fn seen(&self) -> bool {
        self.stage != Lifecycle::Hidden
    }

    /// The key of an object of this provider with this id.
    pub(crate) fn key_of(provider: &ProviderName, id: &ObjectId) -> String {
        match provider.is_first() {
            true => id.folded(),
            false => format!("{}:{}", provider.as_str(), id.folded()),
        }
    }

    /// Its key in the world: unlike the id, it is unique among providers.
    pub(crate) fn key(&self) -> String {
        Self::key_of(&self.provider, &self.id)
    }
}

/// The changes since the last write to disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) objects: BTreeSet<String>,
    pub(crate) operations: BTreeSet<String>,
    /// Any other change that must be stored.
    pub(crate) rest: bool,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { objects, operations, rest } = self;
        objects.is_empty() && operations.is_empty() && !rest
    }
}

/// Indexes derived from objects and operations.
#[derive(Debug, Clone, Default)]
struct WorldIndex {
    /// For each key, the keys of the objects that refer to it.
    users: BTreeMap<String, BTreeSet<String>>,
    /// The keys of objects, by the words of their dialects.
    words: BTreeMap<String, BTreeSet<String>>,
    /// Objects that may have a public name or address.
    hosting: BTreeSet<String>,
    /// Running operations by due time.
    due: BTreeSet<(Timestamp, String)>,
    /// For each id that blocks other writes, the running operation.
    busy: BTreeMap<String, String>,
}

impl World {
    /// An empty world.
    pub(crate) fn new(seed: u64, now: Timestamp, dialects: Dialects) -> Self {
        Self {
            seed: Seed(seed),
            now,
            objects: BTreeMap::new(),
            operations: BTreeMap::new(),
            rest: WorldDetails::default(),
            parts: Parts::new(dialects),
            dialects,
            base: dialects.first().endpoint().to_owned(),
            lenient: false,
            index: WorldIndex::default(),
            changes: Changes::default(),
            revision: 0,
            sight: NetworkView::default(),
        }
    }

    /// Builds the indexes after a world was loaded.
    pub(crate) fn indexed(mut self) -> Self {
        self.index = WorldIndex::default();
        self.rest.faults.pass(self.now);
        let Self { objects, operations, index, dialects, .. } = &mut self;
        objects.iter().for_each(|(key, object)| index.add_object(key, object, dialects.named(&object.provider)));
        operations.iter().for_each(|(key, operation)| index.add_operation(key, operation));
        self
    }

    /// The dialect of an object.
    pub(crate) fn dialect(&self, provider: &ProviderName) -> &'static dyn Dialect {
        self.dialects.named(provider)
    }

    /// The dialect of the object with this id; the first for one that does not exist.
    pub(crate) fn dialect_of(&self, id: &ObjectId) -> &'static dyn Dialect {
        self.objects.get(&self.key(id)).map_or(self.dialects.first(), |object| self.dialect(&object.provider))
    }

    /// The key of the object with this id, of whichever provider.
    pub(crate) fn key(&self, id: &ObjectId) -> String {
        let folded = id.folded();
        let others = self.dialects.iter().skip(1).map(|dialect| format!("{}:{folded}", dialect.name()));
        if self.objects.contains_key(&folded) {
            return folded;
        }
        let other = others.into_iter().find(|key| self.objects.contains_key(key));
        let known = || self.dialects.iter().find_map(|dialect| dialect.key(self, id));
        other.or_else(known).unwrap_or(folded)
    }

    /// The objects and the operations.
    pub(crate) fn tables(&self) -> (&BTreeMap<String, SimulatedObject>, &BTreeMap<String, Operation>) {
        (&self.objects, &self.operations)
    }

    /// The object with this key, whether or not reads find it.
    pub(crate) fn object(&self, id: &str) -> Option<&SimulatedObject> {
        self.objects.get(id)
    }

    /// The object with this key, if reads find it.
    pub(crate) fn standing(&self, id: &str) -> Option<&SimulatedObject> {
        self.objects.get(id).filter(|object| object.seen())
    }

    /// Inserts or replaces an object.
    pub(crate) fn insert(&mut self, object: SimulatedObject) {
        let id = object.key();
        self.unlist(&id);
        self.revision += 1;
        self.index.add_object(&id, &object, self.dialects.named(&object.provider));
        self.changes.objects.insert(id.clone());
        self.objects.insert(id, object);
    }

    /// Removes an object, but nothing below it.
    pub(crate) fn take(&mut self, id: &str) -> Option<SimulatedObject> {
        let object = self.unlist(id)?;
        for replica in self.rest.replicas.values_mut() {
            self.changes.rest |= replica.forget(&object.id);
        }
        Some(object)
    }

    fn unlist(&mut self, id: &str) -> Option<SimulatedObject> {
        let object = self.objects.remove(id)?;
        self.revision += 1;
        self.index.remove_object(id, &object, self.dialects.named(&object.provider));
        self.changes.objects.insert(id.to_owned());
        Some(object)
    }

    /// Changes an object. Its references must stay the same.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut SimulatedObject)) {
        if let Some(object) = self.objects.get_mut(id) {
            change(object);
            self.revision += 1;
            self.changes.objects.insert(id.to_owned());
        }
    }

    /// The body of an object for a change; counts as a new version.
    pub(crate) fn body_mut(&mut self, id: &str) -> Option<&mut Json> {
        let (seed, dialects) = (self.seed, self.dialects);
        let object = self.objects.get_mut(id).filter(|object| object.seen())?;
        self.revision += 1;
        self.changes.objects.insert(id.to_owned());
        dialects.named(&object.provider).touch(object, seed);
        Some(&mut object.body)
    }

    /// The objects below an id, nearest first within each branch.
    pub(crate) fn below<'a>(
        &'a self,
        id: &str,
    ) -> impl DoubleEndedIterator<Item = (&'a String, &'a SimulatedObject)> + use<'a> {
        range(&self.objects, id)
    }

    /// All objects.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &SimulatedObject> {
        self.objects.values()
    }

    /// The keys of the objects that the index has under a word.
    pub(crate) fn under<'w>(&'w self, word: &str) -> impl Iterator<Item = &'w String> + use<'w> {
        self.index.words.get(word).into_iter().flatten()
    }

    /// The keys below an id of the objects that the index has under a word.
    pub(crate) fn under_below<'w>(&'w self, word: &str, id: &str) -> impl Iterator<Item = &'w String> + use<'w> {
        let start = format!("{id}/");
        let from = (Bound::Included(start.as_str()), Bound::Unbounded);
        let found = self.index.words.get(word).map(|keys| keys.range::<str, _>(from));
        found.into_iter().flatten().take_while(move |key| key.starts_with(&start))
    }

    /// The references to an id or to anything below it: pairs of the referenced id and the referring object's id.
    pub(crate) fn users(&self, id: &str) -> impl Iterator<Item = (&String, &String)> {
        let whole = self.index.users.get_key_value(id).into_iter();
        let below = range(&self.index.users, id);
        whole.chain(below).flat_map(|(to, users)| users.iter().map(move |user| (to, user)))
    }

    /// The keys of objects that may have a public name or address.
    pub(crate) fn hosting(&self) -> impl Iterator<Item = &String> {
        self.index.hosting.iter()
    }

    /// The body in service under a folded id: the body before an update under way. `None` while the object is created
    /// or deleted, and after a failed creation.
    pub(crate) fn working(&self, id: &str) -> Option<&Json> {
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
    pub(crate) fn operation(&self, key: &str) -> Option<&Operation> {
        self.operations.get(key)
    }

    /// The operations under way, and those that ended in the last hour.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// The operations under way.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = &Operation> {
        self.index.due.iter().filter_map(|(_, key)| self.operations.get(key))
    }

    /// The next due time after now.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let later = (Bound::Excluded((self.now, String::from(char::MAX))), Bound::Unbounded);
        self.index.due.range::<(Timestamp, String), _>(later).next().map(|(due, _)| *due)
    }

    /// The keys of the operations that are due, in order of due time.
    pub(crate) fn due(&self) -> impl Iterator<Item = &String> {
        self.index.due.iter().take_while(|(due, _)| *due <= self.now).map(|(_, key)| key)
    }

    /// A running operation that blocks a write, by one of these ids.
    pub(crate) fn busy(&self, words: &[String]) -> Option<&Operation> {
        words.iter().find_map(|word| self.index.busy.get(word)).and_then(|key| self.operations.get(key))
    }

    /// Inserts or replaces an operation.
    pub(crate) fn keep_operation(&mut self, operation: Operation) {
        let key = operation.key.clone();
        if let Some(old) = self.operations.get(&key) {
            self.index.remove_operation(&key, old);
        }
        self.index.add_operation(&key, &operation);
        self.changes.operations.insert(key.clone());
        self.operations.insert(key, operation);
    }

    /// Removes operations that ended over an hour ago.
    pub(crate) fn forget_old_operations(&mut self) {
        let hour_ago = self.now - jiff::SignedDuration::from_hours(1);
        self.operations
            .retain(|_, operation| operation.progress == OperationState::Running || operation.due > hour_ago);
    }

    /// Forgets what changed, because it is written or need not be.
    pub(crate) fn settled(&mut self) {
        self.changes = Changes::default();
        self.parts.iter_mut().for_each(|part| part.settled());
    }

    /// Takes complete new values, `None` for a deleted object. The indexes stay as they are: [`World::indexed`] builds
    /// them once.
    pub(crate) fn replace(
        &mut self,
        objects: BTreeMap<String, Option<SimulatedObject>>,
        operations: BTreeMap<String, Operation>,
    ) {
        for (key, object) in objects {
            match object {
                Some(object) => self.objects.insert(key, object),
                None => self.objects.remove(&key),
            };
        }
        self.operations.extend(operations);
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
    fn add_object(&mut self, key: &str, object: &SimulatedObject, dialect: &dyn Dialect) {
        for to in &object.refers {
            self.users.entry(to.clone()).or_default().insert(key.to_owned());
        }
        for word in dialect.words(object) {
            self.words.entry(word.into_owned()).or_default().insert(key.to_owned());
        }
        if dialect.is_public(object) {
            self.hosting.insert(key.to_owned());
        }
    }

    fn remove_object(&mut self, key: &str, object: &SimulatedObject, dialect: &dyn Dialect) {
        let forget = |map: &mut BTreeMap<String, BTreeSet<String>>, at: &str| {
            if let Some(keys) = map.get_mut(at) {
                keys.remove(key);
                if keys.is_empty() {
                    map.remove(at);
                }
            }
        };
        object.refers.iter().for_each(|to| forget(&mut self.users, to));
        dialect.words(object).iter().for_each(|word| forget(&mut self.words, word));
        self.hosting.remove(key);
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
