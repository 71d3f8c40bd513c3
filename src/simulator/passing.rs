//! How time passes in the world: from one event to the next, so that each finds the world as it then was.
//!
//! Events are the ends of operations, the beginnings and ends of faults, probes, the seconds of a workload, and what deployments wait for.

use jiff::Timestamp;

use super::faults::Faults;
use super::world::World;

impl World {
    /// Goes on to a time, through everything that happens until then. Time never goes back.
    pub(super) fn advance(&mut self, to: Timestamp) {
        self.go_on();
        while self.now < to {
            self.work();
            let events = [
                self.next_due(),
                self.rest.faults.next(),
                self.next_probe(),
                self.next_second(),
                self.next_deploying(),
            ];
            self.now = events.into_iter().flatten().min().map_or(to, |next| next.min(to));
            let other_faults = self.rest.faults.pass(self.now);
            self.go_on();
            if other_faults {
                self.revision += 1;
                self.changes.rest = true;
                self.wake_all();
            }
            self.watch();
        }
    }

    /// Ends what is due now, and begins what deployments begin then.
    fn go_on(&mut self) {
        self.settle();
        while self.deploy() {
            self.settle();
        }
    }

    /// Changes which faults there are.
    pub(super) fn change_faults<T>(&mut self, change: impl FnOnce(&mut Faults) -> T) -> T {
        self.rest.faults.pass(self.now);
        self.revision += 1;
        let done = change(&mut self.rest.faults);
        self.wake_all();
        done
    }
}
