//! Old versions of objects, which reads return while a fault makes them lag behind writes.

use super::state::{self, StaleRead};
use crate::simulator::world::World;

/// Keeps the current body for stale reads, while reads lag.
pub(super) fn remember(world: &mut World, id: &str) {
    let Some(lag) = world.rest.faults.lag() else { return };
    let now = world.now;
    if state::of(world).stale.get(id).is_some_and(|stale| stale.until > now) {
        return;
    }
    let body = world.standing(id).map(|object| object.body.to_json());
    let part = world.seed.stream(&[id, "lag", &now.to_string()]).unit();
    let until = now + lag.mul_f64(part);
    state::of_mut(world).stale.retain(|_, stale| stale.until > now);
    state::of_mut(world).stale.insert(id.to_owned(), StaleRead { until, body });
    world.changes.rest = true;
}
