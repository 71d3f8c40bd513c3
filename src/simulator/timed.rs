//! When a fault is in force, and files of faults.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value as Json;

use super::faults::Fault;
use super::registrations::registrable;

/// The furthest that a time may be ahead, in seconds.
const FURTHEST: f64 = 366.0 * 86_400.0;

/// A fault, and the time in which it is in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timed {
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// From when on; at once without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<At>,
    /// Until when; until it is taken away without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
}

impl From<Fault> for Timed {
    fn from(fault: Fault) -> Self {
        Self { fault, from: None, until: None }
    }
}

/// A time of the simulated world.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum At {
    /// So many seconds after the fault was added.
    Seconds(f64),
    /// This time.
    Time(Timestamp),
}

impl At {
    /// The time it is, seconds being counted from now.
    pub(super) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Seconds(seconds) => {
                let ahead = SignedDuration::try_from_secs_f64(seconds).unwrap_or_default();
                now.checked_add(ahead).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The time that stands in a file; the words of an error go on behind its name.
    fn read(json: &Json) -> Result<Self, String> {
        match json {
            Json::Number(number) => {
                let seconds = number.as_f64().filter(|seconds| (0.0..=FURTHEST).contains(seconds));
                seconds.map(Self::Seconds).ok_or_else(|| format!("is {number}; it may be 0 to {FURTHEST} seconds"))
            }
            Json::String(text) => {
                text.parse().map(Self::Time).map_err(|error| format!("is no time, as in 2026-01-05T09:00:00Z: {error}"))
            }
            other => Err(format!("is {other}, and neither seconds from now nor a time")),
        }
    }
}

/// Reads the faults of a file: a JSON list.
///
/// # Errors
/// What is wrong, and in which entry.
pub fn parse(text: &str) -> Result<Vec<Timed>, String> {
    let entries: Vec<Json> = serde_json::from_str(text).map_err(|error| {
        format!("not a JSON list of faults, as in [{{\"fault\": \"lose\", \"location\": \"eastus\"}}]: {error}")
    })?;
    let one = |(at, entry)| timed(entry).map_err(|what| format!("fault {}: {what}", at + 1));
    entries.into_iter().enumerate().map(one).collect()
}

/// A fault with its times, which stand beside what it is.
fn timed(mut entry: Json) -> Result<Timed, String> {
    let mut time = |name: &str| match entry.as_object_mut().and_then(|map| map.shift_remove(name)) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => At::read(&value).map(Some).map_err(|what| format!("`{name}` {what}")),
    };
    let (from, until) = (time("from")?, time("until")?);
    if let (Some(At::Seconds(from)), Some(At::Seconds(until))) = (from, until)
        && until <= from
    {
        return Err("`until` is not later than `from`".to_owned());
    }
    let fault = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    Ok(Timed { fault: checked(fault)?, from, until })
}

fn checked(fault: Fault) -> Result<Fault, String> {
    let seconds = |seconds: f64| {
        if (0.0..=86_400.0).contains(&seconds) {
            Ok(())
        } else {
            Err(format!("`seconds` is {seconds}; it may be 0 to 86400"))
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
                return Err(format!("`status` is {status}; it may be 400 to 599"));
            }
            Some(on)
        }
        Fault::Stale { seconds: by } | Fault::Lag { seconds: by, .. } => {
            seconds(*by)?;
            None
        }
        Fault::Web { status, on, .. } => {
            if let Some(status) = status.filter(|status| !(100..600).contains(status)) {
                return Err(format!("`status` is {status}; it may be 100 to 599"));
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
        Some(probability) => Err(format!("`probability` is {probability}; it may be 0 to 1")),
        None => Ok(fault),
    }
}
