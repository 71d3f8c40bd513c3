//! Errors and successes in the protocols of the services.

use serde_json::{Map, Value as Json, json};

use super::hosts::Service;
use super::xml;
use crate::simulator::request::{ErrorResponse, Request, Response};
use crate::simulator::world::World;

/// A header between [`failure`] and [`sign`], which knows the request and with it the protocol.
const MARK: &str = "x-simulator-error";

/// Namespaces of answers in XML.
pub(super) const EC2_NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";
pub(super) const S3_NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
pub(super) const ROUTE53_NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
pub(super) const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
pub(super) const IAM_NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// An error of an API.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retry_after: Option<u64>,
}

impl Refused {
    pub(super) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), retry_after: None }
    }

    /// 400, the status of most errors.
    pub(super) fn bad(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// An error that does not come from the API itself, such as an injected fault.
    pub(super) fn of(failure: &ErrorResponse) -> Self {
        let made = Self::new(failure.status, failure.code.clone(), failure.message.clone());
        Self { retry_after: failure.retry_after, ..made }
    }

    /// The answer in the protocol of a service.
    pub(super) fn response(&self, service: Service, world: &World) -> Response {
        let Self { status, code, message, retry_after } = self;
        let request = request_id(world);
        let kind = if *status < 500 { "Sender" } else { "Receiver" };
        let response = match service {
            Service::Ec2 => {
                let error =
                    json!({ "Errors": { "Error": { "Code": code, "Message": message } }, "RequestID": request });
                text(*status, xml::document("Response", EC2_NAMESPACE, &error))
            }
            Service::Iam | Service::Sts | Service::Route53 => {
                let namespace = match service {
                    Service::Iam => IAM_NAMESPACE,
                    Service::Sts => STS_NAMESPACE,
                    _ => ROUTE53_NAMESPACE,
                };
                let error = json!({ "Type": kind, "Code": code, "Message": message });
                let error = json!({ "Error": error, "RequestId": request });
                text(*status, xml::document("ErrorResponse", namespace, &error))
            }
            Service::S3 => {
                let error = json!({ "Code": code, "Message": message, "RequestId": request, "HostId": "simulated" });
                text(*status, xml::document("Error", "", &error).replacen(" xmlns=\"\"", "", 1))
            }
            Service::Control | Service::Ssm | Service::Tagging | Service::Quotas => {
                let body = json!({ "__type": code, "message": message, "Message": message });
                Response::json(*status, &body).with("x-amzn-errortype", code.clone())
            }
        };
        match retry_after {
            Some(seconds) => response.with("retry-after", seconds.to_string()),
            None => response,
        }
    }
}

/// An answer in XML.
pub(super) fn text(status: u16, text: String) -> Response {
    let response = Response { body: text.into_bytes(), ..Response::empty(status) };
    response.with("content-type", "text/xml;charset=UTF-8")
}

/// A success of EC2.
pub(super) fn of_ec2(world: &World, action: &str, content: Map<String, Json>) -> Response {
    let mut content = content;
    content.insert("requestId".to_owned(), json!(request_id(world)));
    text(200, xml::document(&format!("{action}Response"), EC2_NAMESPACE, &Json::Object(content)))
}

/// A success of a service with the older query protocol.
pub(super) fn of_query(world: &World, namespace: &str, action: &str, content: &Json) -> Response {
    let mut body = Map::new();
    body.insert(format!("{action}Result"), content.clone());
    body.insert("ResponseMetadata".to_owned(), json!({ "RequestId": request_id(world) }));
    text(200, xml::document(&format!("{action}Response"), namespace, &Json::Object(body)))
}

/// An error before the request is known: [`sign`] gives it the form of its service.
pub(super) fn failure(failure: &ErrorResponse) -> Response {
    let body = json!({ "__type": failure.code, "message": failure.message });
    let marked = serde_json::to_string(failure).unwrap_or_default();
    Response::json(failure.status, &body).with(MARK, marked)
}

/// The id of the current request.
pub(super) fn request_id(world: &World) -> String {
    let number: u64 = world.rest.counters.values().sum();
    world.seed.guid(&["aws", "request", &number.to_string()])
}

/// A refusal for too many requests, as the service says it: none of them answers 429.
fn throttled(service: Service, failure: Refused) -> Refused {
    if failure.status != 429 || failure.code != "TooManyRequests" {
        return failure;
    }
    let (status, code, message) = limit(service);
    Refused { status, code: code.to_owned(), message: message.to_owned(), retry_after: None }
}

/// The refusal of a service whose limit is reached: its status, its code and its message.
pub(super) fn limit(service: Service) -> (u16, &'static str, &'static str) {
    match service {
        Service::Ec2 => (503, "RequestLimitExceeded", "Request limit exceeded."),
        Service::S3 => (503, "SlowDown", "Please reduce your request rate."),
        Service::Route53 | Service::Iam | Service::Sts => (400, "Throttling", "Rate exceeded"),
        _ => (400, "ThrottlingException", "Rate exceeded"),
    }
}

/// Adds what every answer has, and gives an error of the world the form of its service.
pub(super) fn sign(world: &World, response: Response, service: Option<Service>, request: &Request) -> Response {
    let marked = response.headers.iter().find(|(name, _)| *name == MARK);
    let marked = marked.and_then(|(_, text)| serde_json::from_str::<ErrorResponse>(text).ok());
    let mut response = match marked {
        Some(failure) => {
            let service = service.unwrap_or(Service::Control);
            let made = throttled(service, Refused::of(&failure)).response(service, world);
            Response { delay: response.delay, dropped: response.dropped, ..made }
        }
        None => response,
    };
    response.headers.retain(|(name, _)| *name != MARK);
    let id = request_id(world);
    let name = match service {
        Some(Service::S3) => "x-amz-request-id",
        _ => "x-amzn-requestid",
    };
    response.headers.push((name, id));
    if !response.headers.iter().any(|(name, _)| *name == "content-type") && !response.body.is_empty() {
        let version = if service == Some(Service::Control) { "1.0" } else { "1.1" };
        response.headers.push(("content-type", format!("application/x-amz-json-{version}")));
    }
    // A client learns from this date how far its clock is off. Clients of a world on a port have real time.
    if !world.lenient {
        response.headers.push(("date", world.now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
    }
    if request.verb == crate::simulator::HttpMethod::Head {
        response.body.clear();
    }
    response
}
