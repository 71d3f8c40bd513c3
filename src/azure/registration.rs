//! Registering the subscription with a provider that a write was refused for, as nobody had needed it before.
//!
//! All writes that meet the same provider wait for one registration, and those that come soon after it has failed fail with it. Later ones try again:
//! somebody may have been given the right to it.

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
use super::retry::{Backoff, Patience, elapsed};
use super::transport::ArmTransport;
use super::wire::Request;
use crate::world::Notice;

/// The API version of providers.
const API: &str = "2021-04-01";

/// For so long after it was begun, a registration that has failed is not tried again.
const REMEMBERED: Duration = Duration::from_secs(60);

/// A registration that is under way or has ended.
#[derive(Debug)]
struct Registration {
    began: Timestamp,
    outcome: Shared<BoxFuture<'static, Result<(), CallError>>>,
}

impl Registration {
    fn is_forgotten(&self, now: Timestamp) -> bool {
        self.outcome.peek().is_some_and(Result::is_err) && elapsed(self.began, now) >= REMEMBERED
    }
}

/// The registrations of this process, by the path of the provider.
#[derive(Debug, Default)]
pub(super) struct Registrations(Mutex<BTreeMap<String, Registration>>);

/// A provider with which a subscription is to be registered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Provider {
    subscription: String,
    namespace: String,
}

impl Provider {
    /// The provider that a refusal names; without one, that of the type which the write was for.
    pub fn refused(error: &ArmError, subscription: &str, type_: &str) -> Self {
        let named = error.message.split_once("namespace '").and_then(|(_, rest)| rest.split('\'').next());
        // It becomes part of a path.
        let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        let namespace = named.filter(is_name).or_else(|| type_.split('/').next()).unwrap_or_default();
        Self { subscription: subscription.to_owned(), namespace: namespace.to_owned() }
    }

    fn path(&self) -> String {
        format!("/subscriptions/{}/providers/{}", self.subscription, self.namespace)
    }
}

impl Registrations {
    /// Waits until the subscription is registered, which is asked for where nobody has yet.
    ///
    /// # Errors
    /// Why it is not, and what to do about it.
    pub async fn register(
        &self,
        transport: &Arc<ArmTransport>,
        endpoint: &Url,
        provider: &Provider,
    ) -> Result<(), CallError> {
        let key = provider.path().to_ascii_lowercase();
        let now = transport.now();
        let begin = || {
            let outcome = registered(Arc::clone(transport), endpoint.clone(), provider.clone()).boxed().shared();
            Registration { began: now, outcome }
        };
        let outcome = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|_, registration| !registration.is_forgotten(now));
            all.entry(key).or_insert_with(begin).outcome.clone()
        };
        outcome.await
    }
}

/// Asks for it, and looks until it is done. Asking twice does no harm.
async fn registered(arm: Arc<ArmTransport>, endpoint: Url, provider: Provider) -> Result<(), CallError> {
    let Provider { subscription: _, namespace } = &provider;
    let at = |path: &str| {
        let mut url = endpoint.clone();
        url.set_path(path);
        url.query_pairs_mut().clear().append_pair("api-version", API);
        url
    };
    let begun = arm.now();
    arm.tell(&Notice::Registering { namespace: namespace.clone() });
    let mut patience = Backoff::new(Patience::REGISTERING, begun);
    let mut asked = false;
    loop {
        let request = match asked {
            false => Request::new(Method::POST, at(&format!("{}/register", provider.path()))),
            true => Request::get(at(&provider.path())),
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
        let Some(wait) = patience.next(arm.now(), None) else {
            let minutes = elapsed(begun, arm.now()).as_secs() / 60;
            let why = format!("it was asked for {minutes} minutes ago, and still it says: {state}");
            return Err(refusal(&provider, &why, None));
        };
        arm.sleep(wait).await;
    }
}

fn state(provider: &Json) -> String {
    provider.get("registrationState").and_then(Json::as_str).unwrap_or("nothing of its registration").to_owned()
}

/// Why a subscription is not registered, in the words of whoever waits for it.
fn not_registered(provider: &Provider, error: CallError) -> CallError {
    let namespace = &provider.namespace;
    match error {
        CallError::Answered(error) if error.status == 403 => {
            let why = format!("who is signed in may not register it, for want of `{namespace}/register/action`");
            refusal(provider, &why, error.correlation)
        }
        other => refusal(provider, &format!("registering it failed: {other}"), None),
    }
}

/// The refusal of the write, which is what it ends in.
fn refusal(provider: &Provider, why: &str, correlation: Option<String>) -> CallError {
    let namespace = &provider.namespace;
    let message = format!(
        "the subscription is not registered with {namespace}, and {why}. Whoever may, as a Contributor of the subscription, does it with `az provider register --namespace {namespace}`; then this can be tried again."
    );
    let code = "MissingSubscriptionRegistration".to_owned();
    ArmError { status: 409, code, message, details: Vec::new(), correlation, retry_after: None }.into()
}
