//! Replication of a workload's rows to the followers of a store, and their lag.

use super::world::World;
use crate::kinds::StorePlacement;
use crate::kinds::regions::same_region;

impl World {
    /// The replication lag of a region that follows a store, in seconds; `None` where it does not follow the store.
    pub(crate) fn lag_of(&self, store: &str, region: &str) -> Option<f64> {
        if let Some(seconds) = self.ledger_lag(store, region) {
            return Some(seconds);
        }
        let kept = self.stores().find(|kept| kept.name == store)?;
        kept.followers
            .into_iter()
            .find(|(follower, _)| same_region(follower, region))
            .map(|(_, seconds)| seconds + self.rest.faults.store_lag(store))
    }

    /// Replicates all accepted rows of a store to a region, as before a planned change of roles.
    pub(crate) fn pass_rows_on(&mut self, store: &str, region: &str) {
        if let Some(work) = &mut self.rest.work {
            work.pass_on(store, region);
            self.changes.rest = true;
        }
    }

    /// The placement of its store, from every object that is part of one.
    fn stores(&self) -> impl Iterator<Item = StorePlacement> {
        let objects = self.objects().filter(|object| object.seen());
        objects.filter_map(|object| self.dialect(&object.provider).keeps(self, object))
    }
}
