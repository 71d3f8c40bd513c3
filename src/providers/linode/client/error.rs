//! Errors of Linode's API, and the reasons why a call has no answer.

use std::time::Duration;

use serde_json::Value as Json;

use crate::reason::Reason;
use crate::visible::one_line;
use crate::wire::{WireError, WireResponse};
use crate::world::{CloudError, CloudRefusal};

/// The longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 2000;

/// An error in an answer. Linode has no codes: the field that an error is about stands for one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (HTTP {status})")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The field of the first error that names one.
    pub field: Option<String>,
    /// The reasons of all errors.
    pub message: String,
    /// Wait before the next attempt.
    pub retry_after: Option<Duration>,
}

/// The reason why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// Linode answered with an error.
    #[error("{0}")]
    Answered(Box<ApiError>),
    /// The request was not sent.
    #[error("{0}")]
    NotSent(String),
    /// The request was sent; no answer arrived, or none that can be read.
    #[error("{0}")]
    Lost(String),
}

impl ApiError {
    /// The error of an answer that is no success.
    pub fn read(answer: &WireResponse) -> Self {
        let body = answer.json().unwrap_or_default();
        let errors = body.get("errors").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |error: &Json, name: &str| error.get(name).and_then(Json::as_str).map(str::to_owned);
        let field = errors.iter().find_map(|error| text(error, "field"));
        let mut reasons: Vec<String> = errors.iter().filter_map(|error| text(error, "reason")).collect();
        if reasons.is_empty() {
            let text = String::from_utf8_lossy(&answer.body);
            reasons.push(if text.trim().is_empty() { "The answer has no body.".to_owned() } else { text.into_owned() });
        }
        let message = one_line(&reasons.join(" ")).chars().take(LONGEST_MESSAGE).collect();
        Self { status: answer.status, field, message, retry_after: answer.retry_after() }
    }

    /// The reason of the refusal. Where the status is general, the words of the message tell.
    pub fn reason(&self) -> Reason {
        let says = |words: &[&str]| {
            let message = self.message.to_lowercase();
            words.iter().any(|word| message.contains(word))
        };
        match self.status {
            401 => Reason::Unauthenticated,
            403 => Reason::Forbidden,
            404 => Reason::Absent,
            409 => Reason::Busy,
            429 => Reason::Throttled,
            500.. => Reason::Outage,
            400..=499 if says(&["busy"]) => Reason::Busy,
            400..=499 if self.field.as_deref() == Some("label") && says(&["unique"]) => Reason::Changed,
            400..=499 if says(&["capacity", "sold out", "not available in"]) => Reason::NoCapacity,
            400..=499 if says(&["attached", "in use"]) => Reason::InUse,
            400..=499 if says(&["limit"]) => Reason::Quota,
            400..=499 => Reason::Invalid,
            _ => Reason::Other,
        }
    }

    /// True if Linode may have carried the request out despite this answer.
    fn is_unclear(&self) -> bool {
        self.status >= 500 || self.status == 408
    }
}

impl CallError {
    /// Wait before the next attempt, if the answer names one.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered(error) => error.retry_after,
            Self::NotSent(_) | Self::Lost(_) => None,
        }
    }

    /// True if the request may have been carried out.
    pub(super) fn is_unclear(&self) -> bool {
        match self {
            Self::Answered(error) => error.is_unclear(),
            Self::Lost(_) => true,
            Self::NotSent(_) => false,
        }
    }

    /// True for an answer with this reason.
    pub(super) fn is(&self, reason: Reason) -> bool {
        matches!(self, Self::Answered(error) if error.reason() == reason)
    }

    /// The error of a read, which changes nothing.
    pub(super) fn of_read(self) -> CloudError {
        match self {
            Self::Answered(error) => CloudError::Refused((*error).into()),
            Self::NotSent(why) | Self::Lost(why) => CloudError::Unreachable(why),
        }
    }

    /// The error of a write.
    pub(super) fn of_write(self) -> CloudError {
        match self {
            error if error.is_unclear() => CloudError::OutcomeUnknown(error.to_string()),
            other => other.of_read(),
        }
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

impl From<ApiError> for CallError {
    fn from(error: ApiError) -> Self {
        Self::Answered(Box::new(error))
    }
}

impl From<ApiError> for CloudRefusal {
    fn from(error: ApiError) -> Self {
        let reason = error.reason();
        let ApiError { status, field, message, retry_after: _ } = error;
        let code = field.unwrap_or_else(|| status.to_string());
        Self { reason, has_begun: false, answer: format!("HTTP {status}"), code, message, correlation: None }
    }
}
