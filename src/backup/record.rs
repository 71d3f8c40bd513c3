//! The record of restores: what a machine restored of a backup, when, and how long each phase took.
//!
//! Runs write it, and a catalogue that is read later is merged with it: a tool knows what it has copied, and not what
//! was ever restored. It is bounded, because a drill each week writes one for each backup.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::launch::Measured;
use super::point::{Level, ManifestBytes};
use crate::address::Address;
use crate::duration::spoken;

/// Restores of each outcome that are kept for a backup.
const KEPT: usize = 10;

/// A restore of one backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreRecord {
    /// The recovery point: the tool's own name for it.
    pub point: String,
    /// The time of the data that the catalogue promised.
    pub promised: Timestamp,
    /// The time of the restored data; `None` where the machine did not report it, or the point is damaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_to: Option<Timestamp>,
    /// The end of the restore.
    pub at: Timestamp,
    /// The run that restored.
    pub run: String,
    /// The machine that restored; a copy in a drill.
    pub machine: Address,
    /// The type of the machine, on which rates depend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_type: Option<String>,
    /// The image that the machine started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The proof of the point before this restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The outcome.
    pub outcome: RestoreOutcome,
    /// Sizes of the point.
    #[serde(default)]
    pub bytes: ManifestBytes,
    /// Measured phases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<Measured>,
    /// The predicted time in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted: Option<f64>,
    /// The probes of the run, each with its last outcome.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub probes: BTreeMap<Address, bool>,
}

/// The outcome of a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RestoreOutcome {
    /// The machine restored the point, and its own checks passed.
    Restored,
    /// The point cannot be restored.
    Damaged {
        /// The code of the error.
        code: String,
        /// The message of the tool.
        message: String,
    },
}

impl RestoreRecord {
    /// True where the point is proven: it was restored, and no probe of the run failed.
    pub fn is_proof(&self) -> bool {
        self.outcome == RestoreOutcome::Restored && self.probes.values().all(|passed| *passed)
    }

    /// The proof of the point after this restore; `None` where it is damaged.
    pub fn level_after(&self) -> Option<Level> {
        match self.outcome {
            RestoreOutcome::Damaged { .. } => None,
            RestoreOutcome::Restored if self.is_proof() => Some(Level::Restored),
            RestoreOutcome::Restored => self.level,
        }
    }

    /// Seconds by which the restored data are newer than promised; negative where they are older.
    pub fn difference(&self) -> Option<i64> {
        Some(self.restored_to?.duration_since(self.promised).as_secs())
    }

    /// The time of the restored data against the promised one, in words.
    pub fn compared(&self) -> String {
        let span = |seconds: i64| spoken(Duration::from_secs(seconds.unsigned_abs()));
        match self.difference() {
            None => "not reported".to_owned(),
            Some(0) => "as promised".to_owned(),
            Some(older) if older < 0 => format!("{} older than promised", span(older)),
            Some(newer) => format!("{} newer than promised", span(newer)),
        }
    }

    /// The measured time of all phases; `None` where the machine measured none.
    pub fn took(&self) -> Option<Duration> {
        let seconds: f64 = self.measured.iter().map(|phase| phase.seconds.max(0.0)).sum();
        Duration::try_from_secs_f64(seconds).ok().filter(|_| !self.measured.is_empty())
    }

    /// True for a record of the same restore: a run that resumes reads the report of the machine again.
    fn repeats(&self, other: &Self) -> bool {
        (&self.run, &self.machine, &self.point) == (&other.run, &other.machine, &other.point)
    }
}

/// True for an error of a machine that means that the point cannot be restored, whatever the machine: the tool found
/// damage, or the restored data failed their check.
pub fn means_damage(code: &str) -> bool {
    matches!(code, "backup_damaged" | "replay_failed" | "check_failed")
}

/// Adds a restore to those of its backup, oldest first. A repetition takes the place of the first report, and of each
/// outcome the newest are kept.
pub fn keep(records: &mut Vec<RestoreRecord>, mut record: RestoreRecord) {
    if let Some(known) = records.iter().position(|known| known.repeats(&record)) {
        let known = records.remove(known);
        record.probes.extend(known.probes);
    }
    records.push(record);
    records.sort_by_key(|record| record.at);
    let (mut restored, mut damaged) = (0, 0);
    let mut from_newest = records.iter().rev().map(|record| {
        let count = if record.outcome == RestoreOutcome::Restored { &mut restored } else { &mut damaged };
        *count += 1;
        *count <= KEPT
    });
    let mut stays: Vec<bool> = from_newest.by_ref().collect();
    records.retain(|_| stays.pop().unwrap_or(true));
}

/// Notes the outcome of a probe in the restores of its run.
pub fn probed<'a>(
    records: impl IntoIterator<Item = &'a mut RestoreRecord>,
    run: &str,
    (probe, passed): (&Address, bool),
) {
    for record in records.into_iter().filter(|record| record.run == run) {
        record.probes.insert(probe.clone(), passed);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A restore of this point in this run, which ended so many seconds after midnight.
    pub(crate) fn restored(point: &str, run: &str, at: i64) -> RestoreRecord {
        RestoreRecord {
            point: point.to_owned(),
            promised: Timestamp::UNIX_EPOCH,
            restored_to: Some(Timestamp::UNIX_EPOCH),
            at: Timestamp::from_second(at).unwrap(),
            run: run.to_owned(),
            machine: Address::new("machine", "cold"),
            machine_type: Some("large".to_owned()),
            image: None,
            level: Some(Level::Complete),
            outcome: RestoreOutcome::Restored,
            bytes: ManifestBytes::default(),
            measured: Vec::new(),
            predicted: None,
            probes: BTreeMap::new(),
        }
    }

    /// The same for a point that the machine found damaged.
    pub(crate) fn damaged(point: &str, run: &str, at: i64) -> RestoreRecord {
        let outcome = RestoreOutcome::Damaged { code: "backup_damaged".to_owned(), message: "broken".to_owned() };
        RestoreRecord { outcome, restored_to: None, ..restored(point, run, at) }
    }

    #[test]
    fn repeated_report_counts_once_and_the_newest_of_each_outcome_are_kept() {
        let mut records = Vec::new();
        keep(&mut records, damaged("p-0", "r-0", 1));
        for at in 2..20 {
            keep(&mut records, restored(&format!("p-{at}"), &format!("r-{at}"), at));
        }
        probed(&mut records, "r-19", (&Address::new("probe", "cold"), false));
        keep(&mut records, restored("p-19", "r-19", 21));
        assert_eq!(records.len(), KEPT + 1);
        assert_eq!((records[0].point.as_str(), records[1].point.as_str()), ("p-0", "p-10"));
        let last = records.last().unwrap();
        assert!(!last.is_proof(), "a failed probe is not forgotten when the machine's report is read again");
        probed(&mut records, "r-19", (&Address::new("probe", "cold"), true));
        assert!(records.last().unwrap().is_proof());
    }
}
