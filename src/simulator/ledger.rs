//! The rows of each store: the authoritative history, each follower's replication progress, and the lost rows.
//!
//! Rows are kept as ranges of the seconds in which they were accepted, for each group of clients. A group writes the
//! same number of rows each second, with consecutive numbers, so a time identifies its rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kinds::StorePlacement;
use crate::kinds::regions::same_region;

/// Rows a second that double the replication lag. An assumption of the simulator; providers publish no figure.
const ROWS_TWICE_AS_SLOW: f64 = 1000.0;

/// The rows of one store.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ledger {
    /// The authoritative write region.
    pub(super) writer: Option<String>,
    /// Every region that acts as a write region.
    pub(super) believers: Vec<String>,
    /// Current and former follower regions.
    followers: BTreeMap<String, Follower>,
    /// The authoritative history, by group of clients.
    line: Vec<Ranges>,
    /// The rows that were accepted and then lost, by group of clients; ranges of row numbers, not of seconds.
    pub(super) lost: Vec<Ranges>,
    pub(super) lost_seconds: f64,
    /// Rows accepted by a region other than the authoritative write region (split brain).
    pub(super) split: u64,
    /// Rows that were written twice.
    pub(super) doubled: u64,
}

/// The replication progress of a follower region.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Follower {
    /// The second up to which the region has replicated all accepted rows, counted from the start.
    upto: f64,
    /// The last known replication lag in seconds.
    behind: f64,
}

/// Ranges in order, each with its start and exclusive end.
pub(super) type Ranges = Vec<(u64, u64)>;

impl Ledger {
    /// Applies a change of write regions. Rows that a new write region has not replicated are lost.
    pub(super) fn follow_roles(&mut self, kept: &StorePlacement, shares: &[u64]) {
        if self.believers == kept.writers {
            return;
        }
        let new = kept.writers.iter().find(|writer| !self.believers.contains(writer));
        let heir = match &self.writer {
            Some(writer) if new.is_none() && kept.writers.contains(writer) => None,
            _ => new.or_else(|| kept.writers.first()),
        };
        let (heir, first) = (heir.cloned(), self.writer.is_none());
        self.believers.clone_from(&kept.writers);
        let Some(heir) = heir else { return };
        let before = self.writer.replace(heir.clone());
        if first || before.as_ref() == Some(&heir) {
            return;
        }
        let upto = self.followers.get(&heir).map_or(0.0, |follower| follower.upto);
        self.cut_off(upto, shares);
        // No follower may be ahead of the new write region. The old one continues from their common history.
        for follower in self.followers.values_mut() {
            follower.upto = follower.upto.min(upto);
        }
        if let Some(before) = before {
            self.followers.insert(before, Follower { upto, behind: 0.0 });
        }
    }

    /// Removes the rows from a second onwards from the history.
    fn cut_off(&mut self, upto: f64, shares: &[u64]) {
        let end = self.newest();
        self.lost.resize(shares.len(), Ranges::new());
        for ((line, lost), share) in self.line.iter_mut().zip(&mut self.lost).zip(shares) {
            // A second that is cut is lost in part: rows arrive evenly.
            let first = (upto * *share as f64).ceil() as u64;
            for (from, to) in line.iter().map(|(from, to)| (from * share, to * share)).filter(|(_, to)| *to > first) {
                lost.push((from.max(first), to));
            }
            let whole = upto.ceil() as u64;
            line.retain(|(from, _)| *from < whole);
            line.iter_mut().for_each(|(_, to)| *to = (*to).min(whole));
        }
        self.lost_seconds += (end - upto).max(0.0);
    }

    /// The second up to which rows are accepted.
    fn newest(&self) -> f64 {
        self.line.iter().filter_map(|line| line.last()).map(|(_, to)| *to).max().unwrap_or(0) as f64
    }

    /// The region that accepts a write from an application in `site`: the same region, or the one behind
    /// the store's name.
    pub(super) fn taker(&self, site: &str, is_dark: impl Fn(&str) -> bool) -> Option<&str> {
        let own = self.believers.iter().find(|believer| same_region(believer, site));
        let writer = self.writer.iter().filter(|writer| self.believers.contains(writer));
        own.into_iter().chain(writer).chain(&self.believers).find(|region| !is_dark(region)).map(String::as_str)
    }

    /// Records rows of a group of clients that a region accepted in this second.
    pub(super) fn accept(&mut self, region: &str, client: usize, second: u64, rows: u64) {
        if self.writer.as_deref() != Some(region) {
            self.split += rows;
            return;
        }
        if self.line.len() <= client {
            self.line.resize(client + 1, Ranges::new());
        }
        match self.line.get_mut(client).map(|line| (line.last_mut(), second)) {
            Some((Some((_, to)), second)) if *to == second => *to += 1,
            _ => self.line.get_mut(client).into_iter().for_each(|line| line.push((second, second + 1))),
        }
    }

    /// True where the history contains the rows of a second.
    pub(super) fn holds(&self, client: usize, second: u64) -> bool {
        self.line.get(client).is_some_and(|line| line.iter().any(|(from, to)| (*from..*to).contains(&second)))
    }

    /// Replicates rows accepted before this second to the followers. Their lag depends on distance and write rate,
    /// plus `further` seconds.
    pub(super) fn replicate(
        &mut self,
        kept: &StorePlacement,
        second: u64,
        rate: u64,
        further: f64,
        is_dark: impl Fn(&str) -> bool,
    ) {
        let Some(writer) = self.writer.as_deref().filter(|writer| !is_dark(writer)) else { return };
        let newest = self.newest();
        for (region, ordinary) in kept.followers.iter().filter(|(region, _)| region != writer) {
            let lag = ordinary * (1.0 + rate as f64 / ROWS_TWICE_AS_SLOW) + further;
            let follower = self.followers.entry(region.clone()).or_default();
            if !is_dark(region) {
                follower.upto = follower.upto.max(second as f64 - lag);
            }
            follower.behind = (newest - follower.upto).max(0.0);
        }
    }

    /// Replicates all rows accepted before this second to a region.
    pub(super) fn pass_on(&mut self, region: &str, second: u64) {
        let follower = self.followers.entry(region.to_owned()).or_default();
        *follower = Follower { upto: second as f64, behind: 0.0 };
    }

    /// The last known replication lag of a region, in seconds.
    pub(super) fn behind(&self, region: &str) -> Option<f64> {
        let follower = self.followers.iter().find(|(name, _)| same_region(name, region));
        follower.map(|(_, follower)| follower.behind).filter(|_| self.writer.as_deref() != Some(region))
    }

    /// The follower regions, each with its replication lag in seconds.
    pub(super) fn distances(&self) -> BTreeMap<String, f64> {
        let others = self.followers.iter().filter(|(region, _)| self.writer.as_ref() != Some(region));
        others.map(|(region, follower)| (region.clone(), (follower.behind * 1000.0).round() / 1000.0)).collect()
    }
}

/// The count of distinct numbers in these ranges.
pub(super) fn union(mut ranges: Ranges) -> u64 {
    ranges.sort_unstable();
    let (mut count, mut end) = (0, 0);
    for (from, to) in ranges {
        count += to.saturating_sub(from.max(end));
        end = end.max(to);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: &[u64] = &[5, 5];

    fn kept(writers: &[&str], followers: &[&str]) -> StorePlacement {
        StorePlacement {
            name: "orders".to_owned(),
            writers: writers.iter().map(|region| (*region).to_owned()).collect(),
            followers: followers.iter().map(|region| ((*region).to_owned(), 2.0)).collect(),
        }
    }

    fn write(ledger: &mut Ledger, kept: &StorePlacement, seconds: std::ops::Range<u64>, dark: &str) {
        for second in seconds {
            ledger.follow_roles(kept, SHARES);
            for client in 0..SHARES.len() {
                if let Some(region) = ledger.taker("east", |region| region == dark).map(str::to_owned) {
                    ledger.accept(&region, client, second, 5);
                }
            }
            ledger.replicate(kept, second + 1, 0, 0.0, |region| region == dark);
        }
    }

    fn lost(ledger: &Ledger) -> u64 {
        ledger.lost.iter().cloned().map(union).sum()
    }

    #[test]
    fn unreplicated_rows_are_lost_once() {
        let mut ledger = Ledger::default();
        write(&mut ledger, &kept(&["east"], &["west"]), 0..60, "");
        assert_eq!(ledger.behind("west"), Some(2.0));
        write(&mut ledger, &kept(&["east"], &["west"]), 60..90, "east");
        assert_eq!(ledger.behind("west"), Some(2.0), "lag stays at its last value");
        write(&mut ledger, &kept(&["west"], &["east"]), 90..120, "east");
        assert_eq!((lost(&ledger), ledger.lost_seconds, ledger.split), (20, 2.0, 0));
        assert!(!ledger.holds(0, 58) && ledger.holds(0, 57) && ledger.holds(1, 90));
    }

    #[test]
    fn replicated_rows_are_never_lost() {
        let mut ledger = Ledger::default();
        write(&mut ledger, &kept(&["east"], &["west"]), 0..60, "");
        ledger.pass_on("west", 60);
        write(&mut ledger, &kept(&["west"], &["east"]), 60..120, "");
        assert_eq!((lost(&ledger), ledger.split), (0, 0));
        ledger.pass_on("east", 120);
        write(&mut ledger, &kept(&["east"], &["west"]), 120..130, "");
        assert_eq!(lost(&ledger), 0, "after failback");
    }

    #[test]
    fn second_write_region_splits_the_rows() {
        let mut ledger = Ledger::default();
        write(&mut ledger, &kept(&["east"], &["west"]), 0..10, "");
        write(&mut ledger, &kept(&["east", "west"], &[]), 10..20, "");
        assert_eq!(ledger.split, 100, "ten seconds of rows written in the east");
        assert_eq!(lost(&ledger), 20);
    }

    #[test]
    fn ranges_are_counted_once() {
        assert_eq!(union(vec![(5, 10), (0, 6), (20, 21), (20, 21)]), 11);
    }
}
