//! Operations, which the API shows as events.

use serde_json::{Value as Json, json};

use super::NAME;
use super::store::{self, IMAGES, INSTANCES};
use crate::object::ObjectId;
use crate::simulator::dialect::ProviderName;
use crate::simulator::operations::{Operation, OperationKind, OperationState, PostedAction};
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{SimulatedObject, World};

/// Beginning of the keys of operations; the number of the event follows.
const KEY: &str = "linode-event-";

/// An operation to begin: the word of its event without the type, its seconds, and its error if it fails.
pub(super) struct NewEvent<'a> {
    pub(super) action: &'a str,
    pub(super) act: OperationKind,
    pub(super) seconds: u32,
    pub(super) body: Json,
    pub(super) fails: Option<ErrorResponse>,
    /// The object before an update, which is in service until its end.
    pub(super) before: Option<Box<SimulatedObject>>,
}

/// Begins an operation on an object.
pub(super) fn begin(world: &mut World, of: &str, number: &str, new: NewEvent<'_>) {
    let NewEvent { action, act, seconds, body, fails, before } = new;
    let event = store::give(world);
    let key = format!("{KEY}{event}");
    let id = store::id(of, number);
    let object = store::key(of, number);
    let location = world.object(&object).map(store::region).unwrap_or_default();
    let word = match of {
        INSTANCES => "linode",
        IMAGES => "image",
        _ => "volume",
    };
    // What the API does not show has no action.
    let posted = PostedAction { action: format!("{word}_{action}"), query: Default::default(), body };
    let lasts = world.lasts(id.as_str(), &format!("{action}-{event}"), seconds);
    let operation = Operation {
        key: key.clone(),
        id,
        provider: ProviderName::of(NAME),
        act,
        began: world.now,
        due: world.now + lasts,
        progress: OperationState::Running,
        location,
        service: NAME.to_owned(),
        api: String::new(),
        serial: Vec::new(),
        fails,
        before,
        posted: Some(posted).filter(|_| !action.is_empty()),
        leaving: None,
    };
    world.change(&object, |object| object.operation = Some(key));
    world.keep_operation(operation);
}

/// All events, newest first.
pub(super) fn all(world: &World) -> Vec<Json> {
    let own = world.operations().filter(|operation| operation.provider.as_str() == NAME);
    let mut events: Vec<Json> = own.filter_map(|operation| event(world, operation)).collect();
    events.sort_by_key(|event| std::cmp::Reverse(store::number(event)));
    events
}

fn event(world: &World, operation: &Operation) -> Option<Json> {
    let id: u64 = operation.key.strip_prefix(KEY)?.parse().ok()?;
    let posted = operation.posted.as_ref()?;
    let (type_, _) = posted.action.split_once('_')?;
    let (status, message) = match &operation.progress {
        OperationState::Running => ("started", None),
        OperationState::Succeeded => ("finished", None),
        OperationState::Failed(failure) => ("failed", Some(failure.message.clone())),
    };
    let object = world.object(&operation.object());
    Some(json!({
        "id": id,
        "action": posted.action,
        "status": status,
        "message": message,
        "created": operation.began.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        "username": NAME,
        "percent_complete": if status == "started" { 0 } else { 100 },
        "rate": null,
        "time_remaining": null,
        "secondary_entity": null,
        "entity": entity(&operation.id, object, type_),
    }))
}

fn entity(id: &ObjectId, object: Option<&SimulatedObject>, type_: &str) -> Json {
    let number: u64 = id.name().parse().unwrap_or_default();
    let label = object.map(|object| object.body["label"].clone()).unwrap_or_default();
    let path = match type_ {
        "linode" => "/v4/linode/instances",
        "image" => "/v4/images/private",
        _ => "/v4/volumes",
    };
    json!({ "id": number, "label": label, "type": type_, "url": format!("{path}/{number}") })
}
