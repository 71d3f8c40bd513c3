//! The hooks of the kinds that write an object, and of the types by which the world finds objects again.

use std::borrow::Cow;

use super::target::{GROUP, LOCK};
use super::types;
use crate::kinds::SimulatedBehaviour;
use crate::simulator::world::{SimulatedObject, World};

/// The words of the index of the world.
const GROUPS: &str = "group";
const LOCKS: &str = "lock";
const WATCHED: &str = "watched";

/// A hook of an object's kinds.
pub(super) fn hook<F>(object: &SimulatedObject, hook: impl Fn(&SimulatedBehaviour) -> Option<F>) -> Option<F> {
    types::find(&object.type_)?.writers().find_map(|kind| hook(&kind.simulated))
}

/// The words under which an object is found again.
pub(super) fn words(object: &SimulatedObject) -> Vec<Cow<'static, str>> {
    let mut words = match object.type_.as_str() {
        GROUP => vec![Cow::Borrowed(GROUPS)],
        LOCK => vec![Cow::Borrowed(LOCKS)],
        type_ if types::find(type_).is_some_and(|type_| type_.unique) => vec![unique(type_, object.id.name())],
        _ => Vec::new(),
    };
    if hook(object, |simulated| simulated.watched).is_some() {
        words.push(Cow::Borrowed(WATCHED));
    }
    words
}

fn unique(type_: &str, name: &str) -> Cow<'static, str> {
    Cow::Owned(format!("name {type_} {}", name.to_ascii_lowercase()))
}

/// The resource groups.
pub(super) fn groups(world: &World) -> impl Iterator<Item = &SimulatedObject> {
    world.under(GROUPS).filter_map(|id| world.object(id))
}

/// The locks at or below an id.
pub(super) fn locks_below<'w>(world: &'w World, id: &str) -> impl Iterator<Item = &'w SimulatedObject> + use<'w> {
    world.under_below(LOCKS, id).filter_map(|id| world.object(id))
}

/// The folded ids of objects monitored over the public network.
pub(super) fn watched(world: &World) -> impl Iterator<Item = &String> {
    world.under(WATCHED)
}

/// The id of the resource that has a globally unique name.
pub(super) fn named<'w>(world: &'w World, type_: &str, name: &str) -> Option<&'w String> {
    let word = unique(type_, name);
    world.under(&word).next()
}
