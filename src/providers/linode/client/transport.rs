//! Every request to the API: the token, repetitions, the request limit, and pages of lists.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::error::{ApiError, CallError};
use crate::wire::{
    Backoff, Credential, DelayedRequest, DelayedRequests, HttpBackend, RetryPolicy, Throttling, WireRequest, elapsed,
};
use crate::world::{Clock, CloudError, Notices, Requests};

/// Time limit for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// For a read: six retries within a minute where answers arrive; a recovery must not wait long for a silent API.
const READ: RetryPolicy = RetryPolicy::new(1, 15, 6, 250);
/// For a write that was not sent.
const REQUEST: RetryPolicy = RetryPolicy::new(1, 61, 15, 600);
/// For throttling.
const THROTTLED: RetryPolicy = RetryPolicy::new(1, 61, 1000, 3600);
/// The wait after a 429 that names none: limits are for a minute (source: Linode's rate limits).
const REFUSING: Duration = Duration::from_secs(60);
/// Elements of a page: the most that Linode accepts.
const PAGE_SIZE: &str = "500";
/// The most pages that are read.
const PAGE_LIMIT: usize = 100;
/// The header of a filter.
const FILTER: HeaderName = HeaderName::from_static("x-filter");

/// Carries requests to the API.
pub(super) struct Transport {
    endpoint: Url,
    wire: HttpBackend,
    credential: Arc<dyn Credential>,
    clock: Arc<dyn Clock>,
    throttling: Throttling,
    delayed: DelayedRequests,
    /// The time until which the API refuses requests.
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
        let throttling = Throttling::new(crate::providers::linode::TABLES.title, notices);
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

    /// The next attempt of any request that the limit delays.
    pub(super) fn delayed_until(&self) -> Option<Timestamp> {
        self.delayed.until("")
    }

    /// Reads a path.
    pub(super) async fn get(&self, path: &str) -> Result<Json, CallError> {
        self.send(Method::GET, path, &[], None, None).await
    }

    /// Sends a request that changes something and returns the answer, which is a success.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Json, CallError> {
        self.send(method, path, &[], None, body).await
    }

    /// The elements of the newest page of a list that a filter accepts.
    pub(super) async fn newest(&self, path: &str, filter: &Json) -> Result<Vec<Json>, CallError> {
        let answer = self.send(Method::GET, path, &[("page_size", "25")], Some(filter), None).await?;
        items(path, &answer)
    }

    /// The elements of all pages of a list that a filter accepts.
    pub(super) async fn list(&self, path: &str, filter: Option<&Json>) -> Result<Vec<Json>, CloudError> {
        let mut all = Vec::new();
        for number in 1..=PAGE_LIMIT {
            let page = number.to_string();
            let query = [("page", page.as_str()), ("page_size", PAGE_SIZE)];
            let answer = self.send(Method::GET, path, &query, filter, None).await.map_err(CallError::of_read)?;
            all.extend(items(path, &answer).map_err(CallError::of_read)?);
            let pages = answer.get("pages").and_then(Json::as_u64).unwrap_or(1);
            if u64::try_from(number).is_ok_and(|number| number >= pages) {
                return Ok(all);
            }
        }
        Err(CloudError::Unreachable(format!("the list `{path}` does not end after {PAGE_LIMIT} pages")))
    }

    /// A request that Linode did not accept is sent again. Of those that it may have carried out, only reads are.
    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        filter: Option<&Json>,
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
        if let Some(filter) = filter {
            let text = HeaderValue::try_from(filter.to_string());
            let text = text.map_err(|_| CallError::NotSent(format!("the filter {filter} is invalid in a header")))?;
            request.headers.insert(FILTER, text);
        }
        let reads = request.method == Method::GET;
        let mut failing = Backoff::new(if reads { READ } else { REQUEST }, self.now());
        let mut throttled = Backoff::new(THROTTLED, self.now());
        let delayed = self.delayed.request("", path);
        loop {
            let error = match self.attempt(&request, &delayed).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = match &error {
                CallError::Answered(answer) if answer.status == 429 => {
                    let wait = throttled.next(self.now(), Some(answer.retry_after.unwrap_or(REFUSING)));
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
        if !(200..300).contains(&answer.status) {
            return Err(ApiError::read(&answer).into());
        }
        answer.json().filter(Json::is_object).ok_or_else(|| CallError::Lost("the answer is not JSON".to_owned()))
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
        // 200 reads of lists in a minute (source: Linode's rate limits).
        self.throttling.waits(class, 3.3, refused, wait, self.now());
    }

    async fn sign(&self, headers: &mut HeaderMap) -> Result<(), CallError> {
        let no_token = |why: String| CallError::NotSent(format!("no token for Linode: {why}"));
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

/// The elements of a page.
fn items(path: &str, answer: &Json) -> Result<Vec<Json>, CallError> {
    let items = answer.get("data").and_then(Json::as_array).cloned();
    items.ok_or_else(|| CallError::Lost(format!("the list `{path}` has no `data`")))
}
