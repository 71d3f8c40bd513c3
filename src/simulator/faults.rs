//! Injected faults: lost regions, broken connections, errors, delays, refusals.
//!
//! Faults are plain values, read from a file or created by a command. They only state the effect; the world applies it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::request::{ErrorResponse, HttpMethod, Request};
use super::scheduled_fault::{FaultTime, ScheduledFault};
use super::seed::Seed;
use crate::kinds::regions::same_region;

/// A fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A region is lost.
    Lose {
        /// The region.
        location: String,
        /// The lost part: control plane, data plane or both.
        #[serde(default)]
        plane: Plane,
    },
    /// The connection breaks before the response arrives.
    Drop {
        /// Before or after the request was accepted.
        when: Moment,
        /// The affected requests.
        #[serde(default)]
        on: RequestMatch,
    },
    /// Responses are delayed.
    Delay {
        /// The delay in seconds.
        seconds: f64,
        /// The affected requests.
        #[serde(default)]
        on: RequestMatch,
    },
    /// An error response, without any effect.
    Answer {
        /// The HTTP status, for example 429 or 503.
        status: u16,
        /// The error code; by default the usual one for the status.
        #[serde(default)]
        code: Option<String>,
        /// Seconds for `Retry-After`.
        #[serde(default)]
        retry_after: Option<u64>,
        /// The affected requests.
        #[serde(default)]
        on: RequestMatch,
    },
    /// The operation is accepted and then fails.
    Fail {
        /// The error code.
        code: String,
        /// The message.
        #[serde(default)]
        message: String,
        /// The affected requests.
        #[serde(default)]
        on: RequestMatch,
    },
    /// A size (a SKU) is unavailable in a region.
    Capacity {
        /// The region.
        location: String,
        /// The size, for example `Standard_D2s_v5`.
        size: String,
        /// `true`: the operation is accepted and then fails (`AllocationFailed`). `false`: the request
        /// is refused (`SkuNotAvailable`).
        #[serde(default)]
        late: bool,
        /// The number of further instances that are available; by default none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instances: Option<u64>,
    },
    /// The core quota of the subscription in a region.
    Quota {
        /// The region.
        location: String,
        /// The number of cores.
        cores: u64,
    },
    /// The caller lacks the permission for an action, and Azure refuses the action.
    Forbid {
        /// A pattern of the action, for example `Microsoft.Sql/servers/failoverGroups/*`.
        action: String,
    },
    /// The operations of a provider make no progress.
    Freeze {
        /// The namespace of the provider.
        provider: String,
    },
    /// The subscription is not registered with a provider, until a request registers it.
    Unregistered {
        /// The namespace of the provider.
        provider: String,
    },
    /// Reads lag behind writes.
    Stale {
        /// The longest lag in seconds.
        seconds: f64,
    },
    /// A host of the public network gives a wrong answer or none, whether or not it belongs to this world.
    Web {
        /// A pattern of its name or address; `*` matches any text.
        host: String,
        /// The HTTP status that the host answers; by default it does not answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// The affected requests. A fault limited to some requests affects only drplan's own requests, and
        /// no other client.
        #[serde(default)]
        on: RequestMatch,
    },
    /// The replication lag of a data store is higher.
    Lag {
        /// A pattern of the store's name; `*` matches any text.
        store: String,
        /// The additional lag in seconds.
        seconds: f64,
    },
    /// Operations take no time. For tests; not a failure.
    Instant,
    /// No request is throttled. For tests; not a failure.
    Unthrottled,
}

/// The lost part of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plane {
    /// Resource Manager and the providers are unavailable for the region.
    Control,
    /// Resources in the region do not work, and creating one fails.
    Data,
    /// Both.
    #[default]
    Both,
}

/// Before or after the request was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The request had no effect.
    Before,
    /// The request was accepted, but the client receives no response.
    After,
}

/// The requests that a fault affects. All conditions that are set must hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestMatch {
    /// The HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<HttpMethod>,
    /// A case-insensitive pattern of the path; `*` matches any text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The number of requests after which the fault stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The probability that the fault affects a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

/// Active and scheduled faults.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Faults {
    all: Vec<ActiveFault>,
    /// The time that decides which faults are active.
    #[serde(skip)]
    now: Timestamp,
}

/// A fault, its active period, and the number of requests affected so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActiveFault {
    does: Fault,
    struck: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl ActiveFault {
    fn begun(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now)
    }

    fn ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// The effect of all faults on one request.
#[derive(Debug, Default)]
pub(super) struct FaultEffect {
    /// The connection breaks, before or after the request is accepted.
    pub(super) drops: Option<Moment>,
    /// The delay before the response.
    pub(super) delay: Duration,
    /// The error response.
    pub(super) answer: Option<ErrorResponse>,
    /// The error with which the operation ends.
    pub(super) fails: Option<ErrorResponse>,
}

impl Faults {
    /// Active and scheduled faults, in the order in which they were added.
    pub(super) fn list(&self) -> Vec<ScheduledFault> {
        let timed = |active: &ActiveFault| ScheduledFault {
            fault: active.does.clone(),
            from: active.from.filter(|from| *from > self.now).map(FaultTime::Time),
            until: active.until.map(FaultTime::Time),
        };
        self.all.iter().map(timed).collect()
    }

    /// Adds a fault. Times in seconds count from now.
    pub(super) fn add(&mut self, timed: ScheduledFault) {
        let ScheduledFault { fault, from, until } = timed;
        let at = |at: FaultTime| at.after(self.now);
        self.all.push(ActiveFault { does: fault, struck: 0, from: from.map(at), until: until.map(at) });
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    /// Advances to a time and removes expired faults. Returns true where the set of active faults changed.
    pub(super) fn pass(&mut self, now: Timestamp) -> bool {
        let before = std::mem::replace(&mut self.now, now);
        let count = self.all.len();
        self.all.retain(|active| !active.ended(now));
        self.all.len() < count || self.all.iter().any(|active| active.begun(now) && !active.begun(before))
    }

    /// The time at which the next fault begins or ends.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let times = self.all.iter().flat_map(|active| [active.from, active.until]);
        times.flatten().filter(|time| *time > self.now).min()
    }

    /// Ends the loss of a region, also a scheduled one. Returns false where there was none.
    pub(super) fn restore(&mut self, lost: &str) -> bool {
        let before = self.all.len();
        self.all.retain(|active| !matches!(&active.does, Fault::Lose { location, .. } if same_region(location, lost)));
        self.all.len() < before
    }

    /// The faults active now.
    fn in_force(&self) -> impl Iterator<Item = &Fault> {
        let now = self.now;
        self.all.iter().filter(move |active| active.begun(now) && !active.ended(now)).map(|active| &active.does)
    }

    /// The effect of the faults on a request. Random draws depend on the seed and the request number.
    pub(super) fn strike(&mut self, request: &Request, seed: Seed, number: u64) -> FaultEffect {
        let mut strike = FaultEffect::default();
        let now = self.now;
        for (at, active) in self.all.iter_mut().enumerate().filter(|(_, active)| active.begun(now)) {
            let (Fault::Drop { on, .. } | Fault::Delay { on, .. } | Fault::Answer { on, .. } | Fault::Fail { on, .. }) =
                &active.does
            else {
                continue;
            };
            let draw = || seed.stream(&["fault", &at.to_string(), &number.to_string()]).unit();
            if !on.holds(Some(request.verb), &request.path, active.struck, draw) {
                continue;
            }
            match &active.does {
                Fault::Drop { when, .. } => strike.drops = Some(*when),
                Fault::Delay { seconds, .. } => strike.delay += Duration::from_secs_f64(seconds.max(0.0)),
                Fault::Answer { status, code, retry_after, .. } => {
                    strike.answer = Some(made_up(*status, code.as_deref(), *retry_after));
                }
                Fault::Fail { code, message, .. } if !request.verb.reads() => {
                    strike.fails = Some(ErrorResponse::service(409, code.clone(), message.clone()));
                }
                _ => continue,
            }
            active.struck += 1;
        }
        strike
    }

    fn lost(&self, lost: &str, planes: &[Plane]) -> bool {
        self.in_force().any(
            |fault| matches!(fault, Fault::Lose { location, plane } if planes.contains(plane) && same_region(location, lost)),
        )
    }

    /// True where resources in the region do not work.
    pub(super) fn is_dark(&self, region: &str) -> bool {
        self.lost(region, &[Plane::Data, Plane::Both])
    }

    /// Refuses a request to a region whose control plane is lost.
    ///
    /// # Errors
    /// 503 `ServiceUnavailable`.
    pub(super) fn reach(&self, location: &str) -> Result<(), ErrorResponse> {
        if !self.lost(location, &[Plane::Control, Plane::Both]) {
            return Ok(());
        }
        Err(ErrorResponse::gateway(
            503,
            "ServiceUnavailable",
            format!("The service in the region '{location}' is unavailable. Please try again later."),
        ))
    }

    /// True where operations of this provider in this region make no progress.
    pub(super) fn holds(&self, provider: &str, location: &str) -> bool {
        self.lost(location, &[Plane::Control, Plane::Both])
            || self.in_force().any(
                |fault| matches!(fault, Fault::Freeze { provider: frozen } if frozen.eq_ignore_ascii_case(provider)),
            )
    }

    /// True where a fault makes the subscription unregistered with a provider.
    pub(super) fn unregisters(&self, namespace: &str) -> bool {
        let names = |fault: &Fault| matches!(fault, Fault::Unregistered { provider } if provider.eq_ignore_ascii_case(namespace));
        self.in_force().any(names)
    }

    /// Ends the `Unregistered` fault of a provider, after a registration. Scheduled faults remain.
    pub(super) fn register(&mut self, namespace: &str) {
        let now = self.now;
        self.all.retain(|active| match &active.does {
            Fault::Unregistered { provider } => !(provider.eq_ignore_ascii_case(namespace) && active.begun(now)),
            _ => true,
        });
    }

    /// The error of an operation in a region whose data plane is lost.
    pub(super) fn breaks(&self, location: &str) -> Option<ErrorResponse> {
        self.lost(location, &[Plane::Data]).then(|| {
            ErrorResponse::service(
                409,
                "InternalExecutionError",
                format!("An internal execution error occurred in the region '{location}'. Please retry later."),
            )
        })
    }

    /// The error of a write that increases its use of an unavailable size, and whether it comes late.
    pub(super) fn capacity(&self, location: &str, old: Option<&Json>, body: &Json) -> Option<(bool, ErrorResponse)> {
        self.in_force().find_map(|fault| match fault {
            Fault::Capacity { location: short, size, late, instances }
                if same_region(short, location) && asks_more(old, body, size) > instances.unwrap_or(0) =>
            {
                Some((*late, no_capacity(location, size, *late)))
            }
            _ => None,
        })
    }

    /// The longest lag of reads.
    pub(super) fn lag(&self) -> Option<SignedDuration> {
        self.in_force().find_map(|fault| match fault {
            Fault::Stale { seconds } => SignedDuration::try_from_secs_f64(*seconds).ok(),
            _ => None,
        })
    }

    /// The additional replication lag of a store, in seconds.
    pub(super) fn store_lag(&self, name: &str) -> f64 {
        let lag = |fault: &Fault| match fault {
            Fault::Lag { store, seconds } if alike(store, name) => Some(*seconds),
            _ => None,
        };
        self.in_force().filter_map(lag).sum()
    }

    /// The status that a fault makes a host answer to every client; `Some(None)`: the host does not answer.
    pub(super) fn web(&self, name: &str) -> Option<Option<u16>> {
        self.in_force().find_map(|fault| match fault {
            Fault::Web { host, status, on } if *on == RequestMatch::default() && alike(host, name) => Some(*status),
            _ => None,
        })
    }

    /// The status for one of drplan's own requests, including faults limited to some requests.
    pub(super) fn strike_web(
        &mut self,
        name: &str,
        verb: Option<HttpMethod>,
        path: &str,
        draw: impl Fn() -> f64,
    ) -> Option<Option<u16>> {
        let now = self.now;
        let mut active = self.all.iter_mut().filter(|active| active.begun(now));
        active.find_map(|active| match &active.does {
            Fault::Web { host, status, on } if alike(host, name) && on.holds(verb, path, active.struck, &draw) => {
                active.struck += 1;
                Some(*status)
            }
            _ => None,
        })
    }

    /// The core quota that a fault sets for a region; `None` without such a fault.
    pub(super) fn cores(&self, region: &str) -> Option<u64> {
        self.in_force().find_map(|fault| match fault {
            Fault::Quota { location, cores } if same_region(location, region) => Some(*cores),
            _ => None,
        })
    }

    /// The actions for which the caller lacks permission.
    pub(super) fn forbidden(&self) -> Vec<String> {
        let forbidden = self.in_force().filter_map(|fault| match fault {
            Fault::Forbid { action } => Some(action.clone()),
            _ => None,
        });
        forbidden.collect()
    }

    /// Refuses an action for which the caller lacks permission.
    ///
    /// # Errors
    /// 403 `AuthorizationFailed`.
    pub(super) fn permit(&self, action: &str, scope: &str) -> Result<(), ErrorResponse> {
        let is_it =
            |pattern: &String| matches(pattern.to_ascii_lowercase().as_bytes(), action.to_ascii_lowercase().as_bytes());
        if !self.forbidden().iter().any(is_it) {
            return Ok(());
        }
        Err(ErrorResponse::gateway(
            403,
            "AuthorizationFailed",
            format!(
                "The client does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid."
            ),
        ))
    }

    pub(super) fn instant(&self) -> bool {
        self.in_force().any(|fault| *fault == Fault::Instant)
    }

    pub(super) fn unthrottled(&self) -> bool {
        self.in_force().any(|fault| *fault == Fault::Unthrottled)
    }
}

impl RequestMatch {
    fn holds(&self, verb: Option<HttpMethod>, path: &str, struck: u32, draw: impl FnOnce() -> f64) -> bool {
        self.times.is_none_or(|times| struck < times)
            && self.verb.is_none_or(|wanted| Some(wanted) == verb)
            && self.path.as_deref().is_none_or(|pattern| alike(pattern, path))
            && self.probability.is_none_or(|probability| draw() < probability)
    }
}

/// Matches a text against a pattern, ignoring case.
fn alike(pattern: &str, text: &str) -> bool {
    matches(pattern.to_ascii_lowercase().as_bytes(), text.to_ascii_lowercase().as_bytes())
}

/// Matches a text against a pattern in which `*` matches any text.
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

fn made_up(status: u16, code: Option<&str>, retry_after: Option<u64>) -> ErrorResponse {
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
    let failure = ErrorResponse::gateway(
        status,
        code.unwrap_or(usual),
        "The simulator returned this error because of an injected fault.",
    );
    ErrorResponse { retry_after, ..failure }
}

fn no_capacity(location: &str, size: &str, late: bool) -> ErrorResponse {
    if late {
        return ErrorResponse::service(
            409,
            "AllocationFailed",
            format!(
                "Allocation failed. We do not have sufficient capacity for the requested VM size '{size}' in the region '{location}'."
            ),
        );
    }
    ErrorResponse::service(
        409,
        "SkuNotAvailable",
        format!(
            "The requested size for resource '{size}' is currently not available in location '{location}' zones '' for subscription. Please try another size or deploy to a different location or zones."
        ),
    )
}

/// The number of instances of a size that a write adds. A resource without a count is one instance.
fn asks_more(old: Option<&Json>, new: &Json, size: &str) -> u64 {
    let count = |body: &Json| {
        let counted = body.pointer("/sku/capacity").and_then(Json::as_u64).unwrap_or(1);
        if holds_text(body, size) { counted } else { 0 }
    };
    count(new).saturating_sub(old.map_or(0, count))
}

fn holds_text(body: &Json, text: &str) -> bool {
    match body {
        Json::String(found) => found.eq_ignore_ascii_case(text),
        Json::Array(items) => items.iter().any(|item| holds_text(item, text)),
        Json::Object(map) => map.values().any(|value| holds_text(value, text)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}
