//! [`Azure`]: the port [`Cloud`] over the transport and the poller.
//!
//! Resource groups go through the typed client of `azure_mgmt_resources`, always by `send()`: its own polling repeats a
//! PUT. Everything else is raw JSON. This module decides which refusals are temporary and are retried.

use crate::providers::azure::ids::AzureId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::http::Method;
use azure_core_021 as azure_core;
use azure_mgmt_resources::package_resources_2021_04::{self as typed, models};
use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::blobs::{BlobName, Blobs};
use super::error::CallError;
use super::poller::PolledOperation;
use super::registration::{ProviderNamespace, Registrations};
use super::retry;
use super::sight::{etag, object, sight};
use super::transport::{ArmTransport, from_typed, untyped};
use crate::object::{Collection, Object, ObjectId, Type};
use crate::reason::Reason;
use crate::sight::Sight;
use crate::wire::Credential;
use crate::wire::refused;
use crate::wire::{Backoff, RetryPolicy};
use crate::wire::{HttpBackend, ObjectStore, WireRequest, WireResponse};
use crate::world::{Clock, Cloud, CloudError, Ids, Notices, SecretText, WriteCondition};

/// The API version of lists of a resource group's resources.
const LIST_API: &str = "2021-04-01";
/// The longest list that is read: ten times the resources that a subscription may hold at most in a resource group of
/// every type. A server whose next pages never end stops there.
const LIST_LIMIT: usize = 100_000;
/// The most pages of a list. Empty pages are legal.
const PAGE_LIMIT: usize = 1000;
/// The API version of Azure Monitor's metrics.
const METRICS_API: &str = "2024-02-01";

/// Dependencies of a client.
pub struct AzureConfig {
    /// The endpoint of Resource Manager: `https://management.azure.com/`, or any origin where the wire leads to a
    /// server in this process.
    pub endpoint: Url,
    /// The carrier of requests.
    pub wire: HttpBackend,
    /// The source of tokens.
    pub credential: Arc<dyn Credential>,
    /// The clock of every wait.
    pub clock: Arc<dyn Clock>,
    /// The source of request ids.
    pub ids: Arc<dyn Ids>,
    /// The receiver of notices during long waits.
    pub notices: Arc<dyn Notices>,
}

/// A client of Azure Resource Manager.
#[derive(Debug)]
pub struct Azure {
    endpoint: Url,
    transport: Arc<ArmTransport>,
    /// The blobs of containers.
    blobs: Blobs,
    registrations: Registrations,
    /// The last answer to each PUT that is tried again.
    refusals: Mutex<BTreeMap<ObjectId, String>>,
}

/// Providers for which a write was refused, and the wait until a completed registration is visible everywhere.
#[derive(Default)]
struct RegistrationWait {
    providers: BTreeSet<ProviderNamespace>,
    stale: Option<Backoff>,
}

impl Azure {
    /// A client. Sends no request yet.
    pub fn new(config: AzureConfig) -> Self {
        let AzureConfig { endpoint, wire, credential, clock, ids, notices } = config;
        let title = crate::providers::azure::TABLES.title;
        let store = ObjectStore::new(title, wire.clone(), Arc::clone(&clock), Arc::clone(&notices));
        let transport = Arc::new(ArmTransport::new(&endpoint, wire, credential, clock, ids, notices));
        let blobs = Blobs::new(store, endpoint.clone(), Arc::clone(&transport));
        Self { endpoint, transport, blobs, registrations: Registrations::default(), refusals: Mutex::default() }
    }

    fn url(&self, path: &str, api: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(path);
        url.query_pairs_mut().clear().append_pair("api-version", api);
        url
    }

    /// The typed client for resource groups at this API version. The version in its endpoint overrides its own.
    fn groups(&self, api: &str) -> Result<typed::resource_groups::Client, CallError> {
        typed::Client::builder(Arc::new(PlaceholderCredential))
            .endpoint(self.url("", api))
            .retry(azure_core::RetryOptions::none())
            .transport(
                azure_core::TransportOptions::new(Arc::clone(&self.transport) as Arc<dyn azure_core::HttpClient>),
            )
            .build()
            .map(|client| client.resource_groups_client())
            .map_err(from_typed)
    }

    async fn send_get(&self, id: &ObjectId, api: &str) -> Result<WireResponse, CallError> {
        match group_of(id) {
            Some((subscription, name)) => {
                let sent = self.groups(api)?.get(name, subscription).send().await.map_err(from_typed)?;
                untyped(sent.into_raw_response()).await
            }
            None => self.transport.call(WireRequest::get(self.url(id.as_str(), api))).await,
        }
    }

    async fn send_put(
        &self,
        id: &ObjectId,
        api: &str,
        body: &Json,
        when: WriteCondition<'_>,
    ) -> Result<WireResponse, CallError> {
        let request = WireRequest::new(Method::PUT, self.url(id.as_str(), api)).json(body);
        match (when, group_of(id), group_model(body)) {
            (WriteCondition::Always, Some((subscription, name)), Some(model)) => {
                let sent = self.groups(api)?.create_or_update(name, model, subscription).send().await;
                untyped(sent.map_err(from_typed)?.into_raw_response()).await
            }
            (WriteCondition::Always, _, _) => self.transport.call(request).await,
            (WriteCondition::Unchanged(version), _, _) => self.transport.call(request.if_match(version.as_str())).await,
            (WriteCondition::Renewing(parameter), _, _) => {
                let mut url = self.url(id.as_str(), api);
                url.query_pairs_mut().append_pair(parameter, "true");
                self.transport.call(WireRequest::new(Method::PUT, url).json(body)).await
            }
        }
    }

    async fn send_delete(&self, id: &ObjectId, api: &str) -> Result<WireResponse, CallError> {
        match group_of(id) {
            Some((subscription, name)) => {
                let sent = self.groups(api)?.delete(name, subscription).send().await.map_err(from_typed)?;
                untyped(sent.into_raw_response()).await
            }
            None => self.transport.call(WireRequest::new(Method::DELETE, self.url(id.as_str(), api))).await,
        }
    }

    /// The body, or `None` where the object does not exist.
    async fn read(&self, id: &ObjectId, api: &str) -> Result<Option<Json>, CallError> {
        match self.send_get(id, api).await {
            Ok(answer) => object(&answer, id.as_str()).map(Some).map_err(CallError::Undecided),
            Err(CallError::Answered(error)) if error.finds_nothing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn put_once(
        &self,
        id: &ObjectId,
        api: &str,
        body: &Json,
        when: WriteCondition<'_>,
    ) -> Result<Json, CallError> {
        let target = self.url(id.as_str(), api);
        let operation = PolledOperation::begin(&self.transport, &target);
        let first = self.send_put(id, api, body, when).await?;
        operation.put(&first).await
    }

    async fn delete_once(&self, id: &ObjectId, api: &str) -> Result<(), CallError> {
        let target = self.url(id.as_str(), api);
        let operation = PolledOperation::begin(&self.transport, &target);
        let first = self.send_delete(id, api).await?;
        operation.delete(&first).await
    }

    /// After a PUT whose answer was lost: waits until no operation is in progress on the object, so that the same PUT
    /// may be repeated. False where a repetition could undo a write of somebody else.
    async fn may_put_again(&self, id: &ObjectId, api: &str, when: WriteCondition<'_>) -> Result<bool, CallError> {
        let seen = self.read(id, api).await?;
        match (when, &seen) {
            (WriteCondition::Unchanged(version), Some(body)) => Ok(etag(body) == Some(version.as_str())),
            (WriteCondition::Unchanged(_), None) => Ok(false),
            (WriteCondition::Always | WriteCondition::Renewing(_), None) => Ok(true),
            (WriteCondition::Always | WriteCondition::Renewing(_), Some(_)) => {
                let target = self.url(id.as_str(), api);
                match PolledOperation::begin(&self.transport, &target).read_settled(None).await {
                    // The same PUT also fixes an object whose last operation failed.
                    Ok(_) | Err(CallError::Answered(_)) => Ok(true),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// The elements of all pages of a list; empty where its parent does not exist.
    async fn pages(&self, first: Url) -> Result<Vec<Json>, CloudError> {
        let mut found = Vec::new();
        let mut next = Some(first);
        let mut pages = 0;
        while let Some(url) = next.take() {
            let unreadable = |why: String| CloudError::Unreachable(format!("the list `{}` {why}", url.path()));
            let mut page = match self.transport.call(WireRequest::get(url.clone())).await {
                Ok(answer) => answer.json().unwrap_or_default(),
                Err(CallError::Answered(error)) if error.finds_nothing() => break,
                Err(error) => return Err(error.of_read()),
            };
            let Some(Json::Array(objects)) = page.get_mut("value").map(Json::take) else {
                return Err(unreadable("is not valid: `value` is missing".to_owned()));
            };
            found.extend(objects);
            pages += 1;
            if found.len() > LIST_LIMIT || pages > PAGE_LIMIT {
                return Err(unreadable(format!("does not end: {pages} pages with {} objects", found.len())));
            }
            if let Some(link) = page.get("nextLink").and_then(Json::as_str).filter(|link| !link.is_empty()) {
                let at_no_address = |error| unreadable(format!("has an invalid next page: {error}"));
                let link = self.endpoint.join(link).map_err(at_no_address)?;
                if link == url {
                    return Err(unreadable("names the same page as its next page".to_owned()));
                }
                next = Some(link);
            }
        }
        Ok(found)
    }

    /// Sends a write once, and again only after registering a provider. Azure does not begin a write that it refuses
    /// for a missing registration.
    async fn send_write(&self, id: &ObjectId, request: WireRequest) -> Result<WireResponse, CallError> {
        let mut met = RegistrationWait::default();
        loop {
            match self.transport.call(request.clone()).await {
                Err(error) if self.register(&error, id, &mut met).await? => {}
                sent => return sent,
            }
        }
    }

    /// Registers the subscription with the provider for which a write was refused. False where the write was refused
    /// for another reason, or is still refused.
    async fn register(&self, error: &CallError, id: &ObjectId, met: &mut RegistrationWait) -> Result<bool, CallError> {
        let CallError::Answered(refused) = error else { return Ok(false) };
        let Some(subscription) = id.subscription().filter(|_| refused.is_unregistered()) else { return Ok(false) };
        let provider = ProviderNamespace::refused(refused, subscription, &id.arm_type().unwrap_or_default());
        self.registrations.register(&self.transport, &self.endpoint, &provider).await?;
        if met.providers.insert(provider) {
            return Ok(true);
        }
        let stale = met.stale.get_or_insert_with(|| self.backoff(retry::STALE));
        Ok(self.wait(stale, error).await)
    }

    /// Waits for the next back-off interval; false where no retries are left.
    async fn wait(&self, backoff: &mut Backoff, error: &CallError) -> bool {
        let Some(wait) = backoff.next(self.transport.now(), error.retry_after()) else { return false };
        tracing::debug!(seconds = wait.as_secs_f64(), %error, "waiting to retry");
        self.transport.sleep(wait).await;
        true
    }

    /// Keeps the last answer to a PUT of this object, or removes it.
    fn refused(&self, id: &ObjectId, error: Option<&CallError>) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            Some(error) => refusals.insert(id.clone(), error.to_string()),
            None => refusals.remove(id),
        };
    }

    fn backoff(&self, policy: RetryPolicy) -> Backoff {
        Backoff::new(policy, self.transport.now())
    }
}

#[async_trait]
impl Cloud for Azure {
    async fn get(&self, object: &Object) -> Result<Option<Sight>, CloudError> {
        if let Some(name) = BlobName::of(&object.id) {
            return self.blobs.get(&name, &object.of.version).await;
        }
        let body = self.read(&object.id, &object.of.version).await.map_err(CallError::of_read)?;
        Ok(body.map(|body| sight(object, body)))
    }

    async fn put(&self, object: &Object, body: &Json, when: WriteCondition<'_>) -> Result<Sight, CloudError> {
        let Object { id, of: Type { version: api, .. }, within: _ } = object;
        if let Some(name) = BlobName::of(id) {
            return self.blobs.put(&name, api, body, when).await;
        }
        self.refused(id, None);
        let mut busy = self.backoff(retry::BUSY);
        let mut unclear = self.backoff(retry::UNCLEAR);
        let (mut lost, mut met) = (None, RegistrationWait::default());
        loop {
            let error = match self.put_once(id, api, body, when).await {
                Ok(body) => {
                    self.refused(id, None);
                    return Ok(sight(object, body));
                }
                Err(error) => error,
            };
            self.refused(id, Some(&error));
            let again = match &error {
                CallError::Answered(answered) if answered.is_busy() => self.wait(&mut busy, &error).await,
                CallError::Answered(answered) if answered.is_unregistered() => {
                    self.register(&error, id, &mut met).await.map_err(CallError::of_write)?
                }
                _ if error.is_unclear() => {
                    lost = Some(error.to_string());
                    self.wait(&mut unclear, &error).await
                        && self.may_put_again(id, api, when).await.map_err(|seen| {
                            CloudError::OutcomeUnknown(format!("{error}; reading the current state failed: {seen}"))
                        })?
                }
                _ => false,
            };
            if !again {
                return Err(match lost {
                    // A final refusal would have applied to the first request as well. Any other end leaves the first
                    // outcome unknown.
                    Some(lost) if !error.is_final_refusal() => CloudError::OutcomeUnknown(lost),
                    _ => error.of_write(),
                });
            }
        }
    }

    async fn delete(&self, object: &Object) -> Result<(), CloudError> {
        if let Some(name) = BlobName::of(&object.id) {
            return self.blobs.delete(&name, &object.of.version).await;
        }
        let mut busy = self.backoff(retry::BUSY);
        let mut lingering = self.backoff(retry::LINGERING);
        loop {
            let error = match self.delete_once(&object.id, &object.of.version).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let again = match &error {
                CallError::Answered(answered) if answered.is_absence() => return Ok(()),
                CallError::Answered(answered) if answered.is_busy() => self.wait(&mut busy, &error).await,
                CallError::Answered(answered) if answered.is_in_use() => self.wait(&mut lingering, &error).await,
                _ => false,
            };
            if !again {
                return Err(error.of_write());
            }
        }
    }

    /// Sent once. A patch that was lost, or that another operation blocks, may be repeated only depending on its
    /// effect, which the caller knows. The blocking operation may be the same patch, sent twice by a proxy.
    async fn patch(&self, object: &Object, body: &Json) -> Result<Sight, CloudError> {
        let target = self.url(object.id.as_str(), &object.of.version);
        let operation = PolledOperation::begin(&self.transport, &target);
        let request = WireRequest::new(Method::PATCH, target.clone()).json(body);
        let first = self.send_write(&object.id, request).await.map_err(CallError::of_write)?;
        let body = operation.put(&first).await.map_err(CallError::of_write)?;
        Ok(sight(object, body))
    }

    /// Sent once, like a patch: two failovers of a storage account end where they began.
    async fn post(
        &self,
        object: &Object,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        let Object { id, of: Type { version: api, .. }, within: _ } = object;
        if let (Some(name), "presign") = (BlobName::of(id), action) {
            return self.blobs.presigned(&name, api, query).await;
        }
        let target = self.url(id.as_str(), api);
        let mut url = self.url(&format!("{id}/{action}"), api);
        url.query_pairs_mut().extend_pairs(query);
        let mut request = WireRequest::new(Method::POST, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let operation = PolledOperation::begin(&self.transport, &target);
        let first = self.send_write(id, request).await.map_err(CallError::of_write)?;
        operation.post(&first).await.map_err(CallError::of_write)
    }

    async fn get_with(&self, object: &Object, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        let Object { id, of: Type { version: api, .. }, within: _ } = object;
        let mut url = self.url(id.as_str(), api);
        url.query_pairs_mut().extend_pairs(query);
        match self.transport.call(WireRequest::get(url)).await {
            Ok(answer) => match answer.json().filter(Json::is_object) {
                Some(body) => Ok(Some(body)),
                None => Err(CloudError::Unreachable(format!("the answer for `{id}` is not a JSON object"))),
            },
            Err(CallError::Answered(error)) if error.finds_nothing() => Ok(None),
            Err(error) => Err(error.of_read()),
        }
    }

    async fn answers(&self, object: &Object) -> Result<(), CloudError> {
        self.get_with(object, &[]).await.map(drop)
    }

    fn clock_skew(&self) -> Option<jiff::SignedDuration> {
        self.transport.ahead()
    }

    async fn token(&self, audience: &str) -> Result<SecretText, CloudError> {
        let token = self.transport.token_for(audience).await;
        token.map(|token| SecretText::new(token.text())).map_err(|why| refused(Reason::Unauthenticated, "NoToken", why))
    }

    async fn metric(&self, object: &Object, name: &str) -> Result<Option<f64>, CloudError> {
        let id = &object.id;
        let mut url = self.url(&format!("{id}/providers/Microsoft.Insights/metrics"), METRICS_API);
        url.query_pairs_mut()
            .append_pair("metricnames", name)
            .append_pair("interval", "PT1M")
            .append_pair("aggregation", "Maximum");
        let answer = match self.transport.call(WireRequest::get(url)).await {
            Ok(answer) => answer.json().filter(Json::is_object).ok_or_else(|| {
                CloudError::Unreachable(format!("the metric `{name}` of `{id}` is not a JSON object"))
            })?,
            Err(CallError::Answered(error)) if error.finds_nothing() => return Ok(None),
            Err(error) => return Err(error.of_read()),
        };
        let points = answer.pointer("/value/0/timeseries/0/data").and_then(Json::as_array);
        Ok(points.into_iter().flatten().rev().find_map(|point| point.get("maximum")?.as_f64()))
    }

    async fn collection(&self, list: &Collection) -> Result<Vec<(ObjectId, Sight)>, CloudError> {
        let bodies = self.pages(self.url(list.path.as_str(), &list.version)).await?;
        let seen = bodies.into_iter().filter_map(|body| {
            let object = Object::whole(ObjectId::new(body.get("id")?.as_str()?), Arc::clone(&list.version));
            let seen = sight(&object, body);
            Some((object.id, seen))
        });
        Ok(seen.collect())
    }

    fn last_refusal(&self, id: &ObjectId) -> Option<String> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn delayed_until(&self, id: &ObjectId) -> Option<Timestamp> {
        self.transport.delayed_until(self.url(id.as_str(), LIST_API).path())
    }

    /// Raw JSON, because one identity that the typed model cannot read would hide the whole list.
    async fn list(&self, group: &ObjectId) -> Result<Vec<ObjectId>, CloudError> {
        let objects = self.pages(self.url(&format!("{group}/resources"), LIST_API)).await?;
        let ids = objects.iter().map(|object| {
            let id = object.get("id").and_then(Json::as_str).map(ObjectId::new);
            id.filter(|id| group.contains(id)).ok_or_else(|| {
                CloudError::Unreachable(format!("the list of `{group}` has an element that is not in the group"))
            })
        });
        ids.collect()
    }
}

/// The subscription and the name, where this is the id of a resource group.
fn group_of(id: &ObjectId) -> Option<(&str, &str)> {
    let is_group = id.arm_type()? == "Microsoft.Resources/resourceGroups";
    if is_group { id.subscription().zip(id.resource_group()) } else { None }
}

/// The typed model of a resource group, if it represents the whole body.
fn group_model(body: &Json) -> Option<models::ResourceGroup> {
    let model: models::ResourceGroup = serde_json::from_value(body.clone()).ok()?;
    (serde_json::to_value(&model).ok()? == *body).then_some(model)
}

/// Satisfies the typed client, which requires a token. The transport attaches the real token later, outside of the
/// typed client and its log.
#[derive(Debug)]
struct PlaceholderCredential;

#[async_trait]
impl azure_core::auth::TokenCredential for PlaceholderCredential {
    async fn get_token(&self, _scopes: &[&str]) -> azure_core::Result<azure_core::auth::AccessToken> {
        Ok(azure_core::auth::AccessToken::new("none", time::OffsetDateTime::UNIX_EPOCH))
    }

    async fn clear_cache(&self) -> azure_core::Result<()> {
        Ok(())
    }
}
