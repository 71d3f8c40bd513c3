//! PUT and PATCH: a valid write is accepted, synchronously or as an operation.

use serde_json::{Value as Json, json};

use super::admitted::AdmittedRequest;
use super::bodies::merge;
use super::target::ResourcePath;
use super::types::{ProviderType, shows_state};
use super::valid_write::{self, ValidWrite};
use super::{absent, bin, completion, operations, removal, stale, state};
use crate::kinds::{AnswerStyle, ImmediateRequest};
use crate::simulator::operations::{Operation, OperationKind};
use crate::simulator::request::{ErrorResponse, HttpMethod, Response};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

pub(super) fn put(
    world: &mut World,
    named: &ResourcePath,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let type_ = absent::known_type(world, &named.type_name(), ask.api)?;
    let id = valid_write::place(world, named, type_)?;
    let draft = valid_write::draft(world, id, type_, ask.request.object()?, ask)?;
    accept(world, draft, ask)
}

pub(super) fn patch(
    world: &mut World,
    named: &ResourcePath,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let type_ = absent::known_type(world, &named.type_, ask.api)?;
    let object = world.standing(&named.id).ok_or_else(|| absent::absent(world, named))?;
    let (id, mut body) = (object.id.clone(), object.body.to_json());
    let patch = ask.request.object()?;
    if patch.get("tags").is_some()
        && let Json::Object(map) = &mut body
    {
        map.remove("tags");
    }
    merge(&mut body, patch);
    let draft = valid_write::draft(world, id, type_, body, ask)?;
    accept(world, draft, ask)
}

/// Accepts a write: synchronously, with a response delayed by the duration of the write, or as an operation.
pub(super) fn accept(
    world: &mut World,
    draft: ValidWrite,
    ask: &AdmittedRequest<'_>,
) -> Result<Response, ErrorResponse> {
    let (folded, created) = (draft.id.folded(), draft.old.is_none());
    let at_once = ask.request.verb == HttpMethod::Patch && draft.type_.at_once.contains(&ImmediateRequest::Patch);
    let answers = if at_once { AnswerStyle::Sync } else { draft.type_.answers };
    let status = if created { draft.type_.created } else { 200 };
    if let (AnswerStyle::Sync, Some(failure)) = (answers, &draft.fails) {
        return Err(failure.clone());
    }
    stale::remember(world, &folded);
    let operation = (answers != AnswerStyle::Sync).then(|| begin_write(world, &draft, ask.api));
    let seconds = draft.seconds;
    let stage = match (answers, created) {
        (AnswerStyle::Sync, _) => Lifecycle::Standing,
        (AnswerStyle::AsyncBoth | AnswerStyle::Location, true) => Lifecycle::Hidden,
        (_, true) => Lifecycle::Creating,
        (_, false) => Lifecycle::Updating,
    };
    write(world, draft, stage, operation.as_ref().map(|operation| operation.key.clone()));
    let Some(operation) = operation else {
        completion::complete(world, &folded);
        let word = if created { "create" } else { "update" };
        return Ok(Response {
            delay: world.lasts(&folded, word, seconds).unsigned_abs(),
            ..written(world, status, &folded)
        });
    };
    let response = match answers {
        AnswerStyle::AsyncBoth => {
            let body = json!({ "operation": "CreateOrUpdate", "startTime": operation.began.to_string() });
            Response::json(202, &body)
        }
        AnswerStyle::Location => Response::empty(202),
        AnswerStyle::Sync | AnswerStyle::AsyncBody | AnswerStyle::State => written(world, status, &folded),
    };
    let response = operations::announce(world, response, &operation, answers);
    world.keep_operation(operation);
    Ok(response)
}

/// Inserts a valid write into the world. Children declared in its body are created at once.
fn write(world: &mut World, draft: ValidWrite, stage: Lifecycle, operation: Option<String>) {
    let ValidWrite { id, type_, body, refers, old, children, aside, gone, serial: _, seconds: _, fails: _ } = draft;
    state::of_mut(world).always.extend(aside);
    if type_.bin.is_some() {
        bin::take_from_bin(world, &id);
    }
    let version = old.as_ref().map_or(world.now.as_millisecond(), |old| old.version);
    // An object whose creation failed stays unavailable during the next attempt.
    let hollow = old.as_ref().is_some_and(|old| old.hollow);
    let type_name = type_.name.to_ascii_lowercase();
    let mut object = SimulatedObject {
        id,
        provider: Default::default(),
        type_: type_name,
        body: body.into(),
        stage,
        version,
        refers,
        operation,
        hollow,
    };
    object.touch(world.seed);
    if shows_state(type_) {
        object.show_state(if old.is_none() { "Creating" } else { "Updating" });
    }
    world.insert(object);
    for id in gone {
        removal::remove_with_all_below(world, &id);
    }
    for child in children {
        let id = child.id.folded();
        write(world, child, Lifecycle::Standing, None);
        completion::complete(world, &id);
    }
}

fn written(world: &World, status: u16, id: &str) -> Response {
    match world.object(id) {
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

fn begin_write(world: &World, draft: &ValidWrite, api: &str) -> Operation {
    let act = if draft.old.is_none() { OperationKind::Create } else { OperationKind::Update };
    let written = draft.body.get("location").and_then(Json::as_str).filter(|location| *location != "global");
    let begun = operations::begin(world, &draft.id, draft.type_, act, draft.seconds);
    let location = written.map_or(begun.location, str::to_owned);
    Operation {
        key: operations::operation_key(world, &draft.id, act, &location),
        location,
        api: api.to_owned(),
        serial: draft.serial.clone(),
        before: draft.old.clone().filter(|_| draft.fails.is_some() || serves(draft.type_)).map(Box::new),
        fails: draft.fails.clone(),
        ..begun
    }
}

/// True for a type that serves clients: until an update ends, the old object keeps serving.
fn serves(type_: &ProviderType) -> bool {
    type_.writers().any(|kind| kind.simulated.leads.is_some())
}
