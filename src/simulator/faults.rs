//! What goes wrong on purpose: lost regions, broken connections, errors, delays, refusals.
//!
//! Faults are plain values, read from a file or made by a command. They only decide; the world acts on what they say.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::request::{Failure, Request, Verb};
use super::seed::Seed;
use super::timed::{At, Timed};
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
        /// How many more instances are to be had after all; none without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instances: Option<u64>,
    },
    /// A subscription may have so many cores in a region, and no more.
    Quota {
        /// The region.
        location: String,
        /// How many.
        cores: u64,
    },
    /// Whoever asks may not do something; what is tried all the same is refused.
    Forbid {
        /// A pattern of the action, as in `Microsoft.Sql/servers/failoverGroups/*`.
        action: String,
    },
    /// The operations of a provider do not move on.
    Freeze {
        /// The namespace of the provider.
        provider: String,
    },
    /// The subscription was never registered with a provider, until somebody registers it.
    Unregistered {
        /// The namespace of the provider.
        provider: String,
    },
    /// Reads lag behind what was written.
    Stale {
        /// By at most so many seconds.
        seconds: f64,
    },
    /// A host of the public network does not answer as it should, be it of this world or not.
    Web {
        /// A pattern of its name or address; `*` stands for anything.
        host: String,
        /// What it answers; nobody answers without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// For which requests. A fault that holds for some requests only is felt by drplan's own, and by no other client.
        #[serde(default)]
        on: On,
    },
    /// The copies of a store are further behind.
    Lag {
        /// A pattern of the store's name; `*` stands for anything.
        store: String,
        /// By so many seconds.
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

/// The faults in force, and those that will be.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Faults {
    all: Vec<Active>,
    /// The time for which it is asked which are in force.
    #[serde(skip)]
    now: Timestamp,
}

/// A fault, when it is in force, and how often it has struck.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Active {
    does: Fault,
    struck: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl Active {
    fn begun(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now)
    }

    fn ended(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
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
    /// The faults, in the order in which they were added, those that will be in force with them.
    pub(super) fn list(&self) -> Vec<Timed> {
        let timed = |active: &Active| Timed {
            fault: active.does.clone(),
            from: active.from.filter(|from| *from > self.now).map(At::Time),
            until: active.until.map(At::Time),
        };
        self.all.iter().map(timed).collect()
    }

    /// Adds a fault; what is said in seconds counts from now.
    pub(super) fn add(&mut self, timed: Timed) {
        let Timed { fault, from, until } = timed;
        let at = |at: At| at.after(self.now);
        self.all.push(Active { does: fault, struck: 0, from: from.map(at), until: until.map(at) });
    }

    pub(super) fn clear(&mut self) {
        self.all.clear();
    }

    /// Goes on to a time: what is over is forgotten. Says whether another set of faults is in force than before.
    pub(super) fn pass(&mut self, now: Timestamp) -> bool {
        let before = std::mem::replace(&mut self.now, now);
        let count = self.all.len();
        self.all.retain(|active| !active.ended(now));
        self.all.len() < count || self.all.iter().any(|active| active.begun(now) && !active.begun(before))
    }

    /// When the next fault begins or ends.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let times = self.all.iter().flat_map(|active| [active.from, active.until]);
        times.flatten().filter(|time| *time > self.now).min()
    }

    /// Ends the loss of a region, one that is still to come too; says whether there was any.
    pub(super) fn restore(&mut self, lost: &str) -> bool {
        let before = self.all.len();
        self.all.retain(|active| !matches!(&active.does, Fault::Lose { location, .. } if same_region(location, lost)));
        self.all.len() < before
    }

    /// What is in force now.
    fn in_force(&self) -> impl Iterator<Item = &Fault> {
        let now = self.now;
        self.all.iter().filter(move |active| active.begun(now) && !active.ended(now)).map(|active| &active.does)
    }

    /// What happens to a request. The draws follow from the seed and the number of the request.
    pub(super) fn strike(&mut self, request: &Request, seed: Seed, number: u64) -> Strike {
        let mut strike = Strike::default();
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
                    strike.fails = Some(Failure::service(409, code.clone(), message.clone()));
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

    /// Whether what runs in a region does not work.
    pub(super) fn is_dark(&self, region: &str) -> bool {
        self.lost(region, &[Plane::Data, Plane::Both])
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

    /// Whether an operation of this provider in this region does not move on.
    pub(super) fn holds(&self, provider: &str, location: &str) -> bool {
        self.lost(location, &[Plane::Control, Plane::Both])
            || self.in_force().any(
                |fault| matches!(fault, Fault::Freeze { provider: frozen } if frozen.eq_ignore_ascii_case(provider)),
            )
    }

    /// Whether the subscription was never registered with a provider.
    pub(super) fn unregisters(&self, namespace: &str) -> bool {
        let names = |fault: &Fault| matches!(fault, Fault::Unregistered { provider } if provider.eq_ignore_ascii_case(namespace));
        self.in_force().any(names)
    }

    /// Ends that, since somebody registers it; what is still to come stays.
    pub(super) fn register(&mut self, namespace: &str) {
        let now = self.now;
        self.all.retain(|active| match &active.does {
            Fault::Unregistered { provider } => !(provider.eq_ignore_ascii_case(namespace) && active.begun(now)),
            _ => true,
        });
    }

    /// How an operation in this region fails because what it works on is lost.
    pub(super) fn breaks(&self, location: &str) -> Option<Failure> {
        self.lost(location, &[Plane::Data]).then(|| {
            Failure::service(
                409,
                "InternalExecutionError",
                format!("An internal execution error occurred in the region '{location}'. Please retry later."),
            )
        })
    }

    /// How a size is refused that a write asks more of than it had: at once, or late.
    pub(super) fn capacity(&self, location: &str, old: Option<&Json>, body: &Json) -> Option<(bool, Failure)> {
        self.in_force().find_map(|fault| match fault {
            Fault::Capacity { location: short, size, late, instances }
                if same_region(short, location) && asks_more(old, body, size) > instances.unwrap_or(0) =>
            {
                Some((*late, no_capacity(location, size, *late)))
            }
            _ => None,
        })
    }

    /// How far reads may lag behind.
    pub(super) fn lag(&self) -> Option<SignedDuration> {
        self.in_force().find_map(|fault| match fault {
            Fault::Stale { seconds } => SignedDuration::try_from_secs_f64(*seconds).ok(),
            _ => None,
        })
    }

    /// By how many seconds the copies of a store are further behind.
    pub(super) fn store_lag(&self, name: &str) -> f64 {
        let lag = |fault: &Fault| match fault {
            Fault::Lag { store, seconds } if alike(store, name) => Some(*seconds),
            _ => None,
        };
        self.in_force().filter_map(lag).sum()
    }

    /// What a host answers to every client instead of what it would; `Some(None)`: nobody answers.
    pub(super) fn web(&self, name: &str) -> Option<Option<u16>> {
        self.in_force().find_map(|fault| match fault {
            Fault::Web { host, status, on } if *on == On::default() && alike(host, name) => Some(*status),
            _ => None,
        })
    }

    /// The same for one request of drplan's own, faults that hold for some requests only with it.
    pub(super) fn strike_web(
        &mut self,
        name: &str,
        verb: Option<Verb>,
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

    /// How many cores a subscription may have in a region; `None` where nothing special is said.
    pub(super) fn cores(&self, region: &str) -> Option<u64> {
        self.in_force().find_map(|fault| match fault {
            Fault::Quota { location, cores } if same_region(location, region) => Some(*cores),
            _ => None,
        })
    }

    /// The actions that whoever asks may not do.
    pub(super) fn forbidden(&self) -> Vec<String> {
        let forbidden = self.in_force().filter_map(|fault| match fault {
            Fault::Forbid { action } => Some(action.clone()),
            _ => None,
        });
        forbidden.collect()
    }

    /// Refuses an action that may not be done.
    ///
    /// # Errors
    /// 403 `AuthorizationFailed`.
    pub(super) fn permit(&self, action: &str, scope: &str) -> Result<(), Failure> {
        let is_it =
            |pattern: &String| matches(pattern.to_ascii_lowercase().as_bytes(), action.to_ascii_lowercase().as_bytes());
        if !self.forbidden().iter().any(is_it) {
            return Ok(());
        }
        Err(Failure::gateway(
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

impl On {
    fn holds(&self, verb: Option<Verb>, path: &str, struck: u32, draw: impl FnOnce() -> f64) -> bool {
        self.times.is_none_or(|times| struck < times)
            && self.verb.is_none_or(|wanted| Some(wanted) == verb)
            && self.path.as_deref().is_none_or(|pattern| alike(pattern, path))
            && self.probability.is_none_or(|probability| draw() < probability)
    }
}

/// Whether a text is of a pattern without regard to case.
fn alike(pattern: &str, text: &str) -> bool {
    matches(pattern.to_ascii_lowercase().as_bytes(), text.to_ascii_lowercase().as_bytes())
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

/// How many instances of a size a write asks for beyond those that stand. What has no count is one.
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
