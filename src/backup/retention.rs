//! Retention: the points that a tool keeps, and with them everything that they need.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::age::age;
use super::set::BackupSet;

/// The ids of the points that a retention of this length keeps: those that are younger, the newest one that is older,
/// and all that these need. The older one stays because data of the whole length must be restorable.
pub fn kept(set: &BackupSet, keep: Duration, now: Timestamp) -> BTreeSet<&str> {
    let mut kept = BTreeSet::new();
    let usable = set.usable();
    let is_old = |at: Timestamp| age(now, at) > keep;
    let young = set.points().iter().filter(|point| !is_old(point.at));
    let oldest_needed = set.points().iter().rev().find(|point| is_old(point.at) && usable.contains(point.id.as_str()));
    for point in young.chain(oldest_needed) {
        kept.extend(set.chain(&point.id));
    }
    kept
}
