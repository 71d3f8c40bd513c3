//! Retry policies: the wait before each retry, and the end of retries. Computes only; never waits.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The limits of a retry loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryPolicy {
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
    /// For a write: about ten minutes, as in azurerm.
    pub const REQUEST: Self = Self::new(1, 61, 15, 600);
    /// For throttling: Azure accepts the request in the end, and a slow run is better than a failed one.
    pub const THROTTLED: Self = Self::new(1, 61, 100_000, 2 * 3600);
    /// For a read: six retries within a minute where answers arrive. In a lost region no read succeeds, and a recovery
    /// must not wait long for each.
    pub const READ: Self = Self::new(1, 15, 6, 250);
    /// For a write that another operation blocks.
    pub const BUSY: Self = Self::new(5, 61, 60, 1800);
    /// For a deletion that lingering uses block: the interfaces of a deleted scale set take minutes to disappear.
    pub const LINGERING: Self = Self::new(5, 30, 25, 600);
    /// For a write whose answer was lost.
    pub const UNCLEAR: Self = Self::new(1, 61, 12, 600);
    /// For the registration of a provider, which takes about a minute.
    pub const REGISTERING: Self = Self::new(5, 15, 100, 600);
    /// For stale reads: a deletion, creation or registration that is complete and not visible yet.
    pub const STALE: Self = Self::new(1, 15, 60, 600);

    const fn new(first: u64, ceiling: u64, retries: u32, total: u64) -> Self {
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
pub(super) struct Backoff {
    policy: RetryPolicy,
    since: Timestamp,
    retries: u32,
}

impl Backoff {
    pub fn new(policy: RetryPolicy, now: Timestamp) -> Self {
        Self { policy, since: now, retries: 0 }
    }

    /// The next wait: the one that Azure names, or twice the last one; `None` when no retries are left.
    pub fn next(&mut self, now: Timestamp, asked: Option<Duration>) -> Option<Duration> {
        let RetryPolicy { first, ceiling, retries, total } = self.policy;
        let doubled = first.saturating_mul(2_u32.saturating_pow(self.retries));
        // Azure never means "at once": a wait of zero would make a loop of requests.
        let wait = asked.filter(|asked| !asked.is_zero()).unwrap_or(doubled.min(ceiling));
        self.retries += 1;
        (self.retries <= retries && elapsed(self.since, now) + wait <= total).then_some(wait)
    }
}

/// The time between two instants; zero where they are in reverse order.
pub(super) fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since).max(SignedDuration::ZERO)).unwrap_or_default()
}
