//! Firewalls, and the machines that they are for.

use serde_json::{Map, Value as Json, json};

use super::answers::{Refused, page, success};
use super::fields::{self, Field, Shape};
use super::requests::{Route, list, one};
use super::store::{self, DEVICE, FIREWALLS, INSTANCES, shown};
use crate::simulator::request::{HttpMethod, Response};
use crate::simulator::world::{Lifecycle, World};

/// The most rules of a firewall.
const MOST_RULES: usize = 25;

const ADDRESSES: &[Field] = &[("ipv4", Shape::Texts, false), ("ipv6", Shape::Texts, false)];
const POLICY: Shape = Shape::Word(&["ACCEPT", "DROP"]);
const RULE: &[Field] = &[
    ("action", POLICY, true),
    ("protocol", Shape::Word(&["TCP", "UDP", "ICMP", "IPENCAP"]), true),
    ("label", Shape::Text, false),
    ("description", Shape::Text, false),
    ("ports", Shape::Text, false),
    ("addresses", Shape::Object(ADDRESSES), false),
];
const RULES: &[Field] = &[
    ("inbound", Shape::Objects(RULE), false),
    ("inbound_policy", POLICY, true),
    ("outbound", Shape::Objects(RULE), false),
    ("outbound_policy", POLICY, true),
];
const CREATE: &[Field] = &[
    ("label", Shape::Text, true),
    ("rules", Shape::Object(RULES), true),
    ("devices", Shape::Any, false),
    ("tags", Shape::Texts, false),
];
const UPDATE: &[Field] = &[
    ("label", Shape::Text, false),
    ("status", Shape::Word(&["enabled", "disabled"]), false),
    ("tags", Shape::Texts, false),
];
const DEVICES: &[Field] = &[
    ("id", Shape::Whole(1, i64::MAX), true),
    ("type", Shape::Word(&["linode", "nodebalancer", "linode_interface"]), true),
];

/// Answers a request for firewalls. Every write is complete when it is answered.
pub(super) fn route(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    let verb = route.request.verb;
    if !verb.reads() {
        route.at_once()?;
    }
    match (verb, route.rest) {
        (HttpMethod::Get, []) => list(world, FIREWALLS, route.request),
        (HttpMethod::Post, []) => create(world, route.body()?),
        (_, [id, ..]) if store::get(world, FIREWALLS, id).is_err() => Err(Refused::absent()),
        (HttpMethod::Get, [id]) => one(world, FIREWALLS, id),
        (HttpMethod::Put, [id]) => {
            let body = route.body()?;
            fields::check(&body, UPDATE, world.lenient)?;
            fields::tags(&body)?;
            if let Some(label) = body.get("label").and_then(Json::as_str) {
                named(world, label, id.parse().unwrap_or_default())?;
            }
            store::change(world, FIREWALLS, id, |object| {
                for (name, value) in body {
                    object[name.as_str()] = value;
                }
            });
            one(world, FIREWALLS, id)
        }
        (HttpMethod::Delete, [id]) => {
            world.take(&store::key(FIREWALLS, id));
            Ok(success(&json!({})))
        }
        (HttpMethod::Get, [id, "rules"]) => Ok(success(&store::get(world, FIREWALLS, id)?.body["rules"])),
        (HttpMethod::Put, [id, "rules"]) => {
            let rules = valid(route.body()?, world.lenient)?;
            store::change(world, FIREWALLS, id, |object| object["rules"] = rules.clone());
            Ok(success(&rules))
        }
        (HttpMethod::Get, [id, "devices"]) => page(devices(&store::get(world, FIREWALLS, id)?.body), route.request),
        (HttpMethod::Post, [id, "devices"]) => add(world, id, &route.body()?),
        (HttpMethod::Delete, [id, "devices", device]) => {
            let is_it = |entity: &Json| entity[DEVICE].as_u64().is_some_and(|number| number.to_string() == *device);
            if !entities(&store::get(world, FIREWALLS, id)?.body).iter().any(is_it) {
                return Err(Refused::absent());
            }
            retain(world, id, |entity| !is_it(entity));
            Ok(success(&json!({})))
        }
        _ => Err(Refused::absent()),
    }
}

fn named(world: &World, label: &str, number: u64) -> Result<(), Refused> {
    fields::label(label, 3, 32)?;
    store::unique(world, FIREWALLS, label, number)
}

fn create(world: &mut World, body: Map<String, Json>) -> Result<Response, Refused> {
    fields::check(&body, CREATE, world.lenient)?;
    fields::tags(&body)?;
    let label = body["label"].as_str().unwrap_or_default();
    named(world, label, 0)?;
    let rules = valid(body["rules"].as_object().cloned().unwrap_or_default(), world.lenient)?;
    let number = store::give(world);
    let now = store::time(world);
    let made = json!({
        "id": number,
        "label": label,
        "status": "enabled",
        "rules": rules,
        "tags": body.get("tags").cloned().unwrap_or_else(|| json!([])),
        "entities": [],
        "created": now,
        "updated": now,
    });
    store::insert(world, FIREWALLS, made, Lifecycle::Standing);
    one(world, FIREWALLS, &number.to_string())
}

/// Rules with what the API adds.
fn valid(mut rules: Map<String, Json>, lenient: bool) -> Result<Json, Refused> {
    fields::check(&rules, RULES, lenient)?;
    let mut count = 0;
    for name in ["inbound", "outbound"] {
        let list = rules.entry(name).or_insert_with(|| json!([]));
        for (at, rule) in list.as_array().into_iter().flatten().enumerate() {
            count += 1;
            let has_ports = rule["ports"].as_str().is_some_and(|ports| !ports.is_empty());
            if has_ports && !matches!(rule["protocol"].as_str(), Some("TCP" | "UDP")) {
                return Err(Refused::field(format!("{name}[{at}].ports"), "Ports are only for TCP and UDP"));
            }
        }
    }
    match count <= MOST_RULES {
        true => Ok(Json::Object(rules)),
        false => Err(Refused::field("rules", format!("A firewall has at most {MOST_RULES} rules"))),
    }
}

fn entities(body: &Json) -> Vec<Json> {
    body["entities"].as_array().cloned().unwrap_or_default()
}

fn retain(world: &mut World, id: &str, keep: impl Fn(&Json) -> bool) {
    store::change(world, FIREWALLS, id, |body| {
        if let Some(entities) = body["entities"].as_array_mut() {
            entities.retain(|entity| keep(entity));
        }
    });
}

fn devices(body: &Json) -> Vec<Json> {
    let device = |entity: &Json| {
        let mut shown = entity.clone();
        if let Json::Object(map) = &mut shown {
            map.remove(DEVICE);
        }
        json!({ "id": entity[DEVICE], "entity": shown, "created": body["created"], "updated": body["updated"] })
    };
    entities(body).iter().map(device).collect()
}

fn is_machine(entity: &Json, machine: &str) -> bool {
    entity["type"] == "linode" && entity["id"].as_u64().is_some_and(|number| number.to_string() == machine)
}

/// The firewalls of a machine.
pub(super) fn of_machine(world: &World, machine: &str) -> Vec<Json> {
    let all = store::all(world, FIREWALLS).into_iter();
    let own = all.filter(|object| entities(&object.body).iter().any(|entity| is_machine(entity, machine)));
    own.map(shown).collect()
}

fn add(world: &mut World, id: &str, body: &Map<String, Json>) -> Result<Response, Refused> {
    fields::check(body, DEVICES, world.lenient)?;
    let machine = body["id"].as_u64().unwrap_or_default().to_string();
    if body["type"] != "linode" || store::get(world, INSTANCES, &machine).is_err() {
        return Err(Refused::field("id", "Entity not found"));
    }
    if !of_machine(world, &machine).is_empty() {
        return Err(Refused::field("id", "The Linode has a firewall already"));
    }
    join(world, id, &machine);
    let all = devices(&store::get(world, FIREWALLS, id)?.body);
    Ok(success(all.last().unwrap_or(&Json::Null)))
}

/// Puts a machine behind a firewall.
pub(super) fn join(world: &mut World, id: &str, machine: &str) {
    let device = store::give(world);
    let Ok(object) = store::get(world, INSTANCES, machine) else { return };
    let entity = json!({
        "id": object.body["id"],
        "label": object.body["label"],
        "type": "linode",
        "url": format!("/v4/linode/instances/{machine}"),
        (DEVICE): device,
    });
    store::change(world, FIREWALLS, id, |body| {
        if let Some(entities) = body["entities"].as_array_mut() {
            entities.push(entity);
        }
    });
}

/// Takes a machine that is deleted out of all firewalls.
pub(super) fn leave_all(world: &mut World, machine: &str) {
    let ids: Vec<String> = store::all(world, FIREWALLS).iter().map(|object| object.id.name().to_owned()).collect();
    for id in ids {
        let has = store::get(world, FIREWALLS, &id)
            .is_ok_and(|object| entities(&object.body).iter().any(|entity| is_machine(entity, machine)));
        if has {
            retain(world, &id, |entity| !is_machine(entity, machine));
        }
    }
}
