//! The active period of a fault, and files of faults.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value as Json;

use super::faults::Fault;
use super::registrations::registrable;

/// The longest time ahead, in seconds.
const FURTHEST: f64 = 366.0 * 86_400.0;

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

    /// Parses a time in a file. The text of an error continues after the name of the property.
    fn read(json: &Json) -> Result<Self, String> {
        match json {
            Json::Number(number) => {
                let seconds = number.as_f64().filter(|seconds| (0.0..=FURTHEST).contains(seconds));
                seconds.map(Self::Seconds).ok_or_else(|| format!("is {number}; the range is 0 to {FURTHEST} seconds"))
            }
            Json::String(text) => text
                .parse()
                .map(Self::Time)
                .map_err(|error| format!("is not a time such as 2026-01-05T09:00:00Z: {error}")),
            other => Err(format!("is {other}; use seconds from now or a time such as 2026-01-05T09:00:00Z")),
        }
    }
}

/// Parses a file of faults: a JSON list.
///
/// # Errors
/// The number of the invalid entry, and the reason.
pub fn parse(text: &str) -> Result<Vec<ScheduledFault>, String> {
    let entries: Vec<Json> = serde_json::from_str(text).map_err(|error| {
        format!("not a JSON list of faults such as [{{\"fault\": \"lose\", \"location\": \"eastus\"}}]: {error}")
    })?;
    let one = |(at, entry)| timed(entry).map_err(|what| format!("fault {}: {what}", at + 1));
    entries.into_iter().enumerate().map(one).collect()
}

/// A fault with its start and end, from one entry of a file.
fn timed(mut entry: Json) -> Result<ScheduledFault, String> {
    let mut time = |name: &str| match entry.as_object_mut().and_then(|map| map.shift_remove(name)) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => FaultTime::read(&value).map(Some).map_err(|what| format!("`{name}` {what}")),
    };
    let (from, until) = (time("from")?, time("until")?);
    if let (Some(FaultTime::Seconds(from)), Some(FaultTime::Seconds(until))) = (from, until)
        && until <= from
    {
        return Err("`until` must be later than `from`".to_owned());
    }
    let fault = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    Ok(ScheduledFault { fault: checked(fault)?, from, until })
}

fn checked(fault: Fault) -> Result<Fault, String> {
    let seconds = |seconds: f64| {
        if (0.0..=86_400.0).contains(&seconds) {
            Ok(())
        } else {
            Err(format!("`seconds` is {seconds}; the range is 0 to 86400"))
        }
    };
    let on = match &fault {
        Fault::Drop { on, .. } | Fault::Fail { on, .. } => Some(on),
        Fault::Delay { seconds: by, on } => {
            seconds(*by)?;
            Some(on)
        }
        Fault::Answer { status, on, .. } => {
            if !(400..600).contains(status) {
                return Err(format!("`status` is {status}; the range is 400 to 599"));
            }
            Some(on)
        }
        Fault::Stale { seconds: by } | Fault::Lag { seconds: by, .. } => {
            seconds(*by)?;
            None
        }
        Fault::Web { status, on, .. } => {
            if let Some(status) = status.filter(|status| !(100..600).contains(status)) {
                return Err(format!("`status` is {status}; the range is 100 to 599"));
            }
            Some(on)
        }
        Fault::Unregistered { provider } => {
            registrable(provider)?;
            None
        }
        Fault::Lose { .. }
        | Fault::Capacity { .. }
        | Fault::Freeze { .. }
        | Fault::Quota { .. }
        | Fault::Forbid { .. }
        | Fault::Instant
        | Fault::Unthrottled => None,
    };
    match on.and_then(|on| on.probability).filter(|probability| !(0.0..=1.0).contains(probability)) {
        Some(probability) => Err(format!("`probability` is {probability}; the range is 0 to 1")),
        None => Ok(fault),
    }
}
