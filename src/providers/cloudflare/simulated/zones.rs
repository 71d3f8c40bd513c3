//! Zones: the simulated account owns every domain.

use serde_json::{Value as Json, json};

use super::NAME;
use super::answers::Refused;
use super::state::CloudflareState;
use crate::providers::cloudflare::SIMULATED_ACCOUNT;
use crate::simulator::world::World;

/// Suffixes of two labels below which domains are registered: those that most stacks may have.
const SUFFIXES: &[&str] = &[
    "co.in", "co.jp", "co.nz", "co.uk", "co.za", "com.ar", "com.au", "com.br", "com.mx", "com.tr", "net.au", "org.au",
    "org.uk",
];

/// The id of the zone of a domain.
pub(super) fn id_of(world: &World, domain: &str) -> String {
    world.seed.guid(&[NAME, "zone", domain]).replace('-', "")
}

/// The part of a name that is registered: `example.com` of `www.example.com`. `None` for a suffix, for a single label
/// and for a name that nobody can register.
pub(super) fn registrable(name: &str) -> Option<&str> {
    let starts: Vec<usize> = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1)).collect();
    let last = |labels: usize| starts.len().checked_sub(labels).and_then(|at| name.get(starts[at]..));
    let labels = if last(2).is_some_and(|suffix| SUFFIXES.contains(&suffix)) { 3 } else { 2 };
    let domain = last(labels)?;
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
    };
    (domain.split('.').all(is_label) && !domain.ends_with(".invalid")).then_some(domain)
}

/// Records the domain of a zone.
pub(super) fn note(world: &mut World, id: &str, domain: &str) {
    let state: &mut CloudflareState = world.parts.get_mut();
    if state.zones.get(id).is_none_or(|known| known != domain) {
        state.zones.insert(id.to_owned(), domain.to_owned());
        world.changes.rest = true;
    }
}

/// The domain of a zone; `None` for an id that was never looked up: the zone of the first name that is written to it.
pub(super) fn domain(world: &World, id: &str) -> Option<String> {
    let state: &CloudflareState = world.parts.get();
    state.zones.get(id).cloned()
}

/// The zones with this name, or all that are known.
pub(super) fn list(world: &mut World, name: Option<&str>) -> Vec<Json> {
    let Some(name) = name else {
        let state: &CloudflareState = world.parts.get();
        return state.zones.iter().map(|(id, domain)| body(id, domain)).collect();
    };
    if registrable(name) != Some(name) {
        return Vec::new();
    }
    let id = id_of(world, name);
    note(world, &id, name);
    vec![body(&id, name)]
}

/// A zone by its id.
///
/// # Errors
/// A zone of which no domain is known.
pub(super) fn read(world: &World, id: &str) -> Result<Json, Refused> {
    match domain(world, id) {
        Some(domain) => Ok(body(id, &domain)),
        None => Err(Refused::no_route(&format!("/zones/{id}"))),
    }
}

fn body(id: &str, domain: &str) -> Json {
    json!({
        "id": id,
        "name": domain,
        "status": "active",
        "paused": false,
        "type": "full",
        "development_mode": 0,
        "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "original_name_servers": null,
        "original_registrar": null,
        "original_dnshost": null,
        "account": { "id": SIMULATED_ACCOUNT, "name": "drplan" },
        "owner": { "id": null, "type": "user", "email": null },
        "meta": {},
        "plan": { "id": "pro", "name": "Pro Website" },
        "created_on": crate::simulator::START.to_string(),
        "modified_on": crate::simulator::START.to_string(),
        "activated_on": crate::simulator::START.to_string(),
    })
}
