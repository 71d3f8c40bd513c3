//! [`Azure`]: the port [`Cloud`] over the transport and the poller.
//!
//! Resource groups go through the typed client of `azure_mgmt_resources`, always by `send()`: its own polling sends a PUT again and again.
//! Everything else is JSON as it is. Which refusals pass and are tried again is decided here.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::Method;
use azure_core_021 as azure_core;
use azure_mgmt_resources::package_resources_2021_04::{self as typed, models};
use serde_json::Value as Json;
use url::Url;

use super::credential::Credential;
use super::error::CallError;
use super::poller::Operation;
use super::registration::{Provider, Registrations};
use super::retry::{Backoff, Patience};
use super::transport::{ArmTransport, from_typed, untyped};
use super::wire::{Answer, Request, Wire};
use crate::address::ArmId;
use crate::world::{Clock, Cloud, CloudError, Ids, Notices, When};

/// The API version of lists of a resource group's resources.
const LIST_API: &str = "2021-04-01";
/// The API version of Azure Monitor's metrics.
const METRICS_API: &str = "2024-02-01";

/// What a client needs of the world.
pub struct AzureConfig {
    /// Where Resource Manager is: `https://management.azure.com/`, or any origin where the wire leads to a server in this process.
    pub endpoint: Url,
    /// What carries requests.
    pub wire: Wire,
    /// Who asks.
    pub credential: Arc<dyn Credential>,
    /// What waits.
    pub clock: Arc<dyn Clock>,
    /// Where request ids come from.
    pub ids: Arc<dyn Ids>,
    /// Who is told what should be known while it waits.
    pub notices: Arc<dyn Notices>,
}

/// A client of Azure Resource Manager.
#[derive(Debug)]
pub struct Azure {
    endpoint: Url,
    transport: Arc<ArmTransport>,
    registrations: Registrations,
}

/// The providers for which one write was refused, and the wait until what was registered is seen everywhere.
#[derive(Default)]
struct Met {
    providers: BTreeSet<Provider>,
    behind: Option<Backoff>,
}

impl Azure {
    /// A client. Nothing is sent yet.
    pub fn new(config: AzureConfig) -> Self {
        let AzureConfig { endpoint, wire, credential, clock, ids, notices } = config;
        let transport = Arc::new(ArmTransport::new(&endpoint, wire, credential, clock, ids, notices));
        Self { endpoint, transport, registrations: Registrations::default() }
    }

    /// How far the cloud's clock is ahead of ours, to about a second; `None` before it has said what time it is.
    pub fn clock_skew(&self) -> Option<jiff::SignedDuration> {
        self.transport.ahead()
    }

    fn url(&self, path: &str, api: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(path);
        url.query_pairs_mut().clear().append_pair("api-version", api);
        url
    }

    /// The typed client for resource groups at this API version: it takes the version from its endpoint before its own.
    fn groups(&self, api: &str) -> Result<typed::resource_groups::Client, CallError> {
        typed::Client::builder(Arc::new(NoToken))
            .endpoint(self.url("", api))
            .retry(azure_core::RetryOptions::none())
            .transport(
                azure_core::TransportOptions::new(Arc::clone(&self.transport) as Arc<dyn azure_core::HttpClient>),
            )
            .build()
            .map(|client| client.resource_groups_client())
            .map_err(from_typed)
    }

    async fn send_get(&self, id: &ArmId, api: &str) -> Result<Answer, CallError> {
        match group_of(id) {
            Some((subscription, name)) => {
                let sent = self.groups(api)?.get(name, subscription).send().await.map_err(from_typed)?;
                untyped(sent.into_raw_response()).await
            }
            None => self.transport.call(Request::get(self.url(id.as_str(), api))).await,
        }
    }

    async fn send_put(&self, id: &ArmId, api: &str, body: &Json, when: When<'_>) -> Result<Answer, CallError> {
        let request = Request::new(Method::PUT, self.url(id.as_str(), api)).json(body);
        match (when, group_of(id), group_model(body)) {
            (When::Always, Some((subscription, name)), Some(model)) => {
                let sent = self.groups(api)?.create_or_update(name, model, subscription).send().await;
                untyped(sent.map_err(from_typed)?.into_raw_response()).await
            }
            (When::Always, _, _) => self.transport.call(request).await,
            (When::Unchanged(etag), _, _) => self.transport.call(request.if_match(etag)).await,
        }
    }

    async fn send_delete(&self, id: &ArmId, api: &str) -> Result<Answer, CallError> {
        match group_of(id) {
            Some((subscription, name)) => {
                let sent = self.groups(api)?.delete(name, subscription).send().await.map_err(from_typed)?;
                untyped(sent.into_raw_response()).await
            }
            None => self.transport.call(Request::new(Method::DELETE, self.url(id.as_str(), api))).await,
        }
    }

    /// The body, or `None` where the object does not exist.
    async fn read(&self, id: &ArmId, api: &str) -> Result<Option<Json>, CallError> {
        match self.send_get(id, api).await {
            Ok(answer) => match answer.json() {
                Some(body) => Ok(Some(body)),
                None => Err(CallError::Undecided(format!("the answer about `{id}` is not JSON"))),
            },
            Err(CallError::Answered(error)) if error.finds_nothing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn put_once(&self, id: &ArmId, api: &str, body: &Json, when: When<'_>) -> Result<Json, CallError> {
        let target = self.url(id.as_str(), api);
        let operation = Operation::begin(&self.transport, &target);
        let first = self.send_put(id, api, body, when).await?;
        operation.put(&first).await
    }

    async fn delete_once(&self, id: &ArmId, api: &str) -> Result<(), CallError> {
        let target = self.url(id.as_str(), api);
        let operation = Operation::begin(&self.transport, &target);
        let first = self.send_delete(id, api).await?;
        operation.delete(&first).await
    }

    /// After a PUT whose answer was lost: waits until nothing is under way on the object, so that the same PUT may be sent again. False
    /// where that could undo another's write.
    async fn may_put_again(&self, id: &ArmId, api: &str, when: When<'_>) -> Result<bool, CallError> {
        let seen = self.read(id, api).await?;
        match (when, &seen) {
            (When::Unchanged(etag), Some(body)) => Ok(body.get("etag").and_then(Json::as_str) == Some(etag)),
            (When::Unchanged(_), None) => Ok(false),
            (When::Always, None) => Ok(true),
            (When::Always, Some(_)) => {
                let target = self.url(id.as_str(), api);
                match Operation::begin(&self.transport, &target).read_settled(None).await {
                    // One that has failed is mended by the same PUT as well as one that has succeeded.
                    Ok(_) | Err(CallError::Answered(_)) => Ok(true),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// What a list holds, all pages of it; nothing where what it is of does not exist.
    async fn pages(&self, first: Url) -> Result<Vec<Json>, CloudError> {
        let mut found = Vec::new();
        let mut next = Some(first);
        while let Some(url) = next.take() {
            let unreadable = |why: String| CloudError::Unreachable(format!("the list `{}` {why}", url.path()));
            let mut page = match self.transport.call(Request::get(url.clone())).await {
                Ok(answer) => answer.json().unwrap_or_default(),
                Err(CallError::Answered(error)) if error.finds_nothing() => break,
                Err(error) => return Err(error.of_read()),
            };
            let Some(Json::Array(objects)) = page.get_mut("value").map(Json::take) else {
                return Err(unreadable("cannot be read".to_owned()));
            };
            found.extend(objects);
            if let Some(link) = page.get("nextLink").and_then(Json::as_str).filter(|link| !link.is_empty()) {
                let at_no_address = |error| unreadable(format!("goes on at no address: {error}"));
                let link = self.endpoint.join(link).map_err(at_no_address)?;
                if link == url {
                    return Err(unreadable("goes on with the page that was read".to_owned()));
                }
                next = Some(link);
            }
        }
        Ok(found)
    }

    /// Sends a write once, but for providers that the subscription has to be registered with first: what was refused for that was not begun.
    async fn send_write(&self, id: &ArmId, request: Request) -> Result<Answer, CallError> {
        let mut met = Met::default();
        loop {
            match self.transport.call(request.clone()).await {
                Err(error) if self.register(&error, id, &mut met).await? => {}
                sent => return sent,
            }
        }
    }

    /// Registers the subscription with the provider for which a write was refused; false where it was refused for something else, or is so still.
    async fn register(&self, error: &CallError, id: &ArmId, met: &mut Met) -> Result<bool, CallError> {
        let CallError::Answered(refused) = error else { return Ok(false) };
        let Some(subscription) = id.subscription().filter(|_| refused.is_unregistered()) else { return Ok(false) };
        let provider = Provider::refused(refused, subscription, &id.arm_type().unwrap_or_default());
        self.registrations.register(&self.transport, &self.endpoint, &provider).await?;
        if met.providers.insert(provider) {
            return Ok(true);
        }
        let behind = met.behind.get_or_insert_with(|| self.backoff(Patience::BEHIND));
        Ok(self.wait(behind, error).await)
    }

    /// Waits as the back-off says; false where it has given up.
    async fn wait(&self, backoff: &mut Backoff, error: &CallError) -> bool {
        let Some(wait) = backoff.next(self.transport.now(), error.retry_after()) else { return false };
        tracing::debug!(seconds = wait.as_secs_f64(), %error, "waiting to try again");
        self.transport.sleep(wait).await;
        true
    }

    fn backoff(&self, patience: Patience) -> Backoff {
        Backoff::new(patience, self.transport.now())
    }
}

#[async_trait]
impl Cloud for Azure {
    async fn get(&self, id: &ArmId, api: &str) -> Result<Option<Json>, CloudError> {
        self.read(id, api).await.map_err(CallError::of_read)
    }

    async fn put(&self, id: &ArmId, api: &str, body: &Json, when: When<'_>) -> Result<Json, CloudError> {
        let mut busy = self.backoff(Patience::BUSY);
        let mut unclear = self.backoff(Patience::UNCLEAR);
        let (mut lost, mut met) = (None, Met::default());
        loop {
            let error = match self.put_once(id, api, body, when).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            let again = match &error {
                CallError::Answered(answered) if answered.is_busy() => self.wait(&mut busy, &error).await,
                CallError::Answered(answered) if answered.is_unregistered() => {
                    self.register(&error, id, &mut met).await.map_err(CallError::of_write)?
                }
                _ if error.is_unclear() => {
                    lost = Some(error.to_string());
                    self.wait(&mut unclear, &error).await
                        && self.may_put_again(id, api, when).await.map_err(|seen| {
                            CloudError::OutcomeUnknown(format!("{error}; and what stands cannot be read: {seen}"))
                        })?
                }
                _ => false,
            };
            if !again {
                return Err(match lost {
                    // What is refused for good would have been refused the first time, too; any other end leaves that one open.
                    Some(lost) if !error.is_final_refusal() => CloudError::OutcomeUnknown(lost),
                    _ => error.of_write(),
                });
            }
        }
    }

    async fn delete(&self, id: &ArmId, api: &str) -> Result<(), CloudError> {
        let mut busy = self.backoff(Patience::BUSY);
        let mut lingering = self.backoff(Patience::LINGERING);
        loop {
            let error = match self.delete_once(id, api).await {
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

    /// Sent once: whether a patch that was lost, or that an operation is in the way of, may be sent again depends on what it changes, which whoever
    /// asked can see. That operation may be the same patch, where something between here and there has sent it twice.
    async fn patch(&self, id: &ArmId, api: &str, body: &Json) -> Result<Json, CloudError> {
        let target = self.url(id.as_str(), api);
        let operation = Operation::begin(&self.transport, &target);
        let request = Request::new(Method::PATCH, target.clone()).json(body);
        let first = self.send_write(id, request).await.map_err(CallError::of_write)?;
        operation.put(&first).await.map_err(CallError::of_write)
    }

    /// Sent once, as a patch is: two failovers of a storage account lead back to where it was.
    async fn post(
        &self,
        id: &ArmId,
        api: &str,
        action: &str,
        query: &[(&str, &str)],
        body: Option<&Json>,
    ) -> Result<Json, CloudError> {
        let target = self.url(id.as_str(), api);
        let mut url = self.url(&format!("{id}/{action}"), api);
        url.query_pairs_mut().extend_pairs(query);
        let mut request = Request::new(Method::POST, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let operation = Operation::begin(&self.transport, &target);
        let first = self.send_write(id, request).await.map_err(CallError::of_write)?;
        operation.post(&first).await.map_err(CallError::of_write)
    }

    async fn get_with(&self, id: &ArmId, api: &str, query: &[(&str, &str)]) -> Result<Option<Json>, CloudError> {
        let mut url = self.url(id.as_str(), api);
        url.query_pairs_mut().extend_pairs(query);
        match self.transport.call(Request::get(url)).await {
            Ok(answer) => Ok(Some(answer.json().unwrap_or_default())),
            Err(CallError::Answered(error)) if error.finds_nothing() => Ok(None),
            Err(error) => Err(error.of_read()),
        }
    }

    async fn metric(&self, id: &ArmId, name: &str) -> Result<Option<f64>, CloudError> {
        let mut url = self.url(&format!("{id}/providers/Microsoft.Insights/metrics"), METRICS_API);
        url.query_pairs_mut()
            .append_pair("metricnames", name)
            .append_pair("interval", "PT1M")
            .append_pair("aggregation", "Maximum");
        let answer = match self.transport.call(Request::get(url)).await {
            Ok(answer) => answer.json().unwrap_or_default(),
            Err(CallError::Answered(error)) if error.finds_nothing() => return Ok(None),
            Err(error) => return Err(error.of_read()),
        };
        let points = answer.pointer("/value/0/timeseries/0/data").and_then(Json::as_array);
        Ok(points.into_iter().flatten().rev().find_map(|point| point.get("maximum")?.as_f64()))
    }

    async fn collection(&self, path: &ArmId, api: &str) -> Result<Vec<Json>, CloudError> {
        self.pages(self.url(path.as_str(), api)).await
    }

    /// Raw, because one identity that the typed model cannot read would hide the whole list.
    async fn list(&self, group: &ArmId) -> Result<Vec<ArmId>, CloudError> {
        let objects = self.pages(self.url(&format!("{group}/resources"), LIST_API)).await?;
        Ok(objects.iter().filter_map(|object| object.get("id")?.as_str()).map(ArmId::new).collect())
    }
}

/// The subscription and the name, where this is the id of a resource group.
fn group_of(id: &ArmId) -> Option<(&str, &str)> {
    let is_group = id.arm_type()? == "Microsoft.Resources/resourceGroups";
    if is_group { id.subscription().zip(id.resource_group()) } else { None }
}

/// The typed model of a resource group, where it holds all that the body says.
fn group_model(body: &Json) -> Option<models::ResourceGroup> {
    let model: models::ResourceGroup = serde_json::from_value(body.clone()).ok()?;
    (serde_json::to_value(&model).ok()? == *body).then_some(model)
}

/// Satisfies the typed client, which asks for a token; the transport attaches the real one behind its back, and behind its log.
#[derive(Debug)]
struct NoToken;

#[async_trait]
impl azure_core::auth::TokenCredential for NoToken {
    async fn get_token(&self, _scopes: &[&str]) -> azure_core::Result<azure_core::auth::AccessToken> {
        Ok(azure_core::auth::AccessToken::new("none", time::OffsetDateTime::UNIX_EPOCH))
    }

    async fn clear_cache(&self) -> azure_core::Result<()> {
        Ok(())
    }
}
