//! The points of a catalogue together: chains, and the newest point that can be restored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::log::LogArchive;
use super::point::{Level, RecoveryPoint, RestoreProof};
use super::record::{RestoreOutcome, RestoreRecord};
use super::tool::{Catalogue, Verdict};

/// The recovery points of one backup, each with another id, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BackupSet {
    points: Vec<RecoveryPoint>,
    /// The archive of the log, where the catalogue has one.
    pub log: Option<LogArchive>,
    /// The recorded restores, oldest first, also of points that the catalogue no longer has.
    pub restores: Vec<RestoreRecord>,
}

/// A point that cannot be restored because of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenChain {
    /// The point.
    pub id: String,
    /// Points of its chain that are missing, incomplete or damaged.
    pub lacks: Vec<String>,
}

impl From<Catalogue> for BackupSet {
    fn from(catalogue: Catalogue) -> Self {
        let mut by_id: BTreeMap<String, RecoveryPoint> = BTreeMap::new();
        // Of two copies, in two repositories, one is enough.
        for point in catalogue.points {
            let is_better = |known: &RecoveryPoint| !known.is_complete() && point.is_complete();
            if by_id.get(&point.id).is_none_or(is_better) {
                by_id.insert(point.id.clone(), point);
            }
        }
        let mut points: Vec<RecoveryPoint> = by_id.into_values().collect();
        points.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Self { points, log: catalogue.log, restores: Vec::new() }
    }
}

impl BackupSet {
    /// The set as it was at this time: without points that ended, or have data of, a later one.
    #[must_use]
    pub fn until(mut self, time: Timestamp) -> Self {
        self.points.retain(|point| point.at <= time && point.finished.is_none_or(|end| end <= time));
        // Segments have names and not times here: a log that ends later is no proof of an earlier end.
        self.log = self.log.filter(|log| log.newest <= time);
        self
    }

    /// The set with what runs have restored of it until this time: points that were restored have the highest level,
    /// and those that a restore found damaged are not chosen again. Of several restores of a point the newest counts.
    #[must_use]
    pub fn with_restores(mut self, records: &[RestoreRecord], until: Timestamp) -> Self {
        self.restores = records.iter().filter(|record| record.at <= until).cloned().collect();
        for point in &mut self.points {
            let newest = self.restores.iter().rev().find(|record| record.point == point.id);
            match newest {
                Some(RestoreRecord { outcome: RestoreOutcome::Damaged { .. }, .. }) => point.damaged = true,
                Some(record) if record.is_proof() && point.level >= Level::Complete => {
                    point.level = Level::Restored;
                    point.proof = Some(RestoreProof { at: record.at, run: record.run.clone() });
                }
                _ => {}
            }
        }
        self
    }

    /// The newest successful restore, of any point.
    pub fn last_proof(&self) -> Option<&RestoreRecord> {
        self.restores.iter().rev().find(|record| record.is_proof())
    }

    /// The same for data that were damaged after this time: a log that may hold the damage is not replayed.
    #[must_use]
    pub fn before(self, damage: Timestamp) -> Self {
        let set = self.until(damage);
        if set.log.is_none() { set.without_log() } else { set }
    }

    /// The set for restores that replay no more of the log than their points need.
    fn without_log(mut self) -> Self {
        self.points.iter_mut().for_each(|point| point.is_last = true);
        self.log = None;
        self
    }

    /// The points, oldest first.
    pub fn points(&self) -> &[RecoveryPoint] {
        &self.points
    }

    /// The point with this id.
    pub fn point(&self, id: &str) -> Option<&RecoveryPoint> {
        self.points.iter().find(|point| point.id == id)
    }

    /// Raises and lowers points after a verification by the tool.
    pub fn judge(&mut self, verdict: &Verdict) {
        let Verdict::Judged { sound, damaged, .. } = verdict else { return };
        for point in &mut self.points {
            if damaged.contains(&point.id) {
                point.damaged = true;
            } else if sound.contains(&point.id) && point.level == Level::Complete {
                point.level = Level::Checked;
            }
        }
    }

    /// The ids of the points that can be restored: each is complete, and so are all that it needs. Points that need
    /// each other in a circle are not among them.
    pub fn usable(&self) -> BTreeSet<&str> {
        let at: HashMap<&str, usize> = self.points.iter().enumerate().map(|(at, one)| (one.id.as_str(), at)).collect();
        let mut waiting = vec![0_usize; self.points.len()];
        let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); self.points.len()];
        for (own, point) in self.points.iter().enumerate() {
            for need in &point.needs {
                waiting[own] += 1;
                // A need that is not in the catalogue is never met.
                if let Some(need) = at.get(need.as_str()) {
                    needed_by[*need].push(own);
                }
            }
        }
        let mut ready: Vec<usize> = (0..self.points.len()).filter(|at| waiting[*at] == 0).collect();
        let mut usable = BTreeSet::new();
        while let Some(own) = ready.pop() {
            if !self.points[own].is_complete() {
                continue;
            }
            usable.insert(self.points[own].id.as_str());
            for dependent in &needed_by[own] {
                waiting[*dependent] -= 1;
                if waiting[*dependent] == 0 {
                    ready.push(*dependent);
                }
            }
        }
        usable
    }

    /// The newest point that can be restored and is proven to this level.
    pub fn newest(&self, level: Level) -> Option<&RecoveryPoint> {
        let usable = self.usable();
        self.points.iter().rev().find(|point| point.level >= level && usable.contains(point.id.as_str()))
    }

    /// The set without its newest usable point, and without the log, which goes on behind it.
    #[must_use]
    pub fn without_newest(mut self) -> Self {
        let newest = self.newest(Level::Complete).map(|point| point.id.clone());
        self.points.retain(|point| Some(&point.id) != newest.as_ref());
        self.without_log()
    }

    /// The ids of a point's chain: itself and all that it needs, as far as the catalogue has them.
    pub fn chain(&self, id: &str) -> BTreeSet<&str> {
        let mut chain = BTreeSet::new();
        let mut open = vec![id];
        while let Some(point) = open.pop().and_then(|id| self.point(id)) {
            if chain.insert(point.id.as_str()) {
                open.extend(point.needs.iter().map(String::as_str).filter(|need| self.point(need).is_some()));
            }
        }
        chain
    }

    /// The complete points that cannot be restored because of others.
    pub fn broken_chains(&self) -> Vec<BrokenChain> {
        let usable = self.usable();
        let is_broken = |point: &&RecoveryPoint| point.is_complete() && !usable.contains(point.id.as_str());
        let broken = |point: &RecoveryPoint| {
            let chain = self.chain(&point.id);
            let of_chain = chain.iter().filter_map(|id| self.point(id));
            let needs = of_chain.flat_map(|point| &point.needs);
            let lacks: BTreeSet<&String> =
                needs.filter(|need| !self.point(need).is_some_and(RecoveryPoint::is_complete)).collect();
            BrokenChain { id: point.id.clone(), lacks: lacks.into_iter().cloned().collect() }
        };
        self.points.iter().filter(is_broken).map(broken).collect()
    }
}
