//! The reasons why a call has no answer that its caller can use, and what they mean for reads and writes.

use std::fmt;
use std::time::Duration;

use super::carrier::{WireError, WireResponse};
use crate::reason::Reason;
use crate::visible::one_line;
use crate::world::{CloudError, CloudRefusal};

/// The longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 2000;

/// An error in an answer, as the client of a provider reads it.
pub(crate) trait AnswerError: fmt::Display + fmt::Debug + Into<CloudRefusal> + Send + Sync {
    /// The reason of the refusal.
    fn reason(&self) -> Reason;
    /// The wait before the next attempt, if the answer names one.
    fn retry_after(&self) -> Option<Duration>;
    /// True if the provider may have carried the request out despite this answer.
    fn is_unclear(&self) -> bool;
}

/// The reason why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError<E> {
    /// The provider answered with an error.
    #[error("{0}")]
    Answered(Box<E>),
    /// The request was not sent.
    #[error("{0}")]
    NotSent(String),
    /// The request was sent; no answer arrived, or none that can be read.
    #[error("{0}")]
    Lost(String),
}

impl<E: AnswerError> CallError<E> {
    /// Wait before the next attempt, if the answer names one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered(error) => error.retry_after(),
            Self::NotSent(_) | Self::Lost(_) => None,
        }
    }

    /// True if the request may have been carried out.
    pub fn is_unclear(&self) -> bool {
        match self {
            Self::Answered(error) => error.is_unclear(),
            Self::Lost(_) => true,
            Self::NotSent(_) => false,
        }
    }

    /// True for an answer with this reason.
    pub fn is(&self, reason: Reason) -> bool {
        matches!(self, Self::Answered(error) if error.reason() == reason)
    }

    /// The error of a read, which changes nothing.
    pub fn of_read(self) -> CloudError {
        match self {
            Self::Answered(error) => CloudError::Refused((*error).into()),
            Self::NotSent(why) | Self::Lost(why) => CloudError::Unreachable(why),
        }
    }

    /// The error of a write.
    pub fn of_write(self) -> CloudError {
        match self {
            error if error.is_unclear() => CloudError::OutcomeUnknown(error.to_string()),
            other => other.of_read(),
        }
    }
}

impl<E> From<WireError> for CallError<E> {
    fn from(error: WireError) -> Self {
        match error {
            WireError::NotSent(why) => Self::NotSent(why),
            WireError::Lost(why) => Self::Lost(why),
        }
    }
}

impl<E: AnswerError> From<E> for CallError<E> {
    fn from(error: E) -> Self {
        Self::Answered(Box::new(error))
    }
}

/// The message of an answer with these texts, on one line; the body itself where it has none.
pub(crate) fn message(mut texts: Vec<String>, answer: &WireResponse) -> String {
    if texts.is_empty() {
        let text = String::from_utf8_lossy(&answer.body);
        texts.push(if text.trim().is_empty() { "The answer has no body.".to_owned() } else { text.into_owned() });
    }
    one_line(&texts.join(" ")).chars().take(LONGEST_MESSAGE).collect()
}

/// A refusal by the client itself: it sent no request.
pub(crate) fn refused(reason: Reason, code: &str, message: String) -> CloudError {
    CloudError::Refused(CloudRefusal {
        reason,
        has_begun: false,
        answer: "no request was sent".to_owned(),
        code: code.to_owned(),
        message,
        correlation: None,
    })
}
