//! Load balancers of a zone, and the pools and monitors of an account.

use serde_json::{Map, Value as Json, json};

use super::answers::{Refused, page, success};
use super::requests::{body, pages};
use super::shape::{self, Property, Shape, optional, required};
use super::store::{self, Collection};
use crate::simulator::request::{HttpMethod, Request, Response};
use crate::simulator::world::World;

const READ_ONLY: [Property; 3] = [
    optional("id", Shape::ReadOnly),
    optional("created_on", Shape::ReadOnly),
    optional("modified_on", Shape::ReadOnly),
];

const ADAPTIVE_ROUTING: &[Property] = &[optional("failover_across_pools", Shape::Bool)];
const LOCATION_STRATEGY: &[Property] = &[
    optional("mode", Shape::Word(&["pop", "resolver_ip"])),
    optional("prefer_ecs", Shape::Word(&["always", "never", "proximity", "geo"])),
];
const AFFINITY: &[Property] = &[
    optional("drain_duration", Shape::Number),
    optional("headers", Shape::Texts),
    optional("require_all_headers", Shape::Bool),
    optional("samesite", Shape::Word(&["Auto", "Lax", "None", "Strict"])),
    optional("secure", Shape::Word(&["Auto", "Always", "Never"])),
    optional("zero_downtime_failover", Shape::Word(&["none", "temporary", "sticky"])),
];
const POLICIES: &[&str] =
    &["off", "geo", "random", "dynamic_latency", "proximity", "least_outstanding_requests", "least_connections", ""];

const LOAD_BALANCER: &[Property] = &[
    required("name", Shape::Text),
    required("default_pools", Shape::Texts),
    required("fallback_pool", Shape::Text),
    optional("description", Shape::Text),
    optional("enabled", Shape::Bool),
    optional("proxied", Shape::Bool),
    optional("ttl", Shape::Number),
    optional("steering_policy", Shape::Word(POLICIES)),
    optional("session_affinity", Shape::Word(&["none", "cookie", "ip_cookie", "header", ""])),
    optional("session_affinity_ttl", Shape::Number),
    optional("session_affinity_attributes", Shape::Object(AFFINITY)),
    optional("adaptive_routing", Shape::Object(ADAPTIVE_ROUTING)),
    optional("location_strategy", Shape::Object(LOCATION_STRATEGY)),
    optional("random_steering", Shape::Any),
    optional("region_pools", Shape::Any),
    optional("country_pools", Shape::Any),
    optional("pop_pools", Shape::Any),
    optional("networks", Shape::Texts),
    optional("rules", Shape::Objects(RULE)),
    optional("zone_name", Shape::ReadOnly),
    READ_ONLY[0],
    READ_ONLY[1],
    READ_ONLY[2],
];
const RULE: &[Property] = &[
    optional("name", Shape::Text),
    optional("condition", Shape::Text),
    optional("disabled", Shape::Bool),
    optional("fixed_response", Shape::Any),
    optional("overrides", Shape::Any),
    optional("priority", Shape::Number),
    optional("terminates", Shape::Bool),
];

const HEADER: &[Property] = &[optional("Host", Shape::Texts)];
const ORIGIN: &[Property] = &[
    required("name", Shape::Text),
    required("address", Shape::Text),
    optional("enabled", Shape::Bool),
    optional("flatten_cname", Shape::Bool),
    optional("port", Shape::Whole(0, 65_535)),
    optional("weight", Shape::Number),
    optional("header", Shape::Object(HEADER)),
    optional("virtual_network_id", Shape::Text),
    optional("disabled_at", Shape::ReadOnly),
];
const LOAD_SHEDDING: &[Property] = &[
    optional("default_percent", Shape::Number),
    optional("default_policy", Shape::Word(&["random", "hash"])),
    optional("session_percent", Shape::Number),
    optional("session_policy", Shape::Word(&["hash"])),
];
const ORIGIN_STEERING: &[Property] =
    &[optional("policy", Shape::Word(&["random", "hash", "least_outstanding_requests", "least_connections"]))];

const POOL: &[Property] = &[
    required("name", Shape::Text),
    required("origins", Shape::Objects(ORIGIN)),
    optional("enabled", Shape::Bool),
    optional("minimum_origins", Shape::Whole(0, 1000)),
    optional("monitor", Shape::Text),
    optional("monitor_group", Shape::Text),
    optional("check_regions", Shape::Texts),
    optional("description", Shape::Text),
    optional("latitude", Shape::Number),
    optional("longitude", Shape::Number),
    optional("load_shedding", Shape::Object(LOAD_SHEDDING)),
    optional("origin_steering", Shape::Object(ORIGIN_STEERING)),
    optional("notification_email", Shape::Text),
    optional("notification_filter", Shape::Any),
    optional("networks", Shape::ReadOnly),
    optional("disabled_at", Shape::ReadOnly),
    READ_ONLY[0],
    READ_ONLY[1],
    READ_ONLY[2],
];

const MONITOR: &[Property] = &[
    optional("type", Shape::Word(&["http", "https", "tcp", "udp_icmp", "icmp_ping", "smtp"])),
    optional("description", Shape::Text),
    optional("method", Shape::Text),
    optional("path", Shape::Text),
    optional("port", Shape::Whole(0, 65_535)),
    optional("expected_codes", Shape::Text),
    optional("expected_body", Shape::Text),
    optional("interval", Shape::Whole(5, 3600)),
    optional("timeout", Shape::Whole(1, 10)),
    optional("retries", Shape::Whole(0, 5)),
    optional("consecutive_up", Shape::Whole(0, 100)),
    optional("consecutive_down", Shape::Whole(0, 100)),
    optional("follow_redirects", Shape::Bool),
    optional("allow_insecure", Shape::Bool),
    optional("probe_zone", Shape::Text),
    optional("header", Shape::Any),
    READ_ONLY[0],
    READ_ONLY[1],
    READ_ONLY[2],
];

/// Answers a request for objects of one type in a zone or account.
pub(super) fn route(
    world: &mut World,
    request: &Request,
    (verb, (scope, of), rest): (HttpMethod, (&str, &str), &[&str]),
) -> Result<Response, Refused> {
    let (collection, shape) = match of {
        "pools" => (Collection::of_account(scope, "pools"), POOL),
        "monitors" => (Collection::of_account(scope, "monitors"), MONITOR),
        _ => (Collection::of_zone(scope, "load_balancers"), LOAD_BALANCER),
    };
    let absent = || Refused::new(404, 1001, "resource not found");
    match (verb, rest) {
        (HttpMethod::Get, []) => Ok(page(collection.all(world), pages(request, 1000)?)),
        (HttpMethod::Post, []) => {
            let made = (collection.make(world), Map::new());
            keep(world, (&collection, shape), made, body(request)?).map(success)
        }
        (_, [id, ..]) if collection.get(world, id).is_none() => Err(absent()),
        (HttpMethod::Get, [id]) => collection.get(world, id).cloned().map(success).ok_or_else(absent),
        (HttpMethod::Put, [id]) => {
            keep(world, (&collection, shape), ((*id).to_owned(), Map::new()), body(request)?).map(success)
        }
        (HttpMethod::Patch, [id]) => {
            let before = collection.get(world, id).and_then(Json::as_object).cloned().unwrap_or_default();
            keep(world, (&collection, shape), ((*id).to_owned(), before), body(request)?).map(success)
        }
        (HttpMethod::Delete, [id]) => {
            if let Some(user) = user(world, &collection, id) {
                let what = if of == "pools" { "pool" } else { "monitor" };
                let message = format!("{what} is referenced by {user}: precondition failed");
                return Err(Refused::new(412, 1005, message));
            }
            collection.delete(world, id);
            Ok(success(json!({ "id": id })))
        }
        (HttpMethod::Get, [id, "health"]) if of == "pools" => {
            let pool = collection.get(world, id).cloned().unwrap_or_default();
            Ok(success(health(world, id, &pool)))
        }
        _ => Err(Refused::no_route(&request.path)),
    }
}

/// Creates, replaces or changes an object.
fn keep(
    world: &mut World,
    (collection, shape): (&Collection, &[Property]),
    (id, before): (String, Map<String, Json>),
    body: Map<String, Json>,
) -> Result<Json, Refused> {
    let whole = before.is_empty();
    shape::check(&body, shape, whole, world.lenient).map_err(Refused::balancing)?;
    let mut object = before;
    object.extend(shape::written(body, shape));
    match collection.of {
        "pools" => pool(world, &id, &mut object, collection)?,
        "monitors" => monitor(&mut object),
        _ => load_balancer(world, &id, &mut object, collection)?,
    }
    Ok(collection.put(world, &id, object))
}

/// Sets properties that a body lacks.
fn fill(object: &mut Map<String, Json>, usual: &[(&str, Json)]) {
    for (name, value) in usual {
        if object.get(*name).is_none_or(Json::is_null) {
            object.insert((*name).to_owned(), value.clone());
        }
    }
}

fn text<'a>(object: &'a Map<String, Json>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Json::as_str)
}

/// Refuses a name that another object of the collection has.
fn named(world: &World, id: &str, object: &Map<String, Json>, collection: &Collection) -> Result<(), Refused> {
    let same = |other: &Json, name: &str| other.get(name).and_then(Json::as_str) == text(object, name);
    let is_other = |other: &Json| other.get("id").and_then(Json::as_str) != Some(id);
    match collection.all(world).iter().find(|other| is_other(other) && same(other, "name")) {
        Some(_) => Err(Refused::balancing("name: an object with this name already exists")),
        None => Ok(()),
    }
}

fn pool(world: &World, id: &str, pool: &mut Map<String, Json>, collection: &Collection) -> Result<(), Refused> {
    let name = text(pool, "name").unwrap_or_default();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
        return Err(Refused::balancing("name: must have only letters, digits, hyphens and underscores"));
    }
    named(world, id, pool, collection)?;
    if let Some(monitor) = text(pool, "monitor").filter(|monitor| !monitor.is_empty())
        && store::find(world, "monitors", monitor).is_none()
    {
        return Err(Refused::balancing("monitor: the monitor does not exist"));
    }
    if pool.get("origins").and_then(Json::as_array).is_none_or(Vec::is_empty) {
        return Err(Refused::balancing("origins: a pool has at least one origin"));
    }
    let usual = [("enabled", json!(true)), ("minimum_origins", json!(1)), ("description", json!(""))];
    fill(pool, &usual);
    for origin in pool.get_mut("origins").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Json::Object(origin) = origin {
            fill(origin, &[("enabled", json!(true)), ("weight", json!(1)), ("flatten_cname", json!(true))]);
        }
    }
    Ok(())
}

fn monitor(monitor: &mut Map<String, Json>) {
    let usual = [
        ("type", json!("http")),
        ("description", json!("")),
        ("interval", json!(60)),
        ("timeout", json!(5)),
        ("retries", json!(2)),
        ("consecutive_up", json!(0)),
        ("consecutive_down", json!(0)),
        ("port", json!(0)),
        ("follow_redirects", json!(false)),
        ("allow_insecure", json!(false)),
    ];
    fill(monitor, &usual);
    if matches!(text(monitor, "type"), Some("http" | "https")) {
        fill(monitor, &[("path", json!("/")), ("method", json!("GET")), ("expected_codes", json!("200"))]);
    }
}

fn load_balancer(
    world: &World,
    id: &str,
    balancer: &mut Map<String, Json>,
    collection: &Collection,
) -> Result<(), Refused> {
    named(world, id, balancer, collection)?;
    let pools = balancer.get("default_pools").and_then(Json::as_array).into_iter().flatten();
    let pools: Vec<&str> = pools.filter_map(Json::as_str).chain(text(balancer, "fallback_pool")).collect();
    if let Some(absent) = pools.iter().find(|pool| store::find(world, "pools", pool).is_none()) {
        return Err(Refused::balancing(format!("pool {absent} does not exist")));
    }
    if pools.len() < 2 {
        return Err(Refused::balancing("default_pools: a load balancer has at least one pool"));
    }
    let usual = [
        ("enabled", json!(true)),
        ("proxied", json!(false)),
        ("session_affinity", json!("none")),
        ("steering_policy", json!("off")),
        ("description", json!("")),
    ];
    fill(balancer, &usual);
    Ok(())
}

/// The object that uses a pool or a monitor.
fn user(world: &World, collection: &Collection, id: &str) -> Option<&'static str> {
    let is = |value: Option<&Json>| value.and_then(Json::as_str) == Some(id);
    let is_among =
        |value: Option<&Json>| value.and_then(Json::as_array).is_some_and(|all| all.iter().any(|one| is(Some(one))));
    match collection.of {
        "pools" => store::of_type(world, "load_balancers")
            .any(|balancer| {
                let body = &balancer.body;
                is_among(body.get("default_pools"))
                    || is(body.get("fallback_pool"))
                    || mentions(body.get("region_pools"), id)
            })
            .then_some("at least one load balancer"),
        "monitors" => {
            store::of_type(world, "pools").any(|pool| is(pool.body.get("monitor"))).then_some("at least one pool")
        }
        _ => None,
    }
}

fn mentions(value: Option<&Json>, id: &str) -> bool {
    value.is_some_and(|value| value.to_string().contains(id))
}

/// The health of the origins of a pool, as one region sees them.
fn health(world: &mut World, id: &str, pool: &Json) -> Json {
    let mut any = false;
    let mut origins = Vec::new();
    for origin in pool.get("origins").and_then(Json::as_array).into_iter().flatten() {
        let address = origin.get("address").and_then(Json::as_str).unwrap_or_default();
        let healthy = world.serves(address);
        any |= healthy;
        let reason = if healthy { "No failures" } else { "TCP connection failed" };
        let code = if healthy { 200 } else { 0 };
        let seen = json!({ "healthy": healthy, "failure_reason": reason, "response_code": code, "rtt": "20ms" });
        origins.push(json!({ address: seen }));
    }
    json!({ "pool_id": id, "pop_health": { "Toronto, CA": { "healthy": any, "origins": origins } } })
}
