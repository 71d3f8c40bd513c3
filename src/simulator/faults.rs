//! Injected faults: lost regions and providers, broken connections, errors, delays, refusals.
//!
//! Faults are plain values, read from a file or created by a command. They only state the effect; the world and its
//! dialects apply it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fault::{Fault, Moment, PROVIDER, Plane, RequestMatch, alike};
use super::request::{ErrorResponse, HttpMethod, Request};
use super::scheduled_fault::{FaultTime, ScheduledFault};
use super::seed::Seed;
use crate::backup::Rates;
use crate::kinds::regions::same_region;

/// Active and scheduled faults.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Faults {
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
pub(crate) struct FaultEffect {
    /// The connection breaks, before or after the request is accepted.
    pub(super) drops: Option<Moment>,
    /// The delay before the response.
    pub(super) delay: Duration,
    /// The error response.
    pub(crate) answer: Option<ErrorResponse>,
    /// The error with which the operation ends.
    pub(crate) fails: Option<ErrorResponse>,
}

impl Faults {
    /// Active and scheduled faults, in the order in which they were added.
    pub(crate) fn list(&self) -> Vec<ScheduledFault> {
        let timed = |active: &ActiveFault| ScheduledFault {
            fault: active.does.clone(),
            from: active.from.filter(|from| *from > self.now).map(FaultTime::Time),
            until: active.until.map(FaultTime::Time),
        };
        self.all.iter().map(timed).collect()
    }

    /// Adds a fault. Times in seconds count from now.
    pub(crate) fn add(&mut self, timed: ScheduledFault) {
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

    /// Ends active faults; scheduled ones remain.
    pub(crate) fn end(&mut self, is_it: impl Fn(&Fault) -> bool) {
        let now = self.now;
        self.all.retain(|active| !(active.begun(now) && is_it(&active.does)));
    }

    /// Ends the loss of a region or of a provider, also a scheduled one. Returns false where there was none.
    pub(super) fn restore(&mut self, lost: &str) -> bool {
        let before = self.all.len();
        self.all.retain(|active| !matches!(&active.does, Fault::Lose { location, .. } if same_region(location, lost)));
        self.all.len() < before
    }

    /// The faults active now.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = &Fault> {
        let now = self.now;
        self.all.iter().filter(move |active| active.begun(now) && !active.ended(now)).map(|active| &active.does)
    }

    /// The effect of the faults on a request to a provider. Random draws depend on the seed and the request number.
    pub(crate) fn strike(&mut self, provider: &str, request: &Request, seed: Seed, number: u64) -> FaultEffect {
        let mut strike = FaultEffect::default();
        let now = self.now;
        for (at, active) in self.all.iter_mut().enumerate().filter(|(_, active)| active.begun(now)) {
            let (Fault::Drop { on, .. } | Fault::Delay { on, .. } | Fault::Answer { on, .. } | Fault::Fail { on, .. }) =
                &active.does
            else {
                continue;
            };
            let draw = || seed.stream(&["fault", &at.to_string(), &number.to_string()]).unit();
            if !on.holds(Some(provider), Some(request.verb), &request.path, active.struck, draw) {
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

    /// True where one of these parts of a region of a provider is lost; without a region, of the provider.
    fn lost(&self, provider: &str, region: Option<&str>, planes: &[Plane]) -> bool {
        let is_it = |location: &str| match location.strip_prefix(PROVIDER) {
            Some(lost) => lost.eq_ignore_ascii_case(provider),
            None => region.is_some_and(|region| same_region(location, region)),
        };
        self.in_force()
            .any(|fault| matches!(fault, Fault::Lose { location, plane } if planes.contains(plane) && is_it(location)))
    }

    /// True where resources of the provider in the region do not work; without a region, those that have none.
    pub(crate) fn is_dark(&self, provider: &str, region: Option<&str>) -> bool {
        self.lost(provider, region, &[Plane::Data, Plane::Both])
    }

    /// True where the network of the provider does not work, whatever becomes of its control plane.
    pub(super) fn breaks_all_of(&self, provider: &str) -> bool {
        self.lost(provider, None, &[Plane::Data])
    }

    /// True where only the resources of the region do not work, and its control plane answers.
    pub(crate) fn breaks_in(&self, provider: &str, region: &str) -> bool {
        self.lost(provider, Some(region), &[Plane::Data])
    }

    /// Refuses a request to a region whose control plane is lost.
    ///
    /// # Errors
    /// 503 `ServiceUnavailable`.
    pub(crate) fn reach_region(&self, provider: &str, location: &str) -> Result<(), ErrorResponse> {
        match self.lost(provider, Some(location), &[Plane::Control, Plane::Both]) {
            true => Err(unavailable(&format!("in the region '{location}'"))),
            false => Ok(()),
        }
    }

    /// Refuses a request to a provider whose control plane is lost.
    ///
    /// # Errors
    /// 503 `ServiceUnavailable`.
    pub(crate) fn reach_provider(&self, provider: &str) -> Result<(), ErrorResponse> {
        match self.lost(provider, None, &[Plane::Control, Plane::Both]) {
            true => Err(unavailable(&format!("of the provider '{provider}'"))),
            false => Ok(()),
        }
    }

    /// True where operations of this service in this region make no progress.
    pub(crate) fn holds(&self, provider: &str, service: &str, location: &str) -> bool {
        let is_frozen = |frozen: &str| match frozen.strip_prefix(PROVIDER) {
            Some(whole) => whole.eq_ignore_ascii_case(provider),
            None => frozen.eq_ignore_ascii_case(service),
        };
        self.lost(provider, Some(location), &[Plane::Control, Plane::Both])
            || self.in_force().any(|fault| matches!(fault, Fault::Freeze { provider } if is_frozen(provider)))
    }

    /// The longest lag of reads.
    pub(crate) fn lag(&self) -> Option<SignedDuration> {
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

    /// True for a recovery point of a backup that cannot be restored.
    pub(crate) fn damages(&self, name: &str, id: &str) -> bool {
        self.in_force()
            .any(|fault| matches!(fault, Fault::Damage { backup, point } if alike(backup, name) && alike(point, id)))
    }

    /// The rates at which machines of this world restore a backup.
    pub(crate) fn rates(&self, name: &str) -> Rates {
        let slow = self.in_force().find_map(|fault| match fault {
            Fault::Slow { backup, percent, checks } if alike(backup, name) => Some((*percent, *checks)),
            _ => None,
        });
        slow.map_or(Rates::ESTIMATES, |(percent, checks)| Rates::ESTIMATES.slowed(percent, checks))
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
            Fault::Web { host, status, on }
                if alike(host, name) && on.holds(None, verb, path, active.struck, &draw) =>
            {
                active.struck += 1;
                Some(*status)
            }
            _ => None,
        })
    }

    pub(crate) fn instant(&self) -> bool {
        self.in_force().any(|fault| *fault == Fault::Instant)
    }

    pub(crate) fn unthrottled(&self) -> bool {
        self.in_force().any(|fault| *fault == Fault::Unthrottled)
    }
}

fn unavailable(place: &str) -> ErrorResponse {
    let message = format!("The service {place} is unavailable. Please try again later.");
    ErrorResponse::gateway(503, "ServiceUnavailable", message)
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
