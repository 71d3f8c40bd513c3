//! PUT and PATCH: a write that was checked is accepted, at once or as an operation.

use serde_json::{Value as Json, json};

use super::answer::Ask;
use super::bodies::merge;
use super::draft::Draft;
use super::operations::{Act, Operation, Progress, shows_state};
use super::request::{Failure, Response, Verb};
use super::target::Named;
use super::types::Type;
use super::world::{Object, Stage, World};
use crate::address::ArmId;
use crate::kinds::{Answers, AtOnce};

impl World {
    pub(super) fn put(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
        let type_ = self.known_type(&named.type_, ask.api)?;
        let id = self.place(named, type_)?;
        let draft = self.draft(id, type_, ask.request.object()?, ask)?;
        self.accept(draft, ask)
    }

    pub(super) fn patch(&mut self, named: &Named, ask: &Ask<'_>) -> Result<Response, Failure> {
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

    /// Accepts a write: at once, with an answer that takes as long as the work, or as an operation.
    pub(super) fn accept(&mut self, draft: Draft, ask: &Ask<'_>) -> Result<Response, Failure> {
        let (folded, created) = (draft.id.folded(), draft.old.is_none());
        let at_once = ask.request.verb == Verb::Patch && draft.type_.at_once.contains(&AtOnce::Patch);
        let answers = if at_once { Answers::Sync } else { draft.type_.answers };
        let status = if created { draft.type_.created } else { 200 };
        if let (Answers::Sync, Some(failure)) = (answers, &draft.fails) {
            return Err(failure.clone());
        }
        self.remember(&folded);
        let operation = (answers != Answers::Sync).then(|| self.begin_write(&draft, ask.api));
        let seconds = draft.seconds;
        let stage = match (answers, created) {
            (Answers::Sync, _) => Stage::Standing,
            (Answers::AsyncBoth | Answers::Location, true) => Stage::Hidden,
            (_, true) => Stage::Creating,
            (_, false) => Stage::Updating,
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
            Answers::AsyncBoth => {
                let body = json!({ "operation": "CreateOrUpdate", "startTime": operation.began.to_string() });
                Response::json(202, &body)
            }
            Answers::Location => Response::empty(202),
            Answers::Sync | Answers::AsyncBody | Answers::State => self.written(status, &folded),
        };
        let response = self.announce(response, &operation, answers);
        self.keep_operation(operation);
        Ok(response)
    }

    /// Puts what was drafted into the world, and with it the children written in its body, which stand at once.
    fn write(&mut self, draft: Draft, stage: Stage, operation: Option<String>) {
        let Draft { id, type_, body, refers, old, children, aside, gone, serial: _, seconds: _, fails: _ } = draft;
        self.rest.always.extend(aside);
        if type_.bin.is_some() {
            self.take_from_bin(&id);
        }
        let version = old.as_ref().map_or(self.now.as_millisecond(), |old| old.version);
        // What never came to be is not there yet while another try is under way.
        let hollow = old.as_ref().is_some_and(|old| old.hollow);
        let type_name = type_.name.to_ascii_lowercase();
        let mut object = Object { id, type_: type_name, body, stage, version, refers, operation, hollow };
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
            self.write(child, Stage::Standing, None);
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

    fn begin_write(&self, draft: &Draft, api: &str) -> Operation {
        let act = if draft.old.is_none() { Act::Create } else { Act::Update };
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

    /// An operation on an object that begins now and takes about so many seconds.
    pub(super) fn begin(&self, id: &ArmId, type_: &Type, act: Act, seconds: u32) -> Operation {
        let folded = id.folded();
        let word = match act {
            Act::Create => "create",
            Act::Update => "update",
            Act::Delete => "delete",
            Act::Post => "post",
            Act::Wake => "wake",
        };
        let location = self.region(&folded).unwrap_or_else(|| "westus".to_owned());
        Operation {
            key: self.operation_key(id, act, &location),
            id: id.clone(),
            act,
            began: self.now,
            due: self.now + self.lasts(&folded, word, seconds),
            progress: Progress::Running,
            location,
            provider: type_.namespace().to_owned(),
            api: type_.api.to_owned(),
            serial: Vec::new(),
            before: None,
            fails: None,
            posted: None,
        }
    }
}

/// Whether clients are served by what is of this type, and so by what it was until a change of it is done.
fn serves(type_: &Type) -> bool {
    type_.writers().any(|kind| kind.simulated.leads.is_some())
}
