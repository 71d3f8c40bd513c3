//! The recovery point objective: the data loss of a restore now, and the one that a schedule promises.

use std::time::Duration;

use jiff::Timestamp;

use super::point::{Level, RecoveryPoint};
use super::set::BackupSet;
use super::simulated::Schedule;

/// The data that a restore would bring back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataAge<'a> {
    /// The point that the restore starts from.
    pub point: &'a RecoveryPoint,
    /// The time of the data after the log was replayed.
    pub as_of: Timestamp,
    /// Bytes of log that are replayed.
    pub log_bytes: u64,
}

/// The time that has passed; none where the clock of a backup is ahead.
pub fn age(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// The newest data that can be restored from points of this level: those of the newest point, or those at the end of
/// the log where it has no gap behind that point.
pub fn data_age(set: &BackupSet, level: Level) -> Option<DataAge<'_>> {
    set.newest(level).map(|point| data_of(set, point))
}

/// The data that a restore of this point of the set brings back, with the log behind it.
pub fn data_of<'a>(set: &BackupSet, point: &'a RecoveryPoint) -> DataAge<'a> {
    let replayed = set.log.as_ref().zip(point.log_from.as_deref()).filter(|(log, from)| log.reaches_back_to(from));
    let (as_of, log_bytes) = match replayed {
        Some((log, from)) => (log.newest.max(point.at), log.bytes_from(from)),
        None => (point.at, 0),
    };
    DataAge { point, as_of, log_bytes }
}

/// The data of the usable points before this one, newest first.
pub fn data_before<'a>(set: &'a BackupSet, point: &str) -> Vec<DataAge<'a>> {
    let usable = set.usable();
    let before = set.points().iter().rev().skip_while(|one| one.id != point).skip(1);
    before.filter(|one| usable.contains(one.id.as_str())).map(|one| data_of(set, one)).collect()
}

/// The greatest age of data that a schedule permits while every run succeeds: the interval between runs, the longest
/// run, and the lag of a copy to another place.
pub fn promised(schedule: &Schedule, longest_run: Duration, copy_lag: Duration) -> Duration {
    schedule.interval().saturating_add(longest_run).saturating_add(copy_lag)
}
