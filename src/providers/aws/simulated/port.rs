//! Requests to a served world whose host is not one of AWS: the scope of their signature says for which service and
//! region they are, as clients with another endpoint send them.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use url::form_urlencoded;

use super::hosts::{self, HOME};
use super::signature;

/// The router of a world, with the hosts of AWS in requests that are signed for it.
pub(super) fn serve(world: Router) -> Router {
    Router::new().fallback_service(world.layer(middleware::from_fn(named)))
}

async fn named(mut request: Request, next: Next) -> Response {
    if let Some(host) = host(&request) {
        if let Ok(value) = HeaderValue::from_str(&host) {
            request.headers_mut().insert(HOST, value);
        }
        // A request of HTTP/2 has its host in its URI.
        if request.uri().authority().is_some()
            && let Ok(authority) = host.parse::<Authority>()
        {
            let mut parts = request.uri().clone().into_parts();
            parts.authority = Some(authority);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    next.run(request).await
}

/// The host of AWS that a request is for, unless it names one, or is for another provider.
fn host(request: &Request) -> Option<String> {
    let own = crate::simulator::routes::host(request.uri(), request.headers());
    if hosts::is_own(crate::simulator::request::name_of(&own)) {
        return None;
    }
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let query = request.uri().query().unwrap_or_default();
    let credential = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "X-Amz-Credential");
    let credential = credential.map(|(_, value)| value.into_owned());
    if let Some((service, region)) = signature::scope(header, credential.as_deref()) {
        return Some(match service.as_str() {
            "iam" | "route53" => format!("{service}.amazonaws.com"),
            _ => format!("{service}.{region}.amazonaws.com"),
        });
    }
    // A web identity is exchanged without a signature. No other provider takes forms at the root.
    let is_form = request
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.to_str().is_ok_and(|text| text.starts_with("application/x-www-form-urlencoded")));
    let is_exchange = header.is_none() && request.method() == Method::POST && request.uri().path() == "/" && is_form;
    is_exchange.then(|| format!("sts.{HOME}.amazonaws.com"))
}
