//! Resource Manager for other clients: with the metadata and sign-in endpoints. Accepts only tokens that it issued.
//! Requests to hosts of other providers pass to these.
//!
//! It must not know connections and TLS, which all providers share.

mod login;
mod metadata;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::providers::azure::simulated::{NAME, TENANT, files};
use crate::simulator::dialect::Dialects;
use crate::simulator::request::{ErrorResponse, name_of};
use crate::simulator::routes::{host, write};
use crate::simulator::serve::ServedWorld;

use login::{Audience, Tokens};

/// The speed from which clients need not wait between polls.
const FAST: u32 = 30;

/// The header that disables the polling delay of a client (source: the SDK under Terraform's azurerm).
const SKIP_POLLING_DELAY: HeaderName = HeaderName::from_static("x-go-azure-sdk-skip-polling-delay");

/// The service behind the port.
struct Service {
    /// The issuer of its tokens.
    tokens: Tokens,
    /// Its own base URL, such as `https://localhost:8443`.
    base: String,
    /// The providers of the world, which have their hosts.
    dialects: Dialects,
}

/// The router of all paths, around that of the world.
pub(super) fn router(served: &ServedWorld, world: Router) -> Router {
    let base = served.base.clone();
    let tokens = Tokens::new(served.key, &base, Arc::clone(&served.clock));
    let service = Arc::new(Service { tokens, base, dialects: served.simulator.dialects() });
    let guarded = world
        .layer(middleware::from_fn_with_state(served.speed, skip_polling_delay))
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

/// The data plane of an object, which is always empty.
async fn no_data() -> Response {
    failure(404, "NotFound", "The local simulator stores no data.")
}

/// Accepts only requests with a token of this server, except for hosts of other providers, which have tokens of their
/// own.
async fn require_own_token(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let host = host(request.uri(), request.headers());
    if service.dialects.of_host(name_of(&host)).name() != NAME {
        return next.run(request).await;
    }
    let (versioned, query) =
        (request.headers().contains_key("x-ms-version"), request.uri().query().unwrap_or_default());
    let of_files = files::is_asked(name_of(&host), versioned, query);
    if of_files && files::is_signed(query) {
        return next.run(request).await;
    }
    let audience = if of_files { Audience::Storage } else { Audience::Own };
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let refused = match bearer.and_then(|text| text.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => match service.tokens.holds(token, audience) {
            Ok(()) => return next.run(request).await,
            Err(why) => why,
        },
        _ => "The request has no bearer token.",
    };
    let mut answer = failure(401, "AuthenticationFailed", refused);
    let challenge = format!("Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\"", service.base, TENANT);
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    answer
}

/// Lets Terraform's azurerm poll at once where a poll takes longer than the simulated wait: it would wait ten seconds
/// between two polls. The state is the number of simulated seconds per real second.
async fn skip_polling_delay(State(speed): State<u32>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    if speed >= FAST {
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
