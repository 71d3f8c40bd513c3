//! Token buckets for Resource Manager's request limits (source: limits of Azure's public cloud since 2024).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::simulator::request::{ErrorResponse, HttpMethod};

/// The class in which a request is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestClass {
    Read,
    Write,
    Delete,
    /// A status request for an operation: counted by its provider (source: compute's limits), not by Resource Manager.
    Poll,
}

impl RequestClass {
    pub(super) const fn of(verb: HttpMethod) -> Self {
        match verb {
            HttpMethod::Get | HttpMethod::Head => Self::Read,
            HttpMethod::Put | HttpMethod::Patch | HttpMethod::Post => Self::Write,
            HttpMethod::Delete => Self::Delete,
        }
    }

    /// The capacity, and the refill per minute, in tokens.
    const fn size(self) -> (u64, u64) {
        match self {
            Self::Read => (250, 25 * 60),
            Self::Write | Self::Delete => (200, 10 * 60),
            Self::Poll => (15_000, 5_000),
        }
    }

    /// The header with the number of remaining tokens.
    pub(super) const fn header(self) -> Option<&'static str> {
        match self {
            Self::Read => Some("x-ms-ratelimit-remaining-subscription-reads"),
            Self::Write => Some("x-ms-ratelimit-remaining-subscription-writes"),
            Self::Delete => Some("x-ms-ratelimit-remaining-subscription-deletes"),
            Self::Poll => None,
        }
    }
}

/// One bucket for each class.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Buckets {
    reads: ThrottleBucket,
    writes: ThrottleBucket,
    deletes: ThrottleBucket,
    polls: ThrottleBucket,
}

/// The used and not yet refilled tokens of a bucket.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThrottleBucket {
    /// In 1/60,000 of a token, so the refill per millisecond is an integer.
    taken: u64,
    at: Timestamp,
}

const TOKEN: u64 = 60_000;

impl Buckets {
    /// Takes one token and returns the number of remaining tokens.
    ///
    /// # Errors
    /// 429 with the seconds until the next token.
    pub(super) fn take(&mut self, class: RequestClass, now: Timestamp) -> Result<u64, ErrorResponse> {
        let (capacity, refill) = class.size();
        let bucket = match class {
            RequestClass::Read => &mut self.reads,
            RequestClass::Write => &mut self.writes,
            RequestClass::Delete => &mut self.deletes,
            RequestClass::Poll => &mut self.polls,
        };
        let passed = u64::try_from(now.duration_since(bucket.at).as_millis()).unwrap_or(0);
        bucket.taken = bucket.taken.saturating_sub(passed.saturating_mul(refill));
        bucket.at = now;
        let left = (capacity * TOKEN).saturating_sub(bucket.taken);
        if left < TOKEN {
            let wait = (TOKEN - left).div_ceil(refill * 1000).max(1);
            return Err(ErrorResponse::gateway(
                429,
                "SubscriptionRequestsThrottled",
                format!("Number of requests for the subscription exceeded the limit. Please try again after '{wait}' seconds."),
            )
            .retry_after(wait));
        }
        bucket.taken += TOKEN;
        Ok((left - TOKEN) / TOKEN)
    }
}
