//! What was deleted and is kept for a while, as vaults are: it can be looked at and purged. The kinds' tables say what is kept so.
//!
//! Unlike in Azure, a name is free again at once, and taking it purges what was kept under it: whoever tries drplan out does so again and again.

use jiff::ToSpan as _;
use serde_json::{Value as Json, json};

use super::SUBSCRIPTION;
use super::answer::Ask;
use super::operations::{Act, Operation, Progress};
use super::request::{Failure, Response};
use super::target::Named;
use super::types::{self, Type};
use super::world::{Object, World};
use crate::address::ArmId;

/// How long it is kept (source: what vaults are made with).
const KEPT_DAYS: i64 = 90;

impl World {
    /// Keeps an object that was just deleted, where its type is kept.
    pub(super) fn keep_deleted(&mut self, object: &Object, type_: &Type) {
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

    /// Forgets what was kept under the name of an object that is made anew.
    pub(super) fn take_from_bin(&mut self, id: &ArmId) {
        let is_it = |body: &Json| {
            body.pointer("/properties/vaultId")
                .and_then(Json::as_str)
                .is_some_and(|old| old.eq_ignore_ascii_case(id.as_str()))
        };
        self.rest.bin.retain(|_, body| !is_it(body));
    }

    /// Whether a path names something that is kept so, there or not.
    pub(super) fn is_of_bin(named: &Named) -> bool {
        is_bin(&named.type_)
    }

    /// What is kept under this id.
    pub(super) fn deleted(&self, named: &Named) -> Result<&Json, Failure> {
        self.rest.bin.get(&named.id).ok_or_else(|| {
            Failure::service(
                404,
                "DeletedVaultNotFound",
                format!("'{}' does not exist in deleted state.", named.name()),
            )
        })
    }

    /// All that is kept of one type; `None` where nothing of it ever is.
    pub(super) fn all_deleted(&self, type_: &str) -> Option<Json> {
        let of_type = || self.rest.bin.values().filter(|body| is_called(body, type_)).collect::<Vec<_>>();
        is_bin(type_).then(|| json!({ "value": of_type() }))
    }

    /// Purges what is kept, at once.
    pub(super) fn purge(&mut self, named: &Named, action: &str, ask: &Ask<'_>) -> Result<Response, Failure> {
        let id = ArmId::new(self.deleted(named)?.get("id").and_then(Json::as_str).unwrap_or_default());
        if !action.eq_ignore_ascii_case("purge") {
            return Err(Failure::gateway(404, "InvalidResourceType", format!("There is no action '{action}'.")));
        }
        self.rest.bin.remove(&named.id);
        self.changes.rest = true;
        let location = named.segments.iter().rev().nth(2).cloned().unwrap_or_default();
        let operation = Operation {
            key: self.operation_key(&id, Act::Delete, &location),
            id,
            act: Act::Delete,
            began: self.now,
            due: self.now,
            progress: Progress::Succeeded,
            provider: named.provider().and_then(|at| named.segments.get(at + 1)).cloned().unwrap_or_default(),
            location,
            api: ask.api.to_owned(),
            serial: Vec::new(),
            before: None,
            fails: None,
            posted: None,
        };
        let response = self.announce(Response::empty(202), &operation, crate::kinds::Answers::Location);
        self.keep_operation(operation);
        Ok(response)
    }
}

/// Whether a type (folded), with its locations or without, is that of what is kept.
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
