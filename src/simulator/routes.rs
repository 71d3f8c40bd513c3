//! The simulated Resource Manager behind HTTP, as a router: in-process for our own client, on a port for others.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response as HttpResponse;
use serde_json::Value as Json;

use super::Simulator;
use super::request::{Failure, Request, Response, Verb};

/// The greatest body that Resource Manager takes, in bytes.
const GREATEST_BODY: usize = 4 * 1024 * 1024;

/// How deep lists and objects may stand in each other in a body that is no strict JSON.
const DEEPEST_BODY: u32 = 128;

/// Marks an answer that never arrives, among its extensions: reading its body breaks off, as a connection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped;

impl Simulator {
    /// Resource Manager, for any path.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

async fn answer(State(simulator): State<Simulator>, request: HttpRequest) -> Result<HttpResponse, Infallible> {
    let response = match read(request).await {
        Ok(request) => simulator.handle(&request),
        Err(failure) => failure.response(),
    };
    if response.delay > Duration::ZERO {
        simulator.clock.sleep(response.delay).await;
    }
    Ok(write(response))
}

async fn read(request: HttpRequest) -> Result<Request, Failure> {
    let (parts, body) = request.into_parts();
    let verb = Verb::parse(parts.method.as_str()).ok_or_else(|| {
        Failure::gateway(405, "MethodNotAllowed", format!("The request method '{}' is not known.", parts.method))
    })?;
    let bytes = to_bytes(body, GREATEST_BODY).await.map_err(|_| {
        Failure::gateway(413, "RequestEntityTooLarge", "The request content size exceeds the maximum size of 4 MB.")
    })?;
    let body = if bytes.is_empty() { Ok(None) } else { parse(&bytes).map(Some) };
    let query = parts.uri.query().unwrap_or_default();
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
    Ok(Request {
        verb,
        path: parts.uri.path().to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: parts
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
            .collect::<BTreeMap<_, _>>(),
        body,
    })
}

/// A body as Resource Manager reads it: JSON, also with comments and with names that stand in no quotes, as Azure's command line sends templates.
fn parse(bytes: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(bytes).or_else(|error| {
        let text = std::str::from_utf8(bytes).ok().filter(|text| is_shallow(text));
        text.and_then(|text| json5::from_str(text).ok()).ok_or_else(|| error.to_string())
    })
}

/// Whether nothing stands so deep in a text that reading it could exhaust the stack. Brackets in texts count, too.
fn is_shallow(text: &str) -> bool {
    let mut depth = 0_u32;
    text.bytes().all(|byte| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth <= DEEPEST_BODY
    })
}

/// An answer as HTTP has it.
pub(super) fn write(response: Response) -> HttpResponse {
    let Response { status, headers, body, delay: _, dropped } = response;
    let body = if dropped {
        let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the connection was reset");
        Body::from_stream(futures::stream::iter([Err::<Bytes, _>(broken)]))
    } else {
        Body::from(body)
    };
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if dropped {
        answer.extensions_mut().insert(Dropped);
    }
    answer
}
