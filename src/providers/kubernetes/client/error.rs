//! Errors of the API: bodies of the kind `Status`.

use std::time::Duration;

use serde_json::Value as Json;

use crate::reason::Reason;
use crate::visible::one_line;
use crate::wire::{AnswerError, WireResponse, message};
use crate::world::CloudRefusal;

/// The reason why a call failed.
pub(super) type CallError = crate::wire::CallError<ApiError>;

/// An error in an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message} (HTTP {status})")]
pub struct ApiError {
    /// The HTTP status.
    status: u16,
    /// The reason, as in `NotFound`; of an answer that is no `Status`, its HTTP status.
    reason: String,
    /// The message.
    message: String,
    /// The id of the request in the server's audit log.
    audit: Option<String>,
    /// Wait before the next attempt.
    retry_after: Option<Duration>,
}

impl ApiError {
    /// The error of an answer that is no success.
    pub(super) fn read(answer: &WireResponse) -> Self {
        let body = answer.json().unwrap_or_default();
        let text = |at: &str| body.get(at).and_then(Json::as_str).filter(|text| !text.is_empty());
        let seconds = body.pointer("/details/retryAfterSeconds").and_then(Json::as_u64).map(Duration::from_secs);
        Self {
            status: answer.status,
            reason: text("reason").map_or_else(|| format!("HTTP {}", answer.status), one_line),
            message: message(text("message").map(str::to_owned).into_iter().collect(), answer),
            audit: answer.header("audit-id").map(one_line),
            retry_after: answer.retry_after().or(seconds),
        }
    }
}

impl AnswerError for ApiError {
    /// The reason of the refusal (source: the reasons of API machinery, recorded from a server).
    fn reason(&self) -> Reason {
        match (self.reason.as_str(), self.status) {
            ("TooManyRequests", _) | (_, 429) => Reason::Throttled,
            ("ServiceUnavailable" | "ServerTimeout" | "Timeout" | "InternalError", _) | (_, 500..) => Reason::Outage,
            ("Unauthorized", _) | (_, 401) => Reason::Unauthenticated,
            ("Forbidden", _) | (_, 403) => Reason::Forbidden,
            ("NotFound", _) | (_, 404) => Reason::Absent,
            ("Conflict", _) | (_, 409 | 412) => Reason::Changed,
            (_, 400..=499) => Reason::Invalid,
            _ => Reason::Other,
        }
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
        let ApiError { status, reason: code, message, audit, retry_after: _ } = error;
        Self { reason, has_begun: false, answer: format!("HTTP {status}"), code, message, correlation: audit }
    }
}
