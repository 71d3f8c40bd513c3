//! Volumes, and the machines that have them.

use serde_json::{Value as Json, json};

use super::answers::{Refused, success};
use super::events::{NewEvent, begin};
use super::fields::{self, Field, Shape};
use super::requests::{Route, list, one, region};
use super::store::{self, INSTANCES, VOLUMES};
use crate::providers::linode::VOLUME;
use crate::simulator::operations::OperationKind;
use crate::simulator::request::{HttpMethod, Response};
use crate::simulator::world::{Lifecycle, World};

const SIZE: Shape = Shape::Whole(10, 16_384);
const NUMBER: Shape = Shape::Whole(1, i64::MAX);

const CREATE: &[Field] = &[
    ("label", Shape::Text, true),
    ("region", Shape::Text, false),
    ("linode_id", NUMBER, false),
    ("config_id", NUMBER, false),
    ("size", SIZE, false),
    ("encryption", Shape::Word(&["enabled", "disabled"]), false),
    ("tags", Shape::Texts, false),
];
const UPDATE: &[Field] = &[("label", Shape::Text, false), ("tags", Shape::Texts, false)];
const ATTACH: &[Field] =
    &[("linode_id", NUMBER, true), ("config_id", NUMBER, false), ("persist_across_boots", Shape::Bool, false)];
const RESIZE: &[Field] = &[("size", SIZE, true)];

/// Answers a request for volumes.
pub(super) fn route(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    match (route.request.verb, route.rest) {
        (HttpMethod::Get, []) => list(world, VOLUMES, route.request),
        (HttpMethod::Post, []) => create(world, route),
        (HttpMethod::Get, [id]) => one(world, VOLUMES, id),
        (HttpMethod::Put, [id]) => update(world, route, id),
        (HttpMethod::Delete, [id]) => {
            ready(world, id)?;
            if !store::get(world, VOLUMES, id)?.body["linode_id"].is_null() {
                return Err(Refused::new(400, "The volume is attached to a Linode. Detach it first."));
            }
            world.change(&store::key(VOLUMES, id), |object| object.stage = Lifecycle::Deleting);
            start(world, route, id, ("delete", OperationKind::Delete), json!({}));
            Ok(success(&json!({})))
        }
        (HttpMethod::Post, [id, action]) => act(world, route, id, action),
        _ => Err(Refused::absent()),
    }
}

/// Refuses work on a volume that does not exist, whose region is lost, or which is busy.
fn ready(world: &World, id: &str) -> Result<(), Refused> {
    let object = store::get(world, VOLUMES, id)?;
    store::reach(world, &store::region(object))?;
    match store::is_busy(world, object) {
        true => Err(Refused::busy("Volume")),
        false => Ok(()),
    }
}

fn start(world: &mut World, route: &Route<'_>, id: &str, (action, act): (&str, OperationKind), body: Json) {
    begin(
        world,
        VOLUMES,
        id,
        NewEvent { action, act, seconds: VOLUME, body, fails: route.fails.clone(), before: None },
    );
}

fn update(world: &mut World, route: &Route<'_>, id: &str) -> Result<Response, Refused> {
    store::get(world, VOLUMES, id)?;
    route.at_once()?;
    let body = route.body()?;
    fields::check(&body, UPDATE, world.lenient)?;
    fields::tags(&body)?;
    if let Some(label) = body.get("label").and_then(Json::as_str) {
        fields::label(label, 1, 32)?;
        store::unique(world, VOLUMES, label, id.parse().unwrap_or_default())?;
    }
    store::change(world, VOLUMES, id, |object| {
        for (name, value) in body {
            object[name.as_str()] = value;
        }
    });
    one(world, VOLUMES, id)
}

/// The number, label and region of a machine that a volume is to have.
fn machine(world: &World, body: &serde_json::Map<String, Json>) -> Result<Option<(u64, Json, String)>, Refused> {
    let Some(number) = body.get("linode_id").and_then(Json::as_u64) else { return Ok(None) };
    let found = store::get(world, INSTANCES, &number.to_string());
    let object = found.map_err(|_| Refused::field("linode_id", "Linode not found"))?;
    Ok(Some((number, object.body["label"].clone(), store::region(object))))
}

fn act(world: &mut World, route: &Route<'_>, id: &str, action: &str) -> Result<Response, Refused> {
    ready(world, id)?;
    let body = route.body()?;
    let object = store::get(world, VOLUMES, id)?.body.clone();
    match action {
        "attach" => {
            fields::check(&body, ATTACH, world.lenient)?;
            let Some((number, label, at)) = machine(world, &body)? else { return Err(Refused::absent()) };
            if object["region"] != json!(at) {
                return Err(Refused::field("linode_id", "The Linode must be in the same region as the volume"));
            }
            if !object["linode_id"].is_null() {
                return Err(Refused::new(400, "The volume is attached to a Linode already"));
            }
            start(
                world,
                route,
                id,
                ("attach", OperationKind::Post),
                json!({ "linode_id": number, "linode_label": label }),
            );
        }
        "detach" => {
            if object["linode_id"].is_null() {
                return Err(Refused::new(400, "The volume has no Linode"));
            }
            start(world, route, id, ("detach", OperationKind::Post), json!({}));
        }
        "resize" => {
            fields::check(&body, RESIZE, world.lenient)?;
            if body["size"].as_i64() < object["size"].as_i64() {
                return Err(Refused::field("size", "Volumes can only be resized up"));
            }
            store::change(world, VOLUMES, id, |object| object["status"] = json!("resizing"));
            start(world, route, id, ("resize", OperationKind::Post), json!({ "size": body["size"] }));
        }
        _ => return Err(Refused::absent()),
    }
    one(world, VOLUMES, id)
}

fn create(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    let body = route.body()?;
    fields::check(&body, CREATE, world.lenient)?;
    fields::tags(&body)?;
    let text = |name: &str| body.get(name).and_then(Json::as_str).map(str::to_owned);
    let label = text("label").unwrap_or_default();
    fields::label(&label, 1, 32)?;
    store::unique(world, VOLUMES, &label, 0)?;
    let machine = machine(world, &body)?;
    let at = match (text("region"), &machine) {
        (None, None) => return Err(Refused::field("region", "region or linode_id is required")),
        (Some(at), Some((_, _, other))) if at != *other => {
            return Err(Refused::field("linode_id", "The Linode must be in the same region as the volume"));
        }
        (Some(at), _) => at,
        (None, Some((_, _, at))) => at.clone(),
    };
    region(world, &at)?;
    let number = store::give(world);
    let now = store::time(world);
    let (linode, linode_label) = machine.map_or((Json::Null, Json::Null), |(id, label, _)| (json!(id), label));
    let made = json!({
        "id": number,
        "label": label,
        "status": "creating",
        "size": body.get("size").cloned().unwrap_or_else(|| json!(20)),
        "region": at,
        "linode_id": linode,
        "linode_label": linode_label,
        "filesystem_path": format!("/dev/disk/by-id/scsi-0Linode_Volume_{label}"),
        "encryption": body.get("encryption").cloned().unwrap_or_else(|| json!("enabled")),
        "hardware_type": "nvme",
        "io_ready": false,
        "tags": body.get("tags").cloned().unwrap_or_else(|| json!([])),
        "created": now,
        "updated": now,
    });
    store::insert(world, VOLUMES, made, Lifecycle::Creating);
    let id = number.to_string();
    start(world, route, &id, ("create", OperationKind::Create), json!({}));
    one(world, VOLUMES, &id)
}

/// Takes all volumes from a machine that is deleted.
pub(super) fn leave_machine(world: &mut World, machine: &str) {
    let has = |body: &Json| body["linode_id"].as_u64().is_some_and(|number| number.to_string() == machine);
    let own = store::all(world, VOLUMES).into_iter().filter(|object| has(&object.body));
    let ids: Vec<String> = own.map(|object| object.id.name().to_owned()).collect();
    for id in ids {
        store::change(world, VOLUMES, &id, |body| {
            body["linode_id"] = Json::Null;
            body["linode_label"] = Json::Null;
        });
    }
}
