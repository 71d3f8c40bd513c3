//! Every request to the API of one cluster.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderValue, Method};
use serde_json::Value as Json;
use url::Url;

use super::error::{ApiError, CallError};
use super::login::Login;
use crate::providers::kubernetes::TABLES;
use crate::wire::{
    Attempts, Call, HttpBackend, Protocol, Reach, RequestLimits, WireRequest, WireResponse, request, sign,
};

/// The server refuses by priority and fairness, and says how long; drplan sends few requests.
const LIMITS: RequestLimits = RequestLimits { rate: 50.0, refusing: None };
/// The name under which the server records changes of fields.
const MANAGER: &str = "drplan";
/// Elements of a page of a list.
const PAGE: &str = "500";
/// The most pages that are read.
const PAGES: usize = 100;

/// Carries requests to the API of a cluster.
pub(super) struct Transport {
    endpoint: Url,
    login: Login,
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
        if self.login.is_by_certificate() {
            let headers = &mut request.headers;
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            headers.insert(USER_AGENT, HeaderValue::from_static(concat!("drplan/", env!("CARGO_PKG_VERSION"))));
            return Ok(());
        }
        sign(request, &self.login, refused, "the cluster").await
    }

    fn read(&self, answer: WireResponse) -> Result<Json, CallError> {
        if !(200..300).contains(&answer.status) {
            return Err(ApiError::read(&answer).into());
        }
        answer.json().filter(Json::is_object).ok_or_else(|| CallError::Lost("the answer is not JSON".to_owned()))
    }
}

impl Transport {
    pub(super) fn new(endpoint: Url, login: Login, wire: HttpBackend, reach: &Reach) -> Self {
        let (clock, notices) = (reach.clock.clone(), reach.notices.clone());
        Self { endpoint, login, attempts: Attempts::new(TABLES.title, LIMITS, wire, clock, notices) }
    }

    /// Reads a path.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Json, CallError> {
        let sent = request(&self.endpoint, Method::GET, path, query, None).map_err(CallError::NotSent)?;
        self.attempts.send(self, Call::of(sent, path)).await
    }

    /// Creates a review, which stores nothing and answers a question.
    pub(super) async fn review(&self, path: &str, body: &Json) -> Result<Json, CallError> {
        let sent = request(&self.endpoint, Method::POST, path, &[], Some(body)).map_err(CallError::NotSent)?;
        self.attempts.send(self, Call { is_repeatable: true, ..Call::of(sent, path) }).await
    }

    /// Merges a body into an object. The same merge twice changes nothing more.
    pub(super) async fn merge(&self, path: &str, body: &Json, dry: bool) -> Result<Json, CallError> {
        let mut query = vec![("fieldManager", MANAGER), ("fieldValidation", "Strict")];
        query.extend(dry.then_some(("dryRun", "All")));
        let sent = request(&self.endpoint, Method::PATCH, path, &query, Some(body));
        let mut sent = sent.map_err(CallError::NotSent)?;
        sent.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/merge-patch+json"));
        self.attempts.send(self, Call { is_repeatable: true, ..Call::of(sent, path) }).await
    }

    /// The elements of a list.
    pub(super) async fn list(&self, path: &str, filter: &[(&str, &str)]) -> Result<Vec<Json>, CallError> {
        let (mut all, mut next) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let mut query = [filter, &[("limit", PAGE)]].concat();
            if !next.is_empty() {
                query.push(("continue", &next));
            }
            let answer = self.get(path, &query).await?;
            let items = answer.get("items").and_then(Json::as_array);
            all.extend(items.into_iter().flatten().cloned());
            next = answer.pointer("/metadata/continue").and_then(Json::as_str).unwrap_or_default().to_owned();
            if next.is_empty() {
                return Ok(all);
            }
        }
        Err(CallError::Lost(format!("the list `{path}` does not end after {PAGES} pages")))
    }

    /// Now, by the clock of the world.
    pub(super) fn now(&self) -> jiff::Timestamp {
        self.attempts.now()
    }

    /// The next attempt of any request that the limit delays.
    pub(super) fn delayed_until(&self) -> Option<jiff::Timestamp> {
        self.attempts.delayed_until("")
    }

    /// The time since a time of the API; zero for one that cannot be read.
    pub(super) fn age(&self, of: &str) -> Duration {
        let since = of.parse::<jiff::Timestamp>().map(|then| self.now().duration_since(then));
        since.ok().and_then(|age| Duration::try_from(age).ok()).unwrap_or_default()
    }
}
