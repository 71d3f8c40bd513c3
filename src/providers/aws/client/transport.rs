//! Requests to AWS's services: their encodings, signatures, and the difference of clocks. The loop of attempts is that
//! of all clients.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderName, HeaderValue, Method};
use bytes::Bytes;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use url::Url;

use super::credentials::Credentials;
use super::endpoint::{Encoding, Endpoints, Service};
use super::error::{ApiError, CallError};
use super::form;
use super::xml;
use crate::wire::sigv4::{self, Scope};
use crate::wire::{self, Attempts, HttpBackend, Protocol, RequestLimits, WireRequest, WireResponse};
use crate::world::{Clock, Notices, Requests};

/// The limits of AWS, which counts for each operation (estimate: most changes of EC2 have five requests a second).
const LIMITS: RequestLimits = RequestLimits { rate: 5.0, refusing: None };
/// The difference of the clocks up to which signatures have the local time; AWS accepts five minutes.
const SKEWED: SignedDuration = SignedDuration::from_mins(4);

/// A request to a service.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    pub(super) service: Service,
    pub(super) region: &'a str,
    /// The operation, whose requests AWS counts together.
    pub(super) operation: &'a str,
    pub(super) method: Method,
    /// The path, encoded.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) body: Bytes,
    /// True for a request that changes nothing, or nothing more when it is repeated.
    pub(super) repeats: bool,
}

/// Carries requests to AWS.
pub(super) struct Transport {
    endpoints: Endpoints,
    credentials: Credentials,
    attempts: Attempts,
    /// Offset of AWS's clock from the local one, as the last answer had it.
    skew: Mutex<Option<SignedDuration>>,
    /// The offset with which requests are signed, once AWS has refused the local time.
    offset: Mutex<SignedDuration>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

/// Dependencies of a transport.
pub(super) struct TransportParts {
    pub(super) endpoints: Endpoints,
    pub(super) wire: HttpBackend,
    pub(super) credentials: Credentials,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) notices: Arc<dyn Notices>,
}

/// The protocol of a service in a region.
struct Signing<'a> {
    transport: &'a Transport,
    service: Service,
    region: &'a str,
}

#[async_trait]
impl Protocol for Signing<'_> {
    type Answer = WireResponse;
    type Error = ApiError;

    async fn sign(&self, request: &mut WireRequest, refused: bool) -> Result<(), String> {
        if refused {
            self.transport.correct();
        }
        let no_keys = |why: String| format!("no credentials for AWS: {why}");
        let keys = self.transport.credentials.keys(refused).await.map_err(no_keys)?;
        sigv4::sign(request, &keys, &self.transport.scope(self.service, self.region))?;
        // A proxy may change this header, so that it is no part of the signature.
        let agent = HeaderValue::from_static(concat!("drplan/", env!("CARGO_PKG_VERSION")));
        request.headers.insert(USER_AGENT, agent);
        Ok(())
    }

    fn read(&self, answer: WireResponse) -> Result<WireResponse, CallError> {
        if let Some(date) = answer.header("date").and_then(|text| rfc2822::parse(text).ok()) {
            let skew = date.timestamp().duration_since(self.transport.now());
            *self.transport.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
        match answer.status {
            200..300 => Ok(answer),
            _ => Err(ApiError::read(&answer).into()),
        }
    }
}

impl Transport {
    pub(super) fn new(parts: TransportParts) -> Self {
        let TransportParts { endpoints, wire, credentials, clock, notices } = parts;
        let attempts = Attempts::new(crate::providers::aws::TABLES.title, LIMITS, wire, clock, notices);
        Self { endpoints, credentials, attempts, skew: Mutex::default(), offset: Mutex::default() }
    }

    /// Now, by the clock of the world.
    pub(super) fn now(&self) -> Timestamp {
        self.attempts.now()
    }

    /// Waits.
    pub(super) async fn sleep(&self, duration: Duration) {
        self.attempts.sleep(duration).await;
    }

    /// The region of requests that belong to none.
    pub(super) fn home(&self) -> &str {
        self.endpoints.home()
    }

    /// The next attempt of a request of a region, or of any region, that a limit delays.
    pub(super) fn delayed_until(&self, region: &str) -> Option<Timestamp> {
        self.attempts.delayed_until(region)
    }

    /// Offset of AWS's clock from the local one.
    pub(super) fn skew(&self) -> Option<SignedDuration> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An action with parameters, of a service that takes a form or JSON. The answer is the outermost element, or the
    /// whole body.
    pub(super) async fn act(
        &self,
        service: Service,
        region: &str,
        operation: &str,
        parameters: &Json,
    ) -> Result<Json, CallError> {
        let repeats = ["Describe", "Get", "List"].iter().any(|start| operation.starts_with(start));
        let (headers, body) = match service.encoding() {
            Encoding::Query(version) => {
                let kind = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
                (vec![(CONTENT_TYPE, kind)], form::form(operation, version, parameters))
            }
            Encoding::Json(version, target) => {
                let kind = format!("application/x-amz-json-{version}");
                let target = (HeaderName::from_static("x-amz-target"), format!("{target}.{operation}"));
                (vec![(CONTENT_TYPE, kind), target], parameters.to_string())
            }
            Encoding::Rest => return Err(CallError::NotSent(format!("{operation} has no form"))),
        };
        let (path, query, body) = ("/".to_owned(), Vec::new(), body.into());
        let call = Call { service, region, operation, method: Method::POST, path, query, headers, body, repeats };
        let answer = self.send(&call).await?;
        let body = match service.encoding() {
            Encoding::Json(..) if answer.body.is_empty() => Some(Json::default()),
            Encoding::Json(..) => answer.json(),
            _ => xml::read(&answer.body),
        };
        body.ok_or_else(|| CallError::Lost(format!("the answer to {operation} cannot be read")))
    }

    /// The address of a request that anybody can send for so many seconds, from now or from this time.
    pub(super) async fn presigned(
        &self,
        call: &Call<'_>,
        (seconds, at): (u32, Option<Timestamp>),
    ) -> Result<Url, CallError> {
        let url = self.url(call)?;
        let keys = self.credentials.keys(false).await.map_err(CallError::NotSent)?;
        let now = self.scope(call.service, call.region);
        let scope = Scope { at: at.unwrap_or(now.at), ..now };
        Ok(sigv4::presigned((call.method.as_str(), &url), &call.query, &keys, &scope, seconds))
    }

    fn url(&self, call: &Call<'_>) -> Result<Url, CallError> {
        let mut url = self.endpoints.url(call.service, call.region, &call.path).map_err(CallError::NotSent)?;
        if !call.query.is_empty() {
            url.set_query(Some(&sigv4::query(&call.query)));
        }
        Ok(url)
    }

    /// The scope of a signature now. Its time is AWS's, as far as it is known to differ.
    fn scope<'a>(&'a self, service: Service, region: &'a str) -> Scope<'a> {
        let offset = *self.offset.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.now().checked_add(offset).unwrap_or_else(|_| self.now());
        Scope { region: self.endpoints.signed_for(service, region), service: service.name(), at }
    }

    /// Sends a request until it is answered.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<WireResponse, CallError> {
        let mut request = WireRequest::new(call.method.clone(), self.url(call)?);
        request.body = call.body.clone();
        for (name, value) in &call.headers {
            let value = HeaderValue::try_from(value.as_str());
            let value = value.map_err(|_| CallError::NotSent(format!("`{name}` holds invalid characters")))?;
            request.headers.insert(name, value);
        }
        let scope = format!("{}/{}", call.region, call.operation);
        let (class, is_repeatable) = (class(call), call.repeats);
        let sent = wire::Call { request, class, is_repeatable, scope: &scope, name: call.operation };
        let protocol = Signing { transport: self, service: call.service, region: call.region };
        self.attempts.send(&protocol, sent).await
    }

    /// Signs with AWS's time from now on, where the clocks differ.
    fn correct(&self) {
        let Some(skew) = self.skew().filter(|skew| skew.abs() >= SKEWED) else { return };
        tracing::debug!(seconds = skew.as_secs(), "signing with the time of AWS");
        *self.offset.lock().unwrap_or_else(PoisonError::into_inner) = skew;
    }
}

/// The class of a request: most services take every request by one method.
fn class(call: &Call<'_>) -> Requests {
    let deletes = ["Delete", "Terminate", "Release", "Deregister"];
    match call.method {
        _ if call.repeats => Requests::Reads,
        Method::DELETE => Requests::Deletes,
        _ if deletes.iter().any(|word| call.operation.starts_with(word)) => Requests::Deletes,
        _ => Requests::Writes,
    }
}
