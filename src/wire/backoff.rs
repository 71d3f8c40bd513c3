//! The waits of a retry loop, and its end. Computes only; never waits.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The limits of a retry loop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    /// The first wait; each further one is twice as long.
    first: Duration,
    /// The longest wait.
    ceiling: Duration,
    /// Number of retries.
    retries: u32,
    /// Total time limit.
    total: Duration,
}

impl RetryPolicy {
    /// A loop of so many retries. All times are in seconds.
    pub const fn new(first: u64, ceiling: u64, retries: u32, total: u64) -> Self {
        Self {
            first: Duration::from_secs(first),
            ceiling: Duration::from_secs(ceiling),
            retries,
            total: Duration::from_secs(total),
        }
    }
}

/// The retries of one request.
#[derive(Debug)]
pub(crate) struct Backoff {
    policy: RetryPolicy,
    since: Timestamp,
    retries: u32,
}

impl Backoff {
    /// A loop that begins now.
    pub fn new(policy: RetryPolicy, now: Timestamp) -> Self {
        Self { policy, since: now, retries: 0 }
    }

    /// The next wait: the one that the provider names, or twice the last one; `None` when no retries are left.
    pub fn next(&mut self, now: Timestamp, asked: Option<Duration>) -> Option<Duration> {
        let RetryPolicy { first, ceiling, retries, total } = self.policy;
        let doubled = first.saturating_mul(2_u32.saturating_pow(self.retries));
        // No provider means "at once": a wait of zero would make a loop of requests.
        let wait = asked.filter(|asked| !asked.is_zero()).unwrap_or(doubled.min(ceiling));
        self.retries += 1;
        (self.retries <= retries && elapsed(self.since, now) + wait <= total).then_some(wait)
    }
}

/// The time between two instants; zero where they are in reverse order.
pub(crate) fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since).max(SignedDuration::ZERO)).unwrap_or_default()
}
