//! Domains, their records, and the name servers, which reload a zone some time after a change of it.

use serde_json::{Map, Value as Json, json};

use super::answers::{Refused, page, success};
use super::events::{NewEvent, begin};
use super::fields::{self, Field, Shape};
use super::filter::filtered;
use super::requests::{Route, list, one};
use super::store::{self, DOMAIN, DOMAINS, RECORDS};
use crate::kinds::Lead;
use crate::providers::linode::RELOADED;
use crate::simulator::operations::OperationKind;
use crate::simulator::request::{HttpMethod, Response};
use crate::simulator::world::{Lifecycle, SimulatedObject, World};

/// Seconds for which clients keep an answer that has no time to live of its own.
const DAY: u32 = 86_400;

const SECONDS: Shape = Shape::Whole(0, 2_419_200);
const TYPES: Shape = Shape::Word(&["A", "AAAA", "NS", "MX", "CNAME", "TXT", "SRV", "PTR", "CAA"]);

const CREATE: &[Field] = &[
    ("domain", Shape::Text, true),
    ("type", Shape::Word(&["master", "slave"]), true),
    ("soa_email", Shape::Text, false),
    ("description", Shape::Text, false),
    ("group", Shape::Text, false),
    ("status", Shape::Word(&["active", "disabled"]), false),
    ("ttl_sec", SECONDS, false),
    ("refresh_sec", SECONDS, false),
    ("retry_sec", SECONDS, false),
    ("expire_sec", SECONDS, false),
    ("master_ips", Shape::Texts, false),
    ("axfr_ips", Shape::Texts, false),
    ("tags", Shape::Texts, false),
];

const RECORD: &[Field] = &[
    ("type", TYPES, true),
    ("name", Shape::Text, false),
    ("target", Shape::Text, false),
    ("ttl_sec", SECONDS, false),
    ("priority", Shape::Whole(0, 255), false),
    ("weight", Shape::Whole(0, 65_535), false),
    ("port", Shape::Whole(0, 65_535), false),
    ("service", Shape::Text, false),
    ("protocol", Shape::Text, false),
    ("tag", Shape::Text, false),
];

/// Answers a request for domains and their records. Every write is complete for the API when it is answered.
pub(super) fn route(world: &mut World, route: &Route<'_>) -> Result<Response, Refused> {
    let verb = route.request.verb;
    if !verb.reads() {
        route.at_once()?;
    }
    match (verb, route.rest) {
        (HttpMethod::Get, []) => list(world, DOMAINS, route.request),
        (HttpMethod::Post, []) => create(world, route.body()?),
        (_, [domain, ..]) if store::get(world, DOMAINS, domain).is_err() => Err(Refused::absent()),
        (HttpMethod::Get, [domain]) => one(world, DOMAINS, domain),
        (HttpMethod::Put, [domain]) => {
            let body = route.body()?;
            let mut whole = store::get(world, DOMAINS, domain)?.body.clone();
            store::merge(&mut whole, &body);
            is_valid(&body, &whole, world.lenient)?;
            store::change(world, DOMAINS, domain, |object| store::merge(object, &body));
            one(world, DOMAINS, domain)
        }
        (HttpMethod::Delete, [domain]) => {
            let own: Vec<String> = store::records(world, domain).into_iter().map(SimulatedObject::key).collect();
            for key in own.iter().chain([&store::key(DOMAINS, domain)]) {
                world.take(key);
            }
            Ok(success(&json!({})))
        }
        (HttpMethod::Get, [domain, "records"]) => {
            let all = store::records(world, domain).into_iter().map(store::shown).collect();
            page(filtered(all, route.request)?, route.request)
        }
        (HttpMethod::Post, [domain, "records"]) => add(world, domain, route.body()?),
        (_, [domain, "records", id]) => {
            if !store::records(world, domain).iter().any(|record| record.id.name() == *id) {
                return Err(Refused::absent());
            }
            match verb {
                HttpMethod::Get => {}
                HttpMethod::Put => update(world, id, &route.body()?)?,
                HttpMethod::Delete => {
                    world.take(&store::key(RECORDS, id));
                    return Ok(success(&json!({})));
                }
                _ => return Err(Refused::absent()),
            }
            one(world, RECORDS, id)
        }
        _ => Err(Refused::absent()),
    }
}

/// Refuses a body of a domain that is not valid, and one that leaves it so.
fn is_valid(body: &Map<String, Json>, whole: &Json, lenient: bool) -> Result<(), Refused> {
    let optional: Vec<Field> = CREATE.iter().map(|(name, shape, _)| (*name, *shape, false)).collect();
    fields::check(body, &optional, lenient)?;
    fields::tags(body)?;
    let is_empty = |name: &str| match &whole[name] {
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => true,
    };
    match whole["type"].as_str() {
        Some("master") if is_empty("soa_email") => Err(Refused::field("soa_email", "SOA Email is required")),
        Some("slave") if is_empty("master_ips") => Err(Refused::field("master_ips", "Master IPs are required")),
        _ => Ok(()),
    }
}

fn create(world: &mut World, body: Map<String, Json>) -> Result<Response, Refused> {
    fields::check(&body, CREATE, world.lenient)?;
    let name = body["domain"].as_str().unwrap_or_default();
    if !name.contains('.') || name.len() > 253 {
        return Err(Refused::field("domain", "Domain is not valid"));
    }
    if store::labelled(world, DOMAINS, name).is_some() {
        return Err(Refused::field("domain", "DNS zone already exists."));
    }
    let (number, now) = (store::give(world), store::time(world));
    let mut made = json!({
        "id": number,
        "soa_email": "",
        "description": "",
        "group": "",
        "status": "active",
        "ttl_sec": 0,
        "refresh_sec": 0,
        "retry_sec": 0,
        "expire_sec": 0,
        "master_ips": [],
        "axfr_ips": [],
        "tags": [],
        "created": now,
        "updated": now,
    });
    store::merge(&mut made, &body);
    is_valid(&body, &made, world.lenient)?;
    store::insert(world, DOMAINS, made, Lifecycle::Standing);
    one(world, DOMAINS, &number.to_string())
}

/// Refuses a record that is not valid, or beside which no other of its name may be.
fn beside(world: &World, domain: &str, number: u64, record: &Json) -> Result<(), Refused> {
    let text = |body: &Json, name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let target = text(record, "target");
    let fits = match text(record, "type").as_str() {
        "A" => target.parse::<std::net::Ipv4Addr>().is_ok(),
        "AAAA" => target.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => !target.is_empty(),
    };
    if !fits {
        return Err(Refused::field("target", "Invalid target for this type of record"));
    }
    let others = store::records(world, domain).into_iter().map(|other| &other.body);
    let same = others.filter(|other| store::number(other) != number && text(other, "name") == text(record, "name"));
    for other in same {
        let names = text(other, "type") == "CNAME" || text(record, "type") == "CNAME";
        let is_equal = text(other, "type") == text(record, "type") && text(other, "target") == target;
        if names || is_equal {
            return Err(Refused::field("name", "hostname conflicts with another record"));
        }
    }
    Ok(())
}

fn add(world: &mut World, domain: &str, body: Map<String, Json>) -> Result<Response, Refused> {
    fields::check(&body, RECORD, world.lenient)?;
    let zone = store::get(world, DOMAINS, domain)?.body.clone();
    if zone["type"] != "master" {
        return Err(Refused::new(400, "The records of a slave domain are those of its masters"));
    }
    let (number, now) = (store::give(world), store::time(world));
    let mut made = json!({
        "id": number,
        "name": "",
        "target": "",
        "ttl_sec": 0,
        "priority": 0,
        "weight": 0,
        "port": 0,
        "service": null,
        "protocol": null,
        "tag": null,
        "created": now,
        "updated": now,
        (DOMAIN): zone["id"],
        // By this name clients reach it.
        "zone": zone["domain"],
    });
    store::merge(&mut made, &body);
    // A name may come with its domain.
    let name = made["name"].as_str().unwrap_or_default();
    let name = name.strip_suffix(zone["domain"].as_str().unwrap_or_default()).unwrap_or(name).trim_end_matches('.');
    made["name"] = json!(name);
    beside(world, domain, number, &made)?;
    store::insert(world, RECORDS, made, Lifecycle::Creating);
    let id = number.to_string();
    let new = reload(OperationKind::Create);
    begin(world, RECORDS, &id, new);
    one(world, RECORDS, &id)
}

fn reload(act: OperationKind) -> NewEvent<'static> {
    NewEvent { action: "", act, seconds: RELOADED, body: Json::Null, fails: None, before: None }
}

/// Changes a record. Until the name servers have reloaded the zone, they answer as before.
fn update(world: &mut World, id: &str, body: &Map<String, Json>) -> Result<(), Refused> {
    let optional: Vec<Field> = RECORD.iter().skip(1).map(|(name, shape, _)| (*name, *shape, false)).collect();
    fields::check(body, &optional, world.lenient)?;
    let before = store::get(world, RECORDS, id)?.clone();
    let mut whole = before.body.clone();
    store::merge(&mut whole, body);
    let domain = whole[DOMAIN].as_u64().unwrap_or_default().to_string();
    beside(world, &domain, store::number(&whole), &whole)?;
    store::change(world, RECORDS, id, |object| store::merge(object, body));
    if before.stage == Lifecycle::Standing {
        world.change(&store::key(RECORDS, id), |object| object.stage = Lifecycle::Updating);
        let mut new = reload(OperationKind::Update);
        new.before = Some(Box::new(before));
        begin(world, RECORDS, id, new);
    }
    Ok(())
}

/// The name of a record that leads users.
pub(super) fn hosts(record: &SimulatedObject) -> Vec<String> {
    let text = |name: &str| record.body[name].as_str().unwrap_or_default();
    if !["A", "AAAA", "CNAME"].contains(&text("type")) {
        return Vec::new();
    }
    let name = text("name");
    vec![if name.is_empty() { text("zone").to_owned() } else { format!("{name}.{}", text("zone")) }]
}

/// Where the name servers lead, which have not reloaded the zone since the last change.
pub(super) fn leads(world: &World, record: &SimulatedObject) -> Lead {
    let Some(body) = world.working(&record.key()) else { return Lead::Nowhere("the name servers do not know it yet") };
    let zone = body[DOMAIN].as_u64().unwrap_or_default().to_string();
    let Ok(zone) = store::get(world, DOMAINS, &zone) else { return Lead::Nowhere("it has no domain") };
    if zone.body["status"] != "active" {
        return Lead::Nowhere("its domain is disabled");
    }
    let seconds = |body: &Json| body["ttl_sec"].as_u64().and_then(|ttl| u32::try_from(ttl).ok()).filter(|ttl| *ttl > 0);
    let target = body["target"].as_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    Lead::Names(vec![target], seconds(body).or_else(|| seconds(&zone.body)).unwrap_or(DAY))
}
