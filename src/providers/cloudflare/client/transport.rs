//! Every request to the API: the token, repetitions, the request limit, and the envelope of answers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::error::{ApiError, CallError};
use crate::wire::{
    Backoff, Credential, DelayedRequest, DelayedRequests, HttpBackend, RetryPolicy, Throttling, WireRequest,
    WireResponse, elapsed,
};
use crate::world::{Clock, Notices, Requests};

/// Time limit for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// For a read: six retries within a minute where answers arrive; a recovery must not wait long for a silent API.
const READ: RetryPolicy = RetryPolicy::new(1, 15, 6, 250);
/// For a write that was not sent.
const REQUEST: RetryPolicy = RetryPolicy::new(1, 61, 15, 600);
/// For throttling, which lasts five minutes.
const THROTTLED: RetryPolicy = RetryPolicy::new(1, 61, 1000, 3600);
/// The wait after a 429 that names none: the API refuses everything for five minutes (source: Cloudflare's limits).
const REFUSING: Duration = Duration::from_secs(300);

/// Carries requests to the API.
pub(super) struct Transport {
    endpoint: Url,
    wire: HttpBackend,
    credential: Arc<dyn Credential>,
    clock: Arc<dyn Clock>,
    throttling: Throttling,
    delayed: DelayedRequests,
    /// The time until which the API refuses every request.
    closed: Mutex<Option<Timestamp>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(
        endpoint: Url,
        wire: HttpBackend,
        credential: Arc<dyn Credential>,
        clock: Arc<dyn Clock>,
        notices: Arc<dyn Notices>,
    ) -> Self {
        let throttling = Throttling::new(crate::providers::cloudflare::TABLES.title, notices);
        let (delayed, closed) = (DelayedRequests::default(), Mutex::default());
        Self { endpoint, wire, credential, clock, throttling, delayed, closed }
    }

    /// Now, by the clock of the world.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits.
    pub(super) async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// The next attempt of any request that the limit delays. The limit is that of the token, for all of its requests.
    pub(super) fn delayed_until(&self) -> Option<Timestamp> {
        self.delayed.until("")
    }

    /// Sends a request and returns the envelope of the answer, which is a success.
    ///
    /// A request that Cloudflare did not accept is sent again. Of those that it may have carried out, only reads are.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CallError> {
        let mut url = self.endpoint.join(path).map_err(|error| CallError::NotSent(format!("`{path}`: {error}")))?;
        if url.origin() != self.endpoint.origin() {
            return Err(CallError::NotSent(format!(
                "`{path}` leads to another server; drplan sends credentials to one only"
            )));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = WireRequest::new(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let reads = request.method == Method::GET;
        let mut failing = Backoff::new(if reads { READ } else { REQUEST }, self.now());
        let mut throttled = Backoff::new(THROTTLED, self.now());
        let delayed = self.delayed.request("", path);
        loop {
            let error = match self.attempt(&request, &delayed).await {
                Ok(envelope) => return Ok(envelope),
                Err(error) => error,
            };
            let wait = match &error {
                CallError::Answered(answer) if answer.is_throttled() => {
                    let asked = answer.retry_after.unwrap_or(REFUSING);
                    let wait = throttled.next(self.now(), Some(asked));
                    self.close(wait.unwrap_or_default());
                    self.tell(&request.method, true, wait.unwrap_or_default());
                    wait
                }
                CallError::NotSent(_) => failing.next(self.now(), None),
                unclear if reads && unclear.is_unclear() => failing.next(self.now(), error.retry_after()),
                _ => None,
            };
            let Some(wait) = wait else { return Err(error) };
            tracing::debug!(seconds = wait.as_secs_f64(), %error, "waiting to retry");
            if error.retry_after().is_some() {
                delayed.until(self.now() + wait);
            }
            self.sleep(wait).await;
        }
    }

    async fn attempt(&self, request: &WireRequest, delayed: &DelayedRequest<'_>) -> Result<Json, CallError> {
        let closed = *self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = closed.map(|until| elapsed(self.now(), until)).unwrap_or_default();
        self.tell(&request.method, false, wait);
        if !wait.is_zero() {
            delayed.until(self.now() + wait);
            self.sleep(wait).await;
        }
        let mut sent = request.clone();
        self.sign(&mut sent.headers).await?;
        let answer = self.wire.send_within(sent, &*self.clock, ANSWER_TIME).await?;
        tracing::debug!(status = answer.status, "answered");
        if let Some(rest) = exhausted(&answer) {
            self.close(rest);
        }
        let envelope = answer.json().filter(Json::is_object);
        let is_success = (200..300).contains(&answer.status)
            && envelope.as_ref().is_some_and(|body| body.get("success").and_then(Json::as_bool) == Some(true));
        match envelope {
            Some(envelope) if is_success => Ok(envelope),
            None if (200..300).contains(&answer.status) => Err(CallError::Lost("the answer is not JSON".to_owned())),
            _ => Err(ApiError::read(&answer).into()),
        }
    }

    /// Holds back every request for this long.
    fn close(&self, wait: Duration) {
        let until = self.now() + wait;
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        *closed = Some(closed.map_or(until, |before| before.max(until)));
    }

    fn tell(&self, method: &Method, refused: bool, wait: Duration) {
        let class = match *method {
            Method::GET => Requests::Reads,
            Method::DELETE => Requests::Deletes,
            _ => Requests::Writes,
        };
        // 1,200 requests in five minutes (source: Cloudflare's limits).
        self.throttling.waits(class, 4.0, refused, wait, self.now());
    }

    async fn sign(&self, headers: &mut HeaderMap) -> Result<(), CallError> {
        let no_token = |why: String| CallError::NotSent(format!("no token for Cloudflare: {why}"));
        let token = self.credential.token(false).await.map_err(no_token)?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.text()))
            .map_err(|_| no_token("it holds characters that are invalid in a header".to_owned()))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("drplan/", env!("CARGO_PKG_VERSION"))));
        Ok(())
    }
}

/// The time until requests are accepted again, where the limit is used up: `"default";r=0;t=30`.
fn exhausted(answer: &WireResponse) -> Option<Duration> {
    let limits = answer.header("ratelimit")?.split(',').filter_map(|limit| {
        let number = |key: &str| limit.split(';').find_map(|part| part.trim().strip_prefix(key)?.parse::<u64>().ok());
        (number("r=")? == 0).then(|| number("t="))?
    });
    limits.max().map(|seconds| Duration::from_secs(seconds.min(REFUSING.as_secs())))
}
