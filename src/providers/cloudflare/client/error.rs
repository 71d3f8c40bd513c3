//! Errors of Cloudflare's API, and the reasons why a call has no answer.

use std::time::Duration;

use serde_json::Value as Json;

use crate::reason::Reason;
use crate::visible::one_line;
use crate::wire::{WireError, WireResponse};
use crate::world::{CloudError, CloudRefusal};

/// The longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 2000;

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

/// The reason why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// Cloudflare answered with an error.
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
        let errors = body.get("errors").and_then(Json::as_array);
        let mut innermost = errors.and_then(|errors| errors.first());
        while let Some(inner) = innermost.and_then(|error| error.pointer("/error_chain/0")) {
            innermost = Some(inner);
        }
        let code = innermost.and_then(|error| error.get("code")?.as_u64()).unwrap_or_default();
        let mut texts = Vec::new();
        collect(errors, &mut texts);
        if texts.is_empty() {
            let text = String::from_utf8_lossy(&answer.body);
            texts.push(if text.trim().is_empty() { "The answer has no body.".to_owned() } else { text.into_owned() });
        }
        let message: String = one_line(&texts.join(" ")).chars().take(LONGEST_MESSAGE).collect();
        Self {
            status: answer.status,
            code,
            message,
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

    /// True if Cloudflare did not accept the request and may accept it later.
    pub(super) fn is_throttled(&self) -> bool {
        self.reason() == Reason::Throttled
    }

    /// True if Cloudflare may have carried the request out despite this answer.
    fn is_unclear(&self) -> bool {
        self.status >= 500 || self.status == 408
    }
}

/// The messages of errors, each followed by those in its chain.
fn collect(errors: Option<&Vec<Json>>, texts: &mut Vec<String>) {
    for error in errors.into_iter().flatten() {
        texts.extend(error.get("message").and_then(Json::as_str).map(str::to_owned));
        collect(error.get("error_chain").and_then(Json::as_array), texts);
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
