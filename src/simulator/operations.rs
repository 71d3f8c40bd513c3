//! Long-running operations: start, status, result and end.
//!
//! For every request at or after its due time, an operation has ended. Due operations are completed in order of their
//! due time before a request is handled.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::cloudlet::repairs_itself;
use super::request::{ErrorResponse, Response};
use super::target::GROUP;
use super::types::{self, ProviderType};
use super::world::{Lifecycle, SimulatedObject, World};
use super::{SUBSCRIPTION, fill};
use crate::address::ArmId;
use crate::kinds::AnswerStyle;

/// The longest `Retry-After` between two status requests, in seconds.
const LONGEST_WAIT: i64 = 15;

/// One long-running operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    /// The last segment of its URLs.
    pub(super) key: String,
    /// The object of the operation.
    pub(super) id: ArmId,
    pub(super) act: OperationKind,
    pub(super) began: Timestamp,
    pub(super) due: Timestamp,
    pub(super) progress: OperationState,
    /// The region that serves its status.
    pub(super) location: String,
    /// The namespace of the provider.
    pub(super) provider: String,
    /// The API version of the request.
    pub(super) api: String,
    /// The folded ids of objects that block other writes meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) serial: Vec<String>,
    /// The error with which the operation will end, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fails: Option<ErrorResponse>,
    /// The object before the write: restored on failure, and in service until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Box<SimulatedObject>>,
    /// The posted action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) posted: Option<PostedAction>,
    /// For an update that deletes a part of the object: the part, which reads find until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) leaving: Option<LeavingPart>,
}

/// A part whose deletion is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeavingPart {
    /// Its folded id.
    pub(super) id: String,
    /// Its body, in the state `Deleting`.
    pub(super) body: Json,
}

/// A posted action.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PostedAction {
    /// The last segment of the path.
    pub(super) action: String,
    /// The query.
    pub(super) query: BTreeMap<String, String>,
    /// The body; `null` where there was none.
    pub(super) body: Json,
}

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OperationKind {
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
pub(super) enum OperationState {
    Running,
    Succeeded,
    Failed(ErrorResponse),
}

impl World {
    /// Ends every operation that is due, unless a fault holds up its region or provider.
    pub(super) fn settle(&mut self) {
        let due: Vec<String> = self.due().cloned().collect();
        for key in due {
            let Some(operation) = self.operation(&key) else { continue };
            if operation.progress == OperationState::Running && !self.holds(operation) {
                let operation = operation.clone();
                self.end(operation);
            }
        }
    }

    fn end(&mut self, mut operation: Operation) {
        let id = operation.id.folded();
        self.remember(&id);
        let leaves = self.leaves(&operation);
        let given = operation.fails.take();
        let failure = given.or_else(|| self.rest.faults.breaks(&self.seat(&operation)).filter(|_| !leaves));
        let failure = match (failure, operation.act) {
            (None, OperationKind::Create | OperationKind::Update) => {
                self.complete(&id);
                if self.object(&id).is_some_and(repairs_itself) {
                    self.wake_all();
                }
                None
            }
            (None, OperationKind::Post) => self.act(&operation).err(),
            (None, OperationKind::Wake) => {
                self.wake(&id);
                None
            }
            (None, OperationKind::Delete) if self.is_group(&id) => self.empty_group(&id).err(),
            (None, OperationKind::Delete) => {
                self.remove_with_all_below(&id);
                None
            }
            (Some(failure), OperationKind::Post | OperationKind::Wake) => Some(failure),
            (Some(failure), act) => {
                self.undo(&id, act, operation.before.take());
                Some(failure)
            }
        };
        operation.progress = failure.map_or(OperationState::Succeeded, OperationState::Failed);
        if operation.act == OperationKind::Post {
            self.change(&id, |object| object.operation = None);
        }
        self.keep_operation(operation);
    }

    /// The region that serves an operation's status. For an object served by several regions: an available one.
    pub(super) fn seat(&self, operation: &Operation) -> String {
        let object = self.object(&operation.id.folded());
        object.and_then(|object| self.serving(object)).unwrap_or_else(|| operation.location.clone())
    }

    /// True for an operation that makes no progress because of a fault.
    pub(super) fn holds(&self, operation: &Operation) -> bool {
        let faults = &self.rest.faults;
        faults.holds(&operation.provider, &self.seat(operation))
            || self.reaches(operation).iter().any(|region| faults.reach(region).is_err())
    }

    fn is_group(&self, id: &str) -> bool {
        self.object(id).is_some_and(|object| object.type_ == GROUP)
    }

    /// Completes a successful write: fills in the provider's attributes and calls the kinds' hooks.
    pub(super) fn complete(&mut self, id: &str) {
        let seed = self.seed;
        let Some(type_) = self.object(id).and_then(|object| types::known(&object.type_)) else { return };
        self.change(id, |object| {
            object.stage = Lifecycle::Standing;
            object.operation = None;
            object.hollow = false;
            object.touch(seed);
            if shows_state(type_) {
                object.show_state("Succeeded");
            }
        });
        fill::attributes(self, id, type_);
        self.run_settle_hooks(id, type_);
    }

    /// Undoes a failed operation: restores the object with the state `Failed`, or removes an object that
    /// reads never found.
    fn undo(&mut self, id: &str, act: OperationKind, before: Option<Box<SimulatedObject>>) {
        let seed = self.seed;
        if let (OperationKind::Update, Some(before)) = (act, before) {
            self.insert(*before);
        }
        if act == OperationKind::Create && self.object(id).is_some_and(|object| !object.seen()) {
            self.take(id);
            return;
        }
        self.change(id, |object| {
            object.stage = Lifecycle::Failed;
            object.operation = None;
            object.hollow |= act == OperationKind::Create;
            object.touch(seed);
            object.show_state("Failed");
        });
    }

    /// Removes an object and everything below it, innermost first, and calls the kinds' hooks.
    pub(super) fn remove_with_all_below(&mut self, id: &str) {
        let mut ids: Vec<String> = self.below(id).map(|(id, _)| id.clone()).rev().collect();
        ids.push(id.to_owned());
        self.rest.always.retain(|child, _| !child.starts_with(id) || child.as_bytes().get(id.len()) != Some(&b'/'));
        for id in ids {
            self.remember(&id);
            self.forget_deployments(&id);
            let Some(object) = self.take(&id) else { continue };
            self.call_off(&object);
            if let Some(type_) = types::find(&object.type_) {
                self.run_removed_hooks(&object, type_);
                self.keep_deleted(&object, type_);
            }
        }
    }

    /// Ends the operation of a deleted object.
    fn call_off(&mut self, object: &SimulatedObject) {
        let operation = object.operation.as_ref().and_then(|key| self.operation(key));
        let Some(operation) = operation.filter(|operation| operation.act != OperationKind::Delete) else { return };
        let failure = ErrorResponse::service(
            409,
            "OperationPreempted",
            format!("The operation was preempted by the deletion of the resource '{}'.", object.id),
        );
        let operation = Operation { progress: OperationState::Failed(failure), ..operation.clone() };
        self.keep_operation(operation);
    }

    /// The status response of an operation.
    pub(super) fn status(&self, key: &str) -> Result<Response, ErrorResponse> {
        let operation = self.asked_operation(key)?;
        let mut body = json!({ "name": operation.key, "startTime": operation.began.to_string() });
        let (status, wait) = match &operation.progress {
            OperationState::Running => ("InProgress", Some(self.wait(operation))),
            OperationState::Succeeded => ("Succeeded", None),
            OperationState::Failed(failure) => {
                body["error"] = failure.error();
                ("Failed", None)
            }
        };
        body["status"] = json!(status);
        let response = Response::json(200, &body);
        Ok(match wait {
            Some(seconds) => response.with("retry-after", seconds.to_string()),
            None => response,
        })
    }

    /// The result of an operation: 202 while it runs, then the response of an equivalent synchronous request.
    pub(super) fn outcome(&self, key: &str) -> Result<Response, ErrorResponse> {
        let operation = self.asked_operation(key)?;
        match (&operation.progress, operation.act) {
            (OperationState::Running, _) => Ok(Response::empty(202)
                .with("location", self.location_url(operation))
                .with("retry-after", self.wait(operation).to_string())),
            (OperationState::Failed(failure), _) => Err(failure.clone()),
            (OperationState::Succeeded, OperationKind::Delete) => Ok(Response::empty(200)),
            (
                OperationState::Succeeded,
                OperationKind::Create | OperationKind::Update | OperationKind::Post | OperationKind::Wake,
            ) => {
                self.standing(&operation.id.folded()).map(|object| Response::json(200, &object.body)).ok_or_else(|| {
                    ErrorResponse::gateway(
                        404,
                        "ResourceNotFound",
                        format!("The Resource '{}' was not found.", operation.id),
                    )
                })
            }
        }
    }

    fn asked_operation(&self, key: &str) -> Result<&Operation, ErrorResponse> {
        let operation = self.operation(key).ok_or_else(|| {
            ErrorResponse::gateway(404, "OperationNotFound", format!("The operation '{key}' could not be found."))
        })?;
        self.rest.faults.reach(&self.seat(operation)).map(|()| operation)
    }

    /// `Retry-After` in seconds.
    pub(super) fn wait(&self, operation: &Operation) -> i64 {
        let rest = operation.due.duration_since(self.now);
        (rest.as_secs() + i64::from(rest.subsec_nanos() > 0)).clamp(1, LONGEST_WAIT)
    }

    fn location_url(&self, operation: &Operation) -> String {
        let Operation { key, provider, location, api, .. } = operation;
        if self.is_group_deletion(operation) {
            return format!("{}/subscriptions/{SUBSCRIPTION}/operationresults/{key}?api-version={api}", self.base);
        }
        format!(
            "{}/subscriptions/{SUBSCRIPTION}/providers/{provider}/locations/{location}/operationResults/{key}?api-version={api}",
            self.base
        )
    }

    /// The URL of the status of an operation.
    pub(super) fn status_url(&self, operation: &Operation) -> String {
        let Operation { key, provider, location, api, .. } = operation;
        format!(
            "{}/subscriptions/{SUBSCRIPTION}/providers/{provider}/locations/{location}/operations/{key}?api-version={api}",
            self.base
        )
    }

    fn is_group_deletion(&self, operation: &Operation) -> bool {
        operation.id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(GROUP))
    }

    /// A new operation key in the provider's format.
    pub(super) fn operation_key(&self, id: &ArmId, act: OperationKind, location: &str) -> String {
        let word = match act {
            OperationKind::Create | OperationKind::Update => "write",
            OperationKind::Delete => "delete",
            OperationKind::Post => "post",
            OperationKind::Wake => "wake",
        };
        let folded = id.folded();
        let mut count = 0_u32;
        loop {
            let guid = self.seed.guid(&[&folded, word, &self.now.to_string(), &count.to_string()]);
            let key = if id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(GROUP)) {
                let name = id.name().to_ascii_uppercase().replace('-', ":2D").replace('_', ":5F");
                let job = json!({
                    "jobId": format!("RESOURCEGROUPDELETIONJOB-{name}-{guid}-{}", location.to_ascii_uppercase()),
                    "jobLocation": location,
                });
                URL_SAFE_NO_PAD.encode(job.to_string())
            } else {
                guid
            };
            if self.operation(&key).is_none() {
                return key;
            }
            count += 1;
        }
    }

    /// Adds the headers that locate an operation's status and result.
    pub(super) fn announce(&self, response: Response, operation: &Operation, answers: AnswerStyle) -> Response {
        let response = response.with("retry-after", self.wait(operation).to_string());
        let both = || {
            matches!(operation.act, OperationKind::Delete | OperationKind::Post) || answers == AnswerStyle::AsyncBoth
        };
        match answers {
            AnswerStyle::Sync | AnswerStyle::State => response,
            AnswerStyle::Location => response.with("location", self.location_url(operation)),
            AnswerStyle::AsyncBody | AnswerStyle::AsyncBoth => {
                let response = response.with("azure-asyncoperation", self.status_url(operation));
                if both() { response.with("location", self.location_url(operation)) } else { response }
            }
        }
    }

    /// The duration of an operation: the value from the tables with a small random variation, in whole seconds.
    pub(super) fn lasts(&self, id: &str, word: &str, seconds: u32) -> SignedDuration {
        if self.rest.faults.instant() {
            return SignedDuration::ZERO;
        }
        let chance = self.seed.stream(&[id, "lasts", word]).unit();
        let seconds = f64::from(seconds) * (0.97 + 0.06 * chance);
        SignedDuration::from_secs((seconds.round() as i64).max(1))
    }
}

/// True for a type whose objects have a provisioning state.
pub(super) fn shows_state(type_: &ProviderType) -> bool {
    type_.answers != AnswerStyle::Sync || type_.name.eq_ignore_ascii_case(GROUP)
}
