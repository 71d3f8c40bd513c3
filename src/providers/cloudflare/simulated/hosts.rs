//! The public network: the names of records and load balancers, and where they lead.

use serde_json::Value as Json;

use super::store;
use crate::kinds::Lead;
use crate::simulator::world::{SimulatedObject, World};

/// The time to live that the API uses for 1, in seconds, and that of a proxied name.
const AUTOMATIC: u32 = 300;
/// The time to live of a load balancer that is not proxied and has none of its own, in seconds.
const BALANCED: u32 = 30;

/// True for an object that has a name.
pub(super) fn is_public(object: &SimulatedObject) -> bool {
    matches!(object.type_.as_str(), "dns_records" | "load_balancers")
}

/// The name of an object. A load balancer counts before a record of the same name: its key is later.
pub(super) fn hosts(object: &SimulatedObject) -> Vec<String> {
    let is_off = is(&object.body, "enabled") == Some(false);
    let leads = object.type_ == "load_balancers" || matches!(text(&object.body, "type"), Some("A" | "AAAA" | "CNAME"));
    let name = text(&object.body, "name").filter(|_| is_public(object) && leads && !is_off);
    name.map(str::to_owned).into_iter().collect()
}

/// Where an object leads.
pub(super) fn leads(world: &World, object: &SimulatedObject) -> Lead {
    let body = &object.body;
    let ttl = body.get("ttl").and_then(Json::as_f64).filter(|ttl| *ttl > 1.0).map(|ttl| ttl as u32);
    let proxied = is(body, "proxied") == Some(true);
    if object.type_ == "load_balancers" {
        let origins = origins(world, body);
        return match proxied {
            true => Lead::Proxied(origins, AUTOMATIC),
            false => Lead::FirstServing(origins, ttl.unwrap_or(BALANCED)),
        };
    }
    let content = text(body, "content").map(|content| content.trim_end_matches('.').to_ascii_lowercase());
    let content: Vec<String> = content.into_iter().collect();
    match proxied {
        true => Lead::Proxied(content, AUTOMATIC),
        false => Lead::Names(content, ttl.unwrap_or(AUTOMATIC)),
    }
}

/// The origins of a load balancer in the order of failover. A pool without a monitor counts as healthy, so that none
/// comes after it; if no pool is healthy, the fallback pool counts, whatever its health.
fn origins(world: &World, balancer: &Json) -> Vec<String> {
    let mut found = Vec::new();
    let default = balancer.get("default_pools").and_then(Json::as_array).into_iter().flatten();
    let pools = default.filter_map(Json::as_str).filter_map(|pool| store::find(world, "pools", pool));
    for pool in pools.filter(|pool| is(pool, "enabled") != Some(false)) {
        let enabled = enabled_origins(pool);
        let least = pool.get("minimum_origins").and_then(Json::as_u64).unwrap_or(1).max(1);
        if u64::try_from(enabled.len()).is_ok_and(|count| count < least) {
            continue;
        }
        found.extend(enabled);
        if text(pool, "monitor").is_none_or(str::is_empty) {
            return found;
        }
    }
    let fallback = text(balancer, "fallback_pool").and_then(|pool| store::find(world, "pools", pool));
    found.extend(fallback.into_iter().flat_map(enabled_origins));
    found
}

fn enabled_origins(pool: &Json) -> Vec<String> {
    let origins = pool.get("origins").and_then(Json::as_array).into_iter().flatten();
    let enabled = origins.filter(|origin| is(origin, "enabled") != Some(false));
    enabled.filter_map(|origin| text(origin, "address")).map(str::to_ascii_lowercase).collect()
}

fn text<'a>(body: &'a Json, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Json::as_str)
}

fn is(body: &Json, name: &str) -> Option<bool> {
    body.get(name).and_then(Json::as_bool)
}
