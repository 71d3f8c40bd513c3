//! The routes of the API.

use serde_json::{Value as Json, json};

use super::answers::{Refused, page, success};
use super::filter::filtered;
use super::requests::Route;
use super::store;
use super::{NAME, buckets, domains, events, firewalls, images, instances, locks, plans, volumes};
use crate::kinds::regions::Region;
use crate::providers::linode::TABLES;
use crate::simulator::request::{ErrorResponse, HttpMethod, Request, Response};
use crate::simulator::world::World;

/// Answers a request.
pub(super) fn route(world: &mut World, request: &Request, fails: Option<ErrorResponse>) -> Result<Response, Refused> {
    let path = ["/v4/", "/v4beta/"].into_iter().find_map(|prefix| request.path.strip_prefix(prefix));
    let path = path.ok_or_else(Refused::absent)?;
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    // Regions are public.
    if let (HttpMethod::Get, ["regions", rest @ ..]) = (request.verb, segments.as_slice()) {
        return of_regions(world, request, rest);
    }
    authorized(request)?;
    match (request.verb, segments.as_slice()) {
        (HttpMethod::Get, ["profile"]) => {
            Ok(success(&json!({ "username": NAME, "email": "ops@example.com", "restricted": false })))
        }
        (HttpMethod::Get, ["profile", "tokens"]) => {
            let token = json!({
                "id": 1, "label": "drplan", "scopes": "*", "created": "2026-01-01T00:00:00", "expiry": null, "token": null,
            });
            page(vec![token], request)
        }
        (HttpMethod::Get, ["account", "events"]) => page(filtered(events::all(world), request)?, request),
        (_, ["linode", "instances", rest @ ..]) => instances::route(world, &Route { request, rest, fails }),
        (_, ["volumes", rest @ ..]) => volumes::route(world, &Route { request, rest, fails }),
        (_, ["networking", "firewalls", rest @ ..]) => firewalls::route(world, &Route { request, rest, fails }),
        (_, ["locks", rest @ ..]) => locks::route(world, &Route { request, rest, fails }),
        (_, ["images", rest @ ..]) => images::route(world, &Route { request, rest, fails }),
        (_, ["object-storage", "buckets", rest @ ..]) => buckets::route(world, &Route { request, rest, fails }),
        (_, ["domains", rest @ ..]) => domains::route(world, &Route { request, rest, fails }),
        _ => Err(Refused::absent()),
    }
}

/// Requires a bearer token. The simulator accepts any.
fn authorized(request: &Request) -> Result<(), Refused> {
    let token = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    match token.is_some_and(|token| !token.trim().is_empty()) {
        true => Ok(()),
        false => Err(Refused::new(401, "Invalid Token")),
    }
}

fn of_regions(world: &World, request: &Request, rest: &[&str]) -> Result<Response, Refused> {
    let shown = |region: &Region| {
        let status = if store::reach(world, region.name).is_ok() { "ok" } else { "outage" };
        json!({
            "id": region.name,
            "label": region.display_name,
            "country": region.geography,
            "status": status,
            "site_type": "core",
            "capabilities": ["Linodes", "Backups", "Block Storage", "Object Storage", "Cloud Firewall", "Metadata"],
        })
    };
    match rest {
        [] => page(TABLES.regions.iter().map(shown).collect(), request),
        ["availability"] => {
            page(TABLES.regions.iter().flat_map(|region| plans::available(world, region.name)).collect(), request)
        }
        [name, "availability"] if TABLES.regions.iter().any(|region| region.name == *name) => {
            Ok(success(&Json::Array(plans::available(world, name))))
        }
        [name] => {
            let region = TABLES.regions.iter().find(|region| region.name == *name).ok_or_else(Refused::absent)?;
            Ok(success(&shown(region)))
        }
        _ => Err(Refused::absent()),
    }
}
