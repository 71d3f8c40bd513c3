//! The proxy: what it does to a request follows from its seed and the order in which requests come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{Method, Request, Response};
use drplan::host::SimClock;
use drplan::simulator::Dropped;
use drplan::world::Clock;
use futures::future::{Either, select};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::seeds::Numbers;

/// Longer than a client waits for an answer.
const TOO_LATE: Duration = Duration::from_secs(130);
/// The longest that an answer is held back for a later request, if none comes.
const HELD: Duration = Duration::from_secs(45);

/// What happens to a request.
#[derive(Debug, Clone, Copy)]
pub enum Mishap {
    /// The connection breaks, and the request never arrives.
    Cut,
    /// The request is taken, and the connection breaks before the answer.
    Lost,
    /// The request is taken, and the answer comes when nobody waits for it any more.
    Late,
    /// The request takes a while to arrive.
    Slow(u64),
    /// The request arrives twice; the client hears the answer to the first.
    Twice,
    /// The request arrives twice; the client hears the answer to the second.
    TwiceHeardLast,
    /// The answer comes after that to a later request.
    Overtaken,
}

/// All of them.
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

/// Stands between a client and the cloud.
pub struct Proxy {
    cloud: Router,
    clock: Arc<SimClock>,
    numbers: Mutex<Numbers>,
    /// To so many requests in a hundred something happens.
    percent: AtomicUsize,
    /// What happens to each promotion.
    always: Mutex<Option<Mishap>>,
    /// How many requests were answered.
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

    /// The cloud behind it.
    pub fn router(self: &Arc<Self>) -> Router {
        let proxy = Arc::clone(self);
        Router::new().fallback(move |request| {
            let proxy = Arc::clone(&proxy);
            async move { proxy.answer(request).await }
        })
    }

    /// Lets something happen to so many requests in a hundred from now on, and this to each that asks for a promotion.
    pub fn trouble(&self, percent: usize, always: Option<Mishap>) {
        self.percent.store(percent, Ordering::Relaxed);
        *self.always.lock().expect("nobody panics here") = always;
    }

    /// The actions and changes in part that the cloud has taken since this was asked last, in order: method, path, and the body if it has one.
    pub fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.taken.lock().expect("nobody panics here"))
    }

    fn mishap(&self, line: &str) -> Option<Mishap> {
        if promotes(line)
            && let Some(always) = *self.always.lock().expect("nobody panics here")
        {
            return Some(always);
        }
        let mut numbers = self.numbers.lock().expect("nobody panics here");
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

    /// Hands a request on to the cloud.
    async fn pass(&self, parts: &Parts, body: &Bytes) -> Response<Body> {
        let mut request = Request::builder().method(&parts.method).uri(&parts.uri);
        for (name, value) in &parts.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body.clone())).expect("it was one already");
        let answer = match self.cloud.clone().oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        let changes = matches!(parts.method, Method::POST | Method::PATCH);
        if changes && answer.status().is_success() {
            self.taken.lock().expect("nobody panics here").push(line(parts, body));
        }
        answer
    }
}

fn line(parts: &Parts, body: &Bytes) -> String {
    format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(body))
}

/// Whether a request asks for a promotion.
fn promotes(line: &str) -> bool {
    let words =
        ["/failover?", "/forceFailoverAllowDataLoss?", "/failoverPriorityChange?", "/offlineRegion?", "promoteMode"];
    words.iter().any(|word| line.contains(word))
}

/// Whether it says no side: taken again once it is done, it would lead back, or be refused.
pub fn swaps(line: &str) -> bool {
    promotes(line) && !line.contains("DocumentDB")
}

/// A connection that breaks off.
fn broken() -> Response<Body> {
    let reset = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the connection was reset by the proxy");
    let mut answer = Response::new(Body::from_stream(futures::stream::iter([Err::<Bytes, _>(reset)])));
    answer.extensions_mut().insert(Dropped);
    answer
}
