//! A workload: clients that write numbered rows through the public name of a system, and the count of written
//! and lost rows.
//!
//! Cheap: without a workload it costs nothing, and a second of one costs a few additions unless the world changed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::clients::{Client, ClientView, RowFate};
use super::ledger::{Ledger, union};
use super::network::Destination;
use super::world::World;
use crate::address::ArmId;
use crate::kinds::StorePlacement;

/// The number of client groups, each with its own DNS cache.
const GROUPS: u64 = 4;

/// The settings of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The host or URL to which clients write.
    pub front: String,
    /// Objects of the data stores to which each row is written. Several objects of one store count once. Objects that
    /// keep no rows are skipped.
    pub stores: Vec<ArmId>,
    /// Rows a second; at least one.
    pub rate: u64,
}

/// A running or stopped workload.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunningWorkload {
    asked: Workload,
    /// The host of the endpoint.
    host: String,
    began: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
    /// The number of simulated seconds so far.
    seconds: u64,
    clients: Vec<Client>,
    ledgers: BTreeMap<String, Ledger>,
    /// The first and the last second with refused rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<(u64, u64)>,
}

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

/// The host of a host or URL.
fn host_of(front: &str) -> String {
    let url = Url::parse(front).ok().and_then(|url| url.host_str().map(str::to_owned));
    url.unwrap_or_else(|| front.to_owned()).to_ascii_lowercase()
}

impl RunningWorkload {
    fn new(mut asked: Workload, now: Timestamp) -> Self {
        asked.rate = asked.rate.max(1);
        let host = host_of(&asked.front);
        let groups = GROUPS.min(asked.rate);
        let share = |group| asked.rate / groups + u64::from(group < asked.rate % groups);
        let clients = (0..groups).map(|group| Client::new(share(group))).collect();
        Self { asked, host, began: now, ended: None, seconds: 0, clients, ledgers: BTreeMap::new(), refused: None }
    }

    /// Replicates all accepted rows of a store to a region.
    pub(super) fn pass_on(&mut self, store: &str, region: &str) {
        if let Some(ledger) = self.ledgers.get_mut(store) {
            ledger.pass_on(region, self.seconds);
        }
    }

    fn after(&self, seconds: u64) -> Timestamp {
        let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        self.began.checked_add(seconds).unwrap_or(Timestamp::MAX)
    }
}

impl World {
    pub(super) fn start_work(&mut self, workload: Workload) {
        let mut work = RunningWorkload::new(workload, self.now);
        for kept in self.stores_of(&work) {
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
        let is_dark = |region: &str| self.rest.faults.is_dark(region);
        let shares: Vec<u64> = work.clients.iter().map(|client| client.share).collect();
        for kept in &seen.kept {
            work.ledgers.entry(kept.name.clone()).or_default().follow_roles(kept, &shares);
        }
        let groups = shares.len() as u64;
        let mut ledgers: Vec<&mut Ledger> = work.ledgers.values_mut().collect();
        let mut refused = false;
        for (number, client) in work.clients.iter_mut().enumerate() {
            client.ask(self, &work.host, second, (number as u64, groups), seen);
            let found = client.find(self, number, seen);
            refused |= client.write(found, (number, second), &mut ledgers, self.seed, is_dark) == RowFate::Refused;
        }
        if refused {
            work.refused = Some((work.refused.map_or(second, |(first, _)| first), second));
        }
        for kept in &seen.kept {
            if let Some(ledger) = work.ledgers.get_mut(&kept.name) {
                let further = self.rest.faults.store_lag(&kept.name);
                ledger.replicate(kept, second + 1, work.asked.rate, further, is_dark);
            }
        }
        work.seconds += 1;
    }

    /// The placement of each store of a workload, once per store.
    fn stores_of(&self, work: &RunningWorkload) -> Vec<StorePlacement> {
        let mut all: Vec<StorePlacement> = Vec::new();
        for id in &work.asked.stores {
            let folded = id.folded();
            let kept = self.hook(&folded, |simulated| simulated.keeps).and_then(|keeps| keeps(self, id));
            if let Some(kept) = kept
                && !all.iter().any(|other| other.name == kept.name)
            {
                all.push(kept);
            }
        }
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
