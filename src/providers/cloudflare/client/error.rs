//! Errors of Cloudflare's API.

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
#[error("{code}: {message} (HTTP {status})")]
pub struct ApiError {
    /// The HTTP status; 200 for an answer that says itself that it is no success.
    pub status: u16,
    /// The innermost code; 0 where the answer has none.
    pub code: u64,
    /// The messages of all errors, outermost first.
    pub message: String,
    /// The id of the request, by which Cloudflare's support finds it.
    pub ray: Option<String>,
    /// Wait before the next attempt.
    pub retry_after: Option<Duration>,
}

impl ApiError {
    /// The error of an answer that is no success.
    pub fn read(answer: &WireResponse) -> Self {
        let body = answer.json().unwrap_or_default();
        let errors = body.get("errors").and_then(Json::as_array);
        let mut innermost = errors.and_then(|errors| errors.first());
        while let Some(inner) = innermost.and_then(|error| error.pointer("/error_chain/0")) {
            innermost = Some(inner);
        }
        let code = innermost.and_then(|error| error.get("code")?.as_u64()).unwrap_or_default();
        let mut texts = Vec::new();
        collect(errors, &mut texts);
        Self {
            status: answer.status,
            code,
            message: message(texts, answer),
            ray: answer.header("cf-ray").map(one_line),
            retry_after: answer.retry_after(),
        }
    }

    /// The reason of the refusal (sources of the codes: answers of the API in public threads).
    pub fn reason(&self) -> Reason {
        match (self.status, self.code) {
            (429, _) | (_, 971 | 10_429) => Reason::Throttled,
            (500.., _) => Reason::Outage,
            (_, 81_044 | 1001) => Reason::Absent,
            (_, 81_057 | 81_058) => Reason::Changed,
            (_, 81_045) => Reason::Quota,
            (_, 1005) | (412, _) => Reason::InUse,
            (401, _) | (_, 9106 | 9107 | 9109 | 6003 | 6103 | 6111) => Reason::Unauthenticated,
            (403, _) | (_, 10_000) => Reason::Forbidden,
            // A zone or an account that does not exist: no object of it is absent, the id is wrong.
            (_, 7000 | 7003) => Reason::Invalid,
            (404, _) => Reason::Absent,
            (409, _) => Reason::Busy,
            (400..=499, _) => Reason::Invalid,
            _ => Reason::Other,
        }
    }
}

/// The messages of errors, each followed by those in its chain.
fn collect(errors: Option<&Vec<Json>>, texts: &mut Vec<String>) {
    for error in errors.into_iter().flatten() {
        texts.extend(error.get("message").and_then(Json::as_str).map(str::to_owned));
        collect(error.get("error_chain").and_then(Json::as_array), texts);
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
        let ApiError { status, code, message, ray, retry_after: _ } = error;
        Self {
            reason,
            has_begun: false,
            answer: format!("HTTP {status}"),
            code: code.to_string(),
            message,
            correlation: ray,
        }
    }
}
