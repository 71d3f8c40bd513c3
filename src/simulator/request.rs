//! A request to a provider and its response, independent of any HTTP library, and errors before a dialect gives them
//! their format.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The HTTP method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// Reads.
    Get,
    /// Checks for existence.
    Head,
    /// Creates or replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Deletes.
    Delete,
    /// Requests an action.
    Post,
}

impl HttpMethod {
    /// The method's name in HTTP.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Post => "POST",
        }
    }

    /// The method with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Get, Self::Head, Self::Put, Self::Patch, Self::Delete, Self::Post]
            .into_iter()
            .find(|verb| verb.name() == name)
    }

    /// True for a method without effect.
    pub(crate) const fn reads(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub verb: HttpMethod,
    /// The path as received, percent-encoded.
    pub path: String,
    /// The query, decoded.
    pub query: BTreeMap<String, String>,
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; `Err` with the parser's message where it is not JSON.
    pub body: Result<Option<Json>, String>,
    /// The body as received, for a provider whose bodies are other than JSON.
    pub bytes: Bytes,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The host that the request is for, without its port; empty where the client named none.
    pub(crate) fn host(&self) -> &str {
        name_of(self.header("host").unwrap_or_default())
    }
}

/// A host without its port.
pub(crate) fn name_of(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

/// A segment of a path without its encoding.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit(rest.next()), digit(rest.next()));
        if let Some((high, low)) = high.zip(low)
            && let Ok(byte) = u8::try_from(high * 16 + low)
        {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A response.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// Headers whose names users chose, such as those of S3's metadata.
    pub named: Vec<(String, String)>,
    /// The body, JSON or empty.
    pub body: Vec<u8>,
    /// The delay before it is sent.
    pub delay: Duration,
    /// `true`: the connection breaks and the response never arrives.
    pub dropped: bool,
}

impl Response {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // A value of JSON has no map keys that could fail.
        Self { status, body: serde_json::to_vec(body).unwrap_or_default(), ..Self::default() }
    }

    /// A response with a body that is JSON already.
    pub(crate) fn text(status: u16, body: Vec<u8>) -> Self {
        Self { status, body, ..Self::default() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The origin of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// The front of the provider.
    Gateway,
    /// The service behind it.
    Service,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErrorResponse {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) cause: Cause,
    /// Seconds for `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
}

impl ErrorResponse {
    pub(crate) fn gateway(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), cause: Cause::Gateway, retry_after: None }
    }

    pub(crate) fn service(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { cause: Cause::Service, ..Self::gateway(status, code, message) }
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}
