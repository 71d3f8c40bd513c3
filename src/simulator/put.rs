//! PUT and PATCH: a valid write is accepted, synchronously or as an operation.

use serde_json::{Value as Json, json};

use super::answer::AdmittedRequest;
use super::bodies::merge;
use super::operations::{Operation, OperationKind, OperationState, shows_state};
use super::request::{ErrorResponse, HttpMethod, Response};
use super::target::ResourcePath;
use super::types::ProviderType;
use super::valid_write::ValidWrite;
use super::world::{Lifecycle, SimulatedObject, World};
use crate::address::ArmId;
use crate::kinds::{AnswerStyle, ImmediateRequest};

impl World {
    pub(super) fn put(&mut self, named: &ResourcePath, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
        let type_ = self.known_type(&named.type_name(), ask.api)?;
        let id = self.place(named, type_)?;
        let draft = self.draft(id, type_, ask.request.object()?, ask)?;
        self.accept(draft, ask)
    }

    pub(super) fn patch(&mut self, named: &ResourcePath, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
        let type_ = self.known_type(&named.type_, ask.api)?;
        let object = self.standing(&named.id).ok_or_else(|| self.absent(named))?;
        let (id, mut body) = (object.id.clone(), object.body.clone());
        let patch = ask.request.object()?;
        if patch.get("tags").is_some()
            && let Json::Object(map) = &mut body
        {
            map.remove("tags");
        }
        merge(&mut body, patch);
        let draft = self.draft(id, type_, body, ask)?;
        self.accept(draft, ask)
    }

    /// Accepts a write: synchronously, with a response delayed by the duration of the write, or as an operation.
    pub(super) fn accept(&mut self, draft: ValidWrite, ask: &AdmittedRequest<'_>) -> Result<Response, ErrorResponse> {
        let (folded, created) = (draft.id.folded(), draft.old.is_none());
        let at_once = ask.request.verb == HttpMethod::Patch && draft.type_.at_once.contains(&ImmediateRequest::Patch);
        let answers = if at_once { AnswerStyle::Sync } else { draft.type_.answers };
        let status = if created { draft.type_.created } else { 200 };
        if let (AnswerStyle::Sync, Some(failure)) = (answers, &draft.fails) {
            return Err(failure.clone());
        }
        self.remember(&folded);
        let operation = (answers != AnswerStyle::Sync).then(|| self.begin_write(&draft, ask.api));
        let seconds = draft.seconds;
        let stage = match (answers, created) {
            (AnswerStyle::Sync, _) => Lifecycle::Standing,
            (AnswerStyle::AsyncBoth | AnswerStyle::Location, true) => Lifecycle::Hidden,
            (_, true) => Lifecycle::Creating,
            (_, false) => Lifecycle::Updating,
        };
        self.write(draft, stage, operation.as_ref().map(|operation| operation.key.clone()));
        let Some(operation) = operation else {
            self.complete(&folded);
            let word = if created { "create" } else { "update" };
            return Ok(Response {
                delay: self.lasts(&folded, word, seconds).unsigned_abs(),
                ..self.written(status, &folded)
            });
        };
        let response = match answers {
            AnswerStyle::AsyncBoth => {
                let body = json!({ "operation": "CreateOrUpdate", "startTime": operation.began.to_string() });
                Response::json(202, &body)
            }
            AnswerStyle::Location => Response::empty(202),
            AnswerStyle::Sync | AnswerStyle::AsyncBody | AnswerStyle::State => self.written(status, &folded),
        };
        let response = self.announce(response, &operation, answers);
        self.keep_operation(operation);
        Ok(response)
    }

    /// Inserts a valid write into the world. Children declared in its body are created at once.
    fn write(&mut self, draft: ValidWrite, stage: Lifecycle, operation: Option<String>) {
        let ValidWrite { id, type_, body, refers, old, children, aside, gone, serial: _, seconds: _, fails: _ } = draft;
        self.rest.always.extend(aside);
        if type_.bin.is_some() {
            self.take_from_bin(&id);
        }
        let version = old.as_ref().map_or(self.now.as_millisecond(), |old| old.version);
        // An object whose creation failed stays unavailable during the next attempt.
        let hollow = old.as_ref().is_some_and(|old| old.hollow);
        let type_name = type_.name.to_ascii_lowercase();
        let mut object = SimulatedObject { id, type_: type_name, body, stage, version, refers, operation, hollow };
        object.touch(self.seed);
        if shows_state(type_) {
            object.show_state(if old.is_none() { "Creating" } else { "Updating" });
        }
        self.insert(object);
        for id in gone {
            self.remove_with_all_below(&id);
        }
        for child in children {
            let id = child.id.folded();
            self.write(child, Lifecycle::Standing, None);
            self.complete(&id);
        }
    }

    fn written(&self, status: u16, id: &str) -> Response {
        match self.object(id) {
            Some(object) => {
                let response = Response::json(status, &object.body);
                match object.etag() {
                    Some(etag) => response.with("etag", etag),
                    None => response,
                }
            }
            None => Response::empty(status),
        }
    }

    fn begin_write(&self, draft: &ValidWrite, api: &str) -> Operation {
        let act = if draft.old.is_none() { OperationKind::Create } else { OperationKind::Update };
        let written = draft.body.get("location").and_then(Json::as_str).filter(|location| *location != "global");
        let begun = self.begin(&draft.id, draft.type_, act, draft.seconds);
        let location = written.map_or(begun.location, str::to_owned);
        Operation {
            key: self.operation_key(&draft.id, act, &location),
            location,
            api: api.to_owned(),
            serial: draft.serial.clone(),
            before: draft.old.clone().filter(|_| draft.fails.is_some() || serves(draft.type_)).map(Box::new),
            fails: draft.fails.clone(),
            ..begun
        }
    }

    /// An operation on an object that begins now and takes about `seconds`.
    pub(super) fn begin(&self, id: &ArmId, type_: &ProviderType, act: OperationKind, seconds: u32) -> Operation {
        let folded = id.folded();
        let word = match act {
            OperationKind::Create => "create",
            OperationKind::Update => "update",
            OperationKind::Delete => "delete",
            OperationKind::Post => "post",
            OperationKind::Wake => "wake",
        };
        let location = self.region(&folded).unwrap_or_else(|| "westus".to_owned());
        Operation {
            key: self.operation_key(id, act, &location),
            id: id.clone(),
            act,
            began: self.now,
            due: self.now + self.lasts(&folded, word, seconds),
            progress: OperationState::Running,
            location,
            provider: type_.namespace().to_owned(),
            api: type_.api.to_owned(),
            serial: Vec::new(),
            before: None,
            fails: None,
            posted: None,
            leaving: None,
        }
    }
}

/// True for a type that serves clients: until an update ends, the old object keeps serving.
fn serves(type_: &ProviderType) -> bool {
    type_.writers().any(|kind| kind.simulated.leads.is_some())
}
