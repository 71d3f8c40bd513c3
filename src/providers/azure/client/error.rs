//! Errors of Resource Manager, and the reasons why a call has no answer.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value as Json;

use crate::providers::azure::refusal;
use crate::reason::Reason;
use crate::visible::one_line;
use crate::wire::{WireError, WireResponse};
use crate::world::{CloudError, CloudRefusal};

/// The longest message that is kept, in characters; Azure's own are below 2,000.
const LONGEST_MESSAGE: usize = 4000;
/// The most errors of one level that are kept.
const MOST_DETAILS: usize = 100;

/// An error in an answer of Resource Manager.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message} (HTTP {status})")]
pub struct ArmError {
    /// The HTTP status; 200 where a long-running operation has ended as failed.
    pub status: u16,
    /// The innermost code: outer ones are often as general as `Conflict`.
    pub code: String,
    /// The message of that code.
    pub message: String,
    /// The other errors of the body, outermost first.
    pub details: Vec<ErrorDetail>,
    /// The correlation id, by which Azure's support finds the request.
    pub correlation: Option<String>,
    /// Wait before the next attempt.
    pub retry_after: Option<Duration>,
}

/// One of the errors in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorDetail {
    /// Its code.
    pub code: String,
    /// Its message.
    pub message: String,
}

/// The reason why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Azure answered with an error.
    #[error("{0}")]
    Answered(Box<ArmError>),
    /// The request was not sent.
    #[error("{0}")]
    NotSent(String),
    /// The request was sent; no answer arrived.
    #[error("{0}")]
    Lost(String),
    /// The request was accepted; its outcome cannot be read.
    #[error("{0}")]
    Undecided(String),
}

impl ArmError {
    /// Parses the error of an answer, in each of its known shapes.
    pub fn read(answer: &WireResponse) -> Self {
        Self::read_or(answer, unreadable)
    }

    /// The same, with a substitute for an answer without an error.
    pub(super) fn read_or(answer: &WireResponse, otherwise: impl FnOnce(&WireResponse) -> ErrorDetail) -> Self {
        let body = answer.json().unwrap_or_default();
        let mut details = Vec::new();
        let ErrorDetail { code, message } = match collect(error_object(&body), &mut details) {
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

    /// True if another operation is in progress, so that the same request will be accepted later.
    pub fn is_busy(&self) -> bool {
        self.reason() == Reason::Busy
    }

    /// The reason of the refusal.
    pub fn reason(&self) -> Reason {
        refusal::reason(self.status, &self.code, &self.message)
    }

    /// True if the subscription is not registered with the provider of the request, or with a provider that this one
    /// needs. Resource Manager uses the first of the codes; some providers use the other.
    pub fn is_unregistered(&self) -> bool {
        self.reason() == Reason::Unregistered
    }

    /// True if the read found nothing: the object does not exist, or cannot exist because its provider is not
    /// registered.
    pub(super) fn finds_nothing(&self) -> bool {
        self.is_absence() || self.is_unregistered()
    }

    /// True if another object still uses the object to be deleted. Such uses often linger for a while after their own
    /// deletion.
    pub fn is_in_use(&self) -> bool {
        refusal::is_in_use(&self.code)
    }

    /// True if the object does not exist. False if its type, its provider or the subscription does not.
    pub fn is_absence(&self) -> bool {
        const NOT_OF_THE_OBJECT: [&str; 4] =
            ["SubscriptionNotFound", "InvalidResourceType", "InvalidResourceNamespace", "InvalidApiVersionParameter"];
        self.status == 404 && !NOT_OF_THE_OBJECT.contains(&self.code.as_str())
    }

    /// True if Azure did not accept the request and may accept it later.
    pub(super) fn is_not_taken(&self) -> bool {
        matches!(self.status, 408 | 429 | 503)
    }

    /// True if Azure may have executed the request despite this answer.
    pub(super) fn is_unclear(&self) -> bool {
        matches!(self.status, 500 | 502 | 504)
    }
}

/// The object with the code: `error`, or the body itself.
fn error_object(body: &Json) -> &Json {
    match body.get("error").filter(|error| error.is_object()) {
        Some(error) => error,
        None => body,
    }
}

/// Appends an error and its details; returns the position of the innermost error, along the first of each list.
fn collect(error: &Json, found: &mut Vec<ErrorDetail>) -> Option<usize> {
    let text = |key: &str| cut(error.get(key).and_then(Json::as_str).unwrap_or_default());
    let here = (!text("code").is_empty()).then(|| {
        found.push(ErrorDetail { code: text("code"), message: text("message") });
        found.len() - 1
    });
    let mut below = None;
    for inner in error.get("details").and_then(Json::as_array).into_iter().flatten().take(MOST_DETAILS) {
        let innermost = collect(inner, found);
        below = below.or(innermost);
    }
    below.or(here)
}

/// A text of an answer, on one line and cut to the length that a person reads. A line of its own could pass for one of
/// drplan's.
fn cut(text: &str) -> String {
    cut_at(text, LONGEST_MESSAGE)
}

fn cut_at(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", one_line(&text[..end])),
        None => one_line(text),
    }
}

/// The substitute for an answer without an error: the status in Azure's spelling, and the beginning of the body.
fn unreadable(answer: &WireResponse) -> ErrorDetail {
    let reason = StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
    let body = cut_at(&String::from_utf8_lossy(&answer.body), 300);
    ErrorDetail {
        code: reason.unwrap_or("Unknown").replace(' ', ""),
        message: if body.trim().is_empty() { "The answer has no body.".to_owned() } else { body },
    }
}

impl CallError {
    /// Wait before the next attempt, if the answer names one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered(error) => error.retry_after,
            Self::NotSent(_) | Self::Lost(_) | Self::Undecided(_) => None,
        }
    }

    /// True if there were too many requests. Azure reports a lock held by another operation with the same status.
    pub(super) fn is_throttled(&self) -> bool {
        matches!(self, Self::Answered(error) if error.status == 429 && !error.is_busy())
    }

    /// True if the request was sent and Azure may have executed it, but no answer confirms that.
    pub(super) fn is_unclear(&self) -> bool {
        match self {
            Self::Answered(error) => error.is_unclear(),
            Self::Lost(_) => true,
            Self::NotSent(_) | Self::Undecided(_) => false,
        }
    }

    /// True if Azure will never execute this request.
    pub(super) fn is_final_refusal(&self) -> bool {
        match self {
            Self::Answered(error) => {
                !error.is_unclear() && !error.is_not_taken() && !error.is_busy() && error.status != 412
            }
            Self::NotSent(_) | Self::Lost(_) | Self::Undecided(_) => false,
        }
    }

    /// The error of a read, which changes nothing.
    pub(super) fn of_read(self) -> CloudError {
        match self {
            Self::Answered(error) => CloudError::Refused((*error).into()),
            Self::NotSent(why) | Self::Lost(why) | Self::Undecided(why) => CloudError::Unreachable(why),
        }
    }

    /// The error of a write.
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

impl From<ArmError> for CloudRefusal {
    fn from(error: ArmError) -> Self {
        let reason = error.reason();
        let ArmError { status, code, message, details: _, correlation, retry_after: _ } = error;
        Self { reason, has_begun: status < 400, answer: format!("HTTP {status}"), code, message, correlation }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_of_an_answer_are_on_one_line() {
        let mut found = Vec::new();
        let body = json!({ "code": "Bad\u{1b}[31m", "message": "one\nerror: forged\r\u{202e}two" });
        assert_eq!(collect(&body, &mut found), Some(0));
        assert_eq!(found, [ErrorDetail { code: "Bad [31m".to_owned(), message: "one error: forged  two".to_owned() }]);
        assert_eq!(cut_at("one\ntwo", 4), "one …");
    }
}
