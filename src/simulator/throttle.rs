//! Token buckets: how many requests Resource Manager takes (source: the request limits of Azure's public cloud since 2024).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::request::{Failure, Verb};

/// What a request is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Read,
    Write,
    Delete,
    /// A question about an operation: counted by its provider (source: compute's limits), not by Resource Manager.
    Poll,
}

impl Class {
    pub(super) const fn of(verb: Verb) -> Self {
        match verb {
            Verb::Get | Verb::Head => Self::Read,
            Verb::Put | Verb::Patch | Verb::Post => Self::Write,
            Verb::Delete => Self::Delete,
        }
    }

    /// Tokens that fit, and tokens that come in each minute.
    const fn size(self) -> (u64, u64) {
        match self {
            Self::Read => (250, 25 * 60),
            Self::Write | Self::Delete => (200, 10 * 60),
            Self::Poll => (15_000, 5_000),
        }
    }

    /// The header that says how many tokens are left.
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
    reads: Bucket,
    writes: Bucket,
    deletes: Bucket,
    polls: Bucket,
}

/// How much was taken from a bucket and has not come back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bucket {
    /// In 60,000ths of a token: what comes in each millisecond is then whole.
    taken: u64,
    at: Timestamp,
}

const TOKEN: u64 = 60_000;

impl Buckets {
    /// Takes one token and says how many are left.
    ///
    /// # Errors
    /// 429 with the seconds until there is one again.
    pub(super) fn take(&mut self, class: Class, now: Timestamp) -> Result<u64, Failure> {
        let (capacity, refill) = class.size();
        let bucket = match class {
            Class::Read => &mut self.reads,
            Class::Write => &mut self.writes,
            Class::Delete => &mut self.deletes,
            Class::Poll => &mut self.polls,
        };
        let passed = u64::try_from(now.duration_since(bucket.at).as_millis()).unwrap_or(0);
        bucket.taken = bucket.taken.saturating_sub(passed.saturating_mul(refill));
        bucket.at = now;
        let left = (capacity * TOKEN).saturating_sub(bucket.taken);
        if left < TOKEN {
            let wait = (TOKEN - left).div_ceil(refill * 1000).max(1);
            return Err(Failure::gateway(
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
