//! Objects of the API in the world: their numbers there, and how drplan's ids name them.

use serde_json::{Value as Json, json};

use super::NAME;
use super::answers::Refused;
use super::state::LinodeState;
use crate::object::ObjectId;
use crate::simulator::dialect::ProviderName;
use crate::simulator::operations::OperationState;
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// The types of objects, as drplan's ids have them.
pub(super) const INSTANCES: &str = "instances";
pub(super) const VOLUMES: &str = "volumes";
pub(super) const FIREWALLS: &str = "firewalls";
pub(super) const IMAGES: &str = "images";
pub(super) const BUCKETS: &str = "buckets";
pub(super) const DOMAINS: &str = "domains";
pub(super) const RECORDS: &str = "records";
pub(super) const LOCKS: &str = "locks";

/// The number of the domain in the body of a record, which the API shows in the path only.
pub(super) const DOMAIN: &str = "domain_id";

/// The number of a device within an entity of a firewall, which the API shows in another list.
pub(super) const DEVICE: &str = "device";

/// The user data of a machine and the time of its last start, which the API does not show.
pub(super) const USER_DATA: &str = "user_data";
pub(super) const LAUNCHED: &str = "launched";

/// The path of the objects of a type.
fn path(of: &str) -> &'static str {
    match of {
        INSTANCES => "linode/instances",
        VOLUMES => "volumes/all",
        IMAGES => "images",
        BUCKETS => "object-storage/buckets",
        DOMAINS => "domains/all",
        RECORDS => "domains/records",
        LOCKS => "locks",
        _ => "networking/firewalls",
    }
}

/// The id of an object in the world.
pub(super) fn id(of: &str, number: &str) -> ObjectId {
    ObjectId::new(format!("{NAME}:{}/{number}", path(of)))
}

/// The key of an object.
pub(super) fn key(of: &str, number: &str) -> String {
    SimulatedObject::key_of(&ProviderName::of(NAME), &id(of, number))
}

/// A number that was not given before.
pub(super) fn give(world: &mut World) -> u64 {
    let state: &mut LinodeState = world.parts.get_mut();
    state.given += 1;
    let given = state.given;
    world.changes.rest = true;
    1000 + given
}

/// The objects of a type, in the order of their creation.
pub(super) fn all<'w>(world: &'w World, of: &'static str) -> Vec<&'w SimulatedObject> {
    let prefix = format!("{NAME}:{NAME}:{}", path(of));
    let mut all: Vec<&SimulatedObject> =
        world.below(&prefix).map(|(_, object)| object).filter(|object| object.type_ == of).collect();
    all.sort_by_key(|object| number(&object.body));
    all
}

/// The number in a body.
pub(super) fn number(body: &Json) -> u64 {
    body.get("id").and_then(Json::as_u64).unwrap_or_default()
}

/// An object by its number.
///
/// # Errors
/// 404 for one that does not exist.
pub(super) fn get<'w>(world: &'w World, of: &str, number: &str) -> Result<&'w SimulatedObject, Refused> {
    world.standing(&key(of, number)).ok_or_else(Refused::absent)
}

/// An object by its label.
pub(super) fn labelled<'w>(world: &'w World, of: &'static str, label: &str) -> Option<&'w SimulatedObject> {
    let name = if of == DOMAINS { "domain" } else { "label" };
    all(world, of).into_iter().find(|object| object.body[name] == label)
}

/// The records of a domain, by its number.
pub(super) fn records<'w>(world: &'w World, domain: &str) -> Vec<&'w SimulatedObject> {
    let has = |body: &Json| body[DOMAIN].as_u64().is_some_and(|number| number.to_string() == domain);
    all(world, RECORDS).into_iter().filter(|record| has(&record.body)).collect()
}

/// Refuses a label that another object of the type has.
pub(super) fn unique(world: &World, of: &'static str, label: &str, number: u64) -> Result<(), Refused> {
    match labelled(world, of, label).filter(|other| self::number(&other.body) != number) {
        Some(_) => Err(Refused::field("label", "Label must be unique among your resources of this type")),
        None => Ok(()),
    }
}

/// True while an operation on an object is under way.
pub(super) fn is_busy(world: &World, object: &SimulatedObject) -> bool {
    let operation = object.operation.as_ref().and_then(|key| world.operation(key));
    operation.is_some_and(|operation| operation.progress == OperationState::Running)
}

/// Inserts a new object.
pub(super) fn insert(world: &mut World, of: &'static str, body: Json, stage: Lifecycle) {
    let number = number(&body).to_string();
    world.insert(SimulatedObject {
        id: id(of, &number),
        provider: ProviderName::of(NAME),
        type_: of.to_owned(),
        body: body.into(),
        stage,
        version: 0,
        refers: Default::default(),
        operation: None,
        hollow: false,
    });
}

/// Sets these fields of a body.
pub(super) fn merge(body: &mut Json, fields: &serde_json::Map<String, Json>) {
    for (name, value) in fields {
        body[name.as_str()] = value.clone();
    }
}

/// Changes the body of an object.
pub(super) fn change(world: &mut World, of: &str, number: &str, change: impl FnOnce(&mut Json)) {
    let now = time(world);
    world.change(&key(of, number), |object| {
        change(&mut object.body);
        object.body["updated"] = json!(now);
        object.version += 1;
    });
}

/// Now, as the API writes it: in UTC, without saying so.
pub(super) fn time(world: &World) -> String {
    world.now.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The region of an object.
pub(super) fn region(object: &SimulatedObject) -> String {
    object.body["region"].as_str().unwrap_or_default().to_owned()
}

/// Refuses work in a region that is lost.
pub(super) fn reach(world: &World, region: &str) -> Result<(), Refused> {
    world.rest.faults.reach_region(NAME, region).map_err(|failure| Refused::of(&failure))
}

/// The key of the object that drplan knows by this id, which follows from its label.
pub(super) fn known(world: &World, id: &ObjectId) -> Option<String> {
    let (word, label) = id.as_str().strip_prefix(NAME)?.strip_prefix(':')?.split_once('/')?;
    if let (DOMAINS, [domain, "records", type_, name]) = (word, label.split('/').collect::<Vec<_>>().as_slice()) {
        let domain = number(&labelled(world, DOMAINS, domain)?.body).to_string();
        let name = if *name == "@" { "" } else { name };
        let is_it = |record: &&SimulatedObject| record.body["type"] == *type_ && record.body["name"] == name;
        return records(world, &domain).into_iter().find(is_it).map(SimulatedObject::key);
    }
    let of = [INSTANCES, VOLUMES, FIREWALLS, IMAGES, BUCKETS, DOMAINS].into_iter().find(|of| *of == word)?;
    labelled(world, of, label).map(SimulatedObject::key)
}

/// An object as the API shows it.
pub(super) fn shown(object: &SimulatedObject) -> Json {
    let mut body = object.body.to_json();
    let hidden: &[&str] = match object.type_.as_str() {
        RECORDS => &[DOMAIN],
        BUCKETS => &["id", "acl", "cors_enabled", "updated"],
        INSTANCES => &[USER_DATA, LAUNCHED],
        _ => &[],
    };
    if let Json::Object(map) = &mut body {
        map.retain(|name, _| !hidden.contains(&name.as_str()));
    }
    if object.type_ == IMAGES {
        body["id"] = json!(format!("private/{}", object.id.name()));
    }
    for entity in body.get_mut("entities").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Json::Object(entity) = entity {
            entity.remove(DEVICE);
        }
    }
    body
}
