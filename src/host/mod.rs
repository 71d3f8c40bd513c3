//! The real world: this machine's clock, its randomness and its programs; and their simulated kin, a clock on paused time and ids from a seed.

mod commands;
mod git;
mod web;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::world::{Clock, Ids};

pub use commands::{HostCommands, Missing};
pub use git::{GitError, Revision};
pub use web::HostWeb;

/// This machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The clock of a simulated world: it goes on from any time, and on tokio's time, which may be paused.
#[derive(Debug)]
pub struct SimClock {
    began: tokio::time::Instant,
    /// The time at `began`, in microseconds.
    start: AtomicI64,
    /// How many seconds pass on it in one outside.
    speed: u32,
}

impl SimClock {
    /// A clock that shows this time now.
    pub fn new(start: Timestamp) -> Self {
        Self::sped(start, 1)
    }

    /// A clock that shows this time now, and on which so many seconds pass in one outside.
    pub fn sped(start: Timestamp, speed: u32) -> Self {
        Self { began: tokio::time::Instant::now(), start: AtomicI64::new(start.as_microsecond()), speed: speed.max(1) }
    }

    /// Moves on to a later time; an earlier one is passed over.
    pub fn advance_to(&self, time: Timestamp) {
        let ahead = time.as_microsecond() - self.now().as_microsecond();
        self.start.fetch_add(ahead.max(0), Ordering::Relaxed);
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let passed = passed.saturating_mul(i64::from(self.speed));
        let now = self.start.load(Ordering::Relaxed).saturating_add(passed);
        Timestamp::from_microsecond(now).unwrap_or(Timestamp::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration / self.speed).await;
    }
}

/// Ids and keys from this machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn fresh(&self) -> String {
        Uuid::new_v4().to_string()
    }

    fn key(&self) -> [u8; 32] {
        // Two random UUIDs hold 244 bits that nobody can guess.
        let mut hash = Sha256::new();
        hash.update(Uuid::new_v4());
        hash.update(Uuid::new_v4());
        hash.finalize().into()
    }
}

/// Ids and keys that follow from a seed, for what must come out the same twice. Its keys keep no secret from who knows the seed.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    next: AtomicU64,
}

impl SeededIds {
    /// The ids of this seed, from the first on.
    pub const fn new(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(0) }
    }

    /// A copy that gives the same ids as this one from here on.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { seed: self.seed, next: AtomicU64::new(self.next.load(Ordering::Relaxed)) }
    }

    fn bytes(&self, word: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(word);
        hash.update(self.seed.to_be_bytes());
        hash.update(self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        hash.finalize().into()
    }
}

impl Ids for SeededIds {
    fn fresh(&self) -> String {
        let mut half = [0; 16];
        half.copy_from_slice(&self.bytes("id")[..16]);
        uuid::Builder::from_random_bytes(half).into_uuid().to_string()
    }

    fn key(&self) -> [u8; 32] {
        self.bytes("key")
    }
}
