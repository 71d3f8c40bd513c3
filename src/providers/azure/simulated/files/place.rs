//! The share and the path that a URL names, and whether anything answers there.

use crate::kinds::path;
use crate::providers::azure::simulated::{NAME, hooks};
use crate::simulator::request::{ErrorResponse, decoded};
use crate::simulator::world::World;

/// The end of the host of an account's files.
const DOMAIN: &str = ".file.core.windows.net";
/// The type of accounts, folded.
const ACCOUNT: &str = "microsoft.storage/storageaccounts";

/// A share, or a path in it, as a URL names it.
pub(super) struct FileUrl {
    pub(super) account: String,
    pub(super) share: String,
    /// The path in the share, with single slashes; empty for the share.
    pub(super) path: String,
}

/// True for the host of an account's files.
pub(super) fn is_file_host(host: &str) -> bool {
    host.to_ascii_lowercase().ends_with(DOMAIN)
}

impl FileUrl {
    /// The share and path of a URL with this host and path.
    pub(super) fn of(host: &str, path: &str) -> Result<Self, ErrorResponse> {
        let path = decoded(path);
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let host = host.to_ascii_lowercase();
        let account = match host.strip_suffix(DOMAIN) {
            Some(account) => Some(account.to_owned()),
            None => segments.next().map(str::to_ascii_lowercase),
        };
        let (Some(account), Some(share)) = (account, segments.next()) else {
            return Err(ErrorResponse::service(400, "InvalidUri", "The requested URI does not name a share."));
        };
        let share = share.to_owned();
        Ok(Self { account, share, path: segments.collect::<Vec<_>>().join("/") })
    }

    /// The folded id of the account, which must exist and be in reach.
    pub(super) fn account_id(&self, world: &World) -> Result<String, Unanswered> {
        let id = hooks::named(world, ACCOUNT, &self.account).filter(|id| world.working(id).is_some());
        let id = id.ok_or(Unanswered::Silent)?.clone();
        let body = world.working(&id);
        let region =
            body.and_then(|body| path::text(body, "properties.primaryLocation").or(path::text(body, "location")));
        if world.rest.faults.is_dark(NAME, region) {
            return Err(Unanswered::Silent);
        }
        Ok(id)
    }

    /// The folded id of the share, which must exist.
    pub(super) fn share_id(&self, world: &World) -> Result<String, Unanswered> {
        let id = format!("{}/fileservices/default/shares/{}", self.account_id(world)?, self.share.to_ascii_lowercase());
        match world.working(&id) {
            Some(_) => Ok(id),
            None => Err(ErrorResponse::service(404, "ShareNotFound", "The specified share does not exist.").into()),
        }
    }
}

/// The reason why a request has no result.
pub(super) enum Unanswered {
    /// Nothing answers at the address: the account does not exist, or its region is lost.
    Silent,
    /// The service refuses.
    Refused(ErrorResponse),
}

impl From<ErrorResponse> for Unanswered {
    fn from(failure: ErrorResponse) -> Self {
        Self::Refused(failure)
    }
}
