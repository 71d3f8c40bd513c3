//! The world as the kinds' hooks see it, and the calls of those hooks.

use crate::providers::azure::ids::AzureId;
use serde_json::{Value as Json, json};

use super::bodies::envelope;
use super::types::{self, ProviderType, shows_state};
use super::{NAME, fill, operations, stale, state};
use crate::kinds::{Kind, SimulatedWorld};
use crate::object::ObjectId;
use crate::simulator::operations::OperationKind;
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

impl SimulatedWorld for World {
    fn get(&self, id: &ObjectId) -> Option<&Json> {
        self.standing(&id.folded()).map(|object| &*object.body)
    }

    fn get_mut(&mut self, id: &ObjectId) -> Option<&mut Json> {
        self.body_mut(&id.folded())
    }

    fn put(&mut self, id: &ObjectId, body: Json) {
        let folded = id.folded();
        let type_ = id.arm_type().map(|type_| type_.to_ascii_lowercase()).unwrap_or_default();
        let mut body = if body.is_object() { body } else { json!({}) };
        let table = types::find(&type_);
        envelope(&mut body, id, table.map_or(type_.as_str(), |table| table.name));
        stale::remember(self, &folded);
        let version = self.now.as_millisecond();
        let mut object = SimulatedObject {
            id: id.clone(),
            provider: Default::default(),
            type_,
            body: body.into(),
            stage: Lifecycle::Standing,
            version,
            refers: Default::default(),
            operation: None,
            hollow: false,
        };
        object.touch(self.seed);
        if table.is_some_and(shows_state) {
            object.show_state("Succeeded");
        }
        self.insert(object);
        if let Some(table) = table {
            fill::attributes(self, &folded, table);
        }
    }

    fn remove(&mut self, id: &ObjectId) {
        let folded = id.folded();
        let mut ids: Vec<String> = self.below(&folded).map(|(id, _)| id.clone()).collect();
        ids.push(folded);
        for id in ids {
            stale::remember(self, &id);
            self.take(&id);
        }
    }

    fn below(&self, id: &ObjectId) -> Vec<ObjectId> {
        if id.as_str().is_empty() {
            return self.objects().filter(|object| object.seen()).map(|object| object.id.clone()).collect();
        }
        let folded = id.folded();
        let inner = World::below(self, &folded).filter(|(_, object)| object.seen());
        let direct = inner.filter(|(inner, object)| parent(inner, &object.type_) == Some(folded.as_str()));
        direct.map(|(_, object)| object.id.clone()).collect()
    }

    fn guid(&self, of: &str) -> String {
        self.seed.guid(&[of])
    }

    fn is_dark(&self, region: &str) -> bool {
        self.rest.faults.is_dark(NAME, Some(region))
    }

    fn pass_on(&mut self, store: &str, region: &str) {
        self.pass_rows_on(store, region);
    }

    fn users(&self, id: &ObjectId) -> Vec<ObjectId> {
        let folded = id.folded();
        let users = World::users(self, &folded).filter(|(to, _)| **to == folded);
        users.filter_map(|(_, user)| self.standing(user)).map(|user| user.id.clone()).collect()
    }

    fn working(&self, id: &ObjectId) -> Option<&Json> {
        World::working(self, &id.folded())
    }

    fn noted(&self, id: &ObjectId, word: &str) -> Option<&Json> {
        state::of(self).always.get(&note_key(id, word))
    }

    fn note(&mut self, id: &ObjectId, word: &str, value: Option<Json>) {
        match value {
            Some(value) => drop(state::of_mut(self).always.insert(note_key(id, word), value)),
            None => drop(state::of_mut(self).always.remove(&note_key(id, word))),
        }
        self.changes.rest = true;
    }

    fn lag(&self, store: &str, region: &str) -> Option<f64> {
        self.lag_of(store, region)
    }

    fn now(&self) -> i64 {
        self.now.as_second()
    }

    fn is_acting(&self, id: &ObjectId, action: &str) -> bool {
        let operation = self.standing(&id.folded()).and_then(|object| self.operation(object.operation.as_ref()?));
        let posted = operation.and_then(|operation| operation.posted.as_ref());
        posted.is_some_and(|posted| posted.action.eq_ignore_ascii_case(action))
    }
}

/// Notes are kept beside the implicit children, which go with their object, too. No segment of an id begins with `#`.
pub(super) fn note_key(id: &ObjectId, word: &str) -> String {
    format!("{}/#{word}", id.folded())
}

/// Calls the settle hook of every kind that writes a type.
pub(super) fn run_settle_hooks(world: &mut World, id: &str, type_: &'static ProviderType) {
    let Some(object) = world.object(id) else { return };
    let id = object.id.clone();
    for hook in once_each(type_, |kind| kind.simulated.settle) {
        hook(world, &id);
    }
}

/// Wakes every object whose kind waits for a region to recover, except those that already have a wake-up scheduled.
pub(super) fn wake_all(world: &mut World) {
    let ids: Vec<String> =
        world.objects().filter(|object| repairs_itself(object)).map(|object| object.id.folded()).collect();
    for id in ids {
        let asleep =
            world.under_way().any(|operation| operation.act == OperationKind::Wake && operation.id.folded() == id);
        if !asleep {
            wake(world, &id);
        }
    }
}

/// Lets an object repair the damage of an outage, and schedules its next wake-up.
pub(super) fn wake(world: &mut World, id: &str) {
    let Some(object) = world.standing(id) else { return };
    let Some(type_) = types::find(&object.type_) else { return };
    let id = object.id.clone();
    for hook in once_each(type_, |kind| kind.simulated.wakes) {
        if let Some(seconds) = hook(world, &id) {
            let operation = operations::begin(world, &id, type_, OperationKind::Wake, seconds);
            world.keep_operation(operation);
        }
    }
}

/// Calls the removed hook of every kind that writes a type.
pub(super) fn run_removed_hooks(world: &mut World, object: &SimulatedObject, type_: &'static ProviderType) {
    for hook in once_each(type_, |kind| kind.simulated.removed) {
        hook(world, &object.id, &object.body);
    }
}

/// True for an object that repairs the damage of an outage by itself.
pub(super) fn repairs_itself(object: &SimulatedObject) -> bool {
    types::find(&object.type_).is_some_and(|table| table.writers().any(|kind| kind.simulated.wakes.is_some()))
}

/// The folded id of an object's parent, or of its resource group.
fn parent<'a>(id: &'a str, type_: &str) -> Option<&'a str> {
    let count = match types::find(type_).and_then(|table| table.segment) {
        Some(segment) => segment.split('/').count() + 1,
        None if type_.matches('/').count() > 1 => 2,
        None => 4,
    };
    id.rmatch_indices('/').nth(count - 1).and_then(|(at, _)| id.get(..at))
}

/// One hook of each kind that writes a type, without duplicates where kinds share a function.
fn once_each<F: Copy + PartialEq>(type_: &'static ProviderType, hook: impl Fn(&Kind) -> Option<F>) -> Vec<F> {
    let mut hooks = Vec::new();
    for hook in type_.writers().filter_map(hook) {
        if !hooks.contains(&hook) {
            hooks.push(hook);
        }
    }
    hooks
}
