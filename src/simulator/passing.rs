//! Time in the world advances from one event to the next, so each event sees the world of its own time.
//!
//! Events: ends of operations, beginnings and ends of faults, probes, seconds of a workload, and steps of deployments.

use jiff::Timestamp;

use super::faults::Faults;
use super::world::World;

impl World {
    /// Advances to a time, through all events until then. Time never goes back.
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

    /// Ends operations that are due, and starts the next operations of deployments.
    fn go_on(&mut self) {
        self.settle();
        while self.deploy() {
            self.settle();
        }
    }

    /// Changes the set of faults.
    pub(super) fn change_faults<T>(&mut self, change: impl FnOnce(&mut Faults) -> T) -> T {
        self.rest.faults.pass(self.now);
        self.revision += 1;
        let done = change(&mut self.rest.faults);
        self.wake_all();
        done
    }
}
