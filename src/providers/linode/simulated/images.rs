//! Images of the disks of machines, and their copies in further regions.

use serde_json::{Map, Value as Json, json};

use super::answers::{Refused, page, success};
use super::events::{NewEvent, begin};
use super::fields::{self, Field, Shape};
use super::filter::filtered;
use super::requests::{Route, one, region};
use super::store::{self, IMAGES, INSTANCES};
use crate::providers::linode::{IMAGE_COPIED, IMAGE_MADE};
use crate::simulator::operations::{Operation, OperationKind};
use crate::simulator::request::{HttpMethod, Response};
use crate::simulator::world::{Lifecycle, World};

const CREATE: &[Field] = &[
    ("disk_id", Shape::Whole(1, i64::MAX), true),
    ("label", Shape::Text, false),
    ("description", Shape::Text, false),
    ("cloud_init", Shape::Bool, false),
    ("tags", Shape::Texts, false),
];
const UPDATE: &[Field] =
    &[("label", Shape::Text, false), ("description", Shape::Text, false), ("tags", Shape::Texts, false)];
const REGIONS: &[Field] = &[("regions", Shape::Texts, true)];
/// Numbers of disks follow from those of their machines.
const DISKS: u64 = 10;

/// The disks of a machine: one with files, and one for swapping.
pub(super) fn disks(machine: &Json) -> Vec<Json> {
    let number = store::number(machine) * DISKS;
    let size = machine.pointer("/specs/disk").and_then(Json::as_u64).unwrap_or_default();
    let disk = |id: u64, label: &str, filesystem: &str, size: u64| {
        json!({
            "id": id, "label": label, "status": "ready", "size": size, "filesystem": filesystem,
            "created": machine["created"], "updated": machine["updated"],
            "disk_encryption": machine["disk_encryption"],
        })
    };
    vec![
        disk(number, "Debian Disk", "ext4", size.saturating_sub(512)),
        disk(number + 1, "512 MB Swap Image", "swap", 512),
    ]
}

/// Answers a request for images.
pub(super) fn route(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    match (route.request.verb, route.rest) {
        (HttpMethod::Get, []) => {
            let own = store::all(world, IMAGES).into_iter().map(store::shown);
            let all = PUBLIC.iter().map(public).chain(own).collect();
            page(filtered(all, route.request)?, route.request)
        }
        (HttpMethod::Get, ["linode", name]) => {
            let image = PUBLIC.iter().find(|(own, _)| own == name).ok_or_else(Refused::absent)?;
            Ok(success(&public(image)))
        }
        (HttpMethod::Post, []) => create(world, route),
        (verb, ["private", id, rest @ ..]) => {
            let image = store::get(world, IMAGES, id)?;
            if !verb.reads() && store::is_busy(world, image) {
                return Err(Refused::busy("Image"));
            }
            match (verb, rest) {
                (HttpMethod::Get, []) => {}
                (HttpMethod::Put, []) => {
                    route.at_once()?;
                    let body = route.body()?;
                    fields::check(&body, UPDATE, world.lenient)?;
                    fields::tags(&body)?;
                    store::change(world, IMAGES, id, |object| store::merge(object, &body));
                }
                (HttpMethod::Delete, []) => {
                    route.at_once()?;
                    world.take(&store::key(IMAGES, id));
                    return Ok(success(&json!({})));
                }
                (HttpMethod::Post, ["regions"]) => replicate(world, route, id)?,
                _ => return Err(Refused::absent()),
            }
            one(world, IMAGES, id)
        }
        _ => Err(Refused::absent()),
    }
}

/// Images of Linode itself.
const PUBLIC: &[(&str, &str)] = &[("debian12", "Debian 12"), ("ubuntu24.04", "Ubuntu 24.04 LTS")];

fn public((name, label): &(&str, &str)) -> Json {
    json!({
        "id": format!("linode/{name}"), "label": label, "description": "", "type": "manual", "status": "available",
        "is_public": true, "created_by": "linode", "size": 1500, "vendor": "", "deprecated": false, "tags": [],
        "capabilities": ["cloud-init"], "regions": [], "total_size": 0,
    })
}

fn create(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    let body = route.body()?;
    fields::check(&body, CREATE, world.lenient)?;
    fields::tags(&body)?;
    let disk = body["disk_id"].as_u64().unwrap_or_default();
    let machine = store::get(world, INSTANCES, &(disk / DISKS).to_string());
    let machine = machine.map_err(|_| Refused::field("disk_id", "Disk not found"))?;
    // An image has a file system.
    if !disks(&machine.body).iter().any(|own| own["id"] == disk && own["filesystem"] != "swap") {
        return Err(Refused::field("disk_id", "Disk not found"));
    }
    if store::is_busy(world, machine) {
        return Err(Refused::busy("Linode"));
    }
    let at = store::region(machine);
    region(world, &at)?;
    let (number, now) = (store::give(world), store::time(world));
    let cloud_init = body.get("cloud_init").and_then(Json::as_bool) == Some(true);
    let mut made = json!({
        "id": number,
        "label": format!("image{number}"),
        "description": "",
        "type": "manual",
        "status": "creating",
        "is_public": false,
        "created_by": super::NAME,
        "size": 2000,
        "total_size": 2000,
        "vendor": null,
        "deprecated": false,
        "expiry": null,
        "eol": null,
        "capabilities": if cloud_init { json!(["cloud-init", "distributed-sites"]) } else { json!(["distributed-sites"]) },
        "regions": [{ "region": at, "status": "creating" }],
        "tags": [],
        "created": now,
        "updated": now,
    });
    let kept: Map<String, Json> =
        body.into_iter().filter(|(name, _)| !["disk_id", "cloud_init"].contains(&name.as_str())).collect();
    store::merge(&mut made, &kept);
    store::insert(world, IMAGES, made, Lifecycle::Creating);
    let id = number.to_string();
    let fails = route.fails.clone();
    let (action, act) = ("imagize", OperationKind::Create);
    begin(world, IMAGES, &id, NewEvent { action, act, seconds: IMAGE_MADE, body: Json::Null, fails, before: None });
    one(world, IMAGES, &id)
}

/// Sends an image to regions. It leaves those that are not named at once.
fn replicate(world: &mut World, route: &Route<'_>, id: &str) -> Result<(), Refused> {
    let body = route.body()?;
    fields::check(&body, REGIONS, world.lenient)?;
    let wanted: Vec<&str> = body["regions"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    if wanted.is_empty() {
        return Err(Refused::field("regions", "At least one region is required"));
    }
    for at in &wanted {
        region(world, at)?;
    }
    let image = store::get(world, IMAGES, id)?.body.clone();
    let has: Vec<&str> =
        image["regions"].as_array().into_iter().flatten().filter_map(|one| one["region"].as_str()).collect();
    if !has.iter().any(|at| wanted.contains(at)) {
        return Err(Refused::field("regions", "At least one region must have the image already"));
    }
    let status = |at: &&str| if has.contains(at) { "available" } else { "pending replication" };
    let regions: Vec<Json> = wanted.iter().map(|at| json!({ "region": at, "status": status(at) })).collect();
    let is_copied = wanted.iter().any(|at| !has.contains(at));
    store::change(world, IMAGES, id, |object| object["regions"] = json!(regions));
    if is_copied {
        let (action, act, fails) = ("replicate", OperationKind::Post, route.fails.clone());
        begin(
            world,
            IMAGES,
            id,
            NewEvent { action, act, seconds: IMAGE_COPIED, body: Json::Null, fails, before: None },
        );
    }
    Ok(())
}

/// Ends the creation of an image, or its way to further regions.
pub(super) fn end(world: &mut World, operation: &Operation) {
    let failed = operation.fails.is_some();
    store::change(world, IMAGES, operation.id.name(), |image| {
        image["status"] = json!("available");
        let Some(regions) = image["regions"].as_array_mut() else { return };
        match failed {
            true => regions.retain(|region| region["status"] == "available"),
            false => regions.iter_mut().for_each(|region| region["status"] = json!("available")),
        }
        image["total_size"] = json!(2000 * image["regions"].as_array().map_or(0, Vec::len));
    });
}
