//! The authorisation of a request about files: a shared access signature, or a token of Entra.

use std::collections::BTreeMap;

use super::place::{FileUrl, Unanswered};
use super::sas::{self, Need, Place, Refused};
use crate::providers::azure::simulated::fill;
use crate::simulator::request::{ErrorResponse, HttpMethod, Request};
use crate::simulator::world::World;

/// The places of the keys in the answer to `listKeys`.
const KEYS: [&str; 2] = ["keys[0].value", "keys[1].value"];

/// Permits a request, or refuses it.
pub(super) fn permit(world: &World, request: &Request, url: &FileUrl) -> Result<(), Unanswered> {
    if request.query.contains_key("sig") {
        return signed(world, &request.query, url, need(request));
    }
    match request.header("authorization").and_then(|text| text.split_once(' ')) {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("bearer") => {
            match request.header("x-ms-file-request-intent") {
                Some(intent) if intent.eq_ignore_ascii_case("backup") => Ok(()),
                _ => Err(refuse(
                    400,
                    "MissingRequiredHeader",
                    "x-ms-file-request-intent: backup is required with a token of Entra.",
                )),
            }
        }
        Some(_) => Err(refuse(403, "AuthenticationFailed", "The local simulator accepts no shared key for files.")),
        None => Err(refuse(401, "NoAuthenticationInformation", "The request has neither a signature nor a token.")),
    }
}

/// Checks the signature of a URL, also of one that is copied from.
pub(super) fn signed(
    world: &World,
    query: &BTreeMap<String, String>,
    url: &FileUrl,
    need: Need,
) -> Result<(), Unanswered> {
    let account = url.account_id(world)?;
    let place = Place { account: &url.account, share: &url.share, path: &url.path };
    sas::check(query, place, need, &keys(world, &account), world.now).map_err(|refused| match refused {
        Refused::Signature => refuse(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of the signature is formed correctly.",
        ),
        Refused::Permission => refuse(
            403,
            "AuthorizationPermissionMismatch",
            "This request is not authorized to perform this operation using this permission.",
        ),
    })
}

/// The keys of an account, as `listKeys` returns them.
fn keys(world: &World, account: &str) -> Vec<String> {
    let account = world.standing(account).map(|object| &object.id);
    let all = account.map(|id| KEYS.map(|place| fill::secret(world, id, place, 64)).to_vec());
    all.unwrap_or_default()
}

/// The permission that a request needs.
fn need(request: &Request) -> Need {
    let lists = request.query.get("comp").is_some_and(|comp| comp == "list");
    let of_share = request.query.get("restype").is_some_and(|type_| type_ == "share");
    let (permission, level) = match request.verb {
        HttpMethod::Get | HttpMethod::Head if lists => ('l', 'c'),
        HttpMethod::Get | HttpMethod::Head if of_share => ('r', 'c'),
        HttpMethod::Get | HttpMethod::Head => ('r', 'o'),
        HttpMethod::Delete => ('d', 'o'),
        _ if of_share => ('c', 'c'),
        _ => ('w', 'o'),
    };
    Need { permission, level }
}

fn refuse(status: u16, code: &str, message: &str) -> Unanswered {
    ErrorResponse::service(status, code, message).into()
}
