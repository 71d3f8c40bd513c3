//! Soft-deleted objects, such as vaults: they can be read and purged. The kinds' tables list the types.
//!
//! Unlike in Azure, the name is available again at once, and reuse purges the deleted object: the same example is
//! created and deleted many times in the simulator.

use jiff::ToSpan as _;
use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::answer::AdmittedRequest;
use super::operations::{Operation, OperationKind, OperationState};
use super::request::{ErrorResponse, Response};
use super::target::ResourcePath;
use super::types::{self, ProviderType};
use super::world::{SimulatedObject, World};
use crate::address::ArmId;

/// Retention period in days (source: the default of vaults).
const KEPT_DAYS: i64 = 90;

impl World {
    /// Retains a deleted object, where its type supports soft delete.
    pub(super) fn keep_deleted(&mut self, object: &SimulatedObject, type_: &ProviderType) {
        let Some(word) = type_.bin else { return };
        let (name, location) = (object.id.name(), object.location().unwrap_or_default());
        let id =
            format!("/subscriptions/{SUBSCRIPTION}/providers/{}/locations/{location}/{word}/{name}", type_.namespace());
        let purged = self.now.checked_add(KEPT_DAYS.saturating_mul(24).hours()).unwrap_or(self.now);
        let body = json!({
            "id": id,
            "name": name,
            "type": format!("{}/{word}", type_.namespace()),
            "properties": {
                "vaultId": object.id.as_str(),
                "location": location,
                "tags": object.body.get("tags").cloned().unwrap_or_default(),
                "deletionDate": self.now.to_string(),
                "scheduledPurgeDate": purged.to_string(),
                "purgeProtectionEnabled": object.body.pointer("/properties/enablePurgeProtection"),
            },
        });
        self.rest.bin.insert(id.to_ascii_lowercase(), body);
        self.changes.rest = true;
    }

    /// Purges the soft-deleted object whose name is used again.
    pub(super) fn take_from_bin(&mut self, id: &ArmId) {
        let is_it = |body: &Json| {
            body.pointer("/properties/vaultId")
                .and_then(Json::as_str)
                .is_some_and(|old| old.eq_ignore_ascii_case(id.as_str()))
        };
        self.rest.bin.retain(|_, body| !is_it(body));
    }

    /// True for a path of a soft-deleted object, existing or not.
    pub(super) fn is_of_bin(named: &ResourcePath) -> bool {
        is_bin(&named.type_)
    }

    /// The soft-deleted object with this id.
    pub(super) fn deleted(&self, named: &ResourcePath) -> Result<&Json, ErrorResponse> {
        self.rest.bin.get(&named.id).ok_or_else(|| {
            ErrorResponse::service(
                404,
                "DeletedVaultNotFound",
                format!("'{}' does not exist in deleted state.", named.name()),
            )
        })
    }

    /// All soft-deleted objects of a type; `None` where the type has no soft delete.
    pub(super) fn all_deleted(&self, type_: &str) -> Option<Json> {
        let of_type = || self.rest.bin.values().filter(|body| is_called(body, type_)).collect::<Vec<_>>();
        is_bin(type_).then(|| json!({ "value": of_type() }))
    }

    /// Purges a soft-deleted object at once.
    pub(super) fn purge(
        &mut self,
        named: &ResourcePath,
        action: &str,
        ask: &AdmittedRequest<'_>,
    ) -> Result<Response, ErrorResponse> {
        let id = ArmId::new(self.deleted(named)?.get("id").and_then(Json::as_str).unwrap_or_default());
        if !action.eq_ignore_ascii_case("purge") {
            return Err(ErrorResponse::gateway(404, "InvalidResourceType", format!("There is no action '{action}'.")));
        }
        self.rest.bin.remove(&named.id);
        self.changes.rest = true;
        let location = named.segments.iter().rev().nth(2).cloned().unwrap_or_default();
        let operation = Operation {
            key: self.operation_key(&id, OperationKind::Delete, &location),
            id,
            act: OperationKind::Delete,
            began: self.now,
            due: self.now,
            progress: OperationState::Succeeded,
            provider: named.provider().and_then(|at| named.segments.get(at + 1)).cloned().unwrap_or_default(),
            location,
            api: ask.api.to_owned(),
            serial: Vec::new(),
            before: None,
            fails: None,
            posted: None,
        };
        let response = self.announce(Response::empty(202), &operation, crate::kinds::AnswerStyle::Location);
        self.keep_operation(operation);
        Ok(response)
    }
}

/// True for the (folded) type of soft-deleted objects, with or without its `locations` segment.
fn is_bin(type_: &str) -> bool {
    let words = types::all().filter_map(|of| Some((of.namespace(), of.bin?)));
    words.into_iter().any(|(namespace, word)| {
        type_.eq_ignore_ascii_case(&format!("{namespace}/locations/{word}"))
            || type_.eq_ignore_ascii_case(&format!("{namespace}/{word}"))
    })
}

fn is_called(body: &Json, type_: &str) -> bool {
    body.get("type").and_then(Json::as_str).is_some_and(|own| own.eq_ignore_ascii_case(type_))
}
