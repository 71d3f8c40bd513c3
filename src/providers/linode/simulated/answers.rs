//! Answers: objects as they are, pages of lists, and errors.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::NAME;
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::world::World;

/// An error of the API.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    status: u16,
    reason: String,
    field: Option<String>,
    retry_after: Option<u64>,
}

impl Refused {
    pub(super) fn new(status: u16, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into(), field: None, retry_after: None }
    }

    /// A field of a body that is not valid.
    pub(super) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(400, reason) }
    }

    /// No such path or object.
    pub(super) fn absent() -> Self {
        Self::new(404, "Not found")
    }

    /// Another operation on the object is under way.
    pub(super) fn busy(what: &str) -> Self {
        Self::new(400, format!("{what} busy."))
    }

    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// An error that does not come from the API itself, such as an injected fault.
    pub(super) fn of(failure: &ErrorResponse) -> Self {
        Self { retry_after: failure.retry_after, ..Self::new(failure.status, failure.message.clone()) }
    }

    pub(super) fn response(&self) -> Response {
        let mut error = json!({ "reason": self.reason });
        if let Some(field) = &self.field {
            error["field"] = json!(field);
        }
        let response = Response::json(self.status, &json!({ "errors": [error] }));
        match self.retry_after {
            Some(seconds) => response.with("retry-after", seconds.to_string()),
            None => response,
        }
    }
}

/// A success.
pub(super) fn success(body: &Json) -> Response {
    Response::json(200, body)
}

/// The requested page of a list.
///
/// # Errors
/// A number of the page or a size that the API does not accept.
pub(super) fn page(all: Vec<Json>, request: &Request) -> Result<Response, Refused> {
    let number = |name: &str, usual: usize, least: usize, most: usize| match request.query.get(name) {
        None => Ok(usual),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| Refused::field(name, format!("Must be {least}-{most}"))),
    };
    let (page, size) = (number("page", 1, 1, usize::MAX)?, number("page_size", 100, 25, 500)?);
    let (results, pages) = (all.len(), all.len().div_ceil(size).max(1));
    if page > pages {
        return Err(Refused::absent());
    }
    let data: Vec<Json> = all.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    Ok(success(&json!({ "data": data, "page": page, "pages": pages, "results": results })))
}

/// Adds the time that the API takes.
pub(super) fn sign(world: &World, mut response: Response, number: u64) -> Response {
    let mut stream = world.seed.stream(&[NAME, "answer", &number.to_string()]);
    response.delay += Duration::from_millis(100 + stream.below(200));
    response.with("content-type", "application/json")
}
