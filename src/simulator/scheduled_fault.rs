//! The active period of a fault.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::fault::Fault;

/// A fault and its active period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScheduledFault {
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// The start; by default at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<FaultTime>,
    /// The end; by default the fault is active until it is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<FaultTime>,
}

impl From<Fault> for ScheduledFault {
    fn from(fault: Fault) -> Self {
        Self { fault, from: None, until: None }
    }
}

/// A time of the simulated world.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FaultTime {
    /// Seconds after the fault was added.
    Seconds(f64),
    /// A point in time.
    Time(Timestamp),
}

impl FaultTime {
    /// The point in time; seconds count from `now`.
    pub(super) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Seconds(seconds) => {
                let ahead = SignedDuration::try_from_secs_f64(seconds).unwrap_or_default();
                now.checked_add(ahead).unwrap_or(Timestamp::MAX)
            }
        }
    }
}
