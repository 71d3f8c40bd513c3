//! Findings that follow from a catalogue together with the record of restores: proof, retention, growth, and the age of
//! what a machine starts from.

use std::time::Duration;

use jiff::Timestamp;

use super::age::{DataAge, age};
use super::point::Level;
use super::record::RestoreRecord;
use super::set::BackupSet;
use super::terms::{BackupFinding, FindingWeight, Terms};
use crate::duration::spoken;

/// The age at which an image is old: two quarters without an update of its tools.
const IMAGE_AGE: Duration = Duration::from_secs(180 * 24 * 3600);
/// The shortest time after which a backup that has not ended counts as failed.
const PATIENCE: Duration = Duration::from_secs(3600);

fn attention(code: &'static str, what: String, help: &'static str) -> BackupFinding {
    BackupFinding { code, weight: FindingWeight::Warning, what, help }
}

/// Everything that this module finds.
pub(super) fn all(set: &BackupSet, data: &DataAge<'_>, terms: &Terms, now: Timestamp) -> Vec<BackupFinding> {
    let found = [
        proof(set, terms, now),
        unserved(set),
        only_listed(set, terms, now),
        expiring(set, data, terms, now),
        gone_early(set, terms, now),
        grown(set, data),
        slow(set, terms),
    ];
    found.into_iter().flatten().collect()
}

/// The proof that the backup can be restored: the time of the last test counts, and not that of its data.
fn proof(set: &BackupSet, terms: &Terms, now: Timestamp) -> Option<BackupFinding> {
    let limit = terms.verified?;
    let (code, what) = match set.last_proof() {
        None => ("never-restored", "no point of the catalogue was ever restored".to_owned()),
        Some(record) if age(now, record.at) > limit => {
            let since = spoken(age(now, record.at));
            let what = format!("the last successful restore was {since} ago; the limit is {}", spoken(limit));
            ("not-verified", what)
        }
        Some(_) => return None,
    };
    let help = "Restore the newest point with `drplan backup verify`: a backup counts once it was restored.";
    Some(attention(code, what, help))
}

/// The last restore ended, and did not serve.
fn unserved(set: &BackupSet) -> Option<BackupFinding> {
    let last = set.restores.last()?;
    let (probe, _) = last.probes.iter().find(|(_, passed)| !**passed)?;
    let what = format!("point {} was restored, and {probe} failed in run {}", last.point, last.run);
    Some(attention("probe-failed", what, "Read the report of the run, and what the machine logged."))
}

/// The newest point of all never ended.
fn only_listed(set: &BackupSet, terms: &Terms, now: Timestamp) -> Option<BackupFinding> {
    let newest = set.points().last().filter(|point| point.level < Level::Complete)?;
    let patience = terms.schedule.map_or(PATIENCE, |schedule| PATIENCE.max(schedule.every / 2));
    let old = age(now, newest.at);
    (old > patience).then(|| {
        let what =
            format!("point {} began {} ago and is only listed: nothing shows that it ended", newest.id, spoken(old));
        attention("only-listed", what, "The last run may have failed: read the log of the tool.")
    })
}

/// The oldest point of the chain is about to leave the retention.
fn expiring(set: &BackupSet, data: &DataAge<'_>, terms: &Terms, now: Timestamp) -> Option<BackupFinding> {
    let schedule = terms.schedule?;
    let keep = schedule.keep?;
    let base = set.chain(&data.point.id).into_iter().filter_map(|id| set.point(id)).min_by_key(|point| point.at)?;
    let old = age(now, base.at);
    (base.id != data.point.id && old.saturating_add(schedule.interval()) > keep).then(|| {
        let what = format!(
            "{} needs {}, which is {} old; copies are kept for {}",
            data.point.id,
            base.id,
            spoken(old),
            spoken(keep)
        );
        attention("chain-expiring", what, "Make a full copy, and full copies more often than `keep`.")
    })
}

/// A point that was restored is gone before its time.
fn gone_early(set: &BackupSet, terms: &Terms, now: Timestamp) -> Option<BackupFinding> {
    let keep = terms.schedule?.keep?;
    let is_gone = |record: &&RestoreRecord| set.point(&record.point).is_none() && age(now, record.promised) < keep;
    let gone = set.restores.iter().rev().find(is_gone)?;
    let what = format!(
        "point {} is gone after {}; copies are to be kept for {}",
        gone.point,
        spoken(age(now, gone.promised)),
        spoken(keep)
    );
    Some(attention(
        "retention-short",
        what,
        "Compare `keep` with the retention of the tool and with rules of the repository.",
    ))
}

/// The data have grown so much that the measured times prove little.
fn grown(set: &BackupSet, data: &DataAge<'_>) -> Option<BackupFinding> {
    let (then, now) = (set.last_proof()?.bytes.restored?, data.point.bytes.restored?);
    (now > then.saturating_mul(2)).then(|| {
        let times = now / then.max(1);
        let what = format!("the data are {times} times as large as at the last restore: its times prove little");
        attention("grown", what, "Restore the newest point with `drplan backup verify`, which measures the time anew.")
    })
}

/// The schedule together with the longest run permits older data than the objective.
fn slow(set: &BackupSet, terms: &Terms) -> Option<BackupFinding> {
    let (schedule, rpo) = (terms.schedule?, terms.rpo?);
    // A log goes on while a copy is made.
    let run = match schedule.log {
        Some(_) => Duration::ZERO,
        None => set.points().iter().filter_map(|point| Some(age(point.finished?, point.at))).max().unwrap_or_default(),
    };
    let most = super::age::promised(&schedule, run, Duration::ZERO);
    (most > rpo).then(|| BackupFinding {
        code: "schedule-exceeds-objective",
        weight: if terms.rpo_accepted { FindingWeight::Accepted } else { FindingWeight::Warning },
        what: format!(
            "a run every {} that takes up to {} permits data that are {} old; the RPO is {}",
            spoken(schedule.interval()),
            spoken(run),
            spoken(most),
            spoken(rpo)
        ),
        help: "Make copies more often, archive the log, or set a longer `rpo`.",
    })
}

/// Findings about the image that the machine of a cold site starts from.
pub fn image(set: &BackupSet, machine: &str, image: &str, now: Timestamp) -> Option<BackupFinding> {
    let proofs = || set.restores.iter().rev().filter(|record| record.is_proof());
    let tested = proofs().next()?.image.as_deref()?;
    if tested != image {
        let what = format!("{machine} starts from {image}; the last restore was from {tested}");
        let help = "Restore the newest point with `drplan backup verify`: tools of another image may not read it.";
        return Some(attention("image-untested", what, help));
    }
    let first = proofs().take_while(|record| record.image.as_deref() == Some(image)).last()?;
    let old = age(now, first.at);
    (old > IMAGE_AGE).then(|| {
        let what = format!("{machine} has started from {image} for {}", spoken(old));
        attention("image-old", what, "Build the image anew, with current tools and updates, and verify it.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::launch::ManifestBytes;
    use crate::backup::{Catalogue, PointKind, RecoveryPoint, Schedule, data_age, judge, restore_record};

    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn days(days: u64) -> Duration {
        Duration::from_secs(days * 24 * 3600)
    }

    fn point(id: &str, day: i64, needs: &[&str]) -> RecoveryPoint {
        let needs = needs.iter().map(|need| (*need).to_owned()).collect();
        let finished = Some(at(day * DAY + HOUR));
        let kind = if id.ends_with('F') { PointKind::Full } else { PointKind::Incremental };
        RecoveryPoint { needs, finished, ..RecoveryPoint::new(id, kind, at(day * DAY)) }
    }

    fn terms() -> Terms {
        let schedule = Schedule { every: days(1), increments: None, log: None, keep: Some(days(10)) };
        Terms { schedule: Some(schedule), verified: Some(days(7)), ..Terms::default() }
    }

    fn codes(points: Vec<RecoveryPoint>, records: &[RestoreRecord], terms: &Terms, now: i64) -> Vec<&'static str> {
        let set = BackupSet::from(Catalogue { points, log: None }).with_restores(records, at(now));
        judge(&set, terms, at(now)).findings.into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn age_of_the_restore_test_counts_and_not_that_of_its_data() {
        let points = || vec![point("1F", 1, &[]), point("20F", 20, &[])];
        let now = 20 * DAY + 2 * HOUR;
        let of = |records: &[RestoreRecord]| codes(points(), records, &terms(), now);
        assert_eq!(of(&[]), ["never-restored"]);
        // An old point that was restored yesterday is a test, and a new one that was restored long ago is none.
        assert_eq!(of(&[restore_record("1F", "r-1", 19 * DAY)]), [""; 0]);
        assert_eq!(
            of(&[RestoreRecord { promised: at(20 * DAY), ..restore_record("20F", "r-1", 12 * DAY) }]),
            ["not-verified"]
        );
        let failed = [(crate::address::Address::new("probe", "cold"), false)].into();
        let unserved = RestoreRecord { probes: failed, ..restore_record("20F", "r-2", 19 * DAY) };
        assert_eq!(of(&[unserved]), ["never-restored", "probe-failed"]);
    }

    #[test]
    fn point_that_never_ended_and_chain_at_the_end_of_its_retention_are_found() {
        let listed = RecoveryPoint { level: Level::Listed, ..point("3F", 3, &[]) };
        let terms = Terms { verified: None, ..terms() };
        let of = |points: Vec<RecoveryPoint>, now| codes(points, &[], &terms, now);
        assert_eq!(of(vec![point("2F", 2, &[]), listed.clone()], 3 * DAY + HOUR), [""; 0], "it may be under way");
        assert_eq!(of(vec![point("2F", 2, &[]), listed], 3 * DAY + 13 * HOUR), ["overdue", "only-listed"]);
        let chain = || vec![point("1F", 1, &[]), point("10I", 10, &["1F"])];
        assert_eq!(of(chain(), 10 * DAY + HOUR), ["chain-expiring"]);
        assert_eq!(of(vec![point("1F", 1, &[]), point("8I", 8, &["1F"])], 8 * DAY + HOUR), [""; 0]);
    }

    #[test]
    fn early_removal_growth_and_slow_runs_are_found() {
        let sized = |point: RecoveryPoint, bytes| {
            let bytes = crate::backup::PointBytes { repository: None, restored: Some(bytes) };
            RecoveryPoint { bytes, ..point }
        };
        let record = RestoreRecord {
            promised: at(5 * DAY),
            bytes: ManifestBytes { restored: Some(10), ..ManifestBytes::default() },
            ..restore_record("5F", "r-1", 6 * DAY)
        };
        let of = |bytes| {
            codes(vec![sized(point("9F", 9, &[]), bytes)], std::slice::from_ref(&record), &terms(), 9 * DAY + HOUR)
        };
        assert_eq!(of(21), ["retention-short", "grown"]);
        assert_eq!(of(20), ["retention-short"]);
        let slow = Terms { rpo: Some(days(1)), ..terms() };
        let fast = Terms { rpo: Some(days(1) + Duration::from_secs(3600)), ..terms() };
        let points = || vec![point("9F", 9, &[])];
        let proven = [restore_record("9F", "r-2", 9 * DAY)];
        assert_eq!(codes(points(), &proven, &slow, 9 * DAY + HOUR), ["schedule-exceeds-objective"]);
        assert_eq!(codes(points(), &proven, &fast, 9 * DAY + HOUR), [""; 0]);
    }

    #[test]
    fn image_is_old_after_half_a_year_and_untested_once_it_is_another() {
        let of = |id: &str, time| RestoreRecord {
            image: Some(id.to_owned()),
            ..restore_record("1F", &format!("r-{time}"), time)
        };
        let set = BackupSet::from(Catalogue { points: vec![point("1F", 1, &[])], log: None });
        assert!(data_age(&set, Level::Complete).is_some());
        let records = [of("ami-a", DAY), of("ami-b", 10 * DAY), of("ami-b", 100 * DAY)];
        let code = |id: &str, now| {
            let set = set.clone().with_restores(&records, at(now));
            image(&set, "machine.cold", id, at(now)).map(|finding| finding.code)
        };
        assert_eq!(code("ami-b", 189 * DAY), None);
        assert_eq!(code("ami-b", 191 * DAY), Some("image-old"));
        assert_eq!(code("ami-c", 101 * DAY), Some("image-untested"));
    }
}
