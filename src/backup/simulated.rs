//! The catalogue of a backup in a simulated world: one that was always made on time, since the world began.

use std::time::Duration;

use jiff::Timestamp;

use super::log::LogArchive;
use super::point::{PointBytes, PointKind, RecoveryPoint};
use super::tool::Catalogue;

/// The schedule of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The interval of full copies.
    pub every: Duration,
    /// The interval of copies of changes between them.
    pub increments: Option<Duration>,
    /// The interval at which the log is archived.
    pub log: Option<Duration>,
    /// The age to which copies are kept; `None`: all are.
    pub keep: Option<Duration>,
}

impl Schedule {
    /// The longest time between two moments that can be restored.
    pub fn interval(&self) -> Duration {
        [self.log, self.increments].into_iter().flatten().fold(self.every, Duration::min)
    }
}

/// Full copies of a simulated catalogue at most: the newest ones.
const FULL_COPIES: u32 = 60;
/// Copies of changes after one full copy at most: the newest ones.
const INCREMENTS: u32 = 200;
/// The time that a simulated backup takes.
const RUN: Duration = Duration::from_secs(60);
/// The sizes of a simulated backup.
const RESTORED: u64 = 40_000_000_000;
const STORED: u64 = 16_000_000_000;
const CHANGED: u64 = 800_000_000;
/// Bytes of log per second.
const LOGGED: u64 = 20_000;

/// The catalogue of a backup that was made at every time of its schedule between two moments, the end of a run not
/// after the second. The first one is made at the beginning. Points that need no other one are of this kind.
pub fn simulated(schedule: &Schedule, whole: PointKind, began: Timestamp, until: Timestamp) -> Catalogue {
    let Some(passed) = until.checked_sub(RUN).ok().and_then(|last| between(began, last)) else {
        return Catalogue::default();
    };
    let count = times(passed, schedule.every);
    let of_keep = schedule.keep.map_or(FULL_COPIES, |keep| times(keep, schedule.every).saturating_add(2));
    let first = (count + 1).saturating_sub(of_keep.min(FULL_COPIES));
    let mut points: Vec<RecoveryPoint> = Vec::new();
    let at = |from: Timestamp, interval: Duration, times: u32| from.checked_add(interval.saturating_mul(times)).ok();
    for number in first..=count {
        let Some(full) = at(began, schedule.every, number) else { break };
        let full_id = format!("{}F", full.strftime("%Y%m%d-%H%M%S"));
        points.push(point(&full_id, whole, full, STORED, Vec::new()));
        let Some(interval) = schedule.increments.filter(|interval| *interval < schedule.every) else { continue };
        let rest = between(full, until.checked_sub(RUN).unwrap_or(until)).unwrap_or_default();
        let within = times(rest.min(schedule.every.saturating_sub(Duration::from_secs(1))), interval);
        let mut before = None;
        for number in within.saturating_sub(INCREMENTS - 1).max(1)..=within {
            let Some(time) = at(full, interval, number) else { break };
            let id = format!("{full_id}_{}I", time.strftime("%Y%m%d-%H%M%S"));
            let needs = [Some(full_id.clone()), before.replace(id.clone())].into_iter().flatten().collect();
            points.push(point(&id, PointKind::Incremental, time, STORED.saturating_add(CHANGED), needs));
        }
    }
    let log = schedule.log.and_then(|interval| {
        let newest = at(began, interval, times(between(began, until)?, interval))?;
        let since = points.last().map_or(began, |point| point.at);
        let bytes = between(since, newest).unwrap_or_default().as_secs().saturating_mul(LOGGED);
        Some(LogArchive { newest, unbroken_from: None, sizes: [(LOG.to_owned(), bytes)].into() })
    });
    Catalogue { points, log }
}

/// The name of the simulated log.
const LOG: &str = "log";

fn point(id: &str, kind: PointKind, at: Timestamp, stored: u64, needs: Vec<String>) -> RecoveryPoint {
    RecoveryPoint {
        finished: at.checked_add(RUN).ok(),
        bytes: PointBytes { repository: Some(stored), restored: Some(RESTORED) },
        log_from: Some(LOG.to_owned()),
        needs,
        ..RecoveryPoint::new(id, kind, at)
    }
}

fn between(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

/// How often an interval fits into a time.
fn times(time: Duration, interval: Duration) -> u32 {
    let fits = time.as_secs() / interval.as_secs().max(1);
    u32::try_from(fits).unwrap_or(u32::MAX - 1)
}
