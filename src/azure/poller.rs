//! Long-running operations: one loop for all the ways in which Azure says how far it is.
//!
//! `Azure-AsyncOperation` is followed before `Location`, and either before the resource's own `provisioningState`; nothing is ever sent a
//! second time but reads. The end of a PUT is a read of the resource, the end of a DELETE a read that finds nothing.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::error::{ArmError, CallError, Detail};
use super::retry::{Backoff, Patience, elapsed};
use super::transport::ArmTransport;
use super::wire::{Answer, Request};

/// Between two looks where the cloud names no time (azurerm's choice; the contract's 60 s is for services to set).
const POLL_EVERY: Duration = Duration::from_secs(10);
/// After this long, how an operation ends is no longer waited for.
const OPERATION_TIME: Duration = Duration::from_secs(3 * 3600);
/// For this long a resource that is being created, or the status of an operation, may not be found.
const INVISIBLE_TIME: Duration = Duration::from_secs(20 * 60);
/// So many looks in a row may fail.
const UNREADABLE_LOOKS: u32 = 5;

/// An operation that was begun on a resource.
pub(super) struct Operation<'a> {
    transport: &'a ArmTransport,
    /// The resource.
    target: &'a Url,
    begun: Timestamp,
}

/// What is looked at.
enum Track {
    /// The URL of `Azure-AsyncOperation`: always 200, with a `status`.
    Status(Url),
    /// The URL of `Location`: 202, and then what a synchronous answer would have been.
    Outcome(Url),
    /// The resource itself and its `provisioningState`.
    Resource,
}

/// What it means that nothing is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// It cannot be seen yet.
    Early,
    /// That is the end.
    End,
}

/// What was seen.
enum Look {
    Running,
    Done,
    Failed(ArmError),
    Unreadable,
}

impl<'a> Operation<'a> {
    /// An operation that begins now.
    pub fn begin(transport: &'a ArmTransport, target: &'a Url) -> Self {
        Self { transport, target, begun: transport.now() }
    }

    /// Follows a PUT to its end and returns the body of the resource.
    pub async fn put(&self, first: &Answer) -> Result<Json, CallError> {
        if let Some(track) = self.track(first) {
            self.watch(track, Some(wait_after(first)), Absence::Early).await?;
            return self.read_settled(None).await;
        }
        if first.status != 202
            && let Some(body) = first.json()
        {
            match look(first, &Track::Resource) {
                Look::Done => return Ok(body),
                Look::Failed(error) => return Err(error.into()),
                Look::Running | Look::Unreadable => {}
            }
        }
        let synchronous = first.status != 202 && first.body.is_empty();
        self.read_settled((!synchronous).then(|| wait_after(first))).await
    }

    /// Follows an action to its end and returns what it answers.
    pub async fn post(&self, first: &Answer) -> Result<Json, CallError> {
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
            // The action has succeeded; an answer that cannot be read any more does not change that.
            Some(url) => Ok(self.look_at(url).await.ok().and_then(|answer| answer.json()).unwrap_or_default()),
            None => Ok(Json::Null),
        }
    }

    /// Follows a DELETE until nothing is found.
    pub async fn delete(&self, first: &Answer) -> Result<(), CallError> {
        if let Some(track) = self.track(first) {
            match self.watch(track, Some(wait_after(first)), Absence::End).await {
                Err(CallError::Answered(error)) if !error.is_absence() => return Err(CallError::Answered(error)),
                // What is gone often takes the status of its deletion along; the resource itself tells.
                Ok(_) | Err(_) => {}
            }
        }
        let mut behind = Backoff::new(Patience::BEHIND, self.transport.now());
        loop {
            let still = match self.look_at(self.target.clone()).await {
                Err(CallError::Answered(error)) if error.is_absence() => return Ok(()),
                Err(error) => {
                    return Err(CallError::Undecided(format!("whether it is deleted cannot be read: {error}")));
                }
                Ok(answer) => answer,
            };
            let wait = if state(&still.json().unwrap_or_default()).is_some_and(|state| is(&state, "Deleting")) {
                wait_after(&still)
            } else {
                behind
                    .next(self.transport.now(), still.retry_after())
                    .ok_or_else(|| CallError::Undecided("it was deleted and is still found".to_owned()))?
            };
            self.pause(wait).await?;
        }
    }

    /// Reads the resource until nothing is under way on it any more.
    pub async fn read_settled(&self, wait: Option<Duration>) -> Result<Json, CallError> {
        Ok(self.watch(Track::Resource, wait, Absence::Early).await?.json().unwrap_or_default())
    }

    /// Looks, after each wait, until it is done, and returns the last answer.
    async fn watch(
        &self,
        mut track: Track,
        first_wait: Option<Duration>,
        absence: Absence,
    ) -> Result<Answer, CallError> {
        let mut wait = first_wait;
        let mut unreadable = 0;
        loop {
            if let Some(wait) = wait {
                self.pause(wait).await?;
            }
            let seen = self.look_at(track.url(self.target)).await;
            wait = Some(POLL_EVERY);
            let why = match seen {
                Ok(answer) => {
                    wait = Some(wait_after(&answer));
                    match look(&answer, &track) {
                        Look::Done => return Ok(answer),
                        Look::Failed(error) => return Err(error.into()),
                        Look::Running => {
                            unreadable = 0;
                            if let (Track::Outcome(_), Some(next)) = (&track, self.address(&answer, "location")) {
                                track = Track::Outcome(next);
                            }
                            continue;
                        }
                        Look::Unreadable => "the status is not JSON".to_owned(),
                    }
                }
                Err(CallError::Answered(error)) if error.is_absence() => match absence {
                    Absence::Early if self.is_young() => continue,
                    Absence::Early => error.to_string(),
                    Absence::End => return Err(CallError::Answered(error)),
                },
                // Through `Location` the operation answers for itself; through a status URL only the reading of it has failed.
                Err(CallError::Answered(error)) if matches!(track, Track::Outcome(_)) && is_final(&error) => {
                    return Err(CallError::Answered(error));
                }
                Err(error) => error.to_string(),
            };
            unreadable += 1;
            if unreadable > UNREADABLE_LOOKS {
                return Err(CallError::Undecided(format!("how the operation ended cannot be read: {why}")));
            }
        }
    }

    async fn look_at(&self, url: Url) -> Result<Answer, CallError> {
        self.transport.call(Request::get(url)).await
    }

    async fn pause(&self, wait: Duration) -> Result<(), CallError> {
        if elapsed(self.begun, self.transport.now()) + wait > OPERATION_TIME {
            let hours = OPERATION_TIME.as_secs() / 3600;
            return Err(CallError::Undecided(format!("the operation has not ended within {hours} hours")));
        }
        self.transport.sleep(wait).await;
        Ok(())
    }

    fn is_young(&self) -> bool {
        elapsed(self.begun, self.transport.now()) < INVISIBLE_TIME
    }

    /// What the first answer says to look at, where that is not the resource.
    fn track(&self, first: &Answer) -> Option<Track> {
        if let Some(url) = self.address(first, "azure-asyncoperation") {
            return Some(Track::Status(url));
        }
        // Beside a synchronous success, `Location` is only where the resource is.
        let begun = match first.status {
            202 => true,
            201 => !first.json().and_then(|body| state(&body)).is_some_and(|state| is(&state, "Succeeded")),
            _ => false,
        };
        if begun { self.address(first, "location").map(Track::Outcome) } else { None }
    }

    /// The URL in a header. The resource's own is none, for that is looked at anyway; nor is one that no token may go to.
    fn address(&self, answer: &Answer, header: &str) -> Option<Url> {
        let url = self.target.join(answer.header(header)?).ok()?;
        if !self.transport.trusts(&url) {
            tracing::warn!(
                header,
                host = url.host_str(),
                "an address to poll lies outside Resource Manager and is not followed"
            );
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

fn wait_after(answer: &Answer) -> Duration {
    answer.retry_after().unwrap_or(POLL_EVERY)
}

/// What a successful answer says of the operation.
fn look(answer: &Answer, track: &Track) -> Look {
    if answer.body.is_empty() {
        return if answer.status == 202 { Look::Running } else { Look::Done };
    }
    let Some(body) = answer.json() else { return Look::Unreadable };
    match state(&body) {
        Some(state) if is(&state, "Succeeded") => Look::Done,
        Some(state) if ["Failed", "Canceled", "Cancelled"].iter().any(|end| is(&state, end)) => {
            Look::Failed(ArmError::read_or(answer, |_| Detail {
                code: format!("Operation{state}"),
                message: format!("The operation ended as `{state}`, and Azure says no more."),
            }))
        }
        // `Location` answers with the resource when the operation is over, whatever state that shows.
        Some(_) if matches!(track, Track::Outcome(_)) && answer.status != 202 && body.get("status").is_none() => {
            Look::Done
        }
        Some(_) => Look::Running,
        None if body.get("error").is_some_and(Json::is_object) => Look::Failed(ArmError::read(answer)),
        None if answer.status == 202 => Look::Running,
        None => Look::Done,
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

/// Whether an answer is the end of an operation, rather than a failure to read how far it is.
fn is_final(error: &ArmError) -> bool {
    (400..500).contains(&error.status) && !matches!(error.status, 401 | 403 | 404 | 408 | 429)
}
