//! The rows of replicas between machines: where they are written, and who follows.

use super::machine_sides::{MachineReplica, MachineSide};
use super::world::World;
use crate::kinds::StorePlacement;
use crate::object::ObjectId;

/// Bounds of the lag of a replica in normal operation, in seconds.
const LAG: (f64, f64) = (0.2, 2.2);

impl World {
    /// The placement of a replica's rows. A machine that does not run takes none.
    pub(super) fn placed(&self, replica: &MachineReplica) -> StorePlacement {
        let mut sides = [&replica.target, &replica.source];
        sides.sort_by_key(|side| std::cmp::Reverse(side.timeline));
        let works = |side: &MachineSide| self.region_of_machine(&side.machine);
        let writers = sides.iter().filter(|side| side.is_primary && !side.is_idle).filter_map(|side| works(side));
        let followers = sides.iter().filter(|side| side.follows.is_some_and(|from| from <= self.now));
        let followers = followers.filter_map(|side| works(side));
        StorePlacement {
            name: replica.name.clone(),
            writers: writers.collect(),
            followers: followers
                .map(|region| {
                    let lag = self.usual_lag(replica, &region);
                    (region, lag)
                })
                .collect(),
        }
    }

    /// The region of a machine that runs, whether or not the region is lost.
    fn region_of_machine(&self, id: &ObjectId) -> Option<String> {
        let object = self.standing(&self.key(id))?;
        let dialect = self.dialect(&object.provider);
        dialect.region(self, object).filter(|_| dialect.runs(self, object))
    }

    /// The provider of a replica's source, by whose faults its regions are lost.
    pub(super) fn provider_of(&self, replica: &MachineReplica) -> Option<&'static str> {
        let object = self.object(&self.key(&replica.source.machine))?;
        Some(self.dialect(&object.provider).name())
    }

    /// The lag of a replica in normal operation, in seconds.
    pub(super) fn usual_lag(&self, replica: &MachineReplica, region: &str) -> f64 {
        let drawn = self.seed.stream(&["replica", &replica.name, region, "lag"]).unit();
        LAG.0 + (LAG.1 - LAG.0) * drawn
    }
}
