//! Resource Manager for other clients: with the metadata and sign-in endpoints. Accepts only tokens that it issued.
//!
//! Must not know connections and TLS: these are those of all providers.

mod login;
mod metadata;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::simulator::Simulator;
use crate::simulator::request::{ErrorResponse, name_of};
use crate::simulator::routes::{host, write};

pub use login::Tokens;

/// The speed from which clients need not wait between polls.
const FAST: u32 = 30;

/// The header that disables the polling delay of a client (source: the SDK under Terraform's azurerm).
const SKIP_POLLING_DELAY: HeaderName = HeaderName::from_static("x-go-azure-sdk-skip-polling-delay");

/// The service behind the port.
pub struct Service {
    /// The simulator.
    pub simulator: Simulator,
    /// The issuer of its tokens.
    pub tokens: Tokens,
    /// Its own base URL, such as `https://localhost:8443`.
    pub base: String,
    /// Simulated seconds per real second.
    pub speed: u32,
}

impl Service {
    /// The router of all paths.
    pub fn router(self) -> Router {
        let arm = self.simulator.clone().based_at(&self.base).for_others().router();
        let service = Arc::new(self);
        let guarded = arm
            .layer(middleware::from_fn_with_state(Arc::clone(&service), convert_retry_after))
            .layer(middleware::from_fn_with_state(Arc::clone(&service), require_own_token));
        Router::new()
            .route("/metadata/endpoints", get(metadata::endpoints))
            .route("//metadata/endpoints", get(metadata::endpoints))
            .route("/{tenant}/v2.0/.well-known/openid-configuration", get(metadata::openid))
            .route("/{tenant}/.well-known/openid-configuration", get(metadata::openid))
            .route("/{tenant}/oauth2/v2.0/token", post(login::token))
            .route("/{tenant}/oauth2/token", post(login::token))
            .route("/msi/token", get(login::identity))
            .route("/data/{*place}", get(no_data))
            .with_state(service)
            .fallback_service(guarded)
    }
}

/// The data plane of an object, which is always empty.
async fn no_data() -> Response {
    failure(404, "NotFound", "The local simulator stores no data.")
}

/// Accepts only requests with a token of this server, except for hosts of other providers, which have tokens of their
/// own.
async fn require_own_token(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let host = host(request.uri(), request.headers());
    if service.simulator.has_another_at(name_of(&host)) {
        return next.run(request).await;
    }
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let refused = match bearer.and_then(|text| text.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => match service.tokens.holds(token) {
            Ok(()) => return next.run(request).await,
            Err(why) => why,
        },
        _ => "The request has no bearer token.",
    };
    let mut answer = failure(401, "AuthenticationFailed", refused);
    let challenge = format!("Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\"", service.base, super::TENANT);
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}

/// Converts `Retry-After` to the client's seconds.
async fn convert_retry_after(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let said = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if let Some(seconds) = said {
        let theirs = seconds.div_ceil(u64::from(service.speed.max(1)));
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(theirs));
    }
    // At this speed a poll takes longer than the simulated wait, so Terraform's azurerm need not wait ten seconds
    // between two polls.
    if service.speed >= FAST {
        answer.headers_mut().insert(SKIP_POLLING_DELAY, HeaderValue::from_static("true"));
    }
    answer
}

/// An error in the format of Resource Manager.
fn failure(status: u16, code: &str, message: &str) -> Response {
    write(ErrorResponse::gateway(status, code, message).response())
}

/// An empty answer with this status.
fn empty(status: StatusCode) -> Response {
    (status, Body::empty()).into_response()
}
