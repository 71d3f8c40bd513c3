//! What goes wrong on purpose: lost regions, broken connections, errors, delays, refusals.
//!
//! Faults are plain values, read from a file or made by a command. They only decide; the world acts on what they say.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::operations::Operation;
use super::request::{Failure, Request, Verb};
use super::seed::Seed;
use crate::kinds::regions::same_region;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A region is lost.
    Lose {
        /// The region.
        location: String,
        /// What of it.
        #[serde(default)]
        plane: Plane,
    },
    /// The connection breaks instead of an answer.
    Drop {
        /// Before or after the work was accepted.
        when: Moment,
        /// For which requests.
        #[serde(default)]
        on: On,
    },
    /// Answers are held back.
    Delay {
        /// For how many seconds.
        seconds: f64,
        /// For which requests.
        #[serde(default)]
        on: On,
    },
    /// An error is answered, and nothing is done.
    Answer {
        /// The HTTP status, as in 429 or 503.
        status: u16,
        /// The code; one that belongs to the status without it.
        #[serde(default)]
        code: Option<String>,
        /// Seconds for `Retry-After`.
        #[serde(default)]
        retry_after: Option<u64>,
        /// For which requests.
        #[serde(default)]
        on: On,
    },
    /// The work is accepted, and then fails.
    Fail {
        /// The code.
        code: String,
        /// The message.
        #[serde(default)]
        message: String,
        /// For which requests.
        #[serde(default)]
        on: On,
    },
    /// A size (a SKU) is not to be had in a region.
    Capacity {
        /// The region.
        location: String,
        /// The size, as in `Standard_D2s_v5`.
        size: String,
        /// Whether the work is accepted and then fails (`AllocationFailed`), or is refused (`SkuNotAvailable`).
        #[serde(default)]
        late: bool,
    },
    /// The operations of a provider do not move on.
    Freeze {
        /// The namespace of the provider.
        provider: String,
    },
    /// Reads lag behind what was written.
    Stale {
        /// By at most so many seconds.
        seconds: f64,
    },
    /// Operations take no time. Not a misfortune: for tests that want none of it.
    Instant,
    /// Nothing is throttled. Not a misfortune either.
    Unthrottled,
}

/// What of a region is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plane {
    /// Resource Manager and the providers do not answer for it.
    Control,
    /// What stands in it does not work, and what is made in it fails.
    Data,
    /// Both.
    #[default]
    Both,
}

/// Before or after the work was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Nothing was done.
    Before,
    /// It was accepted, and the client does not know.
    After,
}

/// Which requests a fault is for. Every part that is there must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct On {
    /// The verb.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<Verb>,
    /// A pattern of the path without regard to case; `*` stands for anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// For so many requests, and no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// With this probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

/// Reads the faults of a file: a JSON list.
///
/// # Errors
/// What is wrong, and in which entry.
pub fn parse(text: &str) -> Result<Vec<Fault>, String> {
    let entries: Vec<Json> = serde_json::from_str(text).map_err(|error| {
        format!("not a JSON list of faults, as in [{{\"fault\": \"lose\", \"location\": \"eastus\"}}]: {error}")
    })?;
    let one = |(at, entry)| {
        let fault = serde_json::from_value(entry).map_err(|error| format!("fault {}: {error}", at + 1))?;
        checked(fault).map_err(|what| format!("fault {}: {what}", at + 1))
    };
    entries.into_iter().enumerate().map(one).collect()
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
        Fault::Stale { seconds: by } => {
            seconds(*by)?;
            None
        }
        Fault::Lose { .. } | Fault::Capacity { .. } | Fault::Freeze { .. } | Fault::Instant | Fault::Unthrottled => {
            None
        }
    };
    match on.and_then(|on| on.probability).filter(|probability| !(0.0..=1.0).contains(probability)) {
        Some(probability) => Err(format!("`probability` is {probability}; it may be 0 to 1")),
        None => Ok(fault),
    }
}

/// The faults in force.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Faults(Vec<Active>);

/// A fault in force, and how often it has struck.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Active {
    does: Fault,
    struck: u32,
}

/// What faults do to one request.
#[derive(Debug, Default)]
pub(super) struct Strike {
    /// Instead of an answer.
    pub(super) drops: Option<Moment>,
    /// Before the answer.
    pub(super) delay: Duration,
    /// As the answer.
    pub(super) answer: Option<Failure>,
    /// At the end of the work.
    pub(super) fails: Option<Failure>,
}

impl Faults {
    /// The faults, in the order in which they were added.
    pub(super) fn list(&self) -> Vec<Fault> {
        self.0.iter().map(|active| active.does.clone()).collect()
    }

    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(Active { does: fault, struck: 0 });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Ends the loss of a region; says whether it was lost.
    pub(super) fn restore(&mut self, lost: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|active| !matches!(&active.does, Fault::Lose { location, .. } if same_region(location, lost)));
        self.0.len() < before
    }

    /// What happens to a request. The draws follow from the seed and the number of the request.
    pub(super) fn strike(&mut self, request: &Request, seed: Seed, number: u64) -> Strike {
        let mut strike = Strike::default();
        for (at, active) in self.0.iter_mut().enumerate() {
            let (Fault::Drop { on, .. } | Fault::Delay { on, .. } | Fault::Answer { on, .. } | Fault::Fail { on, .. }) =
                &active.does
            else {
                continue;
            };
            let draw = || seed.stream(&["fault", &at.to_string(), &number.to_string()]).unit();
            if !on.holds(request, active.struck, draw) {
                continue;
            }
            match &active.does {
                Fault::Drop { when, .. } => strike.drops = Some(*when),
                Fault::Delay { seconds, .. } => strike.delay += Duration::from_secs_f64(seconds.max(0.0)),
                Fault::Answer { status, code, retry_after, .. } => {
                    strike.answer = Some(made_up(*status, code.as_deref(), *retry_after));
                }
                Fault::Fail { code, message, .. } if !request.verb.reads() => {
                    strike.fails = Some(Failure::service(409, code.clone(), message.clone()));
                }
                _ => continue,
            }
            active.struck += 1;
        }
        strike
    }

    fn lost(&self, lost: &str, planes: &[Plane]) -> bool {
        self.0.iter().any(|active| {
            matches!(&active.does, Fault::Lose { location, plane } if planes.contains(plane) && same_region(location, lost))
        })
    }

    /// Refuses what a lost region would have to answer.
    ///
    /// # Errors
    /// 503 `ServiceUnavailable`.
    pub(super) fn reach(&self, location: &str) -> Result<(), Failure> {
        if !self.lost(location, &[Plane::Control, Plane::Both]) {
            return Ok(());
        }
        Err(Failure::gateway(
            503,
            "ServiceUnavailable",
            format!("The service in the region '{location}' is unavailable. Please try again later."),
        ))
    }

    /// Whether an operation does not move on.
    pub(super) fn holds(&self, operation: &Operation) -> bool {
        self.lost(&operation.location, &[Plane::Control, Plane::Both])
            || self.0.iter().any(|active| {
                matches!(&active.does, Fault::Freeze { provider } if provider.eq_ignore_ascii_case(&operation.provider))
            })
    }

    /// How an operation fails because what it works on is lost.
    pub(super) fn breaks(&self, operation: &Operation) -> Option<Failure> {
        self.lost(&operation.location, &[Plane::Data]).then(|| {
            Failure::service(
                409,
                "InternalExecutionError",
                format!(
                    "An internal execution error occurred in the region '{}'. Please retry later.",
                    operation.location
                ),
            )
        })
    }

    /// How a size is refused: at once, or late.
    pub(super) fn capacity(&self, location: &str, body: &Json) -> Option<(bool, Failure)> {
        self.0.iter().find_map(|active| match &active.does {
            Fault::Capacity { location: short, size, late }
                if same_region(short, location) && holds_text(body, size) =>
            {
                Some((*late, no_capacity(location, size, *late)))
            }
            _ => None,
        })
    }

    /// How far reads may lag behind.
    pub(super) fn lag(&self) -> Option<SignedDuration> {
        self.0.iter().find_map(|active| match active.does {
            Fault::Stale { seconds } => SignedDuration::try_from_secs_f64(seconds).ok(),
            _ => None,
        })
    }

    pub(super) fn instant(&self) -> bool {
        self.0.iter().any(|active| active.does == Fault::Instant)
    }

    pub(super) fn unthrottled(&self) -> bool {
        self.0.iter().any(|active| active.does == Fault::Unthrottled)
    }
}

impl On {
    fn holds(&self, request: &Request, struck: u32, draw: impl FnOnce() -> f64) -> bool {
        self.times.is_none_or(|times| struck < times)
            && self.verb.is_none_or(|verb| verb == request.verb)
            && self.path.as_deref().is_none_or(|pattern| {
                matches(pattern.to_ascii_lowercase().as_bytes(), request.path.to_ascii_lowercase().as_bytes())
            })
            && self.probability.is_none_or(|probability| draw() < probability)
    }
}

/// Whether a text is of a pattern in which `*` stands for anything.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if Some(byte) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|byte| *byte == b'*'))
}

fn made_up(status: u16, code: Option<&str>, retry_after: Option<u64>) -> Failure {
    let usual = match status {
        408 => "RequestTimeout",
        409 => "Conflict",
        412 => "PreconditionFailed",
        429 => "TooManyRequests",
        400..=499 => "BadRequest",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        _ => "InternalServerError",
    };
    let failure = Failure::gateway(status, code.unwrap_or(usual), "The simulator was told to answer this.");
    Failure { retry_after, ..failure }
}

fn no_capacity(location: &str, size: &str, late: bool) -> Failure {
    if late {
        return Failure::service(
            409,
            "AllocationFailed",
            format!(
                "Allocation failed. We do not have sufficient capacity for the requested VM size '{size}' in the region '{location}'."
            ),
        );
    }
    Failure::service(
        409,
        "SkuNotAvailable",
        format!(
            "The requested size for resource '{size}' is currently not available in location '{location}' zones '' for subscription. Please try another size or deploy to a different location or zones."
        ),
    )
}

fn holds_text(body: &Json, text: &str) -> bool {
    match body {
        Json::String(found) => found.eq_ignore_ascii_case(text),
        Json::Array(items) => items.iter().any(|item| holds_text(item, text)),
        Json::Object(map) => map.values().any(|value| holds_text(value, text)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}
