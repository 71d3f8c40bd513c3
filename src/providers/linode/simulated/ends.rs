//! Effects of operations when they end.

use serde_json::{Value as Json, json};

use super::store::{self, IMAGES, INSTANCES, RECORDS, VOLUMES};
use super::{firewalls, images, volumes};
use crate::simulator::operations::{Operation, PostedAction};
use crate::simulator::world::World;

/// Ends an operation.
pub(super) fn end(world: &mut World, operation: Operation) {
    let is_of = |of: &str| operation.id == store::id(of, operation.id.name());
    if is_of(IMAGES) {
        images::end(world, &operation);
    }
    if is_of(IMAGES) || is_of(RECORDS) {
        return world.finish(operation);
    }
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
        ("linode_create" | "linode_boot", false) => {
            let now = world.now.to_string();
            changes(INSTANCES, world, &|object| object[store::LAUNCHED] = json!(now));
        }
        (action, _) => {
            let of = if action.starts_with("linode") { INSTANCES } else { VOLUMES };
            changes(of, world, &|_| {});
        }
    }
    world.finish(operation);
}
