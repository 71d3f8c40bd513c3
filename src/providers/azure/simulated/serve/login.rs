//! Sign-in: tokens that this server issues, and the only ones that it accepts.
//!
//! A token has the form of Azure's: three parts, with the holder in the payload. It is signed with a key stored with
//! the simulated world. Any client that can reach the port gets one: it protects nothing, but clients of Azure must
//! send a token.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use url::Url;
use uuid::Uuid;

use super::{Service, empty, failure};
use crate::providers::azure::simulated::TENANT;
use crate::world::Clock;

/// Lifetime of a token, in seconds.
const LASTS: i64 = 3600;
/// Tenants that clients name where they know none.
const ANY_TENANT: [&str; 2] = ["common", "organizations"];

/// The audience of tokens for the data of storage accounts.
const STORAGE: &str = "https://storage.azure.com";

/// The service that a token is used at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Resource Manager.
    Own,
    /// The data of storage accounts.
    Storage,
}

/// Issues and verifies tokens.
#[derive(Clone)]
pub(super) struct Tokens {
    key: [u8; 32],
    /// The base URL of the server: the audience of every token that it accepts.
    base: String,
    /// Real time, because clients compare tokens with their own clocks.
    clock: Arc<dyn Clock>,
}

impl Tokens {
    /// An issuer at this base URL with this signing key and clock.
    pub(super) fn new(key: [u8; 32], base: &str, clock: Arc<dyn Clock>) -> Self {
        Self { key, base: base.trim_end_matches('/').to_owned(), clock }
    }

    fn signed(&self, text: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }

    /// A token for this client, and its expiry in seconds since the epoch.
    fn issue(&self, client: &str, audience: &str) -> Option<(String, i64)> {
        let now = self.clock.now().as_second();
        let ends = now + LASTS;
        // A client keeps its object id across restarts.
        let object = Uuid::new_v5(&Uuid::NAMESPACE_URL, client.as_bytes()).to_string();
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let head = part(&json!({ "typ": "JWT", "alg": "HS256" }));
        let payload = part(&json!({
            "aud": audience, "iss": self.issuer(), "iat": now, "nbf": now, "exp": ends, "appid": client, "idtyp": "app",
            "oid": object, "sub": object, "tid": TENANT, "ver": "1.0",
        }));
        let text = format!("{head}.{payload}");
        let signature = URL_SAFE_NO_PAD.encode(self.signed(&text)?.finalize().into_bytes());
        Some((format!("{text}.{signature}"), ends))
    }

    fn issuer(&self) -> String {
        format!("{}/{TENANT}/v2.0", self.base)
    }

    /// True for a URL of this server with this path. A server that starts again may have another port.
    fn is_own(&self, url: &str, path: &str) -> bool {
        let (Ok(url), Ok(base)) = (Url::parse(url), Url::parse(&self.base)) else { return false };
        url.scheme() == base.scheme() && url.host() == base.host() && url.path().trim_end_matches('/') == path
    }

    /// Verifies that this server issued the token, for itself and this tenant, and that it is valid now.
    ///
    /// # Errors
    /// The reason for the refusal.
    pub(super) fn holds(&self, token: &str, audience: Audience) -> Result<(), &'static str> {
        const FOREIGN: &str = "The access token was not issued by this simulator.";
        let (text, signature) = token.rsplit_once('.').ok_or(FOREIGN)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| FOREIGN)?;
        self.signed(text).ok_or(FOREIGN)?.verify_slice(&signature).map_err(|_| FOREIGN)?;
        let payload = text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let payload: Option<Json> = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let payload = payload.ok_or(FOREIGN)?;
        let text = |name: &str| payload.get(name).and_then(Json::as_str).unwrap_or_default();
        let time = |name: &str| payload.get(name).and_then(Json::as_i64).ok_or(FOREIGN);
        if text("tid") != TENANT || !self.is_own(text("iss"), &format!("/{TENANT}/v2.0")) {
            return Err("The access token is from the wrong issuer.");
        }
        let is_meant = match audience {
            Audience::Own => self.is_own(text("aud"), ""),
            Audience::Storage => text("aud").trim_end_matches('/') == STORAGE,
        };
        if !is_meant {
            return Err("The access token has been obtained for wrong audience or resource.");
        }
        let now = self.clock.now().as_second();
        if now < time("nbf")? {
            return Err("The access token is not yet valid.");
        }
        if now < time("exp")? { Ok(()) } else { Err("The access token has expired.") }
    }
}

/// `POST /{tenant}/oauth2/v2.0/token`: accepts any client secret or assertion.
pub(super) async fn token(
    State(service): State<Arc<Service>>,
    Path(tenant): Path<String>,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let given = |name: &str| form.get(name).filter(|value| !value.is_empty());
    let refused = |error: &str, why: &str| {
        let body = json!({ "error": error, "error_description": why, "error_codes": [7_000_215] });
        (StatusCode::BAD_REQUEST, Answer(body)).into_response()
    };
    if given("grant_type").map(String::as_str) != Some("client_credentials") {
        return refused("unsupported_grant_type", "Only the grant type client_credentials is supported.");
    }
    let Some(client) = given("client_id") else { return refused("invalid_request", "client_id is missing.") };
    if given("client_secret").or_else(|| given("client_assertion")).is_none() {
        return refused("invalid_client", "client_secret or client_assertion is missing; any value is accepted.");
    }
    if !tenant.eq_ignore_ascii_case(TENANT) && !ANY_TENANT.contains(&tenant.as_str()) {
        return refused("invalid_request", "AADSTS90002: The tenant was not found.");
    }
    let audience = given("scope")
        .map(|scope| scope.trim_end_matches(".default"))
        .or_else(|| given("resource").map(String::as_str));
    match service.tokens.issue(client, audience.unwrap_or(&service.base)) {
        Some((token, ends)) => Answer(json!({
            "token_type": "Bearer", "expires_in": LASTS, "ext_expires_in": LASTS, "expires_on": ends.to_string(),
            "not_before": (ends - LASTS).to_string(), "resource": audience, "access_token": token,
        }))
        .into_response(),
        None => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// `GET /msi/token`: the managed identity of this machine, in the protocol of App Service.
pub(super) async fn identity(
    State(service): State<Arc<Service>>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    if !headers.contains_key("x-identity-header") {
        return failure(400, "MissingHeader", "X-IDENTITY-HEADER is missing.");
    }
    let client = query.get("client_id").map_or("00000000-0000-0000-0000-00000000000a", String::as_str);
    let resource = query.get("resource").unwrap_or(&service.base);
    match service.tokens.issue(client, resource) {
        Some((token, ends)) => Answer(json!({
            "access_token": token, "expires_on": ends.to_string(), "resource": resource, "token_type": "Bearer", "client_id": client,
        }))
        .into_response(),
        None => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
