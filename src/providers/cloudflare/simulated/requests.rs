//! Parts of a request that every route reads: its token, ids in the path, the page, the body.

use serde_json::{Map, Value as Json};

use super::answers::Refused;
use crate::simulator::request::Request;

/// Requires a bearer token. The simulator accepts any.
pub(super) fn authorized(request: &Request) -> Result<(), Refused> {
    let Some(header) = request.header("authorization") else {
        return Err(Refused::new(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"));
    };
    match header.strip_prefix("Bearer ").map(str::trim) {
        Some(token) if !token.is_empty() => Ok(()),
        _ => {
            let refused = Refused::new(400, 6003, "Invalid request headers");
            Err(refused.with_chain(6111, "Invalid format for Authorization header"))
        }
    }
}

/// The id of a zone or account: 32 hexadecimal digits.
pub(super) fn id<'a>(segment: &'a str, request: &Request) -> Result<&'a str, Refused> {
    let is_id = segment.len() == 32 && segment.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok(segment) } else { Err(Refused::no_route(&request.path)) }
}

/// The requested page, from 1, and its length.
pub(super) fn pages(request: &Request, usual: usize) -> Result<(usize, usize), Refused> {
    let number = |name: &str, usual: usize| match request.query.get(name) {
        None => Ok(usual),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| *number >= 1)
            .ok_or_else(|| Refused::new(400, 1004, format!("{name}: expected a number from 1, got {text}"))),
    };
    Ok((number("page", 1)?, number("per_page", usual)?))
}

/// The body of a write, which is an object.
pub(super) fn body(request: &Request) -> Result<Map<String, Json>, Refused> {
    match &request.body {
        Ok(Some(Json::Object(body))) => Ok(body.clone()),
        Ok(_) => Err(Refused::new(400, 9207, "Request body is invalid: expected an object")),
        Err(why) => Err(Refused::new(400, 9207, format!("Request body is invalid: {why}"))),
    }
}
