//! Health probes over the public network on simulated time, such as Traffic Manager's probes of its endpoints.
//!
//! A probe is an event of the world, like the end of an operation, so no background task is needed. While the world
//! does not change, health does not change either, and probes are skipped.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::network::Destination;
use super::world::World;
use crate::address::ArmId;
use crate::kinds::ProbeSettings;

/// Seconds between probes before the first probe has read the object's settings.
const USUAL: u32 = 10;

/// The probe state of one monitored object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Monitor {
    /// Seconds between two probes.
    interval: u32,
    /// The number of consecutive failed probes.
    failed: u32,
    /// The timeout of the current probe, if its failure makes the object unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
    /// The revision of the world at which a further probe would have the same result.
    #[serde(skip)]
    settled: Option<u64>,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { interval: USUAL, failed: 0, due: None, settled: None }
    }
}

impl World {
    /// The time at which the next probe is sent or times out, of those that may have a new result.
    pub(super) fn next_probe(&self) -> Option<Timestamp> {
        self.watched().filter_map(|id| self.next_probe_of(id)).min()
    }

    fn next_probe_of(&self, id: &str) -> Option<Timestamp> {
        let usual = Monitor::default();
        let monitor = self.rest.monitors.get(id).unwrap_or(&usual);
        let sent = (monitor.settled != Some(self.revision)).then(|| self.probe_after(id, monitor.interval, self.now));
        [monitor.due.filter(|due| *due > self.now), sent].into_iter().flatten().min()
    }

    /// The first probe time of an object after `time`. Each object has its own offset.
    fn probe_after(&self, id: &str, interval: u32, time: Timestamp) -> Timestamp {
        let interval = i64::from(interval.max(1));
        let phase = self.seed.stream(&[id, "probe"]).below(interval.unsigned_abs()).cast_signed();
        let ahead = interval - (time.as_second() - phase).rem_euclid(interval);
        Timestamp::from_second(time.as_second() + ahead).unwrap_or(Timestamp::MAX)
    }

    /// Sends the probes due now, and applies the timeouts that are due.
    pub(super) fn watch(&mut self) {
        let watched: Vec<String> = self.watched().cloned().collect();
        for id in watched {
            let monitor = self.rest.monitors.get(&id).cloned().unwrap_or_default();
            if monitor.due.is_some_and(|due| due <= self.now) {
                self.show_health(&id, Some(false));
                self.rest.monitors.insert(id.clone(), Monitor { due: None, ..monitor.clone() });
                self.changes.rest = true;
            }
            let just_before = self.now - SignedDuration::from_nanos(1);
            if monitor.settled != Some(self.revision)
                && self.probe_after(&id, monitor.interval, just_before) == self.now
            {
                self.probe(&id);
            }
        }
    }

    fn probe(&mut self, id: &str) {
        let Some(object) = self.object(id).map(|object| object.id.clone()) else { return };
        let how = self.hook(id, |simulated| simulated.watched).and_then(|watched| (watched.how)(self, &object));
        let mut monitor = self.rest.monitors.remove(id).unwrap_or_default();
        match how {
            None => monitor = Monitor::default(),
            Some(watch) => self.judge(&object, &watch, &mut monitor),
        }
        // A pending timeout has yet to be applied, and an object that can still become unhealthy needs more probes.
        let known = monitor.due.is_none() && (monitor.failed == 0 || self.is_shown_ill(id, &monitor));
        monitor.settled = known.then_some(self.revision);
        self.rest.monitors.insert(id.to_owned(), monitor);
        self.changes.rest = true;
    }

    fn judge(&mut self, id: &ArmId, watch: &ProbeSettings, monitor: &mut Monitor) {
        monitor.interval = watch.interval.max(1);
        let well = self.answers_probe(watch);
        if well != Some(false) {
            (monitor.failed, monitor.due) = (0, None);
            self.show_health(&id.folded(), well);
            return;
        }
        monitor.failed = monitor.failed.saturating_add(1);
        if monitor.failed == watch.tolerated + 1 {
            monitor.due = Some(self.now + SignedDuration::from_secs(i64::from(watch.timeout)));
        }
    }

    fn is_shown_ill(&self, id: &str, monitor: &Monitor) -> bool {
        let Some(object) = self.object(id) else { return true };
        let how = self.hook(id, |simulated| simulated.watched).and_then(|watched| (watched.how)(self, &object.id));
        how.is_none_or(|watch| monitor.failed > watch.tolerated + 1)
    }

    /// True where a host gives a healthy answer; `None` for one outside this world. A working application does: the
    /// simulator does not know it.
    fn answers_probe(&mut self, watch: &ProbeSettings) -> Option<bool> {
        self.refresh_names();
        let is_healthy = |status: u16| match watch.healthy.as_slice() {
            [] => status == 200,
            ranges => ranges.iter().any(|(least, most)| (*least..=*most).contains(&status)),
        };
        let found = match self.rest.faults.web(&watch.host) {
            Some(status) => Destination::Told(status),
            None => match self.resolve(&watch.host, 0.0) {
                Ok((name, _)) => self.served(&name),
                Err(_) => return Some(false),
            },
        };
        match found {
            Destination::Served(_) => Some(true),
            Destination::Told(status) => Some(status.is_some_and(is_healthy)),
            Destination::Unserved => Some(is_healthy(503)),
            Destination::Dark(_) | Destination::Refused(_) => Some(false),
            Destination::Outside => None,
        }
    }

    fn show_health(&mut self, id: &str, well: Option<bool>) {
        let Some(object) = self.object(id).map(|object| object.id.clone()) else { return };
        if let Some(watched) = self.hook(id, |simulated| simulated.watched) {
            (watched.show)(self, &object, well);
        }
    }
}
