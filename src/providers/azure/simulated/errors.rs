//! Errors in the format of Resource Manager.

use serde_json::{Value as Json, json};

use crate::kinds::Refusal;
use crate::simulator::request::{Cause, ErrorResponse, Request, Response};

impl Request {
    /// The body, if it is an object.
    pub(super) fn object(&self) -> Result<Json, ErrorResponse> {
        match &self.body {
            Ok(Some(body @ Json::Object(_))) => Ok(body.clone()),
            Ok(Some(_)) => {
                Err(ErrorResponse::content("The request content was invalid: the body must be a JSON object."))
            }
            Ok(None) => Err(ErrorResponse::content("The request content was invalid: the body is missing.")),
            Err(what) => Err(ErrorResponse::content(format!(
                "The request content was invalid and could not be deserialized: '{what}'."
            ))),
        }
    }
}

impl ErrorResponse {
    /// 400 `InvalidRequestContent`.
    pub(super) fn content(message: impl Into<String>) -> Self {
        Self::gateway(400, "InvalidRequestContent", message)
    }

    /// The error object: `{code, message}`.
    pub(super) fn error(&self) -> Json {
        json!({ "code": self.code, "message": self.message })
    }

    pub(super) fn response(&self) -> Response {
        let cause = match self.cause {
            Cause::Gateway => "gateway",
            Cause::Service => "service",
        };
        let response = Response::json(self.status, &json!({ "error": self.error() })).with("x-ms-failure-cause", cause);
        match self.retry_after {
            Some(seconds) => response.with("retry-after", seconds.to_string()),
            None => response,
        }
    }
}

impl From<Refusal> for ErrorResponse {
    fn from(Refusal { status, code, message }: Refusal) -> Self {
        Self::service(status, code, message)
    }
}
