//! Adapters to this machine: clock, random ids, programs, Git, network and user. Also their simulated counterparts: a
//! clock on paused time, and ids from a seed.

mod commands;
mod git;
mod identity;
mod web;
mod workstation;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::world::{Clock, Ids};

pub use commands::{HostCommands, MissingProgram};
pub use git::{GitError, Revision};
pub use identity::Identity;
pub use web::HostWeb;
pub use workstation::HostWorkstation;

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

/// The clock of a simulated world. It starts at any time and advances with tokio's time, which may be paused.
#[derive(Debug)]
pub struct SimClock {
    began: tokio::time::Instant,
    /// The time at `began`, in microseconds.
    start: AtomicI64,
    /// Simulated seconds per real second.
    speed: u32,
}

impl SimClock {
    /// A clock that starts at this time.
    pub fn new(start: Timestamp) -> Self {
        Self::sped(start, 1)
    }

    /// A clock that starts at this time and runs at this speed: simulated seconds per real second.
    pub fn sped(start: Timestamp, speed: u32) -> Self {
        Self { began: tokio::time::Instant::now(), start: AtomicI64::new(start.as_microsecond()), speed: speed.max(1) }
    }

    /// Advances to a later time; an earlier time is ignored.
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
        // Two random UUIDs hold 244 unpredictable bits.
        let mut hash = Sha256::new();
        hash.update(Uuid::new_v4());
        hash.update(Uuid::new_v4());
        hash.finalize().into()
    }
}

/// Deterministic ids and keys from a seed, for reproducible output. The keys are not secret from anybody who knows the
/// seed.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    next: AtomicU64,
}

impl SeededIds {
    /// The ids of this seed, from the first.
    pub const fn new(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(0) }
    }

    /// A copy that continues with the same ids as this one.
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
