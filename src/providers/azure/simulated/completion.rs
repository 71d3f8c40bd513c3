//! The end of a successful write.

use super::types::{self, shows_state};
use super::{cloudlet, fill};
use crate::simulator::world::{Lifecycle, World};

/// Completes a successful write: fills in the provider's attributes and calls the kinds' hooks.
pub(super) fn complete(world: &mut World, id: &str) {
    let seed = world.seed;
    let Some(type_) = world.object(id).and_then(|object| types::known(&object.type_)) else { return };
    world.change(id, |object| {
        object.stage = Lifecycle::Standing;
        object.operation = None;
        object.hollow = false;
        object.touch(seed);
        if shows_state(type_) {
            object.show_state("Succeeded");
        }
    });
    fill::attributes(world, id, type_);
    cloudlet::run_settle_hooks(world, id, type_);
}
