//! Every request to the API: its address, filters, and pages of lists.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::error::{ApiError, CallError};
use crate::providers::linode::TABLES;
use crate::wire::{ApiConfig, Attempts, Call, Credential, Protocol, RequestLimits, WireRequest, WireResponse};
use crate::world::CloudError;

/// 200 reads of lists in a minute, and limits are for a minute (source: Linode's rate limits).
const LIMITS: RequestLimits = RequestLimits { rate: 3.3, refusing: Some(Duration::from_secs(60)) };
/// Elements of a page: the most that Linode accepts.
const PAGE_SIZE: &str = "500";
/// The most pages that are read.
const PAGE_LIMIT: usize = 100;
/// The header of a filter.
const FILTER: HeaderName = HeaderName::from_static("x-filter");

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

    fn read(&self, answer: WireResponse) -> Result<Json, CallError> {
        if !(200..300).contains(&answer.status) {
            return Err(ApiError::read(&answer).into());
        }
        let is_answer = |answer: &Json| answer.is_object() || answer.is_array();
        answer.json().filter(is_answer).ok_or_else(|| CallError::Lost("the answer is not JSON".to_owned()))
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

    /// The next attempt of any request that the limit delays.
    pub(super) fn delayed_until(&self) -> Option<Timestamp> {
        self.attempts.delayed_until("")
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

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        filter: Option<&Json>,
        body: Option<&Json>,
    ) -> Result<Json, CallError> {
        let request = crate::wire::request(&self.endpoint, method, path, query, body);
        let mut request = request.map_err(CallError::NotSent)?;
        if let Some(filter) = filter {
            let text = HeaderValue::try_from(filter.to_string());
            let text = text.map_err(|_| CallError::NotSent(format!("the filter {filter} is invalid in a header")))?;
            request.headers.insert(FILTER, text);
        }
        self.attempts.send(self, Call::of(request, path)).await
    }
}

/// The elements of a page.
fn items(path: &str, answer: &Json) -> Result<Vec<Json>, CallError> {
    let items = answer.get("data").and_then(Json::as_array).cloned();
    items.ok_or_else(|| CallError::Lost(format!("the list `{path}` has no `data`")))
}
