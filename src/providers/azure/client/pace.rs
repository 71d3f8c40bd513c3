//! Client-side rate limiting: a model of the token buckets that Resource Manager keeps for a subscription.
//!
//! Azure reports the remaining tokens after each request. While enough remain, no request waits. When they run out,
//! requests are sent in order at the rate at which the bucket fills, so that a run of ten thousand writes hardly sees a
//! 429. Smaller buckets are detected by refusals, which name the wait. Requests go in groups, each on a whole second:
//! requests that begin together mostly end together, and then share one sync of the journal.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use jiff::Timestamp;

use crate::wire::WireResponse;
use crate::wire::elapsed;
use crate::world::Requests;

/// Tokens held in reserve, because Azure rounds and other clients may send requests.
const SPARE: f64 = 3.0;

/// A wait that the public cloud's rates cannot explain.
const SLOW: Duration = Duration::from_secs(2);
/// Growth of a learned rate with each accepted request.
const FASTER: f64 = 1.002;

impl Requests {
    /// The header with the remaining tokens.
    fn header(self) -> &'static str {
        match self {
            Self::Reads => "x-ms-ratelimit-remaining-subscription-reads",
            Self::Writes => "x-ms-ratelimit-remaining-subscription-writes",
            Self::Deletes => "x-ms-ratelimit-remaining-subscription-deletes",
        }
    }

    /// Tokens that the bucket gains per second (source: Azure's "request limits and throttling", for a subscription and
    /// principal).
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
    buckets: [Mutex<PaceBucket>; 3],
}

/// The known state of one bucket.
#[derive(Debug, Default)]
struct PaceBucket {
    /// Tokens for new requests, and the time of that count; below zero where requests already wait. `None` before the
    /// first answer.
    level: Option<(f64, Timestamp)>,
    /// Requests that wait for their turn or for their answer.
    outstanding: u32,
    /// The fill rate learned from refusals, where it is lower than in the public cloud: sovereign clouds count by the
    /// hour.
    learned: Option<f64>,
}

impl PaceBucket {
    fn rate(&self, class: Requests) -> f64 {
        self.learned.unwrap_or(class.rate())
    }

    /// Learns from a refusal, which names the time of the next token. At the public cloud's rates that is within a
    /// second. A longer wait means that the bucket fills more slowly, or that other clients use it. The rate grows a
    /// little with each accepted request afterwards, so that a busy hour does not slow requests forever.
    fn refused(&mut self, class: Requests, pause: Duration) {
        if pause >= SLOW {
            self.learned = Some((self.rate(class) / 2.0).max(1.0 / pause.as_secs_f64()));
        }
    }

    fn taken(&mut self, class: Requests) {
        self.learned = self.learned.map(|rate| rate * FASTER).filter(|rate| *rate < class.rate());
    }
}

/// A request with a place in the queue. Dropping it releases the place.
#[derive(Debug)]
pub(super) struct Admission<'a> {
    bucket: &'a Mutex<PaceBucket>,
    /// The class of the request.
    pub class: Requests,
    /// The wait until its turn.
    pub wait: Duration,
}

impl Pace {
    /// Takes a place in the queue.
    pub fn admit(&self, method: &Method, now: Timestamp) -> Admission<'_> {
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
        Admission { bucket, class, wait }
    }

    /// The assumed rate of this class, in requests per second.
    pub fn rate(&self, class: Requests) -> f64 {
        self.buckets[class as usize].lock().unwrap_or_else(PoisonError::into_inner).rate(class)
    }
}

/// The wait, extended to the next whole second.
fn to_whole_second(now: Timestamp, wait: Duration) -> Duration {
    let past = Duration::from_nanos(now.subsec_nanosecond().unsigned_abs().into());
    let until = past + wait;
    let whole = until.as_secs() + u64::from(until.subsec_nanos() > 0);
    Duration::from_secs(whole) - past
}

impl Admission<'_> {
    /// Updates the bucket from the answer.
    pub fn answered(self, answer: &WireResponse, now: Timestamp) {
        let left = answer.header(self.class.header()).and_then(|text| text.trim().parse::<u32>().ok()).map(f64::from);
        let mut state = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = f64::from(state.outstanding.saturating_sub(1));
        // A 429 of Resource Manager applies to all requests; one of a provider, to one resource or operation.
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

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        let mut state = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        state.outstanding = state.outstanding.saturating_sub(1);
    }
}
