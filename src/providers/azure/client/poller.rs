//! Long-running operations: one loop for all the ways in which Azure reports their progress.
//!
//! `Azure-AsyncOperation` takes precedence over `Location`, and both over the resource's own `provisioningState`. Only
//! reads are repeated. A PUT ends with a read of the resource, a DELETE with a read that finds nothing.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::error::{ArmError, CallError, ErrorDetail};
use super::retry;
use super::sight::object;
use super::transport::ArmTransport;
use crate::wire::{Backoff, elapsed};
use crate::wire::{WireRequest, WireResponse};

/// Polling interval where the answer names none (azurerm's choice; the contract's 60 s applies to services).
const POLL_EVERY: Duration = Duration::from_secs(10);
/// The shortest and the longest polling interval, whatever the answer names: no loop of requests, and no operation
/// whose end is noticed hours later.
const POLL_INTERVALS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
/// Time limit for an operation.
const OPERATION_TIME: Duration = Duration::from_secs(3 * 3600);
/// Time during which a resource being created, or the status of an operation, may be absent.
const INVISIBLE_TIME: Duration = Duration::from_secs(20 * 60);
/// Number of consecutive polls that may fail.
const UNREADABLE_POLLS: u32 = 5;

/// An operation in progress on a resource.
pub(super) struct PolledOperation<'a> {
    transport: &'a ArmTransport,
    /// The resource.
    target: &'a Url,
    begun: Timestamp,
}

/// The URL that is polled.
enum Track {
    /// The URL of `Azure-AsyncOperation`: always 200, with a `status`.
    Status(Url),
    /// The URL of `Location`: 202 while running, then the answer of a synchronous request.
    Outcome(Url),
    /// The resource itself and its `provisioningState`.
    Resource,
}

/// The meaning of a 404.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// Not visible yet.
    Early,
    /// The end of the operation.
    End,
}

/// The result of one poll.
enum PollResult {
    Running,
    Done,
    Failed(ArmError),
    Unreadable,
}

impl<'a> PolledOperation<'a> {
    /// An operation that begins now.
    pub fn begin(transport: &'a ArmTransport, target: &'a Url) -> Self {
        Self { transport, target, begun: transport.now() }
    }

    /// Follows a PUT to its end and returns the body of the resource.
    pub async fn put(&self, first: &WireResponse) -> Result<Json, CallError> {
        if let Some(track) = self.track(first) {
            self.watch(track, Some(wait_after(first)), Absence::Early).await?;
            return self.read_settled(None).await;
        }
        if first.status != 202
            && let Ok(body) = object(first, self.target.path())
        {
            match poll_result(first, &Track::Resource) {
                PollResult::Done => return Ok(body),
                PollResult::Failed(error) => return Err(error.into()),
                PollResult::Running | PollResult::Unreadable => {}
            }
        }
        let synchronous = first.status != 202 && first.body.is_empty();
        self.read_settled((!synchronous).then(|| wait_after(first))).await
    }

    /// Follows an action to its end and returns its answer.
    pub async fn post(&self, first: &WireResponse) -> Result<Json, CallError> {
        let Some(track) = self.track(first) else {
            if first.status == 202 {
                self.read_settled(Some(wait_after(first))).await?;
                return Ok(Json::Null);
            }
            return Ok(first.json().unwrap_or_default());
        };
        let has_own_answer = matches!(track, Track::Outcome(_));
        let last = self.watch(track, Some(wait_after(first)), Absence::Early).await?;
        if has_own_answer {
            return Ok(last.json().unwrap_or_default());
        }
        match self.address(first, "location") {
            // The action succeeded; an unreadable answer does not change that.
            Some(url) => Ok(self.read(url).await.ok().and_then(|answer| answer.json()).unwrap_or_default()),
            None => Ok(Json::Null),
        }
    }

    /// Follows a DELETE until nothing is found.
    pub async fn delete(&self, first: &WireResponse) -> Result<(), CallError> {
        if let Some(track) = self.track(first) {
            match self.watch(track, Some(wait_after(first)), Absence::End).await {
                Err(CallError::Answered(error)) if !error.is_absence() => return Err(CallError::Answered(error)),
                // A deleted resource often takes the status of its deletion with it; a read of the resource decides.
                Ok(_) | Err(_) => {}
            }
        }
        let mut stale = Backoff::new(retry::STALE, self.transport.now());
        loop {
            let still = match self.read(self.target.clone()).await {
                Err(CallError::Answered(error)) if error.is_absence() => return Ok(()),
                Err(error) => {
                    return Err(CallError::Undecided(format!("the deletion cannot be verified: {error}")));
                }
                Ok(answer) => answer,
            };
            let wait = if state(&still.json().unwrap_or_default()).is_some_and(|state| is(&state, "Deleting")) {
                wait_after(&still)
            } else {
                stale.next(self.transport.now(), still.retry_after()).ok_or_else(|| {
                    CallError::Undecided(
                        "the resource still exists after its deletion was reported complete".to_owned(),
                    )
                })?
            };
            self.pause(wait).await?;
        }
    }

    /// Reads the resource until no operation is in progress on it.
    pub async fn read_settled(&self, wait: Option<Duration>) -> Result<Json, CallError> {
        let last = self.watch(Track::Resource, wait, Absence::Early).await?;
        object(&last, self.target.path()).map_err(CallError::Undecided)
    }

    /// Polls until the operation is complete, and returns the last answer.
    async fn watch(
        &self,
        mut track: Track,
        first_wait: Option<Duration>,
        absence: Absence,
    ) -> Result<WireResponse, CallError> {
        let mut wait = first_wait;
        let mut unreadable = 0;
        loop {
            if let Some(wait) = wait {
                self.pause(wait).await?;
            }
            let seen = self.read(track.url(self.target)).await;
            wait = Some(POLL_EVERY);
            let why = match seen {
                Ok(answer) => {
                    wait = Some(wait_after(&answer));
                    match poll_result(&answer, &track) {
                        PollResult::Done => return Ok(answer),
                        PollResult::Failed(error) => return Err(error.into()),
                        PollResult::Running => {
                            unreadable = 0;
                            if let (Track::Outcome(_), Some(next)) = (&track, self.address(&answer, "location")) {
                                track = Track::Outcome(next);
                            }
                            continue;
                        }
                        PollResult::Unreadable => "the status is not JSON".to_owned(),
                    }
                }
                Err(CallError::Answered(error)) if error.is_absence() => match absence {
                    Absence::Early if self.is_young() => continue,
                    Absence::Early => error.to_string(),
                    Absence::End => return Err(CallError::Answered(error)),
                },
                // An error from `Location` is the result of the operation; an error from a status URL only means that
                // the read failed.
                Err(CallError::Answered(error)) if matches!(track, Track::Outcome(_)) && is_final(&error) => {
                    return Err(CallError::Answered(error));
                }
                Err(error) => error.to_string(),
            };
            unreadable += 1;
            if unreadable > UNREADABLE_POLLS {
                return Err(CallError::Undecided(format!("the outcome of the operation cannot be read: {why}")));
            }
        }
    }

    async fn read(&self, url: Url) -> Result<WireResponse, CallError> {
        self.transport.call(WireRequest::get(url)).await
    }

    async fn pause(&self, wait: Duration) -> Result<(), CallError> {
        if elapsed(self.begun, self.transport.now()) + wait > OPERATION_TIME {
            let hours = OPERATION_TIME.as_secs() / 3600;
            return Err(CallError::Undecided(format!("the operation did not complete within {hours} hours")));
        }
        self.transport.sleep(wait).await;
        Ok(())
    }

    fn is_young(&self) -> bool {
        elapsed(self.begun, self.transport.now()) < INVISIBLE_TIME
    }

    /// The URL to poll according to the first answer, where that is not the resource.
    fn track(&self, first: &WireResponse) -> Option<Track> {
        if let Some(url) = self.address(first, "azure-asyncoperation") {
            return Some(Track::Status(url));
        }
        // With a synchronous success, `Location` is only the address of the resource.
        let begun = match first.status {
            202 => true,
            201 => !first.json().and_then(|body| state(&body)).is_some_and(|state| is(&state, "Succeeded")),
            _ => false,
        };
        if begun { self.address(first, "location").map(Track::Outcome) } else { None }
    }

    /// The URL in a header. `None` for the resource's own URL, which is read anyway, and for a URL that no token may be
    /// sent to.
    fn address(&self, answer: &WireResponse, header: &str) -> Option<Url> {
        let url = self.target.join(answer.header(header)?).ok()?;
        if !self.transport.trusts(&url) {
            tracing::warn!(header, host = url.host_str(), "ignoring a polling URL outside of Resource Manager");
            return None;
        }
        let own = url.path().trim_end_matches('/').eq_ignore_ascii_case(self.target.path().trim_end_matches('/'));
        (!own).then_some(url)
    }
}

impl Track {
    fn url(&self, target: &Url) -> Url {
        match self {
            Self::Status(url) | Self::Outcome(url) => url.clone(),
            Self::Resource => target.clone(),
        }
    }
}

fn wait_after(answer: &WireResponse) -> Duration {
    let (shortest, longest) = POLL_INTERVALS;
    answer.retry_after().unwrap_or(POLL_EVERY).clamp(shortest, longest)
}

/// The state of the operation according to a successful answer.
fn poll_result(answer: &WireResponse, track: &Track) -> PollResult {
    if answer.body.is_empty() {
        return if answer.status == 202 { PollResult::Running } else { PollResult::Done };
    }
    let Some(body) = answer.json() else { return PollResult::Unreadable };
    match state(&body) {
        Some(state) if is(&state, "Succeeded") => PollResult::Done,
        Some(state) if ["Failed", "Canceled", "Cancelled"].iter().any(|end| is(&state, end)) => {
            PollResult::Failed(ArmError::read_or(answer, |_| ErrorDetail {
                code: format!("Operation{state}"),
                message: format!("The operation ended as `{state}`. Azure gave no reason."),
            }))
        }
        // `Location` answers with the resource when the operation is complete, whatever state the body shows.
        Some(_) if matches!(track, Track::Outcome(_)) && answer.status != 202 && body.get("status").is_none() => {
            PollResult::Done
        }
        Some(_) => PollResult::Running,
        None if body.get("error").is_some_and(Json::is_object) => PollResult::Failed(ArmError::read(answer)),
        None if answer.status == 202 => PollResult::Running,
        None => PollResult::Done,
    }
}

/// The `status` of an operation or the `provisioningState` of a resource.
fn state(body: &Json) -> Option<String> {
    let own = body.get("status").and_then(Json::as_str);
    let state = own.or_else(|| body.get("properties")?.get("provisioningState")?.as_str());
    state.map(str::to_owned)
}

fn is(state: &str, word: &str) -> bool {
    state.eq_ignore_ascii_case(word)
}

/// True if an error ends the operation; false if only reading its progress failed.
fn is_final(error: &ArmError) -> bool {
    (400..500).contains(&error.status) && !matches!(error.status, 401 | 403 | 404 | 408 | 429)
}
