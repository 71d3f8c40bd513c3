//! Operations, which the API shows as events, and what they do when they end.

use serde_json::{Value as Json, json};

use super::store::{self, INSTANCES, VOLUMES};
use super::{NAME, firewalls, volumes};
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
}

/// Begins an operation on an object.
pub(super) fn begin(world: &mut World, of: &str, number: &str, new: NewEvent<'_>) {
    let NewEvent { action, act, seconds, body, fails } = new;
    let event = store::give(world);
    let key = format!("{KEY}{event}");
    let id = store::id(of, number);
    let object = store::key(of, number);
    let location = world.object(&object).map(store::region).unwrap_or_default();
    let word = if of == INSTANCES { "linode" } else { "volume" };
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
        before: None,
        posted: Some(PostedAction { action: format!("{word}_{action}"), query: Default::default(), body }),
        leaving: None,
    };
    world.change(&object, |object| object.operation = Some(key));
    world.keep_operation(operation);
}

/// Ends an operation.
pub(super) fn end(world: &mut World, operation: Operation) {
    let number = operation.id.name().to_owned();
    let failed = operation.fails.is_some();
    let PostedAction { action, body, .. } = operation.posted.clone().unwrap_or_else(|| PostedAction {
        action: String::new(),
        query: Default::default(),
        body: Json::Null,
    });
    let status = match (action.as_str(), failed) {
        ("linode_create", false) => {
            if body["booted"] == false {
                "offline"
            } else {
                "running"
            }
        }
        ("linode_boot", false) | ("linode_shutdown" | "linode_delete", true) => "running",
        ("linode_shutdown", false) | ("linode_boot", true) => "offline",
        ("linode_resize", _) => body["before"].as_str().unwrap_or("running"),
        _ => "active",
    };
    let status = status.to_owned();
    let changes = |of: &str, world: &mut World, change: &dyn Fn(&mut Json)| {
        store::change(world, of, &number, |body| {
            body["status"] = json!(status);
            change(body);
        });
    };
    match (action.as_str(), failed) {
        ("linode_resize", false) => changes(INSTANCES, world, &|object| {
            object["type"] = body["type"].clone();
            object["specs"] = body["specs"].clone();
        }),
        ("linode_delete", false) | ("linode_create", true) => {
            volumes::leave_machine(world, &number);
            firewalls::leave_all(world, &number);
        }
        ("volume_attach", false) => changes(VOLUMES, world, &|object| {
            object["linode_id"] = body["linode_id"].clone();
            object["linode_label"] = body["linode_label"].clone();
        }),
        ("volume_detach", false) => changes(VOLUMES, world, &|object| {
            object["linode_id"] = Json::Null;
            object["linode_label"] = Json::Null;
        }),
        ("volume_resize", false) => changes(VOLUMES, world, &|object| object["size"] = body["size"].clone()),
        (action, _) => {
            let of = if action.starts_with("linode") { INSTANCES } else { VOLUMES };
            changes(of, world, &|_| {});
        }
    }
    world.finish(operation);
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
    let path = if type_ == "linode" { "/v4/linode/instances" } else { "/v4/volumes" };
    json!({ "id": number, "label": label, "type": type_, "url": format!("{path}/{number}") })
}
