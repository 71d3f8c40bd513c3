//! Texts in a store of objects, at addresses that carry their own signature: what the stores of several providers have
//! in common. Their errors are the same XML as well.
//!
//! It must not know how an address is signed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use url::Url;

use super::attempts::{Attempts, Call, Protocol, RequestLimits};
use super::carrier::{HttpBackend, WireRequest, WireResponse};
use super::error::{AnswerError, CallError, message};
use crate::reason::Reason;
use crate::world::{Clock, CloudError, CloudRefusal, Notices};

/// The limit of requests, for notices.
const LIMITS: RequestLimits = RequestLimits { rate: 100.0, refusing: None };

/// An error in an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message} (HTTP {status})")]
pub(crate) struct StoreError {
    status: u16,
    code: String,
    message: String,
    retry_after: Option<Duration>,
}

impl StoreError {
    fn read(answer: &WireResponse) -> Self {
        let text = String::from_utf8_lossy(&answer.body);
        let document = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')).ok();
        let element = |name: &str| {
            let found = document.as_ref()?.descendants().find(|node| node.has_tag_name(name))?;
            found.text().map(str::to_owned)
        };
        let code = element("Code").unwrap_or_else(|| answer.status.to_string());
        let message = message(element("Message").into_iter().collect(), answer);
        Self { status: answer.status, code, message, retry_after: answer.retry_after() }
    }
}

impl AnswerError for StoreError {
    fn reason(&self) -> Reason {
        match (self.status, self.code.as_str()) {
            (404, _) => Reason::Absent,
            (409 | 412, _) => Reason::Changed,
            (429, _) | (503, "SlowDown" | "ServerBusy") => Reason::Throttled,
            (401 | 403, "AuthenticationFailed" | "InvalidAccessKeyId" | "SignatureDoesNotMatch") => {
                Reason::Unauthenticated
            }
            (401 | 403, _) => Reason::Forbidden,
            (500.., _) => Reason::Outage,
            (400..=499, _) => Reason::Invalid,
            _ => Reason::Other,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn is_unclear(&self) -> bool {
        self.status >= 500 || self.status == 408
    }
}

impl From<StoreError> for CloudRefusal {
    fn from(error: StoreError) -> Self {
        let reason = error.reason();
        let StoreError { status, code, message, retry_after: _ } = error;
        Self { reason, has_begun: false, answer: format!("HTTP {status}"), code, message, correlation: None }
    }
}

/// Nothing is added to a request: its address is its signature.
struct Unsigned;

#[async_trait]
impl Protocol for Unsigned {
    type Answer = WireResponse;
    type Error = StoreError;

    async fn sign(&self, _request: &mut WireRequest, _refused: bool) -> Result<(), String> {
        Ok(())
    }

    fn read(&self, answer: WireResponse) -> Result<WireResponse, CallError<StoreError>> {
        match answer.status {
            200..300 => Ok(answer),
            _ => Err(StoreError::read(&answer).into()),
        }
    }
}

/// A client of such a store.
pub(crate) struct ObjectStore {
    attempts: Attempts,
}

impl fmt::Debug for ObjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStore").finish_non_exhaustive()
    }
}

impl ObjectStore {
    /// A client of the store of a provider, by its name in sentences.
    pub(crate) fn new(
        provider: &'static str,
        wire: HttpBackend,
        clock: Arc<dyn Clock>,
        notices: Arc<dyn Notices>,
    ) -> Self {
        Self { attempts: Attempts::new(provider, LIMITS, wire, clock, notices) }
    }

    /// Now, by the clock of the world.
    pub(crate) fn now(&self) -> Timestamp {
        self.attempts.now()
    }

    /// The answer with an object; `None` where it does not exist.
    ///
    /// # Errors
    /// The store refused, or gave no answer.
    pub(crate) async fn get(&self, url: Url) -> Result<Option<WireResponse>, CloudError> {
        match self.send(WireRequest::get(url), false).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is(Reason::Absent) => Ok(None),
            Err(error) => Err(error.of_read()),
        }
    }

    /// Writes an object: whatever is there, or in place of the one of this version. `header`: what the store demands
    /// beside the address.
    ///
    /// # Errors
    /// The store refused, or gave no answer.
    pub(crate) async fn put(
        &self,
        url: Url,
        text: &str,
        old: Option<&str>,
        header: Option<(&'static str, &'static str)>,
    ) -> Result<WireResponse, CloudError> {
        let mut request = WireRequest::new(Method::PUT, url);
        request.body = text.to_owned().into();
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some((name, value)) = header {
            request.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(old) = old {
            request = request.if_match(old);
        }
        // The same text again is harmless, unless it has to follow another one.
        self.send(request, old.is_none()).await.map_err(CallError::of_write)
    }

    /// Deletes an object, if it exists.
    ///
    /// # Errors
    /// The store refused, or gave no answer.
    pub(crate) async fn delete(&self, url: Url) -> Result<(), CloudError> {
        match self.send(WireRequest::new(Method::DELETE, url), true).await {
            Err(error) if !error.is(Reason::Absent) => Err(error.of_write()),
            _ => Ok(()),
        }
    }

    async fn send(&self, request: WireRequest, repeats: bool) -> Result<WireResponse, CallError<StoreError>> {
        let name = request.url.path().to_owned();
        let call = Call::of(request, &name);
        let is_repeatable = call.is_repeatable || repeats;
        self.attempts.send(&Unsigned, Call { is_repeatable, ..call }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_both_kinds_of_stores_are_read() {
        let of = |status, body: &str| {
            let answer = WireResponse { status, headers: Default::default(), body: body.to_owned().into() };
            StoreError::read(&answer)
        };
        let azure = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code><Message>\
                     Server failed to authenticate the request.\nTime:2026</Message></Error>";
        let error = of(403, azure);
        assert_eq!((error.reason(), &*error.code), (Reason::Unauthenticated, "AuthenticationFailed"));
        assert!(error.message.starts_with("Server failed"), "{error}");
        let s3 = "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";
        assert_eq!(of(404, s3).reason(), Reason::Absent);
        assert_eq!((of(503, "").reason(), of(503, "").is_unclear()), (Reason::Outage, true));
    }
}
