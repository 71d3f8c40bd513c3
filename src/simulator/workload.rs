//! A workload: clients that write numbered rows through the public name of a system, and the account of what came of each.
//!
//! It costs nothing while there is none, and little while there is: a second is a few additions, unless the world has changed in it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::clients::{Client, Seen};
use super::ledger::{Ledger, union};
use super::world::World;
use crate::address::ArmId;
use crate::kinds::Kept;

/// How many groups of clients there are, each with its own age of what it knows from DNS.
const GROUPS: u64 = 4;

/// What clients do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The host or URL that they write to.
    pub front: String,
    /// Objects of the stores that each row is written to. What several of them say of one store counts once, and an object that keeps no rows is
    /// passed over.
    pub stores: Vec<ArmId>,
    /// Rows a second; at least one.
    pub rate: u64,
}

/// A workload under way, or over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Work {
    asked: Workload,
    /// The host of the front.
    host: String,
    began: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
    /// How many seconds have been gone through.
    seconds: u64,
    clients: Vec<Client>,
    ledgers: BTreeMap<String, Ledger>,
    /// The first and the last second in which rows were refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<(u64, u64)>,
}

/// What has come of a workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tally {
    /// The host or URL that clients write to.
    pub front: String,
    /// Rows a second.
    pub rate: u64,
    /// When it began.
    pub began: Timestamp,
    /// Up to when it is counted.
    pub until: Timestamp,
    /// Whether it goes on.
    pub running: bool,
    /// Rows that a client was told had been written.
    pub written: u64,
    /// Those of them that some store no longer has, because a role was moved before they had been passed on.
    pub lost: u64,
    /// Rows that were written a second time, because a client did not hear that they had been taken.
    pub doubled: u64,
    /// Rows that a region took after another one had taken its place.
    pub split: u64,
    /// Rows that nobody took.
    pub refused: u64,
    /// Seconds for which the worst-off clients had no service.
    pub downtime_seconds: u64,
    /// Seconds of rows that are lost, in the worst-off store.
    pub lost_seconds: f64,
    /// When rows were first refused.
    pub first_refused: Option<Timestamp>,
    /// Up to when rows were refused.
    pub last_refused: Option<Timestamp>,
    /// The stores.
    pub stores: Vec<StoreTally>,
}

/// What has come of a workload in one store.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoreTally {
    /// Its name.
    pub name: String,
    /// The regions that believe that they take writes.
    pub writers: Vec<String>,
    /// The regions that follow, each with the seconds by which it is behind, as last heard.
    pub behind: BTreeMap<String, f64>,
    /// Rows that it no longer has.
    pub lost: u64,
    /// Seconds of rows that it no longer has.
    pub lost_seconds: f64,
    /// Rows that it has twice.
    pub doubled: u64,
    /// Rows that are in a region that had been replaced.
    pub split: u64,
}

impl Work {
    fn new(mut asked: Workload, now: Timestamp) -> Self {
        asked.rate = asked.rate.max(1);
        let url = Url::parse(&asked.front).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = url.unwrap_or_else(|| asked.front.clone()).to_ascii_lowercase();
        let groups = GROUPS.min(asked.rate);
        let share = |group| asked.rate / groups + u64::from(group < asked.rate % groups);
        let clients = (0..groups).map(|group| Client::new(share(group))).collect();
        Self { asked, host, began: now, ended: None, seconds: 0, clients, ledgers: BTreeMap::new(), refused: None }
    }

    /// Passes on to a region everything that a store has accepted.
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
        let mut work = Work::new(workload, self.now);
        for kept in self.stores_of(&work) {
            let shares: Vec<u64> = work.clients.iter().map(|client| client.share).collect();
            work.ledgers.entry(kept.name.clone()).or_default().follow_roles(&kept, &shares);
        }
        self.rest.work = Some(work);
        self.sight.work = Seen::default();
    }

    pub(super) fn stop_work(&mut self) -> bool {
        let now = self.now;
        let running = self.rest.work.as_mut().filter(|work| work.ended.is_none());
        running.map(|work| work.ended = Some(now)).is_some()
    }

    /// When the next second of the workload begins.
    pub(super) fn next_second(&self) -> Option<Timestamp> {
        let work = self.rest.work.as_ref().filter(|work| work.ended.is_none())?;
        Some(work.after(work.seconds))
    }

    /// Goes through the second of the workload that begins now, if one does.
    pub(super) fn work(&mut self) {
        if self.next_second().is_none_or(|beginning| beginning > self.now) {
            return;
        }
        let Some(mut work) = self.rest.work.take() else { return };
        let mut seen = std::mem::take(&mut self.sight.work);
        if seen.revision != Some(self.revision) {
            self.look_at_names();
            seen = Seen::new(self.revision, self.stores_of(&work));
        }
        self.second(&mut work, &mut seen);
        self.sight.work = seen;
        self.rest.work = Some(work);
        self.changes.rest = true;
    }

    fn second(&self, work: &mut Work, seen: &mut Seen) {
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
            client.ask(self, &work.host, second, (number as u64, groups));
            let found = client.find(self, number, seen);
            refused |= !client.write(found, (number, second), &mut ledgers, self.seed, is_dark);
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

    /// What the stores of a workload say of themselves, each once.
    fn stores_of(&self, work: &Work) -> Vec<Kept> {
        let mut all: Vec<Kept> = Vec::new();
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

    /// By how many seconds a region is behind the writer of a store, as it would say, while a workload writes to that.
    pub fn ledger_lag(&self, store: &str, region: &str) -> Option<f64> {
        let work = self.rest.work.as_ref().filter(|work| work.ended.is_none())?;
        work.ledgers.get(store)?.behind(region)
    }

    /// What has come of the workload.
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
            downtime_seconds: clients.iter().map(|client| client.down).max().unwrap_or(0),
            lost_seconds: stores.iter().map(|store| store.lost_seconds).fold(0.0, f64::max),
            first_refused: work.refused.map(|(first, _)| work.after(first)),
            last_refused: work.refused.map(|(_, last)| work.after(last + 1)),
            stores,
        })
    }
}
