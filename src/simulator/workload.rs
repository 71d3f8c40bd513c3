//! A workload: clients that write numbered rows through the public name of a system, and the count of written
//! and lost rows.
//!
//! Cheap: without a workload it costs nothing, and a second of one costs a few additions unless the world changed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::clients::RowFate;
use super::ledger::{Ledger, union};
use super::rows::{RunningWorkload, Workload, host_of};
use super::sight::{ClientView, Destination};
use super::world::World;
use crate::kinds::StorePlacement;

/// The result of a workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tally {
    /// The host or URL to which clients write.
    pub front: String,
    /// Rows a second.
    pub rate: u64,
    /// The start.
    pub began: Timestamp,
    /// The end of the counted period.
    pub until: Timestamp,
    /// True while the workload runs.
    pub running: bool,
    /// Acknowledged rows.
    pub written: u64,
    /// Acknowledged rows that some store has lost, because a role changed before they were replicated.
    pub lost: u64,
    /// Rows written twice, because a client did not receive the acknowledgement.
    pub doubled: u64,
    /// Rows accepted by a former write region after another one took over (split brain).
    pub split: u64,
    /// Rows that no region accepted.
    pub refused: u64,
    /// Rows that were not sent, because their host is outside the simulated world: neither written nor refused.
    pub not_simulated: u64,
    /// Seconds without service, for the client group with the most.
    pub downtime_seconds: u64,
    /// Seconds of lost rows, in the store with the most.
    pub lost_seconds: f64,
    /// The time of the first refused rows.
    pub first_refused: Option<Timestamp>,
    /// The time up to which rows were refused.
    pub last_refused: Option<Timestamp>,
    /// The data stores.
    pub stores: Vec<StoreTally>,
}

/// The result of a workload in one data store.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoreTally {
    /// Its name.
    pub name: String,
    /// The regions that act as write regions.
    pub writers: Vec<String>,
    /// The follower regions, each with its last known replication lag in seconds.
    pub behind: BTreeMap<String, f64>,
    /// Rows that the store has lost.
    pub lost: u64,
    /// Seconds of rows that the store has lost.
    pub lost_seconds: f64,
    /// Rows that the store has twice.
    pub doubled: u64,
    /// Rows in a former write region (split brain).
    pub split: u64,
}

impl World {
    pub(super) fn start_work(&mut self, workload: Workload) {
        let mut work = RunningWorkload::new(workload, self.now);
        for (_, kept) in self.stores_of(&work) {
            let shares: Vec<u64> = work.clients.iter().map(|client| client.share).collect();
            work.ledgers.entry(kept.name.clone()).or_default().follow_roles(&kept, &shares);
        }
        self.rest.work = Some(work);
        self.sight.work = ClientView::default();
    }

    pub(super) fn stop_work(&mut self) -> bool {
        let now = self.now;
        let running = self.rest.work.as_mut().filter(|work| work.ended.is_none());
        running.map(|work| work.ended = Some(now)).is_some()
    }

    /// True for a host or URL outside this world, as far as its name leads now.
    pub(super) fn is_outside(&mut self, front: &str) -> bool {
        self.refresh_names();
        let found = self.resolve(&host_of(front), 0.0).map(|(name, _)| self.served(&name));
        found == Ok(Destination::Outside)
    }

    /// The start of the workload's next second.
    pub(super) fn next_second(&self) -> Option<Timestamp> {
        let work = self.rest.work.as_ref().filter(|work| work.ended.is_none())?;
        Some(work.after(work.seconds))
    }

    /// Simulates the second of the workload that begins now, if any.
    pub(super) fn work(&mut self) {
        if self.next_second().is_none_or(|beginning| beginning > self.now) {
            return;
        }
        let Some(mut work) = self.rest.work.take() else { return };
        let mut seen = std::mem::take(&mut self.sight.work);
        if seen.revision != Some(self.revision) {
            self.refresh_names();
            seen = ClientView::new(self.revision, self.stores_of(&work));
        }
        self.second(&mut work, &mut seen);
        self.sight.work = seen;
        self.rest.work = Some(work);
        self.changes.rest = true;
    }

    fn second(&self, work: &mut RunningWorkload, seen: &mut ClientView) {
        let second = work.seconds;
        let is_dark = |provider: &str, region: &str| self.rest.faults.is_dark(provider, Some(region));
        let shares: Vec<u64> = work.clients.iter().map(|client| client.share).collect();
        for (_, kept) in &seen.kept {
            work.ledgers.entry(kept.name.clone()).or_default().follow_roles(kept, &shares);
        }
        let groups = shares.len() as u64;
        let first = self.dialect(&Default::default()).name();
        let provider = |store: &String| {
            seen.kept.iter().find(|(_, kept)| kept.name == *store).map_or(first, |(provider, _)| provider)
        };
        let mut ledgers: Vec<(&str, &mut Ledger)> =
            work.ledgers.iter_mut().map(|(store, ledger)| (provider(store), ledger)).collect();
        let mut refused = false;
        for (number, client) in work.clients.iter_mut().enumerate() {
            client.ask(self, &work.host, second, (number as u64, groups), seen);
            let found = client.find(self, number, seen);
            refused |= client.write(found, (number, second), &mut ledgers, self.seed, is_dark) == RowFate::Refused;
        }
        if refused {
            work.refused = Some((work.refused.map_or(second, |(first, _)| first), second));
        }
        for (provider, kept) in &seen.kept {
            if let Some(ledger) = work.ledgers.get_mut(&kept.name) {
                let further = self.rest.faults.store_lag(&kept.name);
                ledger.replicate(kept, second + 1, work.asked.rate, further, |region| is_dark(provider, region));
            }
        }
        work.seconds += 1;
    }

    /// The placement of each store of a workload, once per store, and the name of its provider.
    fn stores_of(&self, work: &RunningWorkload) -> Vec<(&'static str, StorePlacement)> {
        let mut all: Vec<(&'static str, StorePlacement)> = Vec::new();
        for id in &work.asked.stores {
            let Some(object) = self.object(&self.key(id)) else { continue };
            let dialect = self.dialect(&object.provider);
            if let Some(kept) = dialect.keeps(self, object)
                && !all.iter().any(|(_, other)| other.name == kept.name)
            {
                all.push((dialect.name(), kept));
            }
        }
        let machines = self.rest.replicas.values().filter(|replica| replica.is_of(&work.asked.stores));
        all.extend(machines.filter_map(|replica| Some((self.provider_of(replica)?, self.placed(replica)))));
        all
    }

    /// The replication lag that a region reports for a store, in seconds, while a workload writes to the store.
    pub fn ledger_lag(&self, store: &str, region: &str) -> Option<f64> {
        let work = self.rest.work.as_ref().filter(|work| work.ended.is_none())?;
        work.ledgers.get(store)?.behind(region)
    }

    /// The result of the workload.
    pub(super) fn tally(&self) -> Option<Tally> {
        let work = self.rest.work.as_ref()?;
        let clients = &work.clients;
        let lost = |number: usize| {
            let of_each = work.ledgers.values().filter_map(|ledger| ledger.lost.get(number));
            union(of_each.flatten().copied().collect())
        };
        let store = |(name, ledger): (&String, &Ledger)| StoreTally {
            name: name.clone(),
            writers: ledger.believers.clone(),
            behind: ledger.distances(),
            lost: ledger.lost.iter().cloned().map(union).sum(),
            lost_seconds: (ledger.lost_seconds * 1000.0).round() / 1000.0,
            doubled: ledger.doubled,
            split: ledger.split,
        };
        let stores: Vec<StoreTally> = work.ledgers.iter().map(store).collect();
        Some(Tally {
            front: work.asked.front.clone(),
            rate: work.asked.rate,
            began: work.began,
            until: work.ended.unwrap_or_else(|| work.after(work.seconds)),
            running: work.ended.is_none(),
            written: clients.iter().map(|client| client.written).sum(),
            lost: (0..clients.len()).map(lost).sum(),
            doubled: clients.iter().map(|client| client.doubled).sum(),
            split: stores.iter().map(|store| store.split).max().unwrap_or(0),
            refused: clients.iter().map(|client| client.refused).sum(),
            not_simulated: clients.iter().map(|client| client.not_simulated).sum(),
            downtime_seconds: clients.iter().map(|client| client.down).max().unwrap_or(0),
            lost_seconds: stores.iter().map(|store| store.lost_seconds).fold(0.0, f64::max),
            first_refused: work.refused.map(|(first, _)| work.after(first)),
            last_refused: work.refused.map(|(_, last)| work.after(last + 1)),
            stores,
        })
    }
}
