//! Time in the world advances from one event to the next, so each event sees the world of its own time.
//!
//! Events: ends of operations, beginnings and ends of faults, seconds of a workload, and those of the dialects.

use jiff::Timestamp;

use super::faults::Faults;
use super::world::World;

impl World {
    /// Advances to a time, through all events until then. Time never goes back.
    pub(super) fn advance(&mut self, to: Timestamp) {
        self.go_on();
        while self.now < to {
            self.work();
            let events = [self.next_due(), self.rest.faults.next(), self.next_second()];
            let theirs = self.dialects.iter().map(|dialect| dialect.next_event(self));
            let next = events.into_iter().chain(theirs).flatten().min();
            self.now = next.map_or(to, |next| next.min(to));
            let other_faults = self.rest.faults.pass(self.now);
            self.go_on();
            if other_faults {
                self.revision += 1;
                self.changes.rest = true;
                self.dialects.iter().for_each(|dialect| dialect.faults_changed(self));
            }
            self.dialects.iter().for_each(|dialect| dialect.watch(self));
        }
    }

    /// Ends operations that are due, and starts the next operations of what runs without requests.
    fn go_on(&mut self) {
        self.settle();
        while self.step() {
            self.settle();
        }
    }

    /// Lets every dialect take its next steps. True if anything changed.
    fn step(&mut self) -> bool {
        let mut moved = false;
        for dialect in self.dialects.iter() {
            moved |= dialect.go_on(self);
        }
        moved
    }

    /// Changes the set of faults.
    pub(super) fn change_faults<T>(&mut self, change: impl FnOnce(&mut Faults) -> T) -> T {
        self.rest.faults.pass(self.now);
        self.revision += 1;
        let done = change(&mut self.rest.faults);
        self.dialects.iter().for_each(|dialect| dialect.faults_changed(self));
        done
    }
}
