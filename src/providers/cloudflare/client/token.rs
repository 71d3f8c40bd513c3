//! The token of the API, and the check that it works.

use std::collections::BTreeMap;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::client::Cloudflare;
use super::error::CallError;
use crate::wire::BearerToken;
use crate::world::CloudError;

/// The variable of the environment with the token. A token of the account, kept for drplan alone, has a request limit
/// of its own.
pub const TOKEN: &str = "CLOUDFLARE_API_TOKEN";

/// The token of an environment.
///
/// # Errors
/// The variable is not set.
pub fn token(environment: &BTreeMap<String, String>) -> Result<BearerToken, String> {
    let text = environment.get(TOKEN).map(|text| text.trim()).filter(|text| !text.is_empty());
    text.map(BearerToken::new).ok_or_else(|| format!("the environment has no {TOKEN}"))
}

/// The state of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenStatus {
    /// Cloudflare's word: `active`, `disabled` or `expired`.
    pub status: String,
    /// The time at which it ends to be valid; `None` for a token that does not expire.
    pub expires_on: Option<Timestamp>,
}

impl TokenStatus {
    /// True for a token that works now.
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}

impl Cloudflare {
    /// Asks Cloudflare for the state of the token: of one of the account, where that is given, else of a user's.
    ///
    /// # Errors
    /// As for [`crate::world::Cloud::get`]; a token that is not valid is refused as unauthenticated.
    pub async fn verify_token(&self, account: Option<&str>) -> Result<TokenStatus, CloudError> {
        let path = account.map_or_else(|| "user/tokens/verify".to_owned(), |id| format!("accounts/{id}/tokens/verify"));
        let envelope = self.transport.call(Method::GET, &path, &[], None).await.map_err(CallError::of_read)?;
        let text = |name: &str| envelope.pointer(&format!("/result/{name}")).and_then(Json::as_str);
        let status = text("status").ok_or_else(|| CloudError::Unreachable("the answer has no status".to_owned()))?;
        Ok(TokenStatus {
            status: crate::visible::one_line(status),
            expires_on: text("expires_on").and_then(|time| time.parse().ok()),
        })
    }
}
