//! Operations that block writes of other objects.

use std::collections::BTreeSet;

use super::target::group_of;
use super::types::{self, ProviderType};
use crate::kinds::{Kind, Serial};
use crate::object::ObjectId;
use crate::simulator::operations::Operation;
use crate::simulator::world::World;

/// The folded ids of objects that block other writes during a write of this object.
pub(super) fn serial(world: &World, id: &ObjectId, type_: &ProviderType, refers: &BTreeSet<String>) -> Vec<String> {
    let folded = id.folded();
    let mut words = BTreeSet::new();
    for (kind, serial) in types::serial(type_) {
        match serial {
            Serial::No | Serial::Beside => {}
            Serial::Root => drop(words.insert(outermost(&folded))),
            Serial::On(argument) => {
                let place = placed_at(kind, &folded, type_);
                let types = types::referred(kind, argument);
                let meant = |to: &&String| world.object(to).is_some_and(|object| types.contains(&object.type_));
                words.extend(refers.iter().chain([&place]).filter(meant).cloned());
            }
        }
    }
    words.into_iter().collect()
}

/// The running operation that blocks a write of an object which may be written side by side with its siblings, but
/// not with the outermost parent; for a write of that parent, the operation of such an object.
pub(super) fn blocked_beside<'w>(world: &'w World, id: &ObjectId, type_: &ProviderType) -> Option<&'w Operation> {
    let folded = id.folded();
    let is_beside = |type_: &ProviderType| types::serial(type_).any(|(_, serial)| serial == Serial::Beside);
    if is_beside(type_) {
        return world.busy(&[outermost(&folded)]);
    }
    let below = world.below(&folded).map(|(_, object)| object);
    let mut below = below.filter(|object| types::find(&object.type_).is_some_and(is_beside));
    below.find_map(|object| world.operation(object.operation.as_ref()?))
}

/// The folded id of the outermost resource that contains an id.
fn outermost(id: &str) -> String {
    let group = group_of(id).unwrap_or_default();
    let rest = id.get(group.len()..).unwrap_or_default();
    let end = rest.match_indices('/').nth(4).map_or(rest.len(), |(at, _)| at);
    format!("{group}{}", rest.get(..end).unwrap_or_default())
}

/// The folded id of the parent of an object that a kind writes, or of the object in which the kind writes.
fn placed_at(kind: &Kind, id: &str, type_: &ProviderType) -> String {
    if !kind.place.is_whole() {
        return id.to_owned();
    }
    let count = type_.segment.map_or(2, |segment| segment.split('/').count() + 1);
    id.rmatch_indices('/').nth(count - 1).and_then(|(at, _)| id.get(..at)).unwrap_or(id).to_owned()
}
