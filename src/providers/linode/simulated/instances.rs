//! Machines: their life, their power, their plan and their backups.

use serde_json::{Map, Value as Json, json};

use super::answers::{Refused, page, success};
use super::events::{NewEvent, begin};
use super::fields::{self, Field, Shape};
use super::requests::{Route, list, one, region};
use super::store::{self, FIREWALLS, INSTANCES};
use super::{NAME, firewalls, images, locks, plans};
use crate::providers::linode::{INSTANCE_DELETED, INSTANCE_MADE, POWERED, RESIZED};
use crate::simulator::operations::OperationKind;
use crate::simulator::request::{HttpMethod, Response};
use crate::simulator::world::{Lifecycle, World};

const METADATA: &[Field] = &[("user_data", Shape::Text, false)];

const CREATE: &[Field] = &[
    ("region", Shape::Text, true),
    ("type", Shape::Text, true),
    ("label", Shape::Text, false),
    ("image", Shape::Text, false),
    ("authorized_keys", Shape::Texts, false),
    ("authorized_users", Shape::Texts, false),
    ("root_pass", Shape::Text, false),
    ("metadata", Shape::Object(METADATA), false),
    ("backups_enabled", Shape::Bool, false),
    ("booted", Shape::Bool, false),
    ("firewall_id", Shape::Whole(1, i64::MAX), false),
    ("disk_encryption", Shape::Word(&["enabled", "disabled"]), false),
    ("private_ip", Shape::Bool, false),
    ("swap_size", Shape::Whole(0, i64::MAX), false),
    ("group", Shape::Text, false),
    ("tags", Shape::Texts, false),
];

const UPDATE: &[Field] = &[
    ("label", Shape::Text, false),
    ("group", Shape::Text, false),
    ("tags", Shape::Texts, false),
    ("alerts", Shape::Any, false),
    ("backups", Shape::Any, false),
    ("maintenance_policy", Shape::Text, false),
    ("watchdog_enabled", Shape::Bool, false),
];

const RESIZE: &[Field] = &[
    ("type", Shape::Text, true),
    ("allow_auto_disk_resize", Shape::Bool, false),
    ("migration_type", Shape::Word(&["cold", "warm"]), false),
];

const BOOT: &[Field] = &[("config_id", Shape::Whole(1, i64::MAX), false)];

/// The ranges that are reserved for documentation, which simulated addresses are from.
const RANGES: [&str; 3] = ["192.0.2", "198.51.100", "203.0.113"];
/// Hosts in each of them.
const HOSTS: u64 = 254;

/// Answers a request for machines.
pub(super) fn route(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    match (route.request.verb, route.rest) {
        (HttpMethod::Get, []) => list(world, INSTANCES, route.request),
        (HttpMethod::Post, []) => create(world, route),
        (HttpMethod::Get, [id]) => one(world, INSTANCES, id),
        (HttpMethod::Put, [id]) => {
            store::get(world, INSTANCES, id)?;
            route.at_once()?;
            let body = route.body()?;
            fields::check(&body, UPDATE, world.lenient)?;
            keep(world, id, body)?;
            one(world, INSTANCES, id)
        }
        (HttpMethod::Delete, [id]) => {
            ready(world, id)?;
            locks::allow_deletion(world, id)?;
            change(world, id, |object| object.stage = Lifecycle::Deleting);
            set(world, id, "deleting");
            start(world, route, id, ("delete", OperationKind::Delete, INSTANCE_DELETED), json!({}));
            Ok(success(&json!({})))
        }
        (HttpMethod::Get, [id, "firewalls"]) => {
            store::get(world, INSTANCES, id)?;
            page(firewalls::of_machine(world, id), route.request)
        }
        (HttpMethod::Get, [id, "disks"]) => page(images::disks(&store::get(world, INSTANCES, id)?.body), route.request),
        (HttpMethod::Post, [id, rest @ ..]) => act(world, route, id, rest),
        _ => Err(Refused::absent()),
    }
}

/// Refuses work on a machine that does not exist, whose region is lost, or which is busy. Returns its status.
fn ready(world: &World, id: &str) -> Result<String, Refused> {
    let object = store::get(world, INSTANCES, id)?;
    store::reach(world, &store::region(object))?;
    if store::is_busy(world, object) {
        return Err(Refused::busy("Linode"));
    }
    Ok(object.body["status"].as_str().unwrap_or_default().to_owned())
}

fn change(world: &mut World, id: &str, change: impl FnOnce(&mut crate::simulator::world::SimulatedObject)) {
    world.change(&store::key(INSTANCES, id), change);
}

fn set(world: &mut World, id: &str, status: &str) {
    store::change(world, INSTANCES, id, |body| body["status"] = json!(status));
}

fn start(
    world: &mut World,
    route: &Route<'_>,
    id: &str,
    (action, act, seconds): (&str, OperationKind, u32),
    body: Json,
) {
    begin(world, INSTANCES, id, NewEvent { action, act, seconds, body, fails: route.fails.clone(), before: None });
}

/// An action of a machine. One that has nothing to do is accepted.
fn act(world: &mut World, route: &Route<'_>, id: &str, action: &[&str]) -> Result<Response, Refused> {
    let status = ready(world, id)?;
    let body = route.body()?;
    let posted = |world: &mut World, (action, under_way, seconds): (&str, &str, u32), body: Json| {
        set(world, id, under_way);
        start(world, route, id, (action, OperationKind::Post, seconds), body);
    };
    match action {
        ["boot"] => {
            fields::check(&body, BOOT, world.lenient)?;
            if status != "running" {
                posted(world, ("boot", "booting", POWERED), json!({}));
            }
        }
        ["shutdown"] => {
            fields::check(&body, &[], world.lenient)?;
            if status == "running" {
                posted(world, ("shutdown", "shutting_down", POWERED), json!({}));
            }
        }
        ["resize"] => {
            fields::check(&body, RESIZE, world.lenient)?;
            let plan = body["type"].as_str().unwrap_or_default();
            let specs = plans::specs(plan)?;
            let region = store::region(store::get(world, INSTANCES, id)?);
            let late = plans::capacity(world, &region, plan)?;
            set(world, id, "resizing");
            let kept = json!({ "type": plan, "specs": specs, "before": status });
            let fails = route.fails.clone().or(late);
            let new = NewEvent {
                action: "resize",
                act: OperationKind::Post,
                seconds: RESIZED,
                body: kept,
                fails,
                before: None,
            };
            begin(world, INSTANCES, id, new);
        }
        ["backups", action @ ("enable" | "cancel")] => {
            route.at_once()?;
            let enabled = *action == "enable";
            store::change(world, INSTANCES, id, |body| body["backups"]["enabled"] = json!(enabled));
        }
        _ => return Err(Refused::absent()),
    }
    Ok(success(&json!({})))
}

/// Changes fields of a machine.
fn keep(world: &mut World, id: &str, body: Map<String, Json>) -> Result<(), Refused> {
    fields::tags(&body)?;
    if let Some(label) = body.get("label").and_then(Json::as_str) {
        fields::label(label, 3, 64)?;
        store::unique(world, INSTANCES, label, id.parse().unwrap_or_default())?;
    }
    store::change(world, INSTANCES, id, |object| {
        for (name, value) in body {
            object[name.as_str()] = value;
        }
    });
    Ok(())
}

fn create(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    let body = route.body()?;
    fields::check(&body, CREATE, world.lenient)?;
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let (at, plan, image) = (text("region"), text("type"), text("image"));
    region(world, &at)?;
    let specs = plans::specs(&plan)?;
    fields::tags(&body)?;
    if !image.is_empty() && !["linode/", "private/", "shared/"].iter().any(|start| image.starts_with(start)) {
        return Err(Refused::field("image", "image is not valid"));
    }
    let has_login = ["authorized_keys", "authorized_users", "root_pass"].iter().any(|name| body.contains_key(*name));
    if image.is_empty() && has_login {
        return Err(Refused::field("image", "image is required with authorized_keys, authorized_users or root_pass"));
    }
    let firewall = body.get("firewall_id").and_then(Json::as_u64).map(|id| id.to_string());
    if let Some(firewall) = &firewall {
        store::get(world, FIREWALLS, firewall).map_err(|_| Refused::field("firewall_id", "Firewall not found"))?;
    }
    let label = text("label");
    if !label.is_empty() {
        fields::label(&label, 3, 64)?;
        store::unique(world, INSTANCES, &label, 0)?;
    }
    let late = plans::capacity(world, &at, &plan)?;
    let number = store::give(world);
    let label = if label.is_empty() { format!("linode{number}") } else { label };
    let encryption = body.get("disk_encryption").cloned().unwrap_or_else(|| json!("enabled"));
    let (now, address) = (store::time(world), address(world, number));
    let made = json!({
        "id": number,
        "label": label,
        "group": "",
        "tags": body.get("tags").cloned().unwrap_or_else(|| json!([])),
        "region": at,
        "type": plan,
        "image": body.get("image").cloned().unwrap_or_default(),
        "status": "provisioning",
        "ipv4": [address],
        "ipv6": format!("2600:3c00::f03c:95ff:fe00:{number:04x}/128"),
        "created": now,
        "updated": now,
        "hypervisor": "kvm",
        "specs": specs,
        "alerts": { "cpu": 90, "io": 10_000, "network_in": 10, "network_out": 10, "transfer_quota": 80 },
        "backups": {
            "enabled": body.get("backups_enabled").and_then(Json::as_bool) == Some(true),
            "available": false,
            "schedule": { "day": null, "window": null },
            "last_successful": null,
        },
        "watchdog_enabled": true,
        "host_uuid": world.seed.guid(&[NAME, "host", &number.to_string()]),
        "has_user_data": body.get("metadata").is_some_and(|metadata| metadata["user_data"].is_string()),
        (store::USER_DATA): body.get("metadata").map(|metadata| metadata["user_data"].clone()).unwrap_or_default(),
        "placement_group": null,
        "disk_encryption": encryption,
        "lke_cluster_id": null,
        "capabilities": [],
        "locks": [],
        "interface_generation": "legacy_config",
    });
    store::insert(world, INSTANCES, made, Lifecycle::Creating);
    let id = number.to_string();
    if let Some(firewall) = firewall {
        firewalls::join(world, &firewall, &id);
    }
    let booted = body.get("booted").and_then(Json::as_bool).unwrap_or(!image.is_empty());
    let fails = route.fails.clone().or(late);
    let new = NewEvent {
        action: "create",
        act: OperationKind::Create,
        seconds: INSTANCE_MADE,
        body: json!({ "booted": booted }),
        fails,
        before: None,
    };
    begin(world, INSTANCES, &id, new);
    one(world, INSTANCES, &id)
}

/// A free address.
fn address(world: &World, number: u64) -> String {
    let mut stream = world.seed.stream(&[NAME, "address", &number.to_string()]);
    let from = stream.below(RANGES.len() as u64 * HOSTS);
    let taken: Vec<String> = world.hosting().flat_map(|key| world.hosts_of(key)).collect();
    let all = (0..RANGES.len() as u64 * HOSTS).map(|step| {
        let at = (from + step) % (RANGES.len() as u64 * HOSTS);
        let range = RANGES.get((at / HOSTS) as usize).copied().unwrap_or_default();
        format!("{range}.{}", at % HOSTS + 1)
    });
    all.into_iter().find(|address| !taken.contains(address)).unwrap_or_else(|| "192.0.2.1".to_owned())
}
