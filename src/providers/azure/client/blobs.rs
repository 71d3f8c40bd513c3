//! Blobs: texts in a container, which clients reach at signed addresses. Resource Manager has no request for them.
//!
//! The key of an account signs. It is read from Resource Manager, and kept in memory only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use url::Url;

use super::error::CallError;
use super::sas::BlobGrant;
use super::transport::ArmTransport;
use crate::object::ObjectId;
use crate::reason::Reason;
use crate::sight::{Phase, Sight, Version};
use crate::wire::{ObjectStore, WireRequest, WireResponse, refused};
use crate::world::{CloudError, WriteCondition};

/// The header without which the service writes no blob.
const BLOCK: (&str, &str) = ("x-ms-blob-type", "BlockBlob");
/// The life of an address for a request of this process, in minutes.
const OWN: i64 = 15;
/// The segments of an id between an account and the name of its container, and before the name of a blob.
const CONTAINERS: &str = "/blobServices/default/containers/";
const BLOBS: &str = "/blobs/";

/// The property with the text of a blob.
const CONTENT: &str = "content";

/// The blobs of all accounts.
#[derive(Debug)]
pub(super) struct Blobs {
    store: ObjectStore,
    endpoint: Url,
    transport: Arc<ArmTransport>,
    /// The keys that were read.
    keys: Mutex<BTreeMap<String, AccountKey>>,
}

/// The address of the blobs of an account, and its key.
#[derive(Clone)]
struct AccountKey {
    endpoint: String,
    key: String,
}

impl std::fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountKey").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// A blob as its id names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlobName<'a> {
    account: &'a str,
    container: &'a str,
    blob: &'a str,
}

impl<'a> BlobName<'a> {
    /// The blob of an id; `None` for the id of anything else.
    pub(super) fn of(id: &'a ObjectId) -> Option<Self> {
        let (account, rest) = id.as_str().split_once(CONTAINERS)?;
        let (container, blob) = rest.split_once(BLOBS)?;
        let is_whole = ![account, container, blob].contains(&"") && !container.contains('/');
        is_whole.then_some(Self { account, container, blob })
    }

    fn account_name(&self) -> &'a str {
        self.account.rsplit('/').next().unwrap_or_default()
    }
}

/// A blob as the port returns it.
fn sight(text: &str, answer: &WireResponse) -> Sight {
    let version = answer.header("etag").map(Version::new);
    Sight { body: json!({ (CONTENT): text }), version, phase: Phase::Settled }
}

/// The blob in an answer to a read.
fn seen(answer: &WireResponse) -> Result<Sight, CloudError> {
    let text = std::str::from_utf8(&answer.body);
    let text = text.map_err(|_| CloudError::Unreachable("the object is no text".to_owned()))?;
    Ok(sight(text, answer))
}

impl Blobs {
    /// A client that reads keys from the Resource Manager at this endpoint.
    pub(super) fn new(store: ObjectStore, endpoint: Url, transport: Arc<ArmTransport>) -> Self {
        Self { store, endpoint, transport, keys: Mutex::default() }
    }

    /// Reads a blob; `None` where it does not exist.
    pub(super) async fn get(&self, name: &BlobName<'_>, api: &str) -> Result<Option<Sight>, CloudError> {
        let address = self.own_address(name, api, "r").await?;
        let found = self.store.get(address).await;
        self.checked(name, found)?.as_ref().map(seen).transpose()
    }

    /// Writes a blob.
    pub(super) async fn put(
        &self,
        name: &BlobName<'_>,
        api: &str,
        body: &Json,
        when: WriteCondition<'_>,
    ) -> Result<Sight, CloudError> {
        let address = self.own_address(name, api, "cw").await?;
        let text = body.get(CONTENT).and_then(Json::as_str).unwrap_or_default();
        let old = match when {
            WriteCondition::Unchanged(version) => Some(version.as_str()),
            WriteCondition::Always | WriteCondition::Renewing(_) => None,
        };
        let written = self.store.put(address, text, old, Some(BLOCK)).await;
        self.checked(name, written).map(|answer| sight(text, &answer))
    }

    /// Deletes a blob.
    pub(super) async fn delete(&self, name: &BlobName<'_>, api: &str) -> Result<(), CloudError> {
        let address = self.own_address(name, api, "d").await?;
        let deleted = self.store.delete(address).await;
        self.checked(name, deleted)
    }

    /// The address at which anybody can read a blob, or write it, for so many seconds from now or from a time.
    pub(super) async fn presigned(
        &self,
        name: &BlobName<'_>,
        api: &str,
        query: &[(&str, &str)],
    ) -> Result<Json, CloudError> {
        let given = |wanted: &str| query.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let seconds = given("seconds").and_then(|text| text.parse().ok()).unwrap_or(0);
        let at = given("at").and_then(|text| text.parse().ok()).unwrap_or_else(|| self.store.now());
        let permissions = if given("method") == Some("PUT") { "cw" } else { "r" };
        let until = at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at);
        let address = self.address(name, api, (permissions, until)).await?;
        Ok(json!({ "url": address.as_str() }))
    }

    /// Forgets the key of an account that does not accept it any more, so that a repetition reads the new one.
    fn checked<T>(&self, name: &BlobName<'_>, answer: Result<T, CloudError>) -> Result<T, CloudError> {
        if matches!(&answer, Err(CloudError::Refused(refusal)) if refusal.reason == Reason::Unauthenticated) {
            self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(name.account);
        }
        answer
    }

    fn url(&self, path: &str, api: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(path);
        url.query_pairs_mut().clear().append_pair("api-version", api);
        url
    }

    async fn own_address(&self, name: &BlobName<'_>, api: &str, permissions: &str) -> Result<Url, CloudError> {
        let now = self.store.now();
        let until = now.checked_add(SignedDuration::from_mins(OWN)).unwrap_or(now);
        self.address(name, api, (permissions, until)).await
    }

    async fn address(
        &self,
        name: &BlobName<'_>,
        api: &str,
        (permissions, until): (&str, Timestamp),
    ) -> Result<Url, CloudError> {
        let AccountKey { endpoint, key } = self.key_of(name, api).await?;
        let BlobName { account: _, container, blob } = *name;
        let grant = BlobGrant { account: name.account_name(), container, blob, permissions, until };
        grant.address(&endpoint, &key).map_err(|why| refused(Reason::Invalid, "NoAddress", why))
    }

    /// The key of an account, which is read once.
    async fn key_of(&self, name: &BlobName<'_>, api: &str) -> Result<AccountKey, CloudError> {
        let keys = || self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = keys().get(name.account) {
            return Ok(known.clone());
        }
        let account = self.transport.call(WireRequest::get(self.url(name.account, api))).await;
        let account = account.map_err(CallError::of_read)?.json().unwrap_or_default();
        let list = WireRequest::new(Method::POST, self.url(&format!("{}/listKeys", name.account), api));
        let answer = self.transport.call(list).await.map_err(CallError::of_read)?.json().unwrap_or_default();
        let text = |body: &Json, at: &str| body.pointer(at).and_then(Json::as_str).map(str::to_owned);
        let found = text(&account, "/properties/primaryEndpoints/blob").zip(text(&answer, "/keys/0/value"));
        let Some((endpoint, key)) = found else {
            return Err(CloudError::Unreachable(format!("`{}` has no key, or no blobs", name.account)));
        };
        let found = AccountKey { endpoint, key };
        keys().insert(name.account.to_owned(), found.clone());
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_blobs_are_told_from_all_others() {
        let account = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acct1";
        let id = ObjectId::new(format!("{account}/blobServices/default/containers/c1/blobs/a.json"));
        let name = BlobName::of(&id).unwrap();
        assert_eq!((name.account_name(), name.container, name.blob), ("acct1", "c1", "a.json"));
        for other in [format!("{account}/blobServices/default/containers/c1"), account.to_owned(), format!("{id}/")] {
            let other = ObjectId::new(other);
            assert!(BlobName::of(&other).is_none_or(|name| name.blob == "a.json/"), "{other}");
        }
    }
}
