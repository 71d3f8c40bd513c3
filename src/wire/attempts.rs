//! One request as the clients of all providers send it: signed anew for each attempt, sent again where that is safe,
//! and held back while the provider refuses requests.
//!
//! It must not know any provider: how a request is signed, what an answer means and what follows from an error is the
//! [`Protocol`] of each client.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::backoff::{Backoff, RetryPolicy, elapsed};
use super::carrier::{HttpBackend, WireRequest, WireResponse};
use super::error::{AnswerError, CallError};
use super::throttling::{DelayedRequest, DelayedRequests, Throttling};
use crate::reason::Reason;
use crate::world::{Clock, Notices, Requests};

/// Time limit for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// For a read: six retries within a minute where answers arrive; a recovery must not wait long for a silent API.
const READ: RetryPolicy = RetryPolicy::new(1, 15, 6, 250);
/// For a write that was not sent.
const WRITE: RetryPolicy = RetryPolicy::new(1, 61, 15, 600);
/// For throttling.
const THROTTLED: RetryPolicy = RetryPolicy::new(1, 61, 1000, 3600);

/// The limits of a provider's API, as far as its answers do not tell them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimits {
    /// The requests that the provider accepts per second, for notices.
    pub rate: f64,
    /// The wait after a refusal that names none; `None` for waits that double from a second.
    pub refusing: Option<Duration>,
}

/// A request, and what the loop of its attempts has to know.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    /// The request, not signed.
    pub request: WireRequest,
    /// The class of requests whose waits are reported together.
    pub class: Requests,
    /// True if a repetition is harmless even where the provider has carried the request out.
    pub is_repeatable: bool,
    /// The requests that share its limit, as a path such as `region/operation`; empty for one limit of all requests.
    pub scope: &'a str,
    /// The name of the request among those that the limit delays.
    pub name: &'a str,
}

impl<'a> Call<'a> {
    /// A request of an API whose methods say what they do, and that has one limit for all requests. Reads are
    /// repeatable.
    pub fn of(request: WireRequest, name: &'a str) -> Self {
        let class = Requests::of(&request.method);
        Self { request, class, is_repeatable: class == Requests::Reads, scope: "", name }
    }
}

/// The consequence of an error of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The limits refuse: again after this wait, and until then no request of the same scope.
    Throttled(Option<Duration>),
    /// Again after this wait, or after one that doubles each time.
    Again(Option<Duration>),
    /// Again at once with fresh credentials; once only.
    SignedAnew,
    /// The error is the outcome.
    Ended,
}

/// The protocol of a provider's API, or of one of its services.
#[async_trait]
pub(crate) trait Protocol: Send + Sync {
    /// A success.
    type Answer: Send;
    /// An error in an answer.
    type Error: AnswerError;

    /// Signs a request. `refused`: the provider did not accept the last credentials, so that fresh ones are needed.
    ///
    /// # Errors
    /// The reason why there are no credentials. The request is not sent then.
    async fn sign(&self, request: &mut WireRequest, refused: bool) -> Result<(), String>;

    /// The meaning of an answer.
    ///
    /// # Errors
    /// The error in the answer, or the reason why it cannot be read.
    fn read(&self, answer: WireResponse) -> Result<Self::Answer, CallError<Self::Error>>;

    /// The time until requests of the same scope are accepted again, where an answer says that its limit is used up.
    fn exhausted(&self, _answer: &WireResponse) -> Option<Duration> {
        None
    }

    /// The consequence of an error. What the limits refused or was not sent goes again, as does what was signed with
    /// credentials that are no longer accepted; of the requests that may have been carried out, only repeatable ones
    /// do.
    fn next(&self, call: &Call<'_>, error: &CallError<Self::Error>) -> Next {
        match error {
            throttled if throttled.is(Reason::Throttled) => Next::Throttled(throttled.retry_after()),
            refused if refused.is(Reason::Unauthenticated) => Next::SignedAnew,
            CallError::NotSent(_) => Next::Again(None),
            unclear if call.is_repeatable && unclear.is_unclear() => Next::Again(unclear.retry_after()),
            _ => Next::Ended,
        }
    }
}

/// Sends the requests of a client.
pub(crate) struct Attempts {
    wire: HttpBackend,
    clock: Arc<dyn Clock>,
    limits: RequestLimits,
    throttling: Throttling,
    delayed: DelayedRequests,
    /// The times until which the provider refuses requests, by scope.
    closed: Mutex<BTreeMap<String, Timestamp>>,
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Attempts {
    /// Sends requests to a provider, by its name in sentences.
    pub fn new(
        provider: &'static str,
        limits: RequestLimits,
        wire: HttpBackend,
        clock: Arc<dyn Clock>,
        notices: Arc<dyn Notices>,
    ) -> Self {
        let (delayed, closed) = (DelayedRequests::default(), Mutex::default());
        Self { wire, clock, limits, throttling: Throttling::new(provider, notices), delayed, closed }
    }

    /// Now, by the clock of the world.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits.
    pub async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// The latest next attempt of a request in this scope or below it that limits delay.
    pub fn delayed_until(&self, scope: &str) -> Option<Timestamp> {
        self.delayed.until(scope)
    }

    /// Sends a request until an answer or an error is its outcome.
    ///
    /// # Errors
    /// The last error.
    pub async fn send<P: Protocol>(&self, protocol: &P, call: Call<'_>) -> Result<P::Answer, CallError<P::Error>> {
        let mut failing = Backoff::new(if call.class == Requests::Reads { READ } else { WRITE }, self.now());
        let mut throttled = Backoff::new(THROTTLED, self.now());
        let delayed = self.delayed.request(call.scope, call.name);
        let mut refused = false;
        loop {
            let error = match self.attempt(protocol, &call, &delayed, refused).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let next = protocol.next(&call, &error);
            let wait = match next {
                Next::Throttled(asked) => {
                    let wait = throttled.next(self.now(), asked.or(self.limits.refusing));
                    self.close(call.scope, wait.unwrap_or_default());
                    self.tell(&call, true, wait.unwrap_or_default());
                    wait
                }
                Next::Again(asked) => failing.next(self.now(), asked),
                Next::SignedAnew if !refused => {
                    refused = true;
                    continue;
                }
                Next::SignedAnew | Next::Ended => None,
            };
            let Some(wait) = wait else { return Err(error) };
            tracing::debug!(seconds = wait.as_secs_f64(), %error, "waiting to retry");
            if matches!(next, Next::Throttled(_) | Next::Again(Some(_))) {
                delayed.until(self.now() + wait);
            }
            self.sleep(wait).await;
        }
    }

    async fn attempt<P: Protocol>(
        &self,
        protocol: &P,
        call: &Call<'_>,
        delayed: &DelayedRequest<'_>,
        refused: bool,
    ) -> Result<P::Answer, CallError<P::Error>> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner).get(call.scope).copied();
        let wait = closed.map(|until| elapsed(self.now(), until)).unwrap_or_default();
        self.tell(call, false, wait);
        if !wait.is_zero() {
            delayed.until(self.now() + wait);
            self.sleep(wait).await;
        }
        let mut sent = call.request.clone();
        protocol.sign(&mut sent, refused).await.map_err(CallError::NotSent)?;
        let answer = self.wire.send_within(sent, &*self.clock, ANSWER_TIME).await?;
        tracing::debug!(status = answer.status, "answered");
        if let Some(rest) = protocol.exhausted(&answer) {
            self.close(call.scope, rest);
        }
        protocol.read(answer)
    }

    /// Holds back every request of a scope for this long.
    fn close(&self, scope: &str, wait: Duration) {
        let until = self.now() + wait;
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let end = closed.entry(scope.to_owned()).or_insert(until);
        *end = until.max(*end);
    }

    fn tell(&self, call: &Call<'_>, refused: bool, wait: Duration) {
        self.throttling.waits(call.class, self.limits.rate, refused, wait, self.now());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use axum::Router;
    use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
    use axum::response::IntoResponse as _;
    use jiff::SignedDuration;

    use super::*;
    use crate::host::SimClock;
    use crate::simulator::START;
    use crate::world::{CloudRefusal, NoNotices};

    /// An error of the protocol of these tests: its status.
    #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
    #[error("HTTP {0}")]
    struct Status(u16, Option<Duration>);

    impl AnswerError for Status {
        fn reason(&self) -> Reason {
            match self.0 {
                401 => Reason::Unauthenticated,
                429 => Reason::Throttled,
                _ => Reason::Other,
            }
        }

        fn retry_after(&self) -> Option<Duration> {
            self.1
        }

        fn is_unclear(&self) -> bool {
            self.0 >= 500
        }
    }

    impl From<Status> for CloudRefusal {
        fn from(status: Status) -> Self {
            Self {
                reason: status.reason(),
                has_begun: false,
                answer: status.to_string(),
                code: String::new(),
                message: String::new(),
                correlation: None,
            }
        }
    }

    /// A protocol whose signature is the time and if the last one was refused.
    struct Timed(Arc<dyn Clock>);

    #[async_trait]
    impl Protocol for Timed {
        type Answer = ();
        type Error = Status;

        async fn sign(&self, request: &mut WireRequest, refused: bool) -> Result<(), String> {
            let text = format!("{} {refused}", self.0.now().duration_since(START).as_secs());
            request.headers.insert("signature", HeaderValue::try_from(text).map_err(|error| error.to_string())?);
            Ok(())
        }

        fn read(&self, answer: WireResponse) -> Result<(), CallError<Status>> {
            match answer.status {
                200 => Ok(()),
                status => Err(Status(status, answer.retry_after()).into()),
            }
        }

        fn exhausted(&self, answer: &WireResponse) -> Option<Duration> {
            answer.header("exhausted")?.parse().ok().map(Duration::from_secs)
        }
    }

    /// An answer of the server: its status, and a header.
    type Planned = (u16, &'static str, &'static str);

    struct Lab {
        protocol: Timed,
        attempts: Attempts,
        signatures: Arc<Mutex<Vec<String>>>,
    }

    impl Lab {
        /// A server with these answers, and then only successes.
        fn new(answers: &[Planned]) -> Self {
            let clock: Arc<dyn Clock> = Arc::new(SimClock::new(START));
            let signatures = Arc::new(Mutex::new(Vec::new()));
            let (kept, left) = (Arc::clone(&signatures), Arc::new(Mutex::new(VecDeque::from(answers.to_vec()))));
            let router = Router::new().fallback(move |headers: HeaderMap| {
                let answer = left.lock().unwrap().pop_front().unwrap_or((200, "x-none", ""));
                kept.lock().unwrap().push(headers["signature"].to_str().unwrap().to_owned());
                async move { (StatusCode::from_u16(answer.0).unwrap(), [(answer.1, answer.2)]).into_response() }
            });
            let limits = RequestLimits { rate: 1.0, refusing: Some(Duration::from_secs(50)) };
            let wire = HttpBackend::InProcess(router);
            let attempts = Attempts::new("Somebody", limits, wire, Arc::clone(&clock), Arc::new(NoNotices));
            Self { protocol: Timed(clock), attempts, signatures }
        }

        async fn send(&self, method: Method, scope: &str) -> Result<(), CallError<Status>> {
            let request = WireRequest::new(method, "https://api.example.com/".parse().unwrap());
            self.attempts.send(&self.protocol, Call { scope, ..Call::of(request, "one") }).await
        }

        fn signatures(&self) -> Vec<String> {
            self.signatures.lock().unwrap().clone()
        }
    }

    fn error(status: u16) -> Result<(), CallError<Status>> {
        Err(Status(status, None).into())
    }

    #[tokio::test(start_paused = true)]
    async fn each_attempt_has_a_signature_of_its_own_time() {
        let lab = Lab::new(&[(500, "x-none", ""), (503, "retry-after", "7")]);
        assert_eq!(lab.send(Method::GET, "").await, Ok(()));
        assert_eq!(lab.signatures(), ["0 false", "1 false", "8 false"]);
    }

    #[tokio::test(start_paused = true)]
    async fn write_that_may_have_been_carried_out_goes_again_only_where_that_is_harmless() {
        let lab = Lab::new(&[(500, "x-none", ""); 2]);
        assert_eq!(lab.send(Method::POST, "").await, error(500));
        let request = WireRequest::new(Method::POST, "https://api.example.com/".parse().unwrap());
        let call = Call { is_repeatable: true, ..Call::of(request, "one") };
        assert_eq!(lab.attempts.send(&lab.protocol, call).await, Ok(()));
        assert_eq!(lab.signatures().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn fresh_credentials_are_tried_once() {
        let lab = Lab::new(&[(401, "x-none", "")]);
        assert_eq!(lab.send(Method::POST, "").await, Ok(()));
        assert_eq!(lab.signatures(), ["0 false", "0 true"]);
        let lab = Lab::new(&[(401, "x-none", ""); 5]);
        assert_eq!(lab.send(Method::POST, "").await, error(401));
        assert_eq!(lab.signatures(), ["0 false", "0 true"]);
    }

    #[tokio::test(start_paused = true)]
    async fn refusal_by_limits_holds_back_its_scope_and_no_other() {
        let lab = Lab::new(&[(429, "retry-after", "20"), (429, "x-none", "")]);
        let (held, other) = futures::join!(lab.send(Method::POST, "west/run"), async {
            lab.attempts.sleep(Duration::from_secs(5)).await;
            let delayed = ["west", "west/run", "east"].map(|scope| lab.attempts.delayed_until(scope));
            let until = Some(START + SignedDuration::from_secs(20));
            assert_eq!(delayed, [until, until, None]);
            let other = lab.send(Method::GET, "west/run");
            lab.send(Method::GET, "east/run").await.and(other.await)
        });
        assert_eq!((held, other), (Ok(()), Ok(())));
        // The request to the other scope meets the second refusal, which names no wait.
        let seconds: Vec<u64> =
            lab.signatures().iter().map(|text| text.split(' ').next().unwrap().parse().unwrap()).collect();
        assert_eq!(seconds, [0, 5, 20, 55, 55]);
        assert_eq!(lab.attempts.delayed_until("west"), None, "it is over");
    }

    #[tokio::test(start_paused = true)]
    async fn next_request_waits_where_an_answer_says_that_its_limit_is_used_up() {
        let lab = Lab::new(&[(200, "exhausted", "30")]);
        for scope in ["", "", "other"] {
            assert_eq!(lab.send(Method::GET, scope).await, Ok(()));
        }
        assert_eq!(lab.signatures(), ["0 false", "30 false", "30 false"]);
    }
}
