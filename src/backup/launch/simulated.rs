//! A machine that restores in a simulated world: its report at a time, by the sizes in its manifest.

use std::time::Duration;

use jiff::Timestamp;

use super::manifest::{Manifest, ManifestItem};
use super::status::{Measured, ReportedPhase, RestoreError, RestoreReport};
use crate::backup::{Prediction, Rates};

/// Seconds from the launch of a machine to its first report.
const BOOT: u64 = 45;
/// A machine looks so often for a key, in seconds.
const LOOKS: u64 = 5;

/// A simulated machine.
#[derive(Debug, Clone, Copy)]
pub struct SimulatedLaunch<'a> {
    /// The run in its user data.
    pub run: &'a str,
    /// Its id, from which its key follows.
    pub machine: &'a str,
    /// The time of its launch.
    pub at: Timestamp,
    /// The time at which a key was released.
    pub released: Option<Timestamp>,
}

/// The newest report of a machine at this time; `None` before its first one. Restores run at the rates of their world,
/// and a damaged point is noticed at their end.
pub fn report(
    manifest: &Manifest,
    launch: &SimulatedLaunch<'_>,
    now: Timestamp,
    is_damaged: impl Fn(&ManifestItem) -> bool,
    rates: impl Fn(&ManifestItem) -> Rates,
) -> Option<RestoreReport> {
    let booted = after(launch.at, Duration::from_secs(BOOT))?;
    // A machine goes on counting after it was started again.
    let first = u64::try_from(launch.at.as_second()).unwrap_or_default();
    let said = |sequence: u64, at, phase| RestoreReport {
        format: 1,
        run: launch.run.to_owned(),
        boot_id: launch.machine.to_owned(),
        sequence: first + sequence,
        at,
        phase,
        item: None,
        percent: None,
        backup: None,
        restored_to: None,
        key_request: None,
        measured: Vec::new(),
        error: None,
    };
    if now < booted {
        return None;
    }
    let mut begins = booted;
    if manifest.items.iter().any(|item| item.needs_key.is_some()) {
        let waits = said(2, booted, ReportedPhase::WaitingForKey);
        let waits = RestoreReport { key_request: Some(public_key(launch.machine)), ..waits };
        match launch.released.and_then(|at| after(at.max(booted), Duration::from_secs(LOOKS))) {
            Some(at) if at <= now => begins = at,
            _ => return Some(waits),
        }
    }
    let mut measured = Vec::new();
    let mut sequence = 3;
    for item in &manifest.items {
        let course = item.prediction(&rates(item));
        let takes = course.as_ref().map(Prediction::total).unwrap_or_default();
        let ends = after(begins, takes)?;
        if now < ends {
            let restoring = said(sequence, begins, ReportedPhase::Restoring);
            let backup = item.select.backup.clone();
            return Some(RestoreReport { item: Some(item.name.clone()), backup, measured, ..restoring });
        }
        if is_damaged(item) {
            let message = "the checksum of a file does not match".to_owned();
            let error = RestoreError { code: "backup_damaged".to_owned(), message, retry: false };
            let failed = said(sequence + 1, ends, ReportedPhase::Failed);
            let (item, backup) = (Some(item.name.clone()), item.select.backup.clone());
            return Some(RestoreReport { item, backup, measured, error: Some(error), ..failed });
        }
        let bytes = item.bytes.and_then(|bytes| bytes.restored);
        // Tools read and write at the same time, whichever takes longer.
        let phase = |name: &str| if name == "fetching" { "restoring".to_owned() } else { name.to_owned() };
        measured.extend(course.iter().flat_map(|course| &course.phases).map(|one| Measured {
            phase: phase(one.name),
            seconds: one.time.as_secs_f64(),
            bytes: bytes.filter(|_| one.name != "replaying"),
        }));
        (begins, sequence) = (ends, sequence + 1);
    }
    let ready = said(sequence, begins, ReportedPhase::Ready);
    Some(RestoreReport { restored_to: manifest.recovery_point(), measured, ..ready })
}

fn after(at: Timestamp, time: Duration) -> Option<Timestamp> {
    at.checked_add(time).ok()
}

/// A public key of the form that age has, which is nobody's.
fn public_key(machine: &str) -> String {
    let letters: String = machine.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    let all = letters.chars().chain("simulated".chars()).cycle();
    std::iter::once("age1".to_owned()).chain(all.take(58).map(String::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::launch::{ManifestBytes, ManifestItem, RestoreFollower, Selected, Taken};

    fn item(name: &str, needs_key: Option<&str>, recovery_point: &str) -> ManifestItem {
        ManifestItem {
            name: name.to_owned(),
            order: 0,
            tool: "restic".to_owned(),
            repository: "s3:vault".to_owned(),
            stanza: None,
            select: Selected::default(),
            recovery_point: recovery_point.parse().unwrap(),
            verified: None,
            bytes: Some(ManifestBytes { repository: Some(1), restored: Some(125 << 20), log: None }),
            files: Vec::new(),
            encryption: None,
            needs_key: needs_key.map(str::to_owned),
            target: None,
        }
    }

    #[test]
    fn machine_boots_waits_for_its_key_restores_in_order_and_is_as_old_as_its_oldest_item() {
        let began: Timestamp = "2026-01-05T08:00:00Z".parse().unwrap();
        let items =
            vec![item("a", Some("RESTIC_PASSWORD"), "2026-01-05T07:00:00Z"), item("b", None, "2026-01-05T06:00:00Z")];
        let manifest = Manifest::new("shop", "cold", began, items);
        let at = |seconds, released: Option<u64>| {
            let time = |seconds| after(began, Duration::from_secs(seconds)).unwrap();
            let launch = SimulatedLaunch { run: "r-1", machine: "i-1", at: began, released: released.map(time) };
            report(&manifest, &launch, time(seconds), |_| false, |_| Rates::ESTIMATES)
        };
        assert_eq!(at(44, None), None);
        let waits = at(60, None).unwrap();
        assert_eq!((waits.phase, at(4000, None).unwrap()), (ReportedPhase::WaitingForKey, waits.clone()));
        let item = |seconds| at(seconds, Some(100)).unwrap().item;
        assert_eq!((item(105), item(106), item(107)), (Some("a".to_owned()), Some("b".to_owned()), None));
        let ready = at(107, Some(100)).unwrap();
        assert_eq!(ready.restored_to, Some("2026-01-05T06:00:00Z".parse().unwrap()));
        assert_eq!(ready.measured.len(), 2);

        // A damaged item ends the restore, and a machine that is started again goes on counting.
        let again = |at: u64, seconds, damaged: bool| {
            let time = |seconds| after(began, Duration::from_secs(seconds)).unwrap();
            let launch = SimulatedLaunch { run: "r-1", machine: "i-1", at: time(at), released: Some(time(at)) };
            let is_damaged = |item: &ManifestItem| damaged && item.name == "b";
            report(&manifest, &launch, time(seconds), is_damaged, |_| Rates::ESTIMATES).unwrap()
        };
        let failed = again(0, 60, true);
        let error = failed.error.clone().unwrap();
        assert_eq!((failed.phase, failed.item.as_deref()), (ReportedPhase::Failed, Some("b")));
        assert_eq!((error.code.as_str(), error.retry), ("backup_damaged", false));
        assert!(again(200, 246, false).sequence > failed.sequence);

        // What it writes is read as any other report: each is newer than the one before.
        let mut follower = RestoreFollower::of("r-1");
        for report in [waits, at(105, Some(100)).unwrap(), at(106, Some(100)).unwrap(), ready] {
            let text = serde_json::to_string(&report).unwrap();
            assert!(matches!(follower.take(&text), Ok(Taken::New(_))), "{text}");
        }
    }
}
