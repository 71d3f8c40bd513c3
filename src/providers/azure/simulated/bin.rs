//! Soft-deleted objects, such as vaults: they can be read, recovered and purged, and their names stay reserved. The
//! kinds' tables list the types.

use std::sync::LazyLock;

use jiff::ToSpan as _;
use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::admitted::AdmittedRequest;
use super::target::ResourcePath;
use super::types::{self, ProviderType};
use super::{operations, state};
use crate::object::ObjectId;
use crate::simulator::operations::{Operation, OperationKind, OperationState};
use crate::simulator::request::{ErrorResponse, Response};
use crate::simulator::world::{SimulatedObject, World};

/// Retention period in days (source: the default of vaults).
const KEPT_DAYS: i64 = 90;
/// Path of the retention period of an object.
const RETENTION: &str = "/properties/softDeleteRetentionInDays";
/// Path and value with which a write recovers a deleted object (source: `createMode` of vaults).
const RECOVERS: (&str, &str) = ("/properties/createMode", "recover");

/// Retains a deleted object, where its type supports soft delete.
pub(super) fn keep_deleted(world: &mut World, object: &SimulatedObject, type_: &ProviderType) {
    let Some(word) = type_.bin else { return };
    let (name, location) = (object.id.name(), object.location().unwrap_or_default());
    let id =
        format!("/subscriptions/{SUBSCRIPTION}/providers/{}/locations/{location}/{word}/{name}", type_.namespace());
    let days = object.body.pointer(RETENTION).and_then(Json::as_i64).unwrap_or(KEPT_DAYS);
    let purged = world.now.checked_add(days.saturating_mul(24).hours()).unwrap_or(world.now);
    let body = json!({
        "id": id,
        "name": name,
        "type": format!("{}/{word}", type_.namespace()),
        "properties": {
            "vaultId": object.id.as_str(),
            "location": location,
            "tags": object.body.get("tags").cloned().unwrap_or_default(),
            "deletionDate": world.now.to_string(),
            "scheduledPurgeDate": purged.to_string(),
            "purgeProtectionEnabled": object.body.pointer("/properties/enablePurgeProtection"),
        },
    });
    state::of_mut(world).bin.insert(id.to_ascii_lowercase(), body);
    world.changes.rest = true;
}

/// Refuses a new object with the name of a soft-deleted one, unless the write recovers that one.
pub(super) fn check_not_kept(
    world: &World,
    id: &ObjectId,
    type_: &ProviderType,
    body: &Json,
) -> Result<(), ErrorResponse> {
    let Some(word) = type_.bin else { return Ok(()) };
    let of_type = format!("{}/{word}", type_.namespace());
    let is_it = |kept: &&Json| {
        let until = kept.pointer("/properties/scheduledPurgeDate").and_then(Json::as_str);
        let is_past = until.and_then(|until| until.parse::<jiff::Timestamp>().ok()).is_some_and(|at| at <= world.now);
        let name = kept.get("name").and_then(Json::as_str).unwrap_or_default();
        is_called(kept, &of_type) && name.eq_ignore_ascii_case(id.name()) && !is_past
    };
    let Some(kept) = state::of(world).bin.values().find(is_it) else { return Ok(()) };
    let origin = kept.pointer("/properties/vaultId").and_then(Json::as_str).unwrap_or_default();
    let recovers =
        body.pointer(RECOVERS.0).and_then(Json::as_str).is_some_and(|mode| mode.eq_ignore_ascii_case(RECOVERS.1));
    if recovers && origin.eq_ignore_ascii_case(id.as_str()) {
        return Ok(());
    }
    Err(ErrorResponse::service(
        409,
        "ConflictError",
        format!(
            "A vault with the same name '{}' already exists in deleted state. You need to either recover or purge existing key vault.",
            id.name()
        ),
    ))
}

/// Forgets the soft-deleted object that was recovered.
pub(super) fn take_from_bin(world: &mut World, id: &ObjectId) {
    let is_it = |body: &Json| {
        body.pointer("/properties/vaultId")
            .and_then(Json::as_str)
            .is_some_and(|old| old.eq_ignore_ascii_case(id.as_str()))
    };
    state::of_mut(world).bin.retain(|_, body| !is_it(body));
}

/// True for a path of a soft-deleted object, existing or not.
pub(super) fn is_of_bin(named: &ResourcePath) -> bool {
    is_bin(&named.type_)
}

/// The soft-deleted object with this id.
pub(super) fn deleted<'w>(world: &'w World, named: &ResourcePath) -> Result<&'w Json, ErrorResponse> {
    state::of(world).bin.get(&named.id).ok_or_else(|| {
        ErrorResponse::service(
            404,
            "DeletedVaultNotFound",
            format!("'{}' does not exist in deleted state.", named.name()),
        )
    })
}

/// All soft-deleted objects of a type; `None` where the type has no soft delete.
pub(super) fn all_deleted(world: &World, type_: &str) -> Option<Json> {
    let of_type = || state::of(world).bin.values().filter(|body| is_called(body, type_)).collect::<Vec<_>>();
    is_bin(type_).then(|| json!({ "value": of_type() }))
}

/// Purges a soft-deleted object at once.
pub(super) fn purge(
    world: &mut World,
    named: &ResourcePath,
    action: &str,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let id = ObjectId::new(deleted(world, named)?.get("id").and_then(Json::as_str).unwrap_or_default());
    if !action.eq_ignore_ascii_case("purge") {
        return Err(ErrorResponse::gateway(404, "InvalidResourceType", format!("There is no action '{action}'.")));
    }
    state::of_mut(world).bin.remove(&named.id);
    world.changes.rest = true;
    let location = named.segments.iter().rev().nth(2).cloned().unwrap_or_default();
    let operation = Operation {
        key: operations::operation_key(world, &id, OperationKind::Delete, &location),
        id,
        act: OperationKind::Delete,
        began: world.now,
        due: world.now,
        progress: OperationState::Succeeded,
        provider: Default::default(),
        service: named.provider().and_then(|at| named.segments.get(at + 1)).cloned().unwrap_or_default(),
        location,
        api: ask.api.to_owned(),
        serial: Vec::new(),
        before: None,
        fails: None,
        posted: None,
        leaving: None,
    };
    let response = operations::announce(world, Response::empty(202), &operation, crate::kinds::AnswerStyle::Location);
    world.keep_operation(operation);
    Ok(response)
}

/// True for the (folded) type of soft-deleted objects, with or without its `locations` segment.
/// The namespaces with a bin, each with its word for deleted objects.
static BINS: LazyLock<Vec<(&str, &str)>> =
    LazyLock::new(|| types::all().filter_map(|of| Some((of.namespace(), of.bin?))).collect());

fn is_bin(type_: &str) -> bool {
    let Some((namespace, word)) = type_.split_once('/') else { return false };
    let word = match word.split_once('/') {
        Some((locations, word)) if locations.eq_ignore_ascii_case("locations") => word,
        _ => word,
    };
    BINS.iter().any(|(of, bin)| bin.eq_ignore_ascii_case(word) && of.eq_ignore_ascii_case(namespace))
}

fn is_called(body: &Json, type_: &str) -> bool {
    body.get("type").and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(type_))
}
