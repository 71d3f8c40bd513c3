//! Requests, answers and their carrier. No code here depends on tokens, retries or a provider.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, IF_MATCH};
use axum::http::{self, HeaderMap, HeaderValue, Method};
use bytes::Bytes;
use futures::future::{Either, select};
use serde_json::Value as Json;
use tower::ServiceExt as _;
use url::Url;

use crate::world::Clock;

/// The largest answer that is read, in bytes: twice the largest that a provider sends (8 MB).
const ANSWER_LIMIT: usize = 16 << 20;

/// The longest wait that an answer may ask for. More would outlast every retry policy; without a limit, a header such
/// as `Retry-After: 18446744073709551615` lies beyond every clock.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// Time limit for a connection attempt.
const CONNECT_TIME: Duration = Duration::from_secs(15);

/// The carrier of requests.
#[derive(Debug, Clone)]
pub enum HttpBackend {
    /// A server in this process, called without sockets. A truncated body counts as a lost connection.
    InProcess(Router),
    /// The network.
    Net(reqwest::Client),
}

/// The authority of a server, and the credentials of a connection to it.
#[derive(Clone, Copy)]
pub struct TlsIdentity<'a> {
    /// The certificates that the server's must follow from, in PEM. `None` for those that this machine trusts.
    pub authority: Option<&'a [u8]>,
    /// The certificate of the client and its key, in PEM.
    pub certificate: Option<(&'a [u8], &'a [u8])>,
    /// True if the server's certificate is not checked.
    pub insecure: bool,
    /// The URL of a proxy.
    pub proxy: Option<&'a str>,
}

/// A request, without a token.
#[derive(Debug, Clone)]
pub struct WireRequest {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; may be empty.
    pub body: Bytes,
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct WireResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; may be empty.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// The request was not sent.
    #[error("{0}")]
    NotSent(String),
    /// The request was sent, and the connection was lost before the answer was complete.
    #[error("{0}")]
    Lost(String),
}

impl WireRequest {
    /// A request without a body.
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A read.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// The request with this JSON body.
    #[must_use]
    pub fn json(mut self, body: &Json) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = body.to_string().into();
        self
    }

    /// The request on the condition that the object has this version. A text that is not a valid one matches nothing.
    #[must_use]
    pub fn if_match(mut self, version: &str) -> Self {
        let version = HeaderValue::from_str(version).unwrap_or(HeaderValue::from_static("\"\""));
        self.headers.insert(IF_MATCH, version);
        self
    }
}

impl WireResponse {
    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `Retry-After` in whole seconds, at most [`LONGEST_WAIT`].
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.header("retry-after")?.trim();
        let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
        // A number that no `u64` holds is a long wait as well.
        is_number.then(|| seconds.parse().map_or(LONGEST_WAIT, Duration::from_secs).min(LONGEST_WAIT))
    }

    /// The body as JSON; `None` where it is empty or not JSON. A byte order mark is ignored.
    pub fn json(&self) -> Option<Json> {
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        serde_json::from_slice(body).ok()
    }
}

impl HttpBackend {
    /// A network client with the certificates that this machine trusts (`SSL_CERT_FILE` selects others).
    ///
    /// # Errors
    /// The reason why TLS cannot be set up.
    pub fn client() -> Result<reqwest::Client, String> {
        // Another part of the process may have installed a provider already; that one is used.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .connect_timeout(CONNECT_TIME)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| innermost(&error))
    }

    /// A network client for one server with an authority or credentials of its own.
    ///
    /// # Errors
    /// The reason why TLS cannot be set up, without anything secret.
    pub fn client_with(of: &TlsIdentity<'_>) -> Result<reqwest::Client, String> {
        let TlsIdentity { authority, certificate, insecure, proxy } = *of;
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().connect_timeout(CONNECT_TIME);
        let mut builder = builder.redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = authority {
            let roots = reqwest::Certificate::from_pem_bundle(pem);
            let roots = roots.map_err(|_| "the certificate of its authority is not in PEM".to_owned())?;
            builder = builder.tls_certs_only(roots);
        }
        if let Some((certificate, key)) = certificate {
            let both = [certificate, b"\n", key].concat();
            let identity = reqwest::Identity::from_pem(&both);
            builder = builder.identity(identity.map_err(|_| "the client certificate or key is not in PEM".to_owned())?);
        }
        if insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let Some(proxy) = proxy {
            let proxy = reqwest::Proxy::all(proxy).map_err(|_| "the address of its proxy is no URL".to_owned())?;
            builder = builder.proxy(proxy);
        }
        builder.build().map_err(|error| innermost(&error))
    }

    /// Sends a request, and waits this long for the whole answer.
    ///
    /// # Errors
    /// The reason why there is no answer. After the time limit the request counts as sent.
    pub(crate) async fn send_within(
        &self,
        request: WireRequest,
        clock: &dyn Clock,
        within: Duration,
    ) -> Result<WireResponse, WireError> {
        let answering = std::pin::pin!(self.send(request));
        match select(answering, clock.sleep(within)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(((), _)) => Err(WireError::Lost(format!("no answer within {} s", within.as_secs()))),
        }
    }

    /// Sends a request, and waits for the whole answer.
    ///
    /// # Errors
    /// The reason why there is no answer.
    pub(crate) async fn send(&self, request: WireRequest) -> Result<WireResponse, WireError> {
        match self {
            Self::InProcess(router) => in_process(router.clone(), request).await,
            Self::Net(client) => over_net(client, request).await,
        }
    }
}

async fn over_net(client: &reqwest::Client, request: WireRequest) -> Result<WireResponse, WireError> {
    let WireRequest { method, url, headers, body } = request;
    let sent = client.request(method, url).headers(headers).body(body).send().await;
    // Without a connection nothing was sent. After any other failure the server may have received the request.
    let mut answer = sent.map_err(|error| match error.is_connect() || error.is_builder() {
        true => WireError::NotSent(innermost(&error)),
        false => WireError::Lost(innermost(&error)),
    })?;
    let (status, headers) = (answer.status().as_u16(), std::mem::take(answer.headers_mut()));
    let mut whole = bytes::BytesMut::new();
    while let Some(part) = answer.chunk().await.map_err(|error| WireError::Lost(innermost(&error)))? {
        if whole.len() + part.len() > ANSWER_LIMIT {
            return Err(WireError::Lost(format!("the answer is larger than {ANSWER_LIMIT} bytes")));
        }
        whole.extend_from_slice(&part);
    }
    Ok(WireResponse { status, headers, body: whole.freeze() })
}

/// The innermost source of an error. The outer messages are generic, and name the address, which may hold a token.
pub fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}

async fn in_process(router: Router, request: WireRequest) -> Result<WireResponse, WireError> {
    let WireRequest { method, url, mut headers, body } = request;
    let authority = HeaderValue::from_str(url.authority()).map_err(|e| WireError::NotSent(e.to_string()))?;
    headers.insert(HOST, authority);
    let mut sent = http::Request::builder()
        .method(method)
        .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .body(Body::from(body))
        .map_err(|e| WireError::NotSent(e.to_string()))?;
    *sent.headers_mut() = headers;

    let (parts, body) = match router.oneshot(sent).await {
        Ok(answer) => answer.into_parts(),
        Err(never) => match never {},
    };
    let body = axum::body::to_bytes(body, ANSWER_LIMIT).await.map_err(|e| WireError::Lost(e.to_string()))?;
    Ok(WireResponse { status: parts.status.as_u16(), headers: parts.headers, body })
}
