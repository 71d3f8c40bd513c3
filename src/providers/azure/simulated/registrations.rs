//! The subscription's registrations with providers: all, unless a fault or a request removes one. Registering and
//! unregistering take time.
//!
//! No event is needed: the last request is stored with its completion time, and the state follows from
//! the current time.

use crate::providers::azure::ids::AzureId;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::state::{self, RegistrationRequest, RegistrationTarget};
use super::types::{self, ProviderType};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::World;

/// Providers that are part of Resource Manager itself and always registered.
const ALWAYS: [&str; 2] = ["Microsoft.Authorization", "Microsoft.Resources"];

/// Further providers, which clients register although the simulator has none of their types.
const OTHERS: [&str; 12] = [
    "Microsoft.ApiManagement",
    "Microsoft.App",
    "Microsoft.Cache",
    "Microsoft.Cdn",
    "Microsoft.ContainerInstance",
    "Microsoft.ContainerRegistry",
    "Microsoft.ContainerService",
    "Microsoft.EventGrid",
    "Microsoft.EventHub",
    "Microsoft.PolicyInsights",
    "Microsoft.ServiceBus",
    "Microsoft.Web",
];

/// The shortest and the longest duration, in seconds.
const SECONDS: (u64, u64) = (30, 60);

/// The version that the simulator lists of a type without a kind, whose versions are all alike to it.
const ANY_VERSION: &str = "2025-01-01";

/// The registration state of a subscription with a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RegistrationState {
    /// Never registered.
    NotRegistered,
    Registering,
    Registered,
    Unregistering,
    Unregistered,
}

impl RegistrationState {
    /// Azure's name for the state.
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

/// All namespaces in their usual case.
fn namespaces() -> BTreeSet<&'static str> {
    types::all().map(ProviderType::namespace).collect()
}

/// The provider with this name (ignoring case), if the subscription can be unregistered from it.
///
/// # Errors
/// A message with the list of such providers.
pub(super) fn registrable(provider: &str) -> Result<&'static str, String> {
    let choice = || namespaces().into_iter().filter(|namespace| !ALWAYS.contains(namespace));
    choice().find(|namespace| namespace.eq_ignore_ascii_case(provider)).ok_or_else(|| {
        let known: Vec<&str> = choice().collect();
        format!("a fault cannot unregister `{provider}` in the local simulator. Use one of {}", known.join(", "))
    })
}

fn registration(world: &World, namespace: &str) -> RegistrationState {
    let asked = state::of(world).registrations.get(&namespace.to_ascii_lowercase());
    match asked {
        _ if ALWAYS.contains(&namespace) => RegistrationState::Registered,
        _ if world.rest.faults.unregisters(namespace) => RegistrationState::NotRegistered,
        None => RegistrationState::Registered,
        Some(RegistrationRequest { wanted: RegistrationTarget::Registered, done }) if *done > world.now => {
            RegistrationState::Registering
        }
        Some(RegistrationRequest { wanted: RegistrationTarget::Registered, .. }) => RegistrationState::Registered,
        Some(RegistrationRequest { wanted: RegistrationTarget::Unregistered, done }) if *done > world.now => {
            RegistrationState::Unregistering
        }
        Some(RegistrationRequest { wanted: RegistrationTarget::Unregistered, .. }) => RegistrationState::Unregistered,
    }
}

/// Rejects a write of this type (folded) while the subscription is not registered with its provider.
///
/// # Errors
/// 409 `MissingSubscriptionRegistration`.
pub(super) fn registered_for(world: &World, type_: &str) -> Result<(), ErrorResponse> {
    let Some(namespace) = types::find(type_).map(ProviderType::namespace) else { return Ok(()) };
    if registration(world, namespace) == RegistrationState::Registered {
        return Ok(());
    }
    Err(ErrorResponse::gateway(
        409,
        "MissingSubscriptionRegistration",
        format!(
            "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions."
        ),
    ))
}

/// Starts the registration with a provider, unless registered.
pub(super) fn register(world: &mut World, namespace: &str) -> Result<Response, ErrorResponse> {
    let namespace = known(namespace)?;
    if !matches!(registration(world, namespace), RegistrationState::Registering | RegistrationState::Registered) {
        world.rest.faults.register(namespace);
        ask(world, namespace, RegistrationTarget::Registered);
    }
    Ok(Response::json(200, &provider(world, namespace)?))
}

/// Starts the removal of a registration.
pub(super) fn unregister(world: &mut World, namespace: &str) -> Result<Response, ErrorResponse> {
    let namespace = known(namespace)?;
    let of_it = |type_: &str| types::find(type_).is_some_and(|type_| type_.namespace() == namespace);
    if ALWAYS.contains(&namespace) || world.objects().any(|object| of_it(&object.type_)) {
        return Err(ErrorResponse::gateway(
            409,
            "Conflict",
            format!("The subscription cannot be unregistered from namespace '{namespace}': the namespace is in use."),
        ));
    }
    if matches!(registration(world, namespace), RegistrationState::Registering | RegistrationState::Registered) {
        ask(world, namespace, RegistrationTarget::Unregistered);
    }
    Ok(Response::json(200, &provider(world, namespace)?))
}

fn ask(world: &mut World, namespace: &str, wanted: RegistrationTarget) {
    let (least, most) = SECONDS;
    let mut stream = world.seed.stream(&[namespace, "registration", &world.now.to_string()]);
    let seconds = if world.rest.faults.instant() { 0 } else { least + stream.below(most - least + 1) };
    let done = world.now + SignedDuration::from_secs(i64::try_from(seconds).unwrap_or_default());
    state::of_mut(world).registrations.insert(namespace.to_ascii_lowercase(), RegistrationRequest { wanted, done });
    world.changes.rest = true;
}

/// The types of existing objects of a provider that no kind has.
fn generic_types(world: &World, namespace: &str) -> Vec<Json> {
    let of_it = world.objects().filter(|object| object.seen() && types::find(&object.type_).is_none());
    let types: BTreeSet<String> = of_it.filter_map(|object| object.id.arm_type()).collect();
    let rest = |type_: &String| {
        let (own, rest) = type_.split_once('/')?;
        own.eq_ignore_ascii_case(namespace).then(|| rest.to_owned())
    };
    let rest = types.iter().filter_map(rest);
    rest.map(|rest| json!({ "resourceType": rest, "apiVersions": [ANY_VERSION], "locations": [] })).collect()
}

/// A provider in Azure's format.
pub(super) fn provider(world: &World, namespace: &str) -> Result<Json, ErrorResponse> {
    let generic = generic_types(world, namespace);
    if known(namespace).is_err() && types::is_namespace(namespace) {
        // Resource Manager has more providers than drplan has kinds of.
        return Ok(json!({
            "id": format!("/subscriptions/{SUBSCRIPTION}/providers/{namespace}"),
            "namespace": namespace,
            "registrationState": RegistrationState::Registered.word(),
            "resourceTypes": generic,
        }));
    }
    let namespace = known(namespace)?;
    let of_it = types::all().filter(|type_| type_.namespace() == namespace);
    let kinds: Vec<Json> = of_it
        .map(|type_| {
            let rest = type_.name.split_once('/').map_or("", |(_, rest)| rest);
            json!({ "resourceType": rest, "apiVersions": [type_.api], "locations": [] })
        })
        .chain(generic)
        .collect();
    Ok(json!({
        "id": format!("/subscriptions/{SUBSCRIPTION}/providers/{namespace}"),
        "namespace": namespace,
        "registrationState": registration(world, namespace).word(),
        "resourceTypes": kinds,
    }))
}

/// All providers in Azure's format.
pub(super) fn providers(world: &World) -> Json {
    let all: Vec<Json> = namespaces().into_iter().filter_map(|namespace| provider(world, namespace).ok()).collect();
    json!({ "value": all })
}

/// The namespace in its usual case.
fn known(namespace: &str) -> Result<&'static str, ErrorResponse> {
    let mut all = namespaces().into_iter().chain(OTHERS);
    all.find(|known| known.eq_ignore_ascii_case(namespace)).ok_or_else(|| {
        let message = format!("The resource namespace '{namespace}' is invalid.");
        ErrorResponse::gateway(404, "InvalidResourceNamespace", message)
    })
}
