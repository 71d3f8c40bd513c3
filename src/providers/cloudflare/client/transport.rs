//! Every request to the API: its address, the request limit, and the envelope of answers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::Method;
use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::error::{ApiError, CallError};
use crate::providers::cloudflare::TABLES;
use crate::wire::{ApiConfig, Attempts, Call, Credential, Protocol, RequestLimits, WireRequest, WireResponse};

/// The time for which the API refuses everything once its limit is used up (source: Cloudflare's limits).
const REFUSING: Duration = Duration::from_secs(300);
/// 1,200 requests in five minutes (source: Cloudflare's limits).
const LIMITS: RequestLimits = RequestLimits { rate: 4.0, refusing: Some(REFUSING) };

/// Carries requests to the API.
pub(super) struct Transport {
    endpoint: Url,
    credential: Arc<dyn Credential>,
    attempts: Attempts,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Protocol for Transport {
    type Answer = Json;
    type Error = ApiError;

    async fn sign(&self, request: &mut WireRequest, refused: bool) -> Result<(), String> {
        crate::wire::sign(request, &*self.credential, refused, TABLES.title).await
    }

    /// The envelope of a success: an answer says itself if it is one, whatever its status.
    fn read(&self, answer: WireResponse) -> Result<Json, CallError> {
        let envelope = answer.json().filter(Json::is_object);
        let is_success = (200..300).contains(&answer.status)
            && envelope.as_ref().is_some_and(|body| body.get("success").and_then(Json::as_bool) == Some(true));
        match envelope {
            Some(envelope) if is_success => Ok(envelope),
            None if (200..300).contains(&answer.status) => Err(CallError::Lost("the answer is not JSON".to_owned())),
            _ => Err(ApiError::read(&answer).into()),
        }
    }

    fn exhausted(&self, answer: &WireResponse) -> Option<Duration> {
        exhausted(answer)
    }
}

impl Transport {
    pub(super) fn new(config: ApiConfig) -> Self {
        let ApiConfig { endpoint, wire, credential, clock, notices } = config;
        Self { endpoint, credential, attempts: Attempts::new(TABLES.title, LIMITS, wire, clock, notices) }
    }

    /// Now, by the clock of the world.
    pub(super) fn now(&self) -> Timestamp {
        self.attempts.now()
    }

    /// Waits.
    pub(super) async fn sleep(&self, duration: Duration) {
        self.attempts.sleep(duration).await;
    }

    /// The next attempt of any request that the limit delays. The limit is that of the token, for all of its requests.
    pub(super) fn delayed_until(&self) -> Option<Timestamp> {
        self.attempts.delayed_until("")
    }

    /// Sends a request and returns the envelope of the answer, which is a success.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CallError> {
        let request = crate::wire::request(&self.endpoint, method, path, query, body);
        self.attempts.send(self, Call::of(request.map_err(CallError::NotSent)?, path)).await
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
