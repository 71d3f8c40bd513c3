//! Bytes that the service copies from another share, without passing the operator.

use std::collections::BTreeMap;

use url::Url;

use super::permit;
use super::place::{FileUrl, Unanswered};
use super::sas::Need;
use crate::providers::azure::simulated::state;
use crate::simulator::request::{ErrorResponse, Request};
use crate::simulator::world::World;

/// The content of the file that a request copies from. The service of the target reads it, and tells a refusal of the
/// source from one of its own.
pub(super) fn source(world: &World, request: &Request, from: &str) -> Result<Vec<u8>, Unanswered> {
    let refused = |code: &str, message: &str| Unanswered::from(ErrorResponse::service(403, code, message));
    let cannot = || refused("CannotVerifyCopySource", "The source of the copy could not be read.");
    let url =
        Url::parse(from).map_err(|_| ErrorResponse::service(400, "InvalidHeaderValue", "Invalid copy source."))?;
    let place = FileUrl::of(url.host_str().unwrap_or_default(), url.path())?;
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    if query.contains_key("sig") {
        permit::signed(world, &query, &place, Need { permission: 'r', level: 'o' }).map_err(|_| cannot())?;
    } else if !request.header("x-ms-copy-source-authorization").is_some_and(|text| text.starts_with("Bearer ")) {
        return Err(cannot());
    }
    let share = place.share_id(world).map_err(|_| cannot())?;
    let tree = state::of(world).shares.get(&share);
    let file = tree.and_then(|tree| tree.file(query.get("sharesnapshot").map(String::as_str), &place.path).ok());
    let content = file.and_then(|file| file.content.clone());
    content.ok_or_else(|| ErrorResponse::service(404, "CannotVerifyCopySource", "The source does not exist.").into())
}
