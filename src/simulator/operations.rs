//! Long-running operations: what they do, when they are due, and their end.
//!
//! For every request at or after its due time, an operation has ended. Due operations are completed in order of their
//! due time before a request is handled. What an end means is the dialect's.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::dialect::ProviderName;
use super::request::ErrorResponse;
use super::world::{Lifecycle, SimulatedObject, World};
use crate::object::ObjectId;

/// One long-running operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    /// The last segment of its URLs.
    pub(crate) key: String,
    /// The object of the operation.
    pub(crate) id: ObjectId,
    /// Its provider.
    #[serde(default, rename = "dialect", skip_serializing_if = "ProviderName::is_first")]
    pub(crate) provider: ProviderName,
    pub(crate) act: OperationKind,
    pub(crate) began: Timestamp,
    pub(crate) due: Timestamp,
    pub(crate) progress: OperationState,
    /// The region that serves its status.
    pub(crate) location: String,
    /// The service of the provider that carries it out.
    #[serde(rename = "provider")]
    pub(crate) service: String,
    /// The version of the interface of the request.
    pub(crate) api: String,
    /// The folded ids of objects that block other writes meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) serial: Vec<String>,
    /// The error with which the operation will end, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fails: Option<ErrorResponse>,
    /// The object before the write: restored on failure, and in service until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Box<SimulatedObject>>,
    /// The posted action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) posted: Option<PostedAction>,
    /// For an update that deletes a part of the object: the part, which reads find until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leaving: Option<LeavingPart>,
}

/// A part whose deletion is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeavingPart {
    /// Its folded id.
    pub(crate) id: String,
    /// Its body, in the state `Deleting`.
    pub(crate) body: Json,
}

/// A posted action.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostedAction {
    /// The last segment of the path.
    pub(crate) action: String,
    /// The query.
    pub(crate) query: BTreeMap<String, String>,
    /// The body; `null` where there was none.
    pub(crate) body: Json,
}

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OperationKind {
    Create,
    Update,
    Delete,
    /// An action.
    Post,
    /// A scheduled change that an object makes by itself, without a request.
    Wake,
}

/// The state of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OperationState {
    Running,
    Succeeded,
    Failed(ErrorResponse),
}

impl Operation {
    /// The key of its object.
    pub(crate) fn object(&self) -> String {
        SimulatedObject::key_of(&self.provider, &self.id)
    }
}

impl World {
    /// Ends every operation that is due, unless a fault holds it up.
    pub(crate) fn settle(&mut self) {
        let due: Vec<String> = self.due().cloned().collect();
        for key in due {
            let Some(operation) = self.operation(&key) else { continue };
            let dialect = self.dialect(&operation.provider);
            if operation.progress == OperationState::Running && !dialect.holds(self, operation) {
                let operation = operation.clone();
                dialect.end(self, operation);
            }
        }
    }

    /// Ends an operation whose dialect has nothing to add: the object stands, is gone, or is as it was before.
    pub(crate) fn finish(&mut self, mut operation: Operation) {
        let key = operation.object();
        let failure = operation.fails.take();
        match (operation.act, &failure) {
            (OperationKind::Create, Some(_)) | (OperationKind::Delete, None) => drop(self.take(&key)),
            (OperationKind::Update, Some(_)) => {
                if let Some(before) = operation.before.take() {
                    self.insert(*before);
                }
            }
            _ => {}
        }
        self.change(&key, |object| {
            object.stage = Lifecycle::Standing;
            object.operation = None;
        });
        operation.progress = failure.map_or(OperationState::Succeeded, OperationState::Failed);
        self.keep_operation(operation);
    }

    /// The duration of an operation: the value of the provider with a small random variation, in whole seconds.
    pub(crate) fn lasts(&self, id: &str, word: &str, seconds: u32) -> SignedDuration {
        if self.rest.faults.instant() {
            return SignedDuration::ZERO;
        }
        let chance = self.seed.stream(&[id, "lasts", word]).unit();
        let seconds = f64::from(seconds) * (0.97 + 0.06 * chance);
        SignedDuration::from_secs((seconds.round() as i64).max(1))
    }
}
