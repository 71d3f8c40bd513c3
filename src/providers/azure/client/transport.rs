//! The transport to Resource Manager: every request, typed or raw, goes through [`ArmTransport`].
//!
//! It alone holds the token, and sends it to no origin but Resource Manager's own, because polling URLs and next pages
//! come from answers. It repeats requests that are safe to repeat, keeps to the rate limits, and turns every answer
//! that is not a success into an [`ArmError`]. It has no code for long-running operations.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::header::{ACCEPT, AUTHORIZATION, HeaderName, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method};
use azure_core_021 as azure_core;
use jiff::{SignedDuration, Timestamp};
use tracing::Instrument as _;
use url::Url;

use super::error::{ArmError, CallError};
use super::pace::Pace;
use super::retry;
use crate::wire::Backoff;
use crate::wire::{BearerToken, Credential};
use crate::wire::{DelayedRequest, DelayedRequests, Throttling};
use crate::wire::{HttpBackend, WireRequest, WireResponse};
use crate::world::{Clock, Ids, Notice, Notices, Requests};

/// Time limit for one answer. Resource Manager itself gives a provider 60 seconds (source: its resource provider
/// contract).
const ANSWER_TIME: Duration = Duration::from_secs(100);

/// Carries requests to Resource Manager.
pub struct ArmTransport {
    wire: HttpBackend,
    /// The only origin that tokens are sent to.
    origin: String,
    credential: Arc<dyn Credential>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// One id for all requests of this run; the activity log groups by it.
    correlation: String,
    pace: Pace,
    throttling: Throttling,
    delayed: DelayedRequests,
    notices: Arc<dyn Notices>,
    /// Offset of the cloud's clock at its last answer with a date.
    ahead: Mutex<Option<SignedDuration>>,
}

impl fmt::Debug for ArmTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArmTransport").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl ArmTransport {
    /// A transport to the Resource Manager at this endpoint.
    pub fn new(
        endpoint: &Url,
        wire: HttpBackend,
        credential: Arc<dyn Credential>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        notices: Arc<dyn Notices>,
    ) -> Self {
        Self {
            wire,
            origin: endpoint.origin().ascii_serialization(),
            credential,
            clock,
            correlation: ids.fresh(),
            ids,
            pace: Pace::default(),
            throttling: Throttling::new(crate::providers::azure::TABLES.title, Arc::clone(&notices)),
            delayed: DelayedRequests::default(),
            notices,
            ahead: Mutex::default(),
        }
    }

    /// True if tokens may be sent to this URL.
    pub(super) fn trusts(&self, url: &Url) -> bool {
        url.origin().ascii_serialization() == self.origin
    }

    /// Offset of the cloud's clock from the local one, by its last answer; `None` before the first.
    pub(super) fn ahead(&self) -> Option<SignedDuration> {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next attempt of a request at or below this path that request limits delay.
    pub(super) fn delayed_until(&self, path: &str) -> Option<Timestamp> {
        self.delayed.until(path)
    }

    /// Now, by the clock of the world.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits.
    pub(super) async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// Sends a notice to the operator.
    pub(super) fn tell(&self, notice: &Notice) {
        self.notices.notice(notice);
    }

    /// Sends a request and returns the answer, which is a success.
    ///
    /// A request that Azure did not accept is sent again. A request that Azure may have executed is repeated only where
    /// that is harmless: reads and deletions.
    ///
    /// # Errors
    /// The last error of Azure, or the reason why no answer arrived.
    pub async fn call(&self, request: WireRequest) -> Result<WireResponse, CallError> {
        if !self.trusts(&request.url) {
            let origin = request.url.origin().ascii_serialization();
            return Err(CallError::NotSent(format!(
                "an answer redirects to {origin}; drplan sends credentials to {} only",
                self.origin
            )));
        }
        let id = self.ids.fresh();
        let span = tracing::debug_span!("arm", method = %request.method, path = request.url.path(), id = %id);
        self.attempts(request, &id).instrument(span).await
    }

    async fn attempts(&self, request: WireRequest, id: &str) -> Result<WireResponse, CallError> {
        let reads = matches!(request.method, Method::GET | Method::HEAD);
        let mut failing = Backoff::new(if reads { retry::READ } else { retry::REQUEST }, self.now());
        let mut throttled = Backoff::new(retry::THROTTLED, self.now());
        let delayed = self.delayed.request(request.url.path(), id);
        let mut refused = false;
        loop {
            let error = match self.attempt(&request, &delayed, id, refused).await? {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let status = if let CallError::Answered(error) = &error { error.status } else { 0 };
            if status == 401 && !refused {
                refused = true;
                continue;
            }
            if !may_repeat(&request.method, &error) {
                return Err(error);
            }
            let backoff = if status == 429 { &mut throttled } else { &mut failing };
            let Some(wait) = backoff.next(self.now(), error.retry_after()) else { return Err(error) };
            if status == 429 {
                delayed.until(self.now() + wait);
            }
            if error.is_throttled() {
                let requests = Requests::of(&request.method);
                self.throttling.waits(requests, self.pace.rate(requests), true, wait, self.now());
            }
            tracing::debug!(seconds = wait.as_secs_f64(), %error, "waiting to retry");
            self.sleep(wait).await;
        }
    }

    /// Sends once. The outer error ends the call; the inner one may justify another attempt.
    async fn attempt(
        &self,
        request: &WireRequest,
        delayed: &DelayedRequest<'_>,
        id: &str,
        refused: bool,
    ) -> Result<Result<WireResponse, CallError>, CallError> {
        let admitted = self.pace.admit(&request.method, self.now());
        let (class, now) = (admitted.class, self.now());
        self.throttling.waits(class, self.pace.rate(class), false, admitted.wait, now);
        if !admitted.wait.is_zero() {
            delayed.until(now + admitted.wait);
            self.sleep(admitted.wait).await;
        }
        let mut sent = request.clone();
        self.sign(&mut sent.headers, id, refused).await?;

        let answer = match self.wire.send_within(sent, &*self.clock, ANSWER_TIME).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error.into())),
        };
        admitted.answered(&answer, self.now());
        if let Some(said) = answer.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            let ahead = said.timestamp().duration_since(self.now());
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
        tracing::debug!(status = answer.status, "answered");
        Ok(if (200..300).contains(&answer.status) { Ok(answer) } else { Err(ArmError::read(&answer).into()) })
    }

    /// A token for another audience.
    pub(super) async fn token_for(&self, audience: &str) -> Result<BearerToken, String> {
        self.credential.token_for(audience).await
    }

    /// Adds the token, and the ids by which Azure's support finds the request.
    async fn sign(&self, headers: &mut HeaderMap, id: &str, refused: bool) -> Result<(), CallError> {
        let no_token = |why: String| CallError::NotSent(format!("no token for Resource Manager: {why}"));
        let token = self.credential.token(refused).await.map_err(no_token)?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.text()))
            .map_err(|_| no_token("it holds characters that are invalid in a header".to_owned()))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("drplan/", env!("CARGO_PKG_VERSION"))));
        headers.insert("x-ms-return-client-request-id", HeaderValue::from_static("true"));
        for (name, value) in [("x-ms-client-request-id", id), ("x-ms-correlation-request-id", &self.correlation)] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        Ok(())
    }
}

/// True if a repetition is harmless.
fn may_repeat(method: &Method, error: &CallError) -> bool {
    let harmless = matches!(*method, Method::GET | Method::HEAD | Method::DELETE);
    match error {
        CallError::Answered(error) => error.is_not_taken() || harmless && error.is_unclear(),
        CallError::NotSent(_) => true,
        CallError::Lost(_) => harmless,
        CallError::Undecided(_) => false,
    }
}

/// The adapter under `azure_mgmt_resources`: its requests arrive without a token, and its errors hold a [`CallError`].
#[async_trait]
impl azure_core::HttpClient for ArmTransport {
    async fn execute_request(&self, typed: &azure_core::Request) -> azure_core::Result<azure_core::Response> {
        let request = raw(typed).map_err(|why| to_typed(CallError::NotSent(why)))?;
        let WireResponse { status, headers, body } = self.call(request).await.map_err(to_typed)?;
        let status = azure_core::StatusCode::try_from(status)
            .map_err(|_| to_typed(CallError::Undecided(format!("the answer has the status {status}"))))?;
        let mut typed = azure_core::headers::Headers::new();
        for (name, value) in &headers {
            if let Ok(value) = value.to_str() {
                typed.insert(name.as_str().to_owned(), value.to_owned());
            }
        }
        Ok(azure_core::Response::new(status, typed, Box::pin(futures::stream::once(async { Ok(body) }))))
    }
}

fn raw(typed: &azure_core::Request) -> Result<WireRequest, String> {
    let method = Method::from_bytes(typed.method().as_ref().as_bytes()).map_err(|e| e.to_string())?;
    let azure_core::Body::Bytes(body) = typed.body() else { return Err("the body is a stream".to_owned()) };
    let mut request = WireRequest::new(method, typed.url().clone());
    request.body = body.clone();
    for (name, value) in typed.headers().iter() {
        let name = HeaderName::try_from(name.as_str()).map_err(|e| e.to_string())?;
        let value = HeaderValue::try_from(value.as_str()).map_err(|e| e.to_string())?;
        request.headers.insert(name, value);
    }
    Ok(request)
}

fn to_typed(error: CallError) -> azure_core::Error {
    azure_core::Error::new(azure_core::error::ErrorKind::Other, error)
}

/// The complete raw answer of a typed response.
pub(super) async fn untyped(response: azure_core::Response) -> Result<WireResponse, CallError> {
    let (status, typed, body) = response.deconstruct();
    let mut headers = HeaderMap::new();
    for (name, value) in typed {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            headers.insert(name, value);
        }
    }
    let body = body.collect().await.map_err(from_typed)?;
    Ok(WireResponse { status: status.into(), headers, body })
}

/// The transport's error inside a typed one.
pub(super) fn from_typed(error: azure_core::Error) -> CallError {
    match error.into_downcast::<CallError>() {
        Ok(error) => error,
        Err(other) => CallError::NotSent(other.to_string()),
    }
}
