//! The local simulator on a port, for other clients, behind TLS.
//!
//! Listens only on the configured address. A slow client, or one that sends too much, costs one connection. Knows no
//! provider: each adds what it has in front of its API (`Dialect::serve`).

mod connections;
mod retry;
mod served;
mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use connections::{Connection, Connections};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::dialect::Dialects;
use super::request::ErrorResponse;
use super::request::name_of;
use super::routes::{GREATEST_BODY, host, write};

pub use served::ServedWorld;
pub use tls::Authority;

/// Maximum number of open connections.
const MOST_CONNECTIONS: usize = 512;
/// Maximum number of open connections of one peer: enough for any client, and never all.
const MOST_OF_PEER: usize = 384;
/// Time limit for the TLS handshake, for the first request, and for the body of each.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time that a connection stays open between requests: longer than clients wait between two polls of an operation.
const IDLE: Duration = Duration::from_secs(120);

/// Serves until `stop` completes; open connections get no time to finish.
///
/// # Errors
/// The port cannot be listened on any more.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    (router, dialects): (Router, Dialects),
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
        tokio::spawn(connection(stream, tls.clone(), (router.clone(), dialects), entered));
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, router: (Router, Dialects), entered: Arc<Connection>) {
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
async fn answer_whole(request: Request, next: Next, entered: Arc<Connection>, dialects: Dialects) -> Response {
    let (head, body) = request.into_parts();
    let host = host(&head.uri, &head.headers);
    let failure = |status, code, message| {
        let dialect = dialects.of_host(name_of(&host));
        write(dialect.refuse(&ErrorResponse::gateway(status, code, message)))
    };
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
    (router, dialects): (Router, Dialects),
    entered: Arc<Connection>,
) {
    let first = Arc::new(Notify::new());
    let (asked, counted) = (Arc::clone(&first), Arc::clone(&entered));
    let router = router.layer(middleware::from_fn(move |request: Request, next: Next| {
        asked.notify_one();
        answer_whole(request, next, Arc::clone(&counted), dialects)
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
