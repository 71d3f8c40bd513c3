//! Keeping to Azure's rate limits: a model of the token buckets that Resource Manager keeps for a subscription.
//!
//! The cloud says after each request how much is left. While there is plenty nothing is held back; when it runs out, requests are let
//! through at the rate at which the bucket fills, in the order in which they came, so that a run of ten thousand writes sees hardly a 429.
//! A cloud with smaller buckets is found out by its refusals, which say when there will be room.
//! They go in groups, each on a whole second: what is begun together mostly ends together, and then shares one sync of the journal.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use jiff::Timestamp;

use super::retry::elapsed;
use super::wire::Answer;
use crate::world::Requests;

/// Tokens that are left alone, because the cloud rounds and others may ask, too.
const SPARE: f64 = 3.0;

/// A wait for a token that the public cloud's rates cannot explain.
const SLOW: Duration = Duration::from_secs(2);
/// By how much a learned rate grows with each request that is taken.
const FASTER: f64 = 1.002;

impl Requests {
    /// What a request is counted as.
    pub(super) fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Reads,
            Method::DELETE => Self::Deletes,
            _ => Self::Writes,
        }
    }

    /// The header that says how much is left.
    fn header(self) -> &'static str {
        match self {
            Self::Reads => "x-ms-ratelimit-remaining-subscription-reads",
            Self::Writes => "x-ms-ratelimit-remaining-subscription-writes",
            Self::Deletes => "x-ms-ratelimit-remaining-subscription-deletes",
        }
    }

    /// How many tokens the bucket gains in a second (source: Azure's "request limits and throttling", for a subscription and principal).
    fn rate(self) -> f64 {
        match self {
            Self::Reads => 25.0,
            Self::Writes | Self::Deletes => 10.0,
        }
    }
}

/// All buckets of a subscription.
#[derive(Debug, Default)]
pub(super) struct Pace {
    buckets: [Mutex<Bucket>; 3],
}

/// What is known of one bucket.
#[derive(Debug, Default)]
struct Bucket {
    /// How much is left for requests to come and when that was so; below zero where requests wait already. `None` until the cloud has said.
    level: Option<(f64, Timestamp)>,
    /// Requests that wait for their turn or for their answer.
    outstanding: u32,
    /// How fast it fills, where refusals have shown that it is slower than in the public cloud: sovereign ones count by the hour.
    learned: Option<f64>,
}

impl Bucket {
    fn rate(&self, class: Requests) -> f64 {
        self.learned.unwrap_or(class.rate())
    }

    /// A refusal says when there will be a token. At the public cloud's rates that is within the second; where it is later, the bucket fills more slowly, or
    /// others take from it. What is let through after it is let through a little faster each time, so that a busy hour is not remembered for ever.
    fn refused(&mut self, class: Requests, pause: Duration) {
        if pause >= SLOW {
            self.learned = Some((self.rate(class) / 2.0).max(1.0 / pause.as_secs_f64()));
        }
    }

    fn taken(&mut self, class: Requests) {
        self.learned = self.learned.map(|rate| rate * FASTER).filter(|rate| *rate < class.rate());
    }
}

/// A request that has its place in the order. Dropping it gives the place up.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    bucket: &'a Mutex<Bucket>,
    /// What it is counted as.
    pub class: Requests,
    /// How long it waits for its turn.
    pub wait: Duration,
}

impl Pace {
    /// Takes a place.
    pub fn admit(&self, method: &Method, now: Timestamp) -> Admitted<'_> {
        let class = Requests::of(method);
        let bucket = &self.buckets[class as usize];
        let mut wait = Duration::ZERO;
        let mut state = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        state.outstanding += 1;
        let rate = state.rate(class);
        if let Some((level, at)) = &mut state.level {
            *level += elapsed(*at, now).as_secs_f64() * rate - 1.0;
            *at = now;
            if *level < 0.0 {
                wait = to_whole_second(now, Duration::from_secs_f64(-*level / rate));
            }
        }
        Admitted { bucket, class, wait }
    }

    /// How many of these the cloud takes in a second, as far as is known.
    pub fn rate(&self, class: Requests) -> f64 {
        self.buckets[class as usize].lock().unwrap_or_else(PoisonError::into_inner).rate(class)
    }
}

/// At least this wait, and until a whole second.
fn to_whole_second(now: Timestamp, wait: Duration) -> Duration {
    let past = Duration::from_nanos(now.subsec_nanosecond().unsigned_abs().into());
    let until = past + wait;
    let whole = until.as_secs() + u64::from(until.subsec_nanos() > 0);
    Duration::from_secs(whole) - past
}

impl Admitted<'_> {
    /// Learns from the answer what is left.
    pub fn answered(self, answer: &Answer, now: Timestamp) {
        let left = answer.header(self.class.header()).and_then(|text| text.trim().parse::<f64>().ok());
        let mut state = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = f64::from(state.outstanding.saturating_sub(1));
        // A 429 of Resource Manager itself holds for everyone; one of a provider is about one resource or operation.
        let all = left.is_some_and(|left| left < 1.0) || answer.header("x-ms-failure-cause") == Some("gateway");
        let pause = answer.retry_after().filter(|_| answer.status == 429 && all);
        if let Some(pause) = pause {
            state.refused(self.class, pause);
            state.level = Some((-pause.as_secs_f64() * state.rate(self.class) - waiting - SPARE, now));
        } else if let Some(left) = left {
            state.taken(self.class);
            state.level = Some((left - waiting - SPARE, now));
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut state = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        state.outstanding = state.outstanding.saturating_sub(1);
    }
}
