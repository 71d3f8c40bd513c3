//! What Resource Manager says when it says no, and why a call has no answer.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value as Json;

use super::wire::{Answer, WireError};
use crate::world::{CloudError, Refused, is_busy, is_unregistered};

/// An error as Resource Manager answers it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message} (HTTP {status})")]
pub struct ArmError {
    /// The HTTP status; 200 where a long-running operation has ended as failed.
    pub status: u16,
    /// The innermost code: outer ones are often as general as `Conflict`.
    pub code: String,
    /// The message beside that code.
    pub message: String,
    /// Everything else that the body says, outermost first.
    pub details: Vec<Detail>,
    /// The id by which Azure's support finds the request.
    pub correlation: Option<String>,
    /// How long to wait before asking again.
    pub retry_after: Option<Duration>,
}

/// One of several errors of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Its code.
    pub code: String,
    /// Its message.
    pub message: String,
}

/// Why a call did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// An answer came, and it says no.
    #[error("{0}")]
    Answered(Box<ArmError>),
    /// The request was not sent.
    #[error("{0}")]
    NotSent(String),
    /// The request was sent, and no answer came.
    #[error("{0}")]
    Lost(String),
    /// The request was taken, and how it ended cannot be read.
    #[error("{0}")]
    Undecided(String),
}

impl ArmError {
    /// Reads the error of an answer, in each of the shapes in which it comes.
    pub fn read(answer: &Answer) -> Self {
        Self::read_or(answer, unreadable)
    }

    /// The same, with words for an answer that holds no error.
    pub(super) fn read_or(answer: &Answer, otherwise: impl FnOnce(&Answer) -> Detail) -> Self {
        let body = answer.json().unwrap_or_default();
        let mut details = Vec::new();
        let Detail { code, message } = match collect(error_object(&body), &mut details) {
            Some(innermost) => details.remove(innermost),
            None => otherwise(answer),
        };
        let correlation = answer.header("x-ms-correlation-request-id").or_else(|| answer.header("x-ms-request-id"));
        Self {
            status: answer.status,
            code,
            message,
            details,
            correlation: correlation.map(str::to_owned),
            retry_after: answer.retry_after(),
        }
    }

    /// Whether another operation is under way, so that the same request will be taken later.
    pub fn is_busy(&self) -> bool {
        is_busy(&self.code, &self.message)
    }

    /// Whether the subscription is not registered with the provider that the request was for, or with another that this one needs. Resource Manager says so
    /// with the first of the codes, some providers themselves with the other.
    pub fn is_unregistered(&self) -> bool {
        is_unregistered(&self.code)
    }

    /// Whether a read that was answered so finds nothing: the object does not exist, or nothing of its provider can.
    pub(super) fn finds_nothing(&self) -> bool {
        self.is_absence() || self.is_unregistered()
    }

    /// Whether something still uses what should be deleted, which often lingers a while after it was deleted itself.
    pub fn is_in_use(&self) -> bool {
        self.code.contains("InUse") || self.code.ends_with("CannotBeDeleted")
    }

    /// Whether it says that the object does not exist (rather than that the type, the provider or the subscription does not).
    pub fn is_absence(&self) -> bool {
        const NOT_OF_THE_OBJECT: [&str; 4] =
            ["SubscriptionNotFound", "InvalidResourceType", "InvalidResourceNamespace", "InvalidApiVersionParameter"];
        self.status == 404 && !NOT_OF_THE_OBJECT.contains(&self.code.as_str())
    }

    /// Whether the cloud did not take the request, and may take it later.
    pub(super) fn is_not_taken(&self) -> bool {
        matches!(self.status, 408 | 429 | 503)
    }

    /// Whether the request may have been carried out in spite of this answer.
    pub(super) fn is_unclear(&self) -> bool {
        matches!(self.status, 500 | 502 | 504)
    }
}

/// The object with the code: under `error` or, without that wrapper, the body itself.
fn error_object(body: &Json) -> &Json {
    match body.get("error").filter(|error| error.is_object()) {
        Some(error) => error,
        None => body,
    }
}

/// Appends an error and those below it; returns the position of the innermost, going down the first of each list.
fn collect(error: &Json, found: &mut Vec<Detail>) -> Option<usize> {
    let text = |key: &str| error.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let here = (!text("code").is_empty()).then(|| {
        found.push(Detail { code: text("code"), message: text("message") });
        found.len() - 1
    });
    let mut below = None;
    for inner in error.get("details").and_then(Json::as_array).into_iter().flatten() {
        let innermost = collect(inner, found);
        below = below.or(innermost);
    }
    below.or(here)
}

/// Words for an answer without an error: the status in Azure's spelling and the beginning of the body.
fn unreadable(answer: &Answer) -> Detail {
    let reason = StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
    let body: String = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
    Detail {
        code: reason.unwrap_or("Unknown").replace(' ', ""),
        message: if body.trim().is_empty() { "The answer says no more.".to_owned() } else { body },
    }
}

impl CallError {
    /// How long to wait before asking again, where the answer says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered(error) => error.retry_after,
            Self::NotSent(_) | Self::Lost(_) | Self::Undecided(_) => None,
        }
    }

    /// Whether there were too many requests. A lock that another operation holds is answered with the same status.
    pub(super) fn is_throttled(&self) -> bool {
        matches!(self, Self::Answered(error) if error.status == 429 && !error.is_busy())
    }

    /// Whether the request was sent and may have been carried out, though no answer says so.
    pub(super) fn is_unclear(&self) -> bool {
        match self {
            Self::Answered(error) => error.is_unclear(),
            Self::Lost(_) => true,
            Self::NotSent(_) | Self::Undecided(_) => false,
        }
    }

    /// Whether it says that this request, whenever it is made, is not carried out.
    pub(super) fn is_final_refusal(&self) -> bool {
        match self {
            Self::Answered(error) => {
                !error.is_unclear() && !error.is_not_taken() && !error.is_busy() && error.status != 412
            }
            Self::NotSent(_) | Self::Lost(_) | Self::Undecided(_) => false,
        }
    }

    /// What it means of a read, which changes nothing.
    pub(super) fn of_read(self) -> CloudError {
        match self {
            Self::Answered(error) => CloudError::Refused((*error).into()),
            Self::NotSent(why) | Self::Lost(why) | Self::Undecided(why) => CloudError::Unreachable(why),
        }
    }

    /// What it means of a write.
    pub(super) fn of_write(self) -> CloudError {
        match self {
            Self::Answered(error) if error.is_unclear() => CloudError::OutcomeUnknown(error.to_string()),
            Self::Lost(why) | Self::Undecided(why) => CloudError::OutcomeUnknown(why),
            other @ (Self::Answered(_) | Self::NotSent(_)) => other.of_read(),
        }
    }
}

impl From<ArmError> for CallError {
    fn from(error: ArmError) -> Self {
        Self::Answered(Box::new(error))
    }
}

impl From<WireError> for CallError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::NotSent(why) => Self::NotSent(why),
            WireError::Lost(why) => Self::Lost(why),
        }
    }
}

impl From<ArmError> for Refused {
    fn from(error: ArmError) -> Self {
        let ArmError { status, code, message, details: _, correlation, retry_after: _ } = error;
        Self { status, code, message, correlation }
    }
}
