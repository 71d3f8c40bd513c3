//! The proxy: the fault of a request follows from the seed and the order of requests.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{Method, Request, Response};
use drplan::host::SimClock;
use drplan::simulator::DroppedAnswer;
use drplan::world::Clock;
use futures::future::{Either, select};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::seeds::Numbers;

/// Longer than a client waits for a response.
const TOO_LATE: Duration = Duration::from_secs(130);
/// Maximum delay of a response that waits for a later request.
const HELD: Duration = Duration::from_secs(45);

/// Fault of a request.
#[derive(Debug, Clone, Copy)]
pub enum Mishap {
    /// The connection breaks before the request arrives.
    Cut,
    /// The request is accepted, and the connection breaks before the response.
    Lost,
    /// The request is accepted, and the response arrives after the client's timeout.
    Late,
    /// The request arrives late.
    Slow(u64),
    /// The request arrives twice; the client gets the first response.
    Twice,
    /// The request arrives twice; the client gets the second response.
    TwiceHeardLast,
    /// The response arrives after that to a later request.
    Overtaken,
}

/// All faults.
pub const MISHAPS: &[Mishap] = &[
    Mishap::Cut,
    Mishap::Lost,
    Mishap::Late,
    Mishap::Slow(7),
    Mishap::Slow(60),
    Mishap::Twice,
    Mishap::TwiceHeardLast,
    Mishap::Overtaken,
];

/// Proxy between a client and the cloud.
pub struct Proxy {
    cloud: Router,
    clock: Arc<SimClock>,
    numbers: Mutex<Numbers>,
    /// Percentage of requests with a fault.
    percent: AtomicUsize,
    /// Fault of each promotion.
    always: Mutex<Option<Mishap>>,
    /// Number of requests with a response.
    answered: watch::Sender<u64>,
    taken: Mutex<Vec<String>>,
}

impl Proxy {
    pub fn new(cloud: Router, clock: Arc<SimClock>, seed: u64) -> Self {
        Self {
            cloud,
            clock,
            numbers: Mutex::new(Numbers::new(seed ^ 0x9120_cafe)),
            percent: AtomicUsize::new(0),
            always: Mutex::default(),
            answered: watch::Sender::new(0),
            taken: Mutex::default(),
        }
    }

    /// The cloud behind the proxy.
    pub fn router(self: &Arc<Self>) -> Router {
        let proxy = Arc::clone(self);
        Router::new().fallback(move |request| {
            let proxy = Arc::clone(&proxy);
            async move { proxy.answer(request).await }
        })
    }

    /// Sets the percentage of requests with a fault from now on, and the fault of each promotion.
    pub fn trouble(&self, percent: usize, always: Option<Mishap>) {
        self.percent.store(percent, Ordering::Relaxed);
        *self.always.lock().expect("no panic while locked") = always;
    }

    /// Returns and clears the POST and PATCH requests that the cloud accepted, in order: method, path, and the body if
    /// any.
    pub fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.taken.lock().expect("no panic while locked"))
    }

    fn mishap(&self, line: &str) -> Option<Mishap> {
        if promotes(line)
            && let Some(always) = *self.always.lock().expect("no panic while locked")
        {
            return Some(always);
        }
        let mut numbers = self.numbers.lock().expect("no panic while locked");
        let percent = self.percent.load(Ordering::Relaxed);
        if numbers.percent(percent) { numbers.pick(MISHAPS).copied() } else { None }
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, 1 << 24).await.expect("a body in memory");
        let answer = match self.mishap(&line(&parts, &body)) {
            None => self.pass(&parts, &body).await,
            Some(Mishap::Cut) => broken(),
            Some(Mishap::Lost) => {
                self.pass(&parts, &body).await;
                broken()
            }
            Some(Mishap::Late) => {
                let answer = self.pass(&parts, &body).await;
                self.clock.sleep(TOO_LATE).await;
                answer
            }
            Some(Mishap::Slow(seconds)) => {
                self.clock.sleep(Duration::from_secs(seconds)).await;
                self.pass(&parts, &body).await
            }
            Some(Mishap::Twice) => {
                let first = self.pass(&parts, &body).await;
                self.pass(&parts, &body).await;
                first
            }
            Some(Mishap::TwiceHeardLast) => {
                self.pass(&parts, &body).await;
                self.pass(&parts, &body).await
            }
            Some(Mishap::Overtaken) => {
                let mut answered = self.answered.subscribe();
                let answer = self.pass(&parts, &body).await;
                answered.mark_unchanged();
                match select(std::pin::pin!(answered.changed()), self.clock.sleep(HELD)).await {
                    Either::Left(_) | Either::Right(_) => answer,
                }
            }
        };
        self.answered.send_modify(|count| *count += 1);
        answer
    }

    /// Forwards a request to the cloud.
    async fn pass(&self, parts: &Parts, body: &Bytes) -> Response<Body> {
        let mut request = Request::builder().method(&parts.method).uri(&parts.uri);
        for (name, value) in &parts.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body.clone())).expect("the request is valid");
        let answer = match self.cloud.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let changes = matches!(parts.method, Method::POST | Method::PATCH);
        if changes && answer.status().is_success() {
            self.taken.lock().expect("no panic while locked").push(line(parts, body));
        }
        answer
    }
}

fn line(parts: &Parts, body: &Bytes) -> String {
    format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(body))
}

/// True for a request for a promotion.
fn promotes(line: &str) -> bool {
    let words =
        ["/failover?", "/forceFailoverAllowDataLoss?", "/failoverPriorityChange?", "/offlineRegion?", "promoteMode"];
    words.iter().any(|word| line.contains(word))
}

/// True for a promotion without an explicit target: repeated after completion, it would fail back or be rejected.
pub fn swaps(line: &str) -> bool {
    promotes(line) && !line.contains("DocumentDB")
}

/// An interrupted connection.
fn broken() -> Response<Body> {
    let reset = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the connection was reset by the proxy");
    let mut answer = Response::new(Body::from_stream(futures::stream::iter([Err::<Bytes, _>(reset)])));
    answer.extensions_mut().insert(DroppedAnswer);
    answer
}
