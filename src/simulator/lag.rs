//! How far the followers of a store are behind.

use super::types;
use super::world::World;
use crate::kinds::regions::same_region;
use crate::kinds::{Cloudlet, Kept};

impl World {
    /// By how many seconds a region is behind in following a store; `None` where it does not follow.
    pub(super) fn lag_of(&self, store: &str, region: &str) -> Option<f64> {
        if let Some(seconds) = self.ledger_lag(store, region) {
            return Some(seconds);
        }
        let kept = self.stores().find(|kept| kept.name == store)?;
        kept.followers
            .into_iter()
            .find(|(follower, _)| same_region(follower, region))
            .map(|(_, seconds)| seconds + self.rest.faults.store_lag(store))
    }

    /// What every object says of the store that it is part of.
    fn stores(&self) -> impl Iterator<Item = Kept> {
        self.objects().filter(|object| object.seen()).filter_map(|object| {
            let keeps = types::find(&object.type_)?.writers().find_map(|kind| kind.simulated.keeps)?;
            keeps(self as &dyn Cloudlet, &object.id)
        })
    }
}
