//! Long-running operations: how they are announced, asked for, and end.
//!
//! An operation accepted at one time with some duration has ended for every request at or after its due time; that is settled, in order
//! of due time, before a request is looked at.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::cloudlet::mends;
use super::request::{Failure, Response};
use super::target::GROUP;
use super::types::{self, Type};
use super::world::{Object, Stage, World};
use super::{SUBSCRIPTION, fill};
use crate::address::ArmId;
use crate::kinds::Answers;

/// The longest that a client is told to wait between two questions, in seconds.
const LONGEST_WAIT: i64 = 15;

/// One long-running operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    /// The last segment of its URLs.
    pub(super) key: String,
    /// What it is about.
    pub(super) id: ArmId,
    pub(super) act: Act,
    pub(super) began: Timestamp,
    pub(super) due: Timestamp,
    pub(super) progress: Progress,
    /// The region that answers for it.
    pub(super) location: String,
    /// The namespace of the provider.
    pub(super) provider: String,
    /// The API version of the request.
    pub(super) api: String,
    /// What must not be written meanwhile: folded ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) serial: Vec<String>,
    /// How it will fail, if it will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fails: Option<Failure>,
    /// What stood before, where it will fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Box<Object>>,
    /// The action that was posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) posted: Option<Posted>,
}

/// An action that was posted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Posted {
    /// The last segment of the path.
    pub(super) action: String,
    /// The query.
    pub(super) query: BTreeMap<String, String>,
    /// The body; `null` where there was none.
    pub(super) body: Json,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    Create,
    Update,
    Delete,
    /// An action.
    Post,
    /// What an object does by itself later; nobody has asked for it.
    Wake,
}

/// How far an operation is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Progress {
    Running,
    Succeeded,
    Failed(Failure),
}

impl World {
    /// Ends every operation that is due by now, unless its region or provider is held up.
    pub(super) fn settle(&mut self) {
        let due: Vec<String> = self.due().cloned().collect();
        for key in due {
            let Some(operation) = self.operation(&key) else { continue };
            if operation.progress == Progress::Running && !self.holds(operation) {
                let operation = operation.clone();
                self.end(operation);
            }
        }
    }

    fn end(&mut self, mut operation: Operation) {
        let id = operation.id.folded();
        self.remember(&id);
        let failure = operation.fails.take().or_else(|| self.rest.faults.breaks(&self.seat(&operation)));
        let failure = match (failure, operation.act) {
            (None, Act::Create | Act::Update) => {
                self.complete(&id);
                if self.object(&id).is_some_and(mends) {
                    self.wake_all();
                }
                None
            }
            (None, Act::Post) => self.act(&operation).err(),
            (None, Act::Wake) => {
                self.wake(&id);
                None
            }
            (None, Act::Delete) if self.is_group(&id) => self.empty_group(&id).err(),
            (None, Act::Delete) => {
                self.remove_with_all_below(&id);
                None
            }
            (Some(failure), Act::Post | Act::Wake) => Some(failure),
            (Some(failure), act) => {
                self.undo(&id, act, operation.before.take());
                Some(failure)
            }
        };
        operation.progress = failure.map_or(Progress::Succeeded, Progress::Failed);
        if operation.act == Act::Post {
            self.change(&id, |object| object.operation = None);
        }
        self.keep_operation(operation);
    }

    /// The region that answers for an operation: for what several regions serve, one of them that answers now.
    pub(super) fn seat(&self, operation: &Operation) -> String {
        let object = self.object(&operation.id.folded());
        object.and_then(|object| self.serving(object)).unwrap_or_else(|| operation.location.clone())
    }

    /// Whether an operation does not move on.
    pub(super) fn holds(&self, operation: &Operation) -> bool {
        let faults = &self.rest.faults;
        faults.holds(&operation.provider, &self.seat(operation))
            || self.reaches(operation).iter().any(|region| faults.reach(region).is_err())
    }

    fn is_group(&self, id: &str) -> bool {
        self.object(id).is_some_and(|object| object.type_ == GROUP)
    }

    /// An object is written as wanted: fills in what the provider decides, and lets its kinds do the rest.
    pub(super) fn complete(&mut self, id: &str) {
        let seed = self.seed;
        let Some(type_) = self.object(id).and_then(|object| types::find(&object.type_)) else { return };
        self.change(id, |object| {
            object.stage = Stage::Standing;
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

    /// An operation has failed: what it would have changed is as before, and says so.
    fn undo(&mut self, id: &str, act: Act, before: Option<Box<Object>>) {
        let seed = self.seed;
        if let (Act::Update, Some(before)) = (act, before) {
            self.insert(*before);
        }
        if act == Act::Create && self.object(id).is_some_and(|object| !object.seen()) {
            self.take(id);
            return;
        }
        self.change(id, |object| {
            object.stage = Stage::Failed;
            object.operation = None;
            object.hollow |= act == Act::Create;
            object.touch(seed);
            object.show_state("Failed");
        });
    }

    /// Takes an object and all below it away, innermost first, and lets their kinds know.
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

    /// What was under way for an object that is gone ends with it.
    fn call_off(&mut self, object: &Object) {
        let operation = object.operation.as_ref().and_then(|key| self.operation(key));
        let Some(operation) = operation.filter(|operation| operation.act != Act::Delete) else { return };
        let failure = Failure::service(
            409,
            "OperationPreempted",
            format!("The operation was preempted by the deletion of the resource '{}'.", object.id),
        );
        let operation = Operation { progress: Progress::Failed(failure), ..operation.clone() };
        self.keep_operation(operation);
    }

    /// The answer about the status of an operation.
    pub(super) fn status(&self, key: &str) -> Result<Response, Failure> {
        let operation = self.asked_operation(key)?;
        let mut body = json!({ "name": operation.key, "startTime": operation.began.to_string() });
        let (status, wait) = match &operation.progress {
            Progress::Running => ("InProgress", Some(self.wait(operation))),
            Progress::Succeeded => ("Succeeded", None),
            Progress::Failed(failure) => {
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

    /// The answer that the request would have had, had it been synchronous; 202 until then.
    pub(super) fn outcome(&self, key: &str) -> Result<Response, Failure> {
        let operation = self.asked_operation(key)?;
        match (&operation.progress, operation.act) {
            (Progress::Running, _) => Ok(Response::empty(202)
                .with("location", self.location_url(operation))
                .with("retry-after", self.wait(operation).to_string())),
            (Progress::Failed(failure), _) => Err(failure.clone()),
            (Progress::Succeeded, Act::Delete) => Ok(Response::empty(200)),
            (Progress::Succeeded, Act::Create | Act::Update | Act::Post | Act::Wake) => {
                self.standing(&operation.id.folded()).map(|object| Response::json(200, &object.body)).ok_or_else(|| {
                    Failure::gateway(404, "ResourceNotFound", format!("The Resource '{}' was not found.", operation.id))
                })
            }
        }
    }

    fn asked_operation(&self, key: &str) -> Result<&Operation, Failure> {
        let operation = self.operation(key).ok_or_else(|| {
            Failure::gateway(404, "OperationNotFound", format!("The operation '{key}' could not be found."))
        })?;
        self.rest.faults.reach(&self.seat(operation)).map(|()| operation)
    }

    /// Seconds until it makes sense to ask again.
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

    /// A fresh key for an operation on this object, as its provider writes them.
    pub(super) fn operation_key(&self, id: &ArmId, act: Act, location: &str) -> String {
        let word = match act {
            Act::Create | Act::Update => "write",
            Act::Delete => "delete",
            Act::Post => "post",
            Act::Wake => "wake",
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

    /// Adds to an answer what says where to ask for an operation.
    pub(super) fn announce(&self, response: Response, operation: &Operation, answers: Answers) -> Response {
        let response = response.with("retry-after", self.wait(operation).to_string());
        let both = || matches!(operation.act, Act::Delete | Act::Post) || answers == Answers::AsyncBoth;
        match answers {
            Answers::Sync | Answers::State => response,
            Answers::Location => response.with("location", self.location_url(operation)),
            Answers::AsyncBody | Answers::AsyncBoth => {
                let response = response.with("azure-asyncoperation", self.status_url(operation));
                if both() { response.with("location", self.location_url(operation)) } else { response }
            }
        }
    }

    /// How long an operation takes: what the tables say, in whole seconds, a little more or less by chance.
    pub(super) fn lasts(&self, id: &str, word: &str, seconds: u32) -> SignedDuration {
        if self.rest.faults.instant() {
            return SignedDuration::ZERO;
        }
        let chance = self.seed.stream(&[id, "lasts", word]).unit();
        let seconds = f64::from(seconds) * (0.97 + 0.06 * chance);
        SignedDuration::from_secs((seconds.round() as i64).max(1))
    }
}

/// Whether objects of a type say in which state they are.
pub(super) fn shows_state(type_: &Type) -> bool {
    type_.answers != Answers::Sync || type_.name.eq_ignore_ascii_case(GROUP)
}
