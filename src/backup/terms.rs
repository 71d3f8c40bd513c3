//! The terms by which a catalogue is judged, and what is found.

use std::time::Duration;

use super::simulated::Schedule;

/// The terms of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// The schedule.
    pub schedule: Option<Schedule>,
    /// The greatest age of data that the stack permits.
    pub rpo: Option<Duration>,
    /// The stack accepts that the age is exceeded.
    pub rpo_accepted: bool,
    /// The greatest age of the newest successful restore test.
    pub verified: Option<Duration>,
}

/// A finding about a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFinding {
    /// Its name.
    pub code: &'static str,
    /// Its weight.
    pub weight: FindingWeight,
    /// The finding, with its numbers.
    pub what: String,
    /// The correction.
    pub help: &'static str,
}

/// The weight of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingWeight {
    /// The stack accepts it.
    Accepted,
    /// It needs attention.
    Warning,
    /// A restore would fail, or lose more than the stack permits.
    Error,
}

impl FindingWeight {
    /// The word for it in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
