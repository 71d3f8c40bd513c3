//! Azure Files: the trees of shares, and the requests about them at `{account}.file.core.windows.net`.
//!
//! On a port, `/{account}/{share}/…` is the same, as in the emulator of other services. It must not know how Resource
//! Manager answers; of its objects it reads accounts and shares.
//!
//! Not simulated: handles of SMB, leases, permissions of files, and the lag of the copy in the other region.

mod calls;
mod copy;
mod permit;
mod place;
mod sas;
#[cfg(test)]
mod tests;
mod tree;
mod xml;

use super::state;
use crate::kinds::path;
use crate::object::ObjectId;
use crate::simulator::SimulatedFile;
use crate::simulator::request::{Request, Response};
use crate::simulator::world::World;

use place::{FileUrl, Unanswered, is_file_host};
pub(super) use tree::ShareTree;

/// The end of the hosts of all services of accounts.
const SERVICES: &str = ".core.windows.net";
/// The type of shares, folded.
const SHARE: &str = "microsoft.storage/storageaccounts/fileservices/shares";

/// True for a request about files.
pub(super) fn asks(request: &Request) -> bool {
    let (versioned, of_management) =
        (request.header("x-ms-version").is_some(), request.query.contains_key("api-version"));
    is_for(request.host(), versioned && !of_management)
}

/// The same for a request on a port, before it is read. `versioned`: it has the header `x-ms-version`.
pub(super) fn is_asked(host: &str, versioned: bool, query: &str) -> bool {
    is_for(host, versioned && !has(query, "api-version"))
}

/// True for a host of files; on a port also for one that no service has, where `versioned` tells the services apart.
fn is_for(host: &str, versioned: bool) -> bool {
    is_file_host(host) || (versioned && !host.ends_with(SERVICES))
}

/// True where a signature in the URL is to authorise a request about files.
pub(super) fn is_signed(query: &str) -> bool {
    has(query, "sig")
}

fn has(query: &str, wanted: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == wanted)
}

/// Answers a request about files.
pub(super) fn answer(world: &mut World, request: &Request) -> Response {
    let url = FileUrl::of(request.host(), &request.path).map_err(Unanswered::from);
    match url.and_then(|url| calls::answer(world, request, &url)) {
        Ok(response) => response,
        Err(Unanswered::Refused(failure)) => failure.response(),
        Err(Unanswered::Silent) => Response { dropped: true, ..Response::empty(502) },
    }
}

/// Adds the headers of every response, and gives errors the format of the service: also those that faults injected.
pub(super) fn sign(world: &World, mut response: Response, request: &Request, number: u64) -> Response {
    if response.status >= 400 && !response.body.is_empty() {
        let error: serde_json::Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |at: &str| path::text(&error, at).unwrap_or_default().to_owned();
        let code = text("error.code");
        response.body = xml::error(&code, &text("error.message")).into_bytes();
        response.headers.push(("x-ms-error-code", code));
    }
    if !response.body.is_empty() && !response.headers.iter().any(|(name, _)| *name == "content-type") {
        response.headers.push(("content-type", "application/xml".to_owned()));
    }
    let version = request.header("x-ms-version").unwrap_or("2025-07-05").to_owned();
    response
        .headers
        .extend([("x-ms-version", version), ("x-ms-request-id", world.seed.guid(&["request", &number.to_string()]))]);
    response
}

/// Puts a file into a share, as a program with the share mounted does. Creates the directories above it.
///
/// # Errors
/// The reason.
pub(super) fn put(world: &mut World, share: &ObjectId, path: &str, content: Vec<u8>) -> Result<(), String> {
    let id = of_share(world, share)?;
    let now = world.now;
    state::of_mut(world).share_mut(&id).put(normal(path)?, content, now).map_err(|failure| failure.message)
}

/// Removes a file or a directory with all that it contains. Returns false where there is none.
///
/// # Errors
/// The reason.
pub(super) fn remove(world: &mut World, share: &ObjectId, path: &str) -> Result<bool, String> {
    let id = of_share(world, share)?;
    Ok(state::of_mut(world).share_mut(&id).remove_all(normal(path)?))
}

/// The files of a share, in the order of their paths.
///
/// # Errors
/// The reason.
pub(super) fn list(world: &World, share: &ObjectId) -> Result<Vec<SimulatedFile>, String> {
    let id = of_share(world, share)?;
    Ok(state::of(world).shares.get(&id).map(ShareTree::files).unwrap_or_default())
}

fn of_share(world: &World, share: &ObjectId) -> Result<String, String> {
    let id = share.folded();
    match world.standing(&id) {
        Some(object) if object.type_ == SHARE => Ok(id),
        Some(_) => Err(format!("{share} stores no files in the local simulator")),
        None => Err(format!("no such object in the local simulator: {share}")),
    }
}

/// A path with single slashes.
fn normal(path: &str) -> Result<&str, String> {
    let path = path.trim_matches('/');
    if path.is_empty() || path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(format!("`{path}` is no path in a share"));
    }
    Ok(path)
}
