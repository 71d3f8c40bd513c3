//! Files of faults: JSON lists, checked by the dialects.

use serde_json::Value as Json;

use super::dialect::Dialects;
use super::fault::{Fault, PROVIDER};
use super::scheduled_fault::{FaultTime, ScheduledFault};

/// The longest time ahead, in seconds.
const FURTHEST: f64 = 366.0 * 86_400.0;

/// Parses a file of faults: a JSON list.
///
/// # Errors
/// The number of the invalid entry, and the reason.
pub(super) fn parse(text: &str, dialects: Dialects) -> Result<Vec<ScheduledFault>, String> {
    let entries: Vec<Json> = serde_json::from_str(text).map_err(|error| {
        format!("not a JSON list of faults such as [{{\"fault\": \"lose\", \"location\": \"eastus\"}}]: {error}")
    })?;
    let one = |(at, entry)| timed(entry, dialects).map_err(|what| format!("fault {}: {what}", at + 1));
    entries.into_iter().enumerate().map(one).collect()
}

/// A fault with its start and end, from one entry of a file.
fn timed(mut entry: Json, dialects: Dialects) -> Result<ScheduledFault, String> {
    let mut time = |name: &str| match entry.as_object_mut().and_then(|map| map.shift_remove(name)) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => self::time(&value).map(Some).map_err(|what| format!("`{name}` {what}")),
    };
    let (from, until) = (time("from")?, time("until")?);
    if let (Some(FaultTime::Seconds(from)), Some(FaultTime::Seconds(until))) = (from, until)
        && until <= from
    {
        return Err("`until` must be later than `from`".to_owned());
    }
    let fault = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    Ok(ScheduledFault { fault: checked(fault, dialects)?, from, until })
}

fn checked(fault: Fault, dialects: Dialects) -> Result<Fault, String> {
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
        Fault::Slow { percent, .. } => {
            if !(1..=1000).contains(percent) {
                return Err(format!("`percent` is {percent}; the range is 1 to 1000"));
            }
            None
        }
        Fault::Lose { location: place, .. } | Fault::Freeze { provider: place } => {
            let named = place.strip_prefix(PROVIDER);
            named.map_or(Ok(()), |provider| simulated(provider, dialects))?;
            None
        }
        Fault::Capacity { .. }
        | Fault::Damage { .. }
        | Fault::Unregistered { .. }
        | Fault::Quota { .. }
        | Fault::Forbid { .. }
        | Fault::Instant
        | Fault::Unthrottled => None,
    };
    dialects.iter().try_for_each(|dialect| dialect.check(&fault))?;
    if let Some(provider) = on.and_then(|on| on.provider.as_deref()) {
        simulated(provider, dialects)?;
    }
    match on.and_then(|on| on.probability).filter(|probability| !(0.0..=1.0).contains(probability)) {
        Some(probability) => Err(format!("`probability` is {probability}; the range is 0 to 1")),
        None => Ok(fault),
    }
}

/// Refuses the name of a provider that is not simulated.
fn simulated(provider: &str, dialects: Dialects) -> Result<(), String> {
    if dialects.iter().any(|dialect| dialect.name().eq_ignore_ascii_case(provider)) {
        return Ok(());
    }
    let names: Vec<&str> = dialects.names().collect();
    Err(format!("the provider `{provider}` is not simulated. Use one of {}", names.join(", ")))
}

/// Parses a time in a file. The text of an error continues after the name of the property.
fn time(json: &Json) -> Result<FaultTime, String> {
    match json {
        Json::Number(number) => {
            let seconds = number.as_f64().filter(|seconds| (0.0..=FURTHEST).contains(seconds));
            seconds.map(FaultTime::Seconds).ok_or_else(|| format!("is {number}; the range is 0 to {FURTHEST} seconds"))
        }
        Json::String(text) => text
            .parse()
            .map(FaultTime::Time)
            .map_err(|error| format!("is not a time such as 2026-01-05T09:00:00Z: {error}")),
        other => Err(format!("is {other}; use seconds from now or a time such as 2026-01-05T09:00:00Z")),
    }
}
