//! Errors of AWS's services, and the reasons why a call has no answer.

use std::time::Duration;

use serde_json::Value as Json;

use super::codes;
use super::xml;
use crate::reason::Reason;
use crate::visible::one_line;
use crate::wire::{self, AnswerError, WireResponse};
use crate::world::CloudRefusal;

/// The longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 2000;

/// An error in an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message} (HTTP {status}{})", of_request(request.as_ref()))]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The code of the error.
    pub code: String,
    /// The message.
    pub message: String,
    /// The id of the request, by which AWS's support finds it.
    pub request: Option<String>,
    /// Wait before the next attempt.
    pub retry_after: Option<Duration>,
}

/// The id of a request at the end of a sentence.
fn of_request(id: Option<&String>) -> String {
    id.map(|id| format!(", request {id}")).unwrap_or_default()
}

/// The reason why a call failed.
pub(super) type CallError = wire::CallError<ApiError>;

/// The words in a code before `#` (a namespace) and after `:` (an address) are not part of it.
fn bare(code: &str) -> &str {
    let code = code.split_once(':').map_or(code, |(code, _)| code);
    code.rsplit_once('#').map_or(code, |(_, code)| code)
}

/// The first text with one of these names, at any depth.
fn find<'a>(value: &'a Json, names: &[&str]) -> Option<&'a str> {
    match value {
        Json::Object(map) => names
            .iter()
            .find_map(|name| map.get(*name)?.as_str())
            .or_else(|| map.values().find_map(|value| find(value, names))),
        Json::Array(items) => items.iter().find_map(|item| find(item, names)),
        _ => None,
    }
}

impl ApiError {
    /// The error of an answer that is no success.
    pub fn read(answer: &WireResponse) -> Self {
        let body = answer.json().or_else(|| xml::read(&answer.body)).unwrap_or_default();
        let header = answer.header("x-amzn-errortype");
        let code = header.or_else(|| find(&body, &["__type", "Code", "code"])).map(bare);
        let message = find(&body, &["message", "Message"]).unwrap_or_default();
        let message: String = match (message.is_empty(), code) {
            (false, _) => one_line(message),
            (true, Some(_)) => "AWS gave no reason".to_owned(),
            (true, None) if answer.body.is_empty() => "the answer has no body".to_owned(),
            (true, None) => one_line(&String::from_utf8_lossy(&answer.body)),
        };
        let request = ["x-amzn-requestid", "x-amz-request-id"].iter().find_map(|name| answer.header(name));
        let request = request.or_else(|| find(&body, &["RequestID", "RequestId"]));
        Self {
            status: answer.status,
            // An answer to `HEAD` has no body, and the status is all that there is.
            code: code.map_or_else(|| answer.status.to_string(), |code| code.chars().take(100).collect()),
            message: message.chars().take(LONGEST_MESSAGE).collect(),
            request: request.map(|id| one_line(id).chars().take(100).collect()),
            retry_after: answer.retry_after(),
        }
    }
}

impl AnswerError for ApiError {
    fn reason(&self) -> Reason {
        codes::reason(&self.code, &self.message).unwrap_or(match self.status {
            401 => Reason::Unauthenticated,
            403 => Reason::Forbidden,
            404 => Reason::Absent,
            409 | 412 => Reason::Changed,
            429 => Reason::Throttled,
            500.. => Reason::Outage,
            400..=499 => Reason::Invalid,
            _ => Reason::Other,
        })
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    fn is_unclear(&self) -> bool {
        self.reason() == Reason::Outage || self.status == 408
    }
}

/// The code of the answer.
pub(super) fn code(error: &CallError) -> Option<&str> {
    match error {
        CallError::Answered(error) => Some(&error.code),
        _ => None,
    }
}

impl From<ApiError> for CloudRefusal {
    fn from(error: ApiError) -> Self {
        let reason = error.reason();
        let ApiError { status, code, message, request, retry_after: _ } = error;
        Self { reason, has_begun: false, answer: format!("HTTP {status}"), code, message, correlation: request }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;

    fn error(status: u16, body: &str) -> ApiError {
        ApiError::read(&WireResponse { status, headers: HeaderMap::new(), body: body.to_owned().into() })
    }

    #[test]
    fn errors_of_all_protocols_have_code_message_and_request() {
        let ec2 = "<?xml version=\"1.0\"?><Response><Errors><Error><Code>InvalidVpcID.NotFound</Code>\
                   <Message>The vpc ID 'vpc-1' does not exist</Message></Error></Errors><RequestID>r-1</RequestID>\
                   </Response>";
        let query = "<ErrorResponse xmlns='urn:x'><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No\n\
                     way</Message></Error><RequestId>r-2</RequestId></ErrorResponse>";
        let json = r#"{"__type":"com.amazonaws.cloudapi#ThrottlingException","Message":"Rate exceeded"}"#;
        for (status, body, code, message, request, reason) in [
            (400, ec2, "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist", Some("r-1"), Reason::Absent),
            (403, query, "AccessDenied", "No way", Some("r-2"), Reason::Forbidden),
            (400, json, "ThrottlingException", "Rate exceeded", None, Reason::Throttled),
            (404, "", "404", "the answer has no body", None, Reason::Absent),
            (502, "<html>", "502", "<html>", None, Reason::Outage),
        ] {
            let error = error(status, body);
            assert_eq!((&*error.code, &*error.message), (code, message));
            assert_eq!((error.request.as_deref(), error.reason()), (request, reason));
        }
    }

    #[test]
    fn missing_capacity_is_a_refusal_although_its_status_is_that_of_a_failure() {
        let body = "<Response><Errors><Error><Code>InsufficientInstanceCapacity</Code><Message>m</Message></Error>\
                    </Errors></Response>";
        let error = CallError::from(error(500, body));
        assert!(error.is(Reason::NoCapacity) && !error.is_unclear());
    }
}
