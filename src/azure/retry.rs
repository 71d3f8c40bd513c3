//! How long to wait before a request is made again, and when to give up. Decides only; it never waits itself.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How patiently something is tried again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// The first wait; each further one is twice as long.
    first: Duration,
    /// The longest wait.
    ceiling: Duration,
    /// How often it is tried again.
    retries: u32,
    /// How long it is tried in all.
    total: Duration,
}

impl Patience {
    /// For a write: about ten minutes, as azurerm has it.
    pub const REQUEST: Self = Self::new(1, 61, 15, 600);
    /// For what is throttled: it is taken in the end, and a run is slower then, not over.
    pub const THROTTLED: Self = Self::new(1, 61, 100_000, 2 * 3600);
    /// For a read: six times within a minute where answers come, because in a region that is lost no read succeeds, and whoever recovers from
    /// that must not wait long for each.
    pub const READ: Self = Self::new(1, 15, 6, 250);
    /// For a write that another operation is in the way of.
    pub const BUSY: Self = Self::new(5, 61, 60, 1800);
    /// For a deletion that lingering uses are in the way of: the interfaces of a deleted scale set take minutes to go.
    pub const LINGERING: Self = Self::new(5, 30, 25, 600);
    /// For a write whose answer was lost.
    pub const UNCLEAR: Self = Self::new(1, 61, 12, 600);
    /// For a registration with a provider, which mostly takes a minute or so.
    pub const REGISTERING: Self = Self::new(5, 15, 100, 600);
    /// For what is behind: a deletion, creation or registration that is done and cannot be seen yet.
    pub const BEHIND: Self = Self::new(1, 15, 60, 600);

    const fn new(first: u64, ceiling: u64, retries: u32, total: u64) -> Self {
        Self {
            first: Duration::from_secs(first),
            ceiling: Duration::from_secs(ceiling),
            retries,
            total: Duration::from_secs(total),
        }
    }
}

/// The waits of one request.
#[derive(Debug)]
pub(super) struct Backoff {
    patience: Patience,
    since: Timestamp,
    retries: u32,
}

impl Backoff {
    pub fn new(patience: Patience, now: Timestamp) -> Self {
        Self { patience, since: now, retries: 0 }
    }

    /// How long to wait now: what the cloud asks for, or else twice as long as the last time; `None` to give up.
    pub fn next(&mut self, now: Timestamp, asked: Option<Duration>) -> Option<Duration> {
        let Patience { first, ceiling, retries, total } = self.patience;
        let doubled = first.saturating_mul(2_u32.saturating_pow(self.retries));
        let wait = asked.unwrap_or(doubled.min(ceiling));
        self.retries += 1;
        (self.retries <= retries && elapsed(self.since, now) + wait <= total).then_some(wait)
    }
}

/// The time between two instants; none where they are the wrong way round.
pub(super) fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since).max(SignedDuration::ZERO)).unwrap_or_default()
}
