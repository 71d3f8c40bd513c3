//! The time of a restore: bytes divided by rates, with the term that takes longest.

use std::time::Duration;

use super::age::DataAge;
use super::point::PointBytes;
use super::tool::RestoreForm;

/// Where a rate comes from, from the most to the least reliable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RateSource {
    /// The last restore on a machine of this type measured it.
    Measured,
    /// A restore measured it on a machine of another type.
    MeasuredElsewhere,
    /// A default.
    Estimate,
}

impl RateSource {
    /// The word for it in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::MeasuredElsewhere => "measured on another machine type",
            Self::Estimate => "estimate",
        }
    }
}

/// A rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Bytes per second.
    pub bytes: u64,
    /// Where it comes from.
    pub source: RateSource,
}

/// The rates of a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Reading from the repository.
    pub network: Rate,
    /// Writing to the disk.
    pub disk: Rate,
    /// Replaying a log: one process.
    pub replay: Rate,
    /// Making a volume of a snapshot.
    pub volume: Rate,
    /// Bytes of restored data that are checked in a second; `None` where no restore has measured it.
    pub checks: Option<Rate>,
}

const MIB: u64 = 1 << 20;
/// Times that differ by less are the same.
const TIE: Duration = Duration::from_secs(1);

impl Rates {
    /// Defaults: a network of one Gbit/s, the disk of a general-purpose volume (125 MiB/s without more being bought),
    /// the lower end of usual rates of replay (20 to 100 MB/s), and the lowest rate that volumes are promised at.
    pub const ESTIMATES: Self = Self {
        network: Rate { bytes: 119 * MIB, source: RateSource::Estimate },
        disk: Rate { bytes: 125 * MIB, source: RateSource::Estimate },
        replay: Rate { bytes: 20_000_000, source: RateSource::Estimate },
        volume: Rate { bytes: 100 * MIB, source: RateSource::Estimate },
        checks: None,
    };

    /// The same rates of reading, writing and replaying at a share of them, in percent, and these of checks.
    #[must_use]
    pub fn slowed(self, percent: u32, checks: Option<u64>) -> Self {
        let of = |rate: Rate| {
            let bytes = u128::from(rate.bytes) * u128::from(percent) / 100;
            Rate { bytes: u64::try_from(bytes).unwrap_or(u64::MAX).max(1), source: rate.source }
        };
        let checks = checks.map(|bytes| Rate { bytes, source: RateSource::Estimate });
        Self {
            network: of(self.network),
            disk: of(self.disk),
            replay: of(self.replay),
            volume: of(self.volume),
            checks: checks.or(self.checks),
        }
    }
}

/// A term of a restore time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestorePhase {
    /// The phase, as a report of the machine names it.
    pub name: &'static str,
    /// The resource that limits it.
    pub limit: &'static str,
    /// Bytes that pass.
    pub bytes: u64,
    /// The rate.
    pub rate: Rate,
    /// The time.
    pub time: Duration,
}

/// A predicted restore time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// Its phases, one after the other.
    pub phases: Vec<RestorePhase>,
}

impl Prediction {
    /// The sum of the phases.
    pub fn total(&self) -> Duration {
        self.phases.iter().fold(Duration::ZERO, |sum, phase| sum.saturating_add(phase.time))
    }

    /// The phase that takes longest: its limit is what a faster restore has to raise.
    pub fn largest(&self) -> Option<&RestorePhase> {
        self.phases.iter().max_by_key(|phase| phase.time)
    }

    /// The least reliable source of its rates.
    pub fn source(&self) -> Option<RateSource> {
        self.phases.iter().map(|phase| phase.rate.source).max()
    }
}

/// Predicts the time of a restore, from the first byte to the last. `None` where the tool reports no size.
pub fn predict(data: &DataAge<'_>, form: RestoreForm, rates: &Rates) -> Option<Prediction> {
    predict_bytes(data.point.bytes, data.log_bytes, form, rates)
}

/// The same for these sizes, and so many bytes of log that are replayed.
pub fn predict_bytes(bytes: PointBytes, log: u64, form: RestoreForm, rates: &Rates) -> Option<Prediction> {
    let mut phases = Vec::new();
    match form {
        RestoreForm::Volume => phases.push(phase("restoring", "volume", bytes.restored?, rates.volume)),
        // Data are read and written at the same time: the slower one counts.
        RestoreForm::Files => {
            let read = bytes.repository.or(bytes.restored)?;
            let fetch = phase("fetching", "network", read, rates.network);
            let write = phase("restoring", "disk", bytes.restored.unwrap_or(read), rates.disk);
            // Rates that were measured over the same time have one limit, and nobody knows which.
            let is_tie = write.time.abs_diff(fetch.time) < TIE && write.rate.source != RateSource::Estimate;
            phases.push(match () {
                () if is_tie => RestorePhase { limit: "network or disk", time: write.time.max(fetch.time), ..write },
                () if write.time > fetch.time => write,
                () => fetch,
            });
        }
    }
    if log > 0 {
        phases.push(phase("replaying", "replay", log, rates.replay));
    }
    if let Some((rate, bytes)) = rates.checks.zip(bytes.restored.or(bytes.repository))
        && form == RestoreForm::Files
    {
        phases.push(phase("checking", "checks", bytes, rate));
    }
    Some(Prediction { phases })
}

fn phase(name: &'static str, limit: &'static str, bytes: u64, rate: Rate) -> RestorePhase {
    let millis = u128::from(bytes).saturating_mul(1000).div_ceil(u128::from(rate.bytes.max(1)));
    let time = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
    RestorePhase { name, limit, bytes, rate, time }
}
