//! Errors of Linode's API.

use std::time::Duration;

use serde_json::Value as Json;

use crate::reason::Reason;
use crate::wire::{AnswerError, WireResponse, message};
use crate::world::CloudRefusal;

/// The reason why a call failed.
pub(super) type CallError = crate::wire::CallError<ApiError>;

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

impl ApiError {
    /// The error of an answer that is no success.
    pub fn read(answer: &WireResponse) -> Self {
        let body = answer.json().unwrap_or_default();
        let errors = body.get("errors").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |error: &Json, name: &str| error.get(name).and_then(Json::as_str).map(str::to_owned);
        let field = errors.iter().find_map(|error| text(error, "field"));
        let reasons = errors.iter().filter_map(|error| text(error, "reason")).collect();
        let message = message(reasons, answer);
        Self { status: answer.status, field, message, retry_after: answer.retry_after() }
    }

    /// The reason of the refusal. Where the status is general, the words of the message tell.
    pub fn reason(&self) -> Reason {
        let says = |words: &[&str]| {
            let message = self.message.to_lowercase();
            words.iter().any(|word| message.contains(word))
        };
        match self.status {
            400..=499 if self.status != 429 && says(&["locked"]) => Reason::Invalid,
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
}

impl AnswerError for ApiError {
    fn reason(&self) -> Reason {
        self.reason()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn is_unclear(&self) -> bool {
        self.status >= 500 || self.status == 408
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
