//! The embedded cloud on a port, for clients that know nothing of it: Resource Manager behind TLS, with the places where clients look for its parts and
//! sign in. It takes only tokens of its own.
//!
//! It listens where it is told and nowhere else. What a client sends late, or too much of, costs one connection.

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
use super::request::Failure;
use super::routes::write;
use connections::{Connection, Connections};
pub use login::Tokens;
pub use tls::Authority;

/// How many connections there may be at once.
const MOST_CONNECTIONS: usize = 512;
/// How long a client may take to greet, and then to send the head of its first request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection on which requests came is kept for the next one: longer than clients wait between two looks at an operation.
const IDLE: Duration = Duration::from_secs(120);

/// From this speed on, no client need wait before it looks again.
const FAST: u32 = 30;

/// The header by which a client is told not to wait before it looks again (source: the SDK under Terraform's azurerm).
const SKIP_POLLING_DELAY: HeaderName = HeaderName::from_static("x-go-azure-sdk-skip-polling-delay");

/// What is served.
pub struct Service {
    /// The cloud.
    pub simulator: Simulator,
    /// The tokens that it takes.
    pub tokens: Tokens,
    /// Its own address, as in `https://localhost:8443`.
    pub base: String,
    /// How many seconds pass in it while one passes outside.
    pub speed: u32,
}

impl Service {
    /// Everything, by path.
    pub fn router(self) -> Router {
        let arm = self.simulator.clone().based_at(&self.base).for_others().router();
        let service = Arc::new(self);
        let guarded = arm
            .layer(middleware::from_fn_with_state(Arc::clone(&service), in_their_time))
            .layer(middleware::from_fn_with_state(Arc::clone(&service), only_ours));
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

/// The data of an object: it is there, and nothing is in it.
async fn no_data() -> Response {
    failure(404, "NotFound", "The embedded cloud keeps no data.")
}

/// Lets through who holds a token that was made here.
async fn only_ours(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
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

/// Says in the client's seconds when it may ask again.
async fn in_their_time(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let said = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(seconds) = said {
        let theirs = seconds.div_ceil(u64::from(service.speed.max(1)));
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(theirs));
    }
    // Where the time of a look is more than a look is worth, Terraform's azurerm need not wait ten seconds between two of them.
    if service.speed >= FAST {
        answer.headers_mut().insert(SKIP_POLLING_DELAY, HeaderValue::from_static("true"));
    }
    answer
}

/// A refusal in the words of Resource Manager.
fn failure(status: u16, code: &str, message: &str) -> Response {
    write(Failure::gateway(status, code, message).response())
}

/// Serves until `stop` is done; connections that are open then are given no more time.
///
/// # Errors
/// Where the port can no longer be listened on.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut stop = std::pin::pin!(stop);
    let open = Connections::at_most(MOST_CONNECTIONS);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            // A client that went away before it was greeted, or a machine without more files: the next one may be well.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(entered) = open.enter() else {
            drop(stream);
            continue;
        };
        tokio::spawn(connection(stream, tls.clone(), router.clone(), entered));
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, router: Router, entered: Arc<Connection>) {
    match tls {
        None => answer(stream, router, entered).await,
        Some(tls) => match tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
            Ok(Ok(stream)) => answer(stream, router, entered).await,
            Ok(Err(error)) => tracing::debug!(%error, "a client could not be greeted"),
            Err(_) => tracing::debug!("a client did not greet in time"),
        },
    }
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
        let counted = Arc::clone(&counted);
        async move {
            let _answering = counted.begin();
            next.run(request).await
        }
    }));
    let service = TowerToHyperService::new(router.into_service::<hyper::body::Incoming>());
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(IDLE);
    server.http2().timer(TokioTimer::new()).max_concurrent_streams(100);
    let mut serving = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
    let asks = async {
        if tokio::time::timeout(PATIENCE, first.notified()).await.is_ok() {
            entered.close.notified().await;
        }
    };
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = asks => {
            serving.as_mut().graceful_shutdown();
            tokio::time::timeout(PATIENCE, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended");
    }
}

/// An empty answer with this status.
fn empty(status: StatusCode) -> Response {
    (status, Body::empty()).into_response()
}
