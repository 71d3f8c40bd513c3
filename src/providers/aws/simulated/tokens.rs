//! Tokens of clients: a request that is repeated with the same token gets the result of the first.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::store::{MADE, Place, text};
use super::types::TOKEN;
use crate::simulator::world::{Lifecycle, World};

/// How long a token binds (source: the documentation of Cloud Control; EC2 states at least a day).
const BINDS: SignedDuration = SignedDuration::from_hours(36);

/// The use of a token before.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenUse {
    /// It was not used.
    New,
    /// It was used for the same request, with this result.
    Same(Json),
    /// It was used for another request.
    Other,
}

/// The use of a token of an operation before. `request` is everything else that the client sent.
pub(super) fn used(world: &World, region: &str, operation: &str, token: &str, request: &Json) -> TokenUse {
    let key = Place::new(&TOKEN, region).key(&format!("{operation}|{token}"));
    let Some(object) = world.object(&key) else { return TokenUse::New };
    let since: Option<Timestamp> = text(&object.body, MADE).parse().ok();
    match since.is_none_or(|since| world.now > since + BINDS) {
        true => TokenUse::New,
        false if object.body["request"] == *request => TokenUse::Same(object.body["result"].clone()),
        false => TokenUse::Other,
    }
}

/// Keeps the result of a request with a token.
pub(super) fn keep(world: &mut World, region: &str, operation: &str, token: &str, (request, result): (&Json, Json)) {
    let body = json!({ "request": request, "result": result });
    // Nobody can list tokens.
    Place::new(&TOKEN, region).insert(world, &format!("{operation}|{token}"), body, Lifecycle::Hidden);
}

/// True for a token that the services accept.
pub(super) fn is_valid(token: &str, most: usize) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-+/=_".contains(&byte);
    (1..=most).contains(&token.len()) && token.bytes().all(is_letter)
}
