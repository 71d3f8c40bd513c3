//! The routes of the API.

use serde_json::{Value as Json, json};

use super::answers::{Refused, page, success};
use super::records::{self, Records};
use super::requests::{authorized, body, id, pages};
use super::{NAME, balancing, zones};
use crate::simulator::request::{HttpMethod, Request, Response};
use crate::simulator::world::World;

/// The beginning of every path.
const PREFIX: &str = "/client/v4/";

/// Answers a request.
pub(super) fn route(world: &mut World, request: &Request) -> Result<Response, Refused> {
    authorized(request)?;
    let path = request.path.strip_prefix(PREFIX).ok_or_else(|| Refused::no_route(&request.path))?;
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    match (request.verb, segments.as_slice()) {
        (HttpMethod::Get, ["user", "tokens", "verify"] | ["accounts", _, "tokens", "verify"]) => {
            let id = world.seed.guid(&[NAME, "token"]).replace('-', "");
            Ok(success(json!({ "id": id, "status": "active" })))
        }
        (HttpMethod::Get, ["zones"]) => {
            let status = request.query.get("status").is_none_or(|status| status == "active");
            let name = request.query.get("name").map(|name| name.to_ascii_lowercase());
            let all = if status { zones::list(world, name.as_deref()) } else { Vec::new() };
            Ok(page(all, pages(request, 20)?))
        }
        (HttpMethod::Get, ["zones", zone]) => zones::read(world, id(zone, request)?).map(success),
        (verb, ["zones", zone, "dns_records", rest @ ..]) => {
            of_records(world, request, (verb, id(zone, request)?, rest))
        }
        (verb, ["zones", zone, of @ "load_balancers", rest @ ..]) => {
            balancing::route(world, request, (verb, (id(zone, request)?, of), rest))
        }
        (verb, ["accounts", account, "load_balancers", of @ ("pools" | "monitors"), rest @ ..]) => {
            balancing::route(world, request, (verb, (id(account, request)?, of), rest))
        }
        _ => Err(Refused::no_route(&request.path)),
    }
}

fn of_records(
    world: &mut World,
    request: &Request,
    (verb, zone, rest): (HttpMethod, &str, &[&str]),
) -> Result<Response, Refused> {
    let collection = records::of(zone);
    let absent = || Refused::new(404, 81_044, "Record does not exist.");
    match (verb, rest) {
        (HttpMethod::Get, []) => {
            let found = collection.all(world).into_iter().filter(|record| matches(record, request));
            Ok(page(found.collect(), pages(request, 100)?))
        }
        (HttpMethod::Post, []) => {
            let mut all = Records::new(world, zone);
            let id = all.post(world, body(request)?)?;
            all.commit(world);
            Ok(success(collection.get(world, &id).cloned().unwrap_or_default()))
        }
        (HttpMethod::Post, ["batch"]) => records::batch(world, zone, &body(request)?).map(success),
        (HttpMethod::Get, [id]) => collection.get(world, id).cloned().map(success).ok_or_else(absent),
        (HttpMethod::Put | HttpMethod::Patch, [id]) => {
            let mut all = Records::new(world, zone);
            match verb {
                HttpMethod::Put => all.put(id, body(request)?)?,
                _ => all.patch(id, body(request)?)?,
            }
            all.commit(world);
            Ok(success(collection.get(world, id).cloned().unwrap_or_default()))
        }
        (HttpMethod::Delete, [id]) => {
            let mut all = Records::new(world, zone);
            all.delete(id)?;
            all.commit(world);
            Ok(success(json!({ "id": id })))
        }
        _ => Err(Refused::no_route(&request.path)),
    }
}

/// True for a record that all filters of a list accept.
fn matches(record: &Json, request: &Request) -> bool {
    let filters = [
        ("type", "type"),
        ("name", "name"),
        ("name.exact", "name"),
        ("content", "content"),
        ("content.exact", "content"),
    ];
    let is = |property: &str, wanted: &String| {
        record.get(property).and_then(Json::as_str).is_some_and(|text| text.eq_ignore_ascii_case(wanted))
    };
    let exact =
        filters.iter().all(|(filter, property)| request.query.get(*filter).is_none_or(|wanted| is(property, wanted)));
    let proxied = request
        .query
        .get("proxied")
        .is_none_or(|wanted| record.get("proxied").and_then(Json::as_bool) == Some(wanted == "true"));
    exact && proxied
}
