//! Locks, which forbid the deletion of a machine.

use serde_json::{Value as Json, json};

use super::answers::{Refused, success};
use super::fields::{self, Field, Shape};
use super::requests::{Route, list, one};
use super::store::{self, INSTANCES, LOCKS};
use crate::simulator::request::{HttpMethod, Response};
use crate::simulator::world::{Lifecycle, World};

const CREATE: &[Field] = &[
    ("entity_id", Shape::Whole(1, i64::MAX), true),
    ("entity_type", Shape::Word(&["linode"]), true),
    ("lock_type", Shape::Word(&["cannot_delete", "cannot_delete_with_subresources"]), true),
];

/// Answers a request for locks. Every write is complete when it is answered.
pub(super) fn route(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    let verb = route.request.verb;
    if !verb.reads() {
        route.at_once()?;
    }
    match (verb, route.rest) {
        (HttpMethod::Get, []) => list(world, LOCKS, route.request),
        (HttpMethod::Get, [id]) => one(world, LOCKS, id),
        (HttpMethod::Post, []) => {
            let body = route.body()?;
            fields::check(&body, CREATE, world.lenient)?;
            let machine = body["entity_id"].as_u64().unwrap_or_default().to_string();
            let found = store::get(world, INSTANCES, &machine);
            let label = found.map_err(|_| Refused::field("entity_id", "Entity not found"))?.body["label"].clone();
            if of_machine(world, &machine).is_some() {
                return Err(Refused::field("entity_id", "The entity has a lock already"));
            }
            let number = store::give(world);
            let url = format!("/v4/linode/instances/{machine}");
            let entity = json!({ "id": body["entity_id"], "type": "linode", "label": label, "url": url });
            let made = json!({ "id": number, "lock_type": body["lock_type"], "entity": entity });
            store::insert(world, LOCKS, made, Lifecycle::Standing);
            store::change(world, INSTANCES, &machine, |object| object["locks"] = json!([body["lock_type"]]));
            one(world, LOCKS, &number.to_string())
        }
        (HttpMethod::Delete, [id]) => {
            let machine = store::get(world, LOCKS, id)?.body["entity"]["id"].as_u64().unwrap_or_default();
            world.take(&store::key(LOCKS, id));
            store::change(world, INSTANCES, &machine.to_string(), |object| object["locks"] = json!([]));
            Ok(success(&json!({})))
        }
        _ => Err(Refused::absent()),
    }
}

fn of_machine(world: &World, machine: &str) -> Option<Json> {
    let locks = store::all(world, LOCKS).into_iter().map(|lock| &*lock.body);
    let is_of = |lock: &&Json| lock["entity"]["id"].as_u64().is_some_and(|number| number.to_string() == machine);
    locks.into_iter().find(is_of).cloned()
}

/// Refuses the deletion of a machine that has a lock.
pub(super) fn allow_deletion(world: &World, machine: &str) -> Result<(), Refused> {
    match of_machine(world, machine) {
        Some(lock) => Err(Refused::new(400, format!("The Linode is locked: {}", lock["lock_type"]))),
        None => Ok(()),
    }
}
