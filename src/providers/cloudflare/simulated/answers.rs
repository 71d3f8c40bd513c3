//! The envelope of every answer, and errors in it.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::NAME;
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::World;

/// An error of the API.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    status: u16,
    code: u64,
    message: String,
    /// The innermost code and message, where the outer ones are general.
    chain: Option<(u64, String)>,
    retry_after: Option<u64>,
}

impl Refused {
    pub(super) fn new(status: u16, code: u64, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), chain: None, retry_after: None }
    }

    /// A record that is not valid.
    pub(super) fn record(code: u64, message: impl Into<String>) -> Self {
        Self { chain: Some((code, message.into())), ..Self::new(400, 1004, "DNS Validation Error") }
    }

    /// A record that conflicts with another one.
    pub(super) fn conflict(code: u64, message: &str) -> Self {
        Self::new(400, code, message)
    }

    /// A body of load balancing that is not valid.
    pub(super) fn balancing(message: impl std::fmt::Display) -> Self {
        Self::new(400, 1002, format!("{message}: validation failed"))
    }

    /// No such path, or a zone or account that does not exist.
    pub(super) fn no_route(path: &str) -> Self {
        Self::new(404, 7003, format!("Could not route to {path}, perhaps your object identifier is invalid?"))
    }

    pub(super) fn with_chain(mut self, code: u64, message: &str) -> Self {
        self.chain = Some((code, message.to_owned()));
        self
    }

    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// An error that does not come from the API itself, such as an injected fault.
    pub(super) fn of(failure: &ErrorResponse) -> Self {
        let usual = match failure.status {
            401 => 10_000,
            403 => 9109,
            404 => 7003,
            429 => 971,
            400..=499 => 1004,
            _ => 10_013,
        };
        let code = failure.code.parse().unwrap_or(usual);
        let refused = Self::new(failure.status, code, failure.message.clone());
        Self { retry_after: failure.retry_after, ..refused }
    }

    pub(super) fn response(&self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some((code, message)) = &self.chain {
            error["error_chain"] = json!([{ "code": code, "message": message }]);
        }
        let body = json!({ "success": false, "errors": [error], "messages": [], "result": null });
        let response = Response::json(self.status, &body);
        match self.retry_after {
            Some(seconds) => response.with("retry-after", seconds.to_string()),
            None => response,
        }
    }
}

/// A success.
pub(super) fn success(result: Json) -> Response {
    Response::json(200, &json!({ "success": true, "errors": [], "messages": [], "result": result }))
}

/// A page of a list, and the numbers of all.
pub(super) fn page(all: Vec<Json>, (page, per_page): (usize, usize)) -> Response {
    let total = all.len();
    let result: Vec<Json> = all.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let info = json!({
        "page": page,
        "per_page": per_page,
        "count": result.len(),
        "total_count": total,
        "total_pages": total.div_ceil(per_page),
    });
    let body = json!({ "success": true, "errors": [], "messages": [], "result": result, "result_info": info });
    Response::json(200, &body)
}

/// Adds the id of the request, and the time that the API takes.
pub(super) fn sign(world: &World, mut response: Response, number: u64) -> Response {
    let mut stream = world.seed.stream(&[NAME, "ray", &number.to_string()]);
    let ray = format!("{:016x}-YYZ", stream.draw());
    response.delay += Duration::from_millis(150 + stream.below(350));
    response.with("cf-ray", ray).with("content-type", "application/json")
}
