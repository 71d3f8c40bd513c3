//! The simulated providers behind one HTTP router, by host: in-process for drplan's own clients, on a port for others.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::Response as HttpResponse;
use serde_json::Value as Json;

use super::Simulator;
use super::request::{ErrorResponse, HttpMethod, Request, Response};

/// The largest body that a provider accepts, in bytes.
pub(super) const GREATEST_BODY: usize = 4 * 1024 * 1024;

/// The deepest nesting of lists and objects in a body that is not strict JSON.
const DEEPEST_BODY: u32 = 128;

/// Response extension for a broken connection: reading the body fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DroppedAnswer;

impl Simulator {
    /// A router that passes every path of a host to the provider that has the host.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

async fn answer(State(simulator): State<Simulator>, request: HttpRequest) -> Result<HttpResponse, Infallible> {
    let host = host(request.uri(), request.headers());
    let response = match read(request, host.clone()).await {
        Ok(request) => simulator.handle(&request),
        Err(failure) => simulator.refuse(&host, &failure),
    };
    if response.delay > Duration::ZERO {
        simulator.clock.sleep(response.delay).await;
    }
    Ok(write(response))
}

/// The host of a request, with its port.
pub(crate) fn host(uri: &Uri, headers: &HeaderMap) -> String {
    let authority = uri.authority().map(|authority| authority.as_str());
    let named = || headers.get(HOST).and_then(|value| value.to_str().ok());
    authority.or_else(named).unwrap_or_default().to_ascii_lowercase()
}

async fn read(request: HttpRequest, host: String) -> Result<Request, ErrorResponse> {
    let (parts, body) = request.into_parts();
    let verb = HttpMethod::parse(parts.method.as_str()).ok_or_else(|| {
        ErrorResponse::gateway(405, "MethodNotAllowed", format!("The request method '{}' is not known.", parts.method))
    })?;
    let bytes = to_bytes(body, GREATEST_BODY).await.map_err(|_| {
        ErrorResponse::gateway(
            413,
            "RequestEntityTooLarge",
            "The request content size exceeds the maximum size of 4 MB.",
        )
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
            .chain([(HOST.as_str().to_owned(), host)])
            .collect::<BTreeMap<_, _>>(),
        body,
        bytes,
    })
}

/// Parses a body: JSON, also with comments and unquoted names, which some providers accept and some of their own
/// clients send.
fn parse(bytes: &[u8]) -> Result<Json, String> {
    serde_json::from_slice(bytes).or_else(|error| {
        let text = std::str::from_utf8(bytes).ok().filter(|text| is_shallow(text));
        text.and_then(|text| json5::from_str(text).ok()).ok_or_else(|| error.to_string())
    })
}

/// True for a text without nesting so deep that parsing could overflow the stack. Counts brackets in strings too.
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

/// Converts a response to HTTP.
pub(crate) fn write(response: Response) -> HttpResponse {
    let Response { status, headers, named, body, delay: _, dropped } = response;
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
    for (name, value) in named {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(&value)) {
            answer.headers_mut().insert(name, value);
        }
    }
    if dropped {
        answer.extensions_mut().insert(DroppedAnswer);
    }
    answer
}
