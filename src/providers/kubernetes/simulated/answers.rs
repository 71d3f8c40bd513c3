//! Answers, and errors as bodies of the kind `Status` (source: recordings of a server).

use serde_json::{Map, Value as Json, json};

use crate::simulator::request::{ErrorResponse, Response};

/// An error of the API.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    status: u16,
    reason: &'static str,
    message: String,
    details: Option<Json>,
    retry_after: Option<u64>,
}

impl Refused {
    fn new(status: u16, reason: &'static str, message: impl Into<String>, details: Option<Json>) -> Self {
        Self { status, reason, message: message.into(), details, retry_after: None }
    }

    /// No object of this name. A namespace that does not exist is answered with the same text.
    pub(super) fn absent(of: Resource, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", of.qualified()), Some(of.details(name)))
    }

    /// No such path.
    pub(super) fn no_route() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message, Some(json!({})))
    }

    /// An object of this name exists.
    pub(super) fn exists(of: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", of.qualified());
        Self::new(409, "AlreadyExists", message, Some(of.details(name)))
    }

    /// The object has another version than the request.
    pub(super) fn conflict(of: Resource, name: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply your changes \
             to the latest version and try again",
            of.qualified()
        );
        Self::new(409, "Conflict", message, Some(of.details(name)))
    }

    /// A manager of fields owns what another one applies.
    pub(super) fn owned(manager: &str, field: &str) -> Self {
        let cause = format!("conflict with {manager} using apps/v1");
        let details = json!({ "causes": [{ "reason": "FieldManagerConflict", "message": cause, "field": field }] });
        Self::new(409, "Conflict", format!("Apply failed with 1 conflict: {cause}: {field}"), Some(details))
    }

    /// A value of a field that is not valid. `value` and `why` are as the server words them.
    pub(super) fn field((group, kind): (&str, &str), name: &str, field: &str, (cause, why): (&str, String)) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut details = Map::new();
        details.insert("name".to_owned(), json!(name));
        if !group.is_empty() {
            details.insert("group".to_owned(), json!(group));
        }
        details.insert("kind".to_owned(), json!(kind));
        details.insert("causes".to_owned(), json!([{ "reason": cause, "message": why, "field": field }]));
        let message = format!("{qualified} \"{name}\" is invalid: {field}: {why}");
        Self::new(422, "Invalid", message, Some(Json::Object(details)))
    }

    /// A body that the server cannot decode.
    pub(super) fn patch(body: &Json, why: &str) -> Self {
        let value = Json::from(body.to_string()).to_string();
        let message = format!("Invalid value: {value}: {why}");
        let details = json!({ "causes": [{ "reason": "FieldValueInvalid", "message": message, "field": "patch" }] });
        Self::new(422, "Invalid", format!(" \"\" is invalid: patch: {message}"), Some(details))
    }

    /// A patch of JSON whose `test` fails, or that has no place.
    pub(super) fn failed_test() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::new(422, "Invalid", message, Some(json!({})))
    }

    /// A body of a type that the request does not take.
    pub(super) fn media_type() -> Self {
        Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type", Some(json!({})))
    }

    /// A body that is no object of the API.
    pub(super) fn body(why: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", why, None)
    }

    /// A token that the server does not know.
    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized", None)
    }

    /// A method that the resource does not have.
    pub(super) fn method() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message, Some(json!({})))
    }

    /// An error that does not come from the API itself, such as an injected fault.
    pub(super) fn of(failure: &ErrorResponse) -> Self {
        let reason = match failure.status {
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            403 => "Forbidden",
            401 => "Unauthorized",
            _ => "InternalError",
        };
        Self { retry_after: failure.retry_after, ..Self::new(failure.status, reason, failure.message.clone(), None) }
    }

    pub(super) fn response(&self) -> Response {
        let response = Response::json(self.status, &self.status()).with("content-type", "application/json");
        match self.retry_after {
            Some(seconds) => response.with("retry-after", seconds.to_string()),
            None => response,
        }
    }

    fn status(&self) -> Json {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            "reason": self.reason,
        });
        if let Some(details) = &self.details {
            body["details"] = details.clone();
        }
        body["code"] = json!(self.status);
        body
    }
}

/// A resource of the API, as errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resource {
    /// The group; empty for the core.
    pub(super) group: &'static str,
    /// The plural, as paths have it.
    pub(super) plural: &'static str,
}

impl Resource {
    /// A resource of the core group.
    pub(super) const fn core(plural: &'static str) -> Self {
        Self { group: "", plural }
    }

    /// A resource of the group of workloads.
    pub(super) const fn apps(plural: &'static str) -> Self {
        Self { group: "apps", plural }
    }

    fn qualified(self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    fn details(self, name: &str) -> Json {
        match self.group {
            "" => json!({ "name": name, "kind": self.plural }),
            group => json!({ "name": name, "group": group, "kind": self.plural }),
        }
    }
}

/// A success with this body.
pub(super) fn success(status: u16, body: &Json) -> Response {
    Response::json(status, body).with("content-type", "application/json")
}

/// A list of objects.
pub(super) fn list(kind: &str, api: &str, version: u64, items: Vec<Json>) -> Json {
    json!({
        "kind": kind, "apiVersion": api, "metadata": { "resourceVersion": version.to_string() }, "items": items,
    })
}
