//! Registration of the subscription with a resource provider, after a write was refused because the provider is not
//! registered.
//!
//! All writes that need the same provider wait for one registration. Writes that come soon after a failed registration
//! fail with the same error. Later writes try again, because the operator may have received the permission meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::error::{ArmError, CallError};
use super::retry;
use super::transport::ArmTransport;
use crate::wire::WireRequest;
use crate::wire::{Backoff, elapsed};
use crate::world::Notice;

/// The API version of providers.
const API: &str = "2021-04-01";

/// Seconds after its start during which a failed registration is not retried.
const REMEMBERED: Duration = Duration::from_secs(60);

/// A registration in progress or completed.
#[derive(Debug)]
struct PendingRegistration {
    began: Timestamp,
    outcome: Shared<BoxFuture<'static, Result<(), CallError>>>,
}

impl PendingRegistration {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        self.outcome.peek().is_some_and(Result::is_err) && elapsed(self.began, now) >= REMEMBERED
    }
}

/// The registrations of this process, by the path of the provider.
#[derive(Debug, Default)]
pub(super) struct Registrations(Mutex<BTreeMap<String, PendingRegistration>>);

/// A resource provider to register, and the subscription.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProviderNamespace {
    subscription: String,
    namespace: String,
}

impl ProviderNamespace {
    /// The provider that a refusal names. Without one, the provider of the type that was written.
    pub fn refused(error: &ArmError, subscription: &str, type_: &str) -> Self {
        let named = error.message.split_once("namespace '").and_then(|(_, rest)| rest.split('\'').next());
        // The name becomes part of a path, so it is validated.
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        let namespace = named.filter(is_name).or_else(|| type_.split('/').next()).unwrap_or_default();
        Self { subscription: subscription.to_owned(), namespace: namespace.to_owned() }
    }

    fn path(&self) -> String {
        format!("/subscriptions/{}/providers/{}", self.subscription, self.namespace)
    }
}

impl Registrations {
    /// Waits until the subscription is registered; begins the registration if none is in progress.
    ///
    /// # Errors
    /// The reason why it is not registered, and the fix.
    pub async fn register(
        &self,
        transport: &Arc<ArmTransport>,
        endpoint: &Url,
        provider: &ProviderNamespace,
    ) -> Result<(), CallError> {
        let key = provider.path().to_ascii_lowercase();
        let now = transport.now();
        let begin = || {
            let outcome = registered(Arc::clone(transport), endpoint.clone(), provider.clone()).boxed().shared();
            PendingRegistration { began: now, outcome }
        };
        let outcome = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, registration| !registration.is_forgotten(now));
            all.entry(key).or_insert_with(begin).outcome.clone()
        };
        outcome.await
    }
}

/// Requests the registration and polls until it is complete. A second request does no harm.
async fn registered(arm: Arc<ArmTransport>, endpoint: Url, provider: ProviderNamespace) -> Result<(), CallError> {
    let ProviderNamespace { subscription: _, namespace } = &provider;
    let at = |path: &str| {
        let mut url = endpoint.clone();
        url.set_path(path);
        url.query_pairs_mut().clear().append_pair("api-version", API);
        url
    };
    let begun = arm.now();
    arm.tell(&Notice::Registering { namespace: namespace.clone() });
    let mut backoff = Backoff::new(retry::REGISTERING, begun);
    let mut asked = false;
    loop {
        let request = match asked {
            false => WireRequest::new(Method::POST, at(&format!("{}/register", provider.path()))),
            true => WireRequest::get(at(&provider.path())),
        };
        let state = match arm.call(request).await {
            Ok(answer) => {
                asked = true;
                state(&answer.json().unwrap_or_default())
            }
            Err(error) if error.is_unclear() => error.to_string(),
            Err(error) => return Err(not_registered(&provider, error)),
        };
        if state == "Registered" {
            let took = elapsed(begun, arm.now());
            arm.tell(&Notice::Registered { namespace: namespace.clone(), took });
            return Ok(());
        }
        let Some(wait) = backoff.next(arm.now(), None) else {
            let minutes = elapsed(begun, arm.now()).as_secs() / 60;
            let why = format!("its registration is still `{state}` after {minutes} minutes");
            return Err(refusal(&provider, &why, None));
        };
        arm.sleep(wait).await;
    }
}

fn state(provider: &Json) -> String {
    provider.get("registrationState").and_then(Json::as_str).unwrap_or("unknown").to_owned()
}

/// The error for the operator who waits for the registration.
fn not_registered(provider: &ProviderNamespace, error: CallError) -> CallError {
    let namespace = &provider.namespace;
    match error {
        CallError::Answered(error) if error.status == 403 => {
            let why = format!("the signed-in identity lacks the permission `{namespace}/register/action`");
            refusal(provider, &why, error.correlation)
        }
        other => refusal(provider, &format!("the registration failed: {other}"), None),
    }
}

/// The refusal that the write ends with.
fn refusal(provider: &ProviderNamespace, why: &str, correlation: Option<String>) -> CallError {
    let namespace = &provider.namespace;
    let message = format!(
        "the subscription is not registered with {namespace}: {why}. A Contributor of the subscription must run `az provider register --namespace {namespace}`; then run the drplan command again."
    );
    let code = "MissingSubscriptionRegistration".to_owned();
    ArmError { status: 409, code, message, details: Vec::new(), correlation, retry_after: None }.into()
}
