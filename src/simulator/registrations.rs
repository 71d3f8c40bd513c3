//! Which providers the subscription is registered with: all of them, unless a fault or a request has it otherwise. Both ways take a while.
//!
//! Nothing waits for that: what was asked for is kept with the time at which it is done, and how far it is follows from what time it is.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::request::{Failure, Response};
use super::types::{self, Type};
use super::world::World;

/// The providers that are part of Resource Manager itself, which no subscription is without.
const ALWAYS: [&str; 2] = ["Microsoft.Authorization", "Microsoft.Resources"];

/// How many seconds it takes, at least and at most.
const SECONDS: (u64, u64) = (30, 60);

/// What was asked for last, of one provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    wanted: Wanted,
    done: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Registered,
    Unregistered,
}

/// How a subscription stands with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Registration {
    /// It never was registered.
    NotRegistered,
    Registering,
    Registered,
    Unregistering,
    Unregistered,
}

impl Registration {
    /// Azure's word for it.
    const fn word(self) -> &'static str {
        match self {
            Self::NotRegistered => "NotRegistered",
            Self::Registering => "Registering",
            Self::Registered => "Registered",
            Self::Unregistering => "Unregistering",
            Self::Unregistered => "Unregistered",
        }
    }
}

/// The namespaces that there are, as they are written.
fn namespaces() -> BTreeSet<&'static str> {
    types::all().map(Type::namespace).collect()
}

/// The provider with this name, without regard to case, with which a subscription may be registered or not.
///
/// # Errors
/// Words that say which there are.
pub fn registrable(provider: &str) -> Result<&'static str, String> {
    let choice = || namespaces().into_iter().filter(|namespace| !ALWAYS.contains(namespace));
    choice().find(|namespace| namespace.eq_ignore_ascii_case(provider)).ok_or_else(|| {
        let known: Vec<&str> = choice().collect();
        format!(
            "`{provider}` is no provider of the embedded cloud that can be without registration; those are {}",
            known.join(", ")
        )
    })
}

impl World {
    fn registration(&self, namespace: &str) -> Registration {
        let asked = self.rest.registrations.get(&namespace.to_ascii_lowercase());
        match asked {
            _ if ALWAYS.contains(&namespace) => Registration::Registered,
            _ if self.rest.faults.unregisters(namespace) => Registration::NotRegistered,
            None => Registration::Registered,
            Some(Asked { wanted: Wanted::Registered, done }) if *done > self.now => Registration::Registering,
            Some(Asked { wanted: Wanted::Registered, .. }) => Registration::Registered,
            Some(Asked { wanted: Wanted::Unregistered, done }) if *done > self.now => Registration::Unregistering,
            Some(Asked { wanted: Wanted::Unregistered, .. }) => Registration::Unregistered,
        }
    }

    /// Refuses to write what is of this type (folded) while the subscription is not registered with its provider.
    ///
    /// # Errors
    /// 409 `MissingSubscriptionRegistration`.
    pub(super) fn registered_for(&self, type_: &str) -> Result<(), Failure> {
        let Some(namespace) = types::find(type_).map(Type::namespace) else { return Ok(()) };
        if self.registration(namespace) == Registration::Registered {
            return Ok(());
        }
        Err(Failure::gateway(
            409,
            "MissingSubscriptionRegistration",
            format!(
                "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions."
            ),
        ))
    }

    /// Begins to register the subscription with a provider, where it is not.
    pub(super) fn register(&mut self, namespace: &str) -> Result<Response, Failure> {
        let namespace = known(namespace)?;
        if !matches!(self.registration(namespace), Registration::Registering | Registration::Registered) {
            self.rest.faults.register(namespace);
            self.ask(namespace, Wanted::Registered);
        }
        Ok(Response::json(200, &self.provider(namespace)?))
    }

    /// Begins to end that.
    pub(super) fn unregister(&mut self, namespace: &str) -> Result<Response, Failure> {
        let namespace = known(namespace)?;
        let of_it = |type_: &str| types::find(type_).is_some_and(|type_| type_.namespace() == namespace);
        if ALWAYS.contains(&namespace) || self.objects().any(|object| of_it(&object.type_)) {
            return Err(Failure::gateway(
                409,
                "Conflict",
                format!("The subscription cannot be unregistered from namespace '{namespace}': it is in use."),
            ));
        }
        if matches!(self.registration(namespace), Registration::Registering | Registration::Registered) {
            self.ask(namespace, Wanted::Unregistered);
        }
        Ok(Response::json(200, &self.provider(namespace)?))
    }

    fn ask(&mut self, namespace: &str, wanted: Wanted) {
        let (least, most) = SECONDS;
        let mut stream = self.seed.stream(&[namespace, "registration", &self.now.to_string()]);
        let seconds = if self.rest.faults.instant() { 0 } else { least + stream.below(most - least + 1) };
        let done = self.now + SignedDuration::from_secs(i64::try_from(seconds).unwrap_or_default());
        self.rest.registrations.insert(namespace.to_ascii_lowercase(), Asked { wanted, done });
        self.changes.rest = true;
    }

    /// A provider as Azure tells of it.
    pub(super) fn provider(&self, namespace: &str) -> Result<Json, Failure> {
        let namespace = known(namespace)?;
        let of_it = types::all().filter(|type_| type_.namespace() == namespace);
        let kinds: Vec<Json> = of_it
            .map(|type_| {
                let rest = type_.name.split_once('/').map_or("", |(_, rest)| rest);
                json!({ "resourceType": rest, "apiVersions": [type_.api], "locations": [] })
            })
            .collect();
        Ok(json!({
            "id": format!("/subscriptions/{SUBSCRIPTION}/providers/{namespace}"),
            "namespace": namespace,
            "registrationState": self.registration(namespace).word(),
            "resourceTypes": kinds,
        }))
    }

    /// All of them.
    pub(super) fn providers(&self) -> Json {
        let all: Vec<Json> = namespaces().into_iter().filter_map(|namespace| self.provider(namespace).ok()).collect();
        json!({ "value": all })
    }
}

/// The namespace as it is written.
fn known(namespace: &str) -> Result<&'static str, Failure> {
    namespaces().into_iter().find(|known| known.eq_ignore_ascii_case(namespace)).ok_or_else(|| {
        let message = format!("The resource namespace '{namespace}' is invalid.");
        Failure::gateway(404, "InvalidResourceNamespace", message)
    })
}
