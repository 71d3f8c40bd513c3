//! Faults as files and commands state them. Knows no world: [`super::faults`] has those of one.

use serde::{Deserialize, Serialize};

use super::request::HttpMethod;

/// Beginning of the name of a whole provider, where a fault names a region.
pub const PROVIDER: &str = "provider:";

/// A fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A region is lost, or a provider: its control plane and all of its regions.
    Lose {
        /// The region, or [`PROVIDER`] and the name of a provider.
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
    /// The core quota of the account in a region.
    Quota {
        /// The region.
        location: String,
        /// The number of cores.
        cores: u64,
    },
    /// The caller lacks the permission for an action, and the provider refuses the action.
    Forbid {
        /// A pattern of the action; `*` matches any text.
        action: String,
    },
    /// The operations of a service of a provider make no progress, or those of all of its services.
    Freeze {
        /// The namespace of the service, or [`PROVIDER`] and the name of a provider.
        provider: String,
    },
    /// The account is not registered with a service, until a request registers it.
    Unregistered {
        /// The namespace of the service.
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
    /// A recovery point of a backup is damaged: a machine that restores it reports so. Catalogues do not show it.
    Damage {
        /// A pattern of the backup's name; `*` matches any text.
        backup: String,
        /// A pattern of the point.
        point: String,
    },
    /// Machines restore a backup at other rates than the estimates, as real ones do.
    Slow {
        /// A pattern of the backup's name; `*` matches any text.
        backup: String,
        /// The share of the estimated rates, in percent.
        percent: u32,
        /// Bytes of restored data that are checked in a second; by default a machine does not measure checks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        checks: Option<u64>,
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
    /// The interfaces that manage resources are unavailable for the region.
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
    /// The provider that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
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

impl RequestMatch {
    pub(crate) fn holds(
        &self,
        provider: Option<&str>,
        verb: Option<HttpMethod>,
        path: &str,
        struck: u32,
        draw: impl FnOnce() -> f64,
    ) -> bool {
        self.times.is_none_or(|times| struck < times)
            && self
                .provider
                .as_deref()
                .is_none_or(|wanted| provider.is_some_and(|own| own.eq_ignore_ascii_case(wanted)))
            && self.verb.is_none_or(|wanted| Some(wanted) == verb)
            && self.path.as_deref().is_none_or(|pattern| alike(pattern, path))
            && self.probability.is_none_or(|probability| draw() < probability)
    }
}

/// Matches a text against a pattern, ignoring case.
pub(crate) fn alike(pattern: &str, text: &str) -> bool {
    matches(pattern.to_ascii_lowercase().as_bytes(), text.to_ascii_lowercase().as_bytes())
}

/// Matches a text against a pattern in which `*` matches any text.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
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
