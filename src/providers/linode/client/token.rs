//! The token of the API, and what the check of it reads.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::names::PREFIX;
use crate::object::ObjectId;
use crate::wire::BearerToken;

/// The variable of the environment with the token.
pub const TOKEN: &str = "LINODE_TOKEN";

/// The token of an environment.
///
/// # Errors
/// The variable is not set.
pub fn token(environment: &BTreeMap<String, String>) -> Result<BearerToken, String> {
    let text = environment.get(TOKEN).map(|text| text.trim()).filter(|text| !text.is_empty());
    text.map(BearerToken::new).ok_or_else(|| format!("the environment has no {TOKEN}"))
}

/// The path of the profile of the token's user, or of the user's tokens, where an id names one.
pub(super) fn check(id: &ObjectId) -> Option<&str> {
    id.as_str().strip_prefix(PREFIX).filter(|path| ["profile", "profile/tokens"].contains(path))
}

/// The path of the plans of a region, where an id names them.
pub(super) fn availability(id: &ObjectId) -> Option<&str> {
    let path = id.as_str().strip_prefix(PREFIX)?;
    let region = path.strip_prefix("regions/")?.strip_suffix("/availability")?;
    (!region.is_empty() && !region.contains('/')).then_some(path)
}

/// Adds the number of days until each token of a list expires, as `days_left`, where it does: who judges the answer has
/// no clock.
pub(super) fn with_days_left(mut answer: Json, now: Timestamp) -> Json {
    for token in answer.get_mut("data").and_then(Json::as_array_mut).into_iter().flatten() {
        let ends = token.get("expiry").and_then(Json::as_str).and_then(time);
        if let (Some(ends), Json::Object(map)) = (ends, token) {
            map.insert("days_left".to_owned(), Json::from(ends.duration_since(now).as_hours().div_euclid(24)));
        }
    }
    answer
}

/// A time of the API, which is in UTC and does not say so.
fn time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()))
}
