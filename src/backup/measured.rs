//! Rates that restores have measured, in place of the estimates.

use super::rates::{Rate, RateSource, Rates};
use super::record::RestoreRecord;

/// The shortest measured time that tells a rate, in seconds.
const LEAST: f64 = 0.5;

impl Rates {
    /// The rates for a restore on a machine of this type: those of the last restore on such a machine, else those of
    /// the last one on another, else the estimates.
    pub fn measured(records: &[RestoreRecord], machine_type: Option<&str>) -> Self {
        let is_same =
            |record: &&RestoreRecord| machine_type.is_some() && record.machine_type.as_deref() == machine_type;
        let proofs = || records.iter().rev().filter(|record| record.is_proof());
        let choose = |of: fn(&RestoreRecord) -> Option<u64>| -> Option<Rate> {
            let same = proofs().filter(is_same).find_map(of).map(|bytes| (bytes, RateSource::Measured));
            let any = || proofs().find_map(of).map(|bytes| (bytes, RateSource::MeasuredElsewhere));
            same.or_else(any).map(|(bytes, source)| Rate { bytes, source })
        };
        let estimates = Self::ESTIMATES;
        Self {
            network: choose(network).unwrap_or(estimates.network),
            disk: choose(disk).unwrap_or(estimates.disk),
            replay: choose(replay).unwrap_or(estimates.replay),
            volume: estimates.volume,
            checks: choose(checks),
        }
    }
}

/// Seconds of these phases; `None` where they were not measured, or too short.
fn seconds(record: &RestoreRecord, phases: &[&str]) -> Option<f64> {
    let of = record.measured.iter().filter(|phase| phases.contains(&phase.phase.as_str()));
    Some(of.map(|phase| phase.seconds).sum::<f64>()).filter(|seconds| *seconds >= LEAST)
}

fn rate(bytes: Option<u64>, seconds: Option<f64>) -> Option<u64> {
    // A rate needs no more digits than a float has.
    let rate = (bytes? as f64 / seconds?).round();
    (rate >= 1.0).then_some(rate as u64)
}

/// Reading and writing pass at the same time, or one after the other: the rates of both are over the time of both, so
/// that a prediction from either has it.
fn network(record: &RestoreRecord) -> Option<u64> {
    rate(record.bytes.repository.or(record.bytes.restored), seconds(record, &["fetching", "restoring"]))
}

fn disk(record: &RestoreRecord) -> Option<u64> {
    rate(record.bytes.restored.or(record.bytes.repository), seconds(record, &["fetching", "restoring"]))
}

/// A machine that does not measure the replay apart does it while it checks.
fn replay(record: &RestoreRecord) -> Option<u64> {
    rate(record.bytes.log, seconds(record, &["replaying"]).or_else(|| seconds(record, &["checking"])))
}

/// Checks take the longer the more there is to check.
fn checks(record: &RestoreRecord) -> Option<u64> {
    let replays = record.bytes.log.is_some_and(|log| log > 0) && seconds(record, &["replaying"]).is_none();
    let bytes = record.bytes.restored.or(record.bytes.repository).filter(|_| !replays);
    rate(bytes, seconds(record, &["checking"]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::backup::launch::{ManifestBytes, Measured};
    use crate::backup::{PointBytes, Prediction, RestoreForm, predict_bytes, restore_record};

    /// A restore of 40 GB with half a gigabyte of log, in these phases.
    fn record(machine_type: &str, at: i64, phases: &[(&str, f64)]) -> RestoreRecord {
        let measured = phases.iter().map(|(phase, seconds)| Measured {
            phase: (*phase).to_owned(),
            seconds: *seconds,
            bytes: None,
        });
        RestoreRecord {
            machine_type: Some(machine_type.to_owned()),
            bytes: ManifestBytes {
                repository: Some(16_000_000_000),
                restored: Some(40_000_000_000),
                log: Some(500_000_000),
            },
            measured: measured.collect(),
            ..restore_record("p", &format!("r-{at}"), at)
        }
    }

    fn predicted(rates: &Rates, times: u64) -> Prediction {
        let bytes = PointBytes { repository: Some(16_000_000_000 * times), restored: Some(40_000_000_000 * times) };
        predict_bytes(bytes, 500_000_000 * times, RestoreForm::Files, rates).unwrap()
    }

    #[test]
    fn prediction_from_a_measured_restore_is_its_time_and_grows_with_the_data() {
        for phases in [
            &[("restoring", 900.0), ("checking", 100.0)][..],
            &[("restoring", 800.0), ("replaying", 120.0), ("checking", 80.0)],
            &[("fetching", 300.0), ("restoring", 600.0), ("replaying", 100.0)],
        ] {
            let rates = Rates::measured(&[record("large", 1, phases)], Some("large"));
            for (times, seconds) in [(1, 1000.0), (2, 2000.0)] {
                let total = predicted(&rates, times).total().as_secs_f64();
                assert!((total / seconds - 1.0).abs() < 0.01, "{phases:?}: {total} for {seconds}");
            }
            assert_eq!(predicted(&rates, 1).source(), Some(RateSource::Measured));
        }
    }

    #[test]
    fn same_machine_type_precedes_a_newer_restore_on_another_and_damage_tells_nothing() {
        let records = [record("large", 1, &[("restoring", 900.0)]), record("small", 2, &[("restoring", 9000.0)])];
        let of = |machine_type| {
            let rates = Rates::measured(&records, Some(machine_type));
            (rates.disk.source, rates.disk.bytes)
        };
        assert_eq!(of("large"), (RateSource::Measured, 44_444_444));
        assert_eq!(of("small"), (RateSource::Measured, 4_444_444));
        assert_eq!(of("huge"), (RateSource::MeasuredElsewhere, 4_444_444));
        assert_eq!(Rates::measured(&[], Some("large")), Rates::ESTIMATES);
        let failed = RestoreRecord {
            probes: [(crate::address::Address::new("probe", "cold"), false)].into(),
            ..record("large", 3, &[("restoring", 1.0)])
        };
        assert_eq!(Rates::measured(&[failed], Some("large")), Rates::ESTIMATES);
        assert_eq!(predicted(&Rates::ESTIMATES, 1).phases.len(), 2, "nothing is known of checks");
        assert!(predicted(&Rates::measured(&records, None), 1).total() > Duration::from_secs(9000));
    }
}
