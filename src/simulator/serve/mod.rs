//! The local simulator on a port, for other clients: Resource Manager behind TLS, with the metadata and sign-in
//! endpoints. Accepts only tokens that it issued.
//!
//! Listens only on the configured address. A slow client, or one that sends too much, costs one connection.

mod connections;
mod login;
mod metadata;
mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::Simulator;
use super::request::ErrorResponse;
use super::routes::{GREATEST_BODY, write};
use connections::{Connection, Connections};
pub use login::Tokens;
pub use tls::Authority;

/// Maximum number of open connections.
const MOST_CONNECTIONS: usize = 512;
/// Maximum number of open connections of one peer: enough for any client, and never all.
const MOST_OF_PEER: usize = 384;
/// Time limit for the TLS handshake, for the first request, and for the body of each.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time that a connection stays open between requests: longer than clients wait between two polls of an operation.
const IDLE: Duration = Duration::from_secs(120);

/// The speed from which clients need not wait between polls.
const FAST: u32 = 30;

/// The header that disables the polling delay of a client (source: the SDK under Terraform's azurerm).
const SKIP_POLLING_DELAY: HeaderName = HeaderName::from_static("x-go-azure-sdk-skip-polling-delay");

/// The service behind the port.
pub struct Service {
    /// The simulator.
    pub simulator: Simulator,
    /// The issuer of its tokens.
    pub tokens: Tokens,
    /// Its own base URL, such as `https://localhost:8443`.
    pub base: String,
    /// Simulated seconds per real second.
    pub speed: u32,
}

impl Service {
    /// The router of all paths.
    pub fn router(self) -> Router {
        let arm = self.simulator.clone().based_at(&self.base).for_others().router();
        let service = Arc::new(self);
        let guarded = arm
            .layer(middleware::from_fn_with_state(Arc::clone(&service), convert_retry_after))
            .layer(middleware::from_fn_with_state(Arc::clone(&service), require_own_token));
        Router::new()
            .route("/metadata/endpoints", get(metadata::endpoints))
            .route("//metadata/endpoints", get(metadata::endpoints))
            .route("/{tenant}/v2.0/.well-known/openid-configuration", get(metadata::openid))
            .route("/{tenant}/.well-known/openid-configuration", get(metadata::openid))
            .route("/{tenant}/oauth2/v2.0/token", post(login::token))
            .route("/{tenant}/oauth2/token", post(login::token))
            .route("/msi/token", get(login::identity))
            .route("/data/{*place}", get(no_data))
            .with_state(service)
            .fallback_service(guarded)
    }
}

/// The data plane of an object, which is always empty.
async fn no_data() -> Response {
    failure(404, "NotFound", "The local simulator stores no data.")
}

/// Accepts only requests with a token of this server.
async fn require_own_token(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let refused = match bearer.and_then(|text| text.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => match service.tokens.holds(token) {
            Ok(()) => return next.run(request).await,
            Err(why) => why,
        },
        _ => "The request has no bearer token.",
    };
    let mut answer = failure(401, "AuthenticationFailed", refused);
    let challenge = format!("Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\"", service.base, super::TENANT);
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}

/// Converts `Retry-After` to the client's seconds.
async fn convert_retry_after(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let said = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(seconds) = said {
        let theirs = seconds.div_ceil(u64::from(service.speed.max(1)));
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(theirs));
    }
    // At this speed a poll takes longer than the simulated wait, so Terraform's azurerm need not wait ten seconds
    // between two polls.
    if service.speed >= FAST {
        answer.headers_mut().insert(SKIP_POLLING_DELAY, HeaderValue::from_static("true"));
    }
    answer
}

/// An error in the format of Resource Manager.
fn failure(status: u16, code: &str, message: &str) -> Response {
    write(ErrorResponse::gateway(status, code, message).response())
}

/// Serves until `stop` completes; open connections get no time to finish.
///
/// # Errors
/// The port cannot be listened on any more.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut stop = std::pin::pin!(stop);
    let open = Connections::at_most(MOST_CONNECTIONS, MOST_OF_PEER);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // The client disconnected during the handshake, or the machine has no free file descriptors: the next
            // connection may succeed.
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(entered) = open.enter(peer.ip()) else {
            drop(stream);
            continue;
        };
        tokio::spawn(connection(stream, tls.clone(), router.clone(), entered));
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, entered: Arc<Connection>) {
    let Some(tls) = tls else { return answer(stream, router, entered).await };
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(PATIENCE, tls.accept(stream)) => greeted,
        () = entered.close.notified() => return,
    };
    match greeted {
        Ok(Ok(stream)) => answer(stream, router, entered).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake timed out"),
    }
}

/// Answers a request once it has arrived whole, on a thread of its own: a long evaluation never delays the handshakes
/// of other clients.
async fn answer_whole(request: Request, next: Next, entered: Arc<Connection>) -> Response {
    let (head, body) = request.into_parts();
    let body = match tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, GREATEST_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            return failure(413, "RequestEntityTooLarge", "The request content size exceeds the maximum size of 4 MB.");
        }
        Err(_) => return failure(408, "RequestTimeout", "The request body did not arrive in time."),
    };
    let _answering = entered.begin();
    let runtime = tokio::runtime::Handle::current();
    let request = Request::from_parts(head, Body::from(body));
    let answered = tokio::task::spawn_blocking(move || runtime.block_on(next.run(request))).await;
    answered.unwrap_or_else(|_| failure(500, "InternalServerError", "The simulator failed to answer."))
}

async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    entered: Arc<Connection>,
) {
    let first = Arc::new(Notify::new());
    let (asked, counted) = (Arc::clone(&first), Arc::clone(&entered));
    let router = router.layer(middleware::from_fn(move |request: Request, next: Next| {
        asked.notify_one();
        answer_whole(request, next, Arc::clone(&counted))
    }));
    let service = TowerToHyperService::new(router.into_service::<hyper::body::Incoming>());
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(IDLE);
    server.http2().timer(TokioTimer::new()).max_concurrent_streams(100);
    let mut serving = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
    let silent = async {
        if tokio::time::timeout(PATIENCE, first.notified()).await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = silent => Ok(()),
        () = entered.close.notified() => {
            // A request may have arrived meanwhile.
            if !entered.is_answering() {
                return;
            }
            serving.as_mut().graceful_shutdown();
            tokio::time::timeout(PATIENCE, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "connection failed");
    }
}

/// An empty answer with this status.
fn empty(status: StatusCode) -> Response {
    (status, Body::empty()).into_response()
}
