//! The token of the API, and the check that it works.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::names::{PREFIX, is_given};
use crate::object::ObjectId;
use crate::wire::BearerToken;

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

/// The path of the check of a token, where an id names one: of a user, or of an account.
pub(super) fn check(id: &ObjectId) -> Option<&str> {
    let path = id.as_str().strip_prefix(PREFIX)?;
    let is_check = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["user", "tokens", "verify"] => true,
        ["accounts", account, "tokens", "verify"] => is_given(account),
        _ => false,
    };
    is_check.then_some(path)
}

/// Adds the number of days until the token expires, as `days_left`, where it does: who judges the answer has no clock.
pub(super) fn with_days_left(mut result: Json, now: Timestamp) -> Json {
    let expires = result.get("expires_on").and_then(Json::as_str).and_then(|time| time.parse::<Timestamp>().ok());
    if let (Some(expires), Json::Object(map)) = (expires, &mut result) {
        map.insert("days_left".to_owned(), Json::from(expires.duration_since(now).as_hours().div_euclid(24)));
    }
    result
}
