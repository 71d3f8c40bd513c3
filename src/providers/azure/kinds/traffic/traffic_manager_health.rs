//! Traffic Manager's endpoint monitoring, and the simulation of it and of its DNS answers.
//!
//! Source of the statuses, and of the answer without healthy endpoints: the reference of Traffic Manager's endpoint
//! monitoring.

use crate::providers::azure::ids::AzureId;
use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::traffic::traffic_manager_profile::{MONITORED, PRIORITY, RANGES, show_endpoints};

/// Probing of endpoints, and display of its results.
pub(super) const WATCHED: ProbedEndpoint = ProbedEndpoint { how, show };

/// Traffic Manager as the front of its endpoints.
pub(super) static FRONT: Front = Front { name: "Traffic Manager", notices, health, failing: DEGRADED };

/// The status of an endpoint whose last probes failed.
const DEGRADED: &str = "Degraded";

/// A healthy endpoint shows with the next probe; an unhealthy one once more probes than are tolerated have
/// failed, and the last of them has timed out.
fn notices(endpoint: &Subject<'_>) -> Option<DurationEstimate> {
    if endpoint.args.get("always_serve_enabled").and_then(Json::as_bool) == Some(true) {
        return None;
    }
    let of_profile = |profile: &Subject<'_>| {
        let monitor = profile.args.get("monitor_config");
        let number = |name: &str, usual: u32| {
            let written = monitor.and_then(|monitor| monitor.get(name)).and_then(Json::as_u64);
            written.and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
        };
        let interval = number("interval_in_seconds", 30);
        let failures = number("tolerated_number_of_failures", 3);
        let worst = interval * (failures + 1) + number("timeout_in_seconds", 10);
        (profile.text("profile_status") != Some("Disabled"))
            .then_some(DurationEstimate { typical: interval, worst: worst.max(2 * interval) })
    };
    endpoint.with("profile", of_profile).flatten()
}

fn health(endpoint: &Json) -> EndpointHealth {
    match path::text(endpoint, MONITORED) {
        Some(word @ "Online") => EndpointHealth::Healthy(word.to_owned()),
        Some(word @ (DEGRADED | "Disabled" | "Inactive" | "Stopped")) => EndpointHealth::Unhealthy(word.to_owned()),
        Some(word) => EndpointHealth::Unknown(word.to_owned()),
        None => EndpointHealth::Unknown("no status".to_owned()),
    }
}

/// True if an endpoint may receive traffic.
pub(super) fn is_enabled(endpoint: &Json) -> bool {
    path::text(endpoint, "properties.endpointStatus") != Some("Disabled")
}

/// True if an endpoint receives traffic without probes.
pub(super) fn serves_always(endpoint: &Json) -> bool {
    path::text(endpoint, "properties.alwaysServe") == Some("Enabled")
}

/// True if a profile answers no queries.
pub(super) fn is_disabled(profile: &Json) -> bool {
    path::text(profile, "properties.profileStatus") == Some("Disabled")
}

/// Leads to the healthy endpoints that the profile's method chooses. If none is healthy, to all enabled ones.
pub(super) fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &str) -> Lead {
    let Some(profile) = cloud.get(id) else { return Lead::Nowhere("its profile does not exist") };
    if is_disabled(profile) {
        return Lead::Nowhere("its profile is disabled");
    }
    let below = cloud.below(id);
    let enabled: Vec<&Json> = below.iter().filter_map(|id| cloud.get(id)).filter(|body| is_enabled(body)).collect();
    let is_well = |endpoint: &&&Json| path::text(endpoint, MONITORED) != Some(DEGRADED);
    let well: Vec<&Json> = enabled.iter().filter(is_well).copied().collect();
    let chosen = if well.is_empty() { enabled } else { choose(profile, well) };
    let names = chosen.into_iter().filter_map(|endpoint| target(cloud, endpoint)).collect();
    let ttl = path::borrow(profile, "properties.dnsConfig.ttl").and_then(Json::as_u64);
    Lead::Names(names, ttl.and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(60))
}

/// The endpoints for clients. The simulator knows no client locations: methods that depend on them distribute evenly.
fn choose<'a>(profile: &Json, well: Vec<&'a Json>) -> Vec<&'a Json> {
    let number = |endpoint: &Json, at: &str| path::borrow(endpoint, at).and_then(Json::as_u64);
    match path::text(profile, "properties.trafficRoutingMethod") {
        Some("Priority") => {
            well.into_iter().min_by_key(|endpoint| number(endpoint, PRIORITY).unwrap_or(u64::MAX)).into_iter().collect()
        }
        Some("Weighted") => {
            let weight = |endpoint: &Json| number(endpoint, "properties.weight").unwrap_or(1);
            well.into_iter().flat_map(|endpoint| (0..weight(endpoint)).map(move |_| endpoint)).collect()
        }
        Some("MultiValue") => {
            let most = number(profile, "properties.maxReturn").unwrap_or(1);
            well.into_iter().take(usize::try_from(most).unwrap_or(usize::MAX)).collect()
        }
        _ => well,
    }
}

/// The name or address of an endpoint. For a resource, its current name.
fn target(cloud: &dyn SimulatedWorld, endpoint: &Json) -> Option<String> {
    let resource = path::text(endpoint, "properties.targetResourceId").and_then(|id| cloud.get(&ObjectId::new(id)));
    let name = resource.and_then(|resource| path::text(resource, "properties.dnsSettings.fqdn"));
    name.or_else(|| path::text(endpoint, "properties.target")).map(str::to_ascii_lowercase)
}

fn how(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<ProbeSettings> {
    let endpoint = cloud.get(id).filter(|endpoint| is_enabled(endpoint) && !serves_always(endpoint))?;
    let profile = cloud.get(&id.parent()?).filter(|profile| !is_disabled(profile))?;
    let number = |argument: &str, usual: u32| {
        let written = path::borrow(profile, &format!("properties.monitorConfig.{argument}")).and_then(Json::as_u64);
        written.and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
    };
    let status = |range: &Json, end: &str| range.get(end)?.as_u64().and_then(|status| u16::try_from(status).ok());
    let ranges = path::items(profile, RANGES).iter();
    Some(ProbeSettings {
        host: target(cloud, endpoint)?,
        healthy: ranges.filter_map(|range| Some((status(range, "min")?, status(range, "max")?))).collect(),
        interval: number("intervalInSeconds", 30),
        timeout: number("timeoutInSeconds", 10),
        tolerated: number("toleratedNumberOfFailures", 3),
    })
}

/// An endpoint whose answer is not known stays as Azure shows one before the first answer: in use, and not healthy.
fn show(cloud: &mut dyn SimulatedWorld, id: &ObjectId, well: Option<bool>) {
    let status = match well {
        Some(true) => "Online",
        Some(false) => DEGRADED,
        None => "CheckingEndpoint",
    };
    let known = cloud.get(id).filter(|endpoint| is_enabled(endpoint) && !serves_always(endpoint));
    let Some(known) = known.map(|endpoint| path::text(endpoint, MONITORED) == Some(status)) else { return };
    if known {
        return;
    }
    if let Some(endpoint) = cloud.get_mut(id) {
        path::put(endpoint, MONITORED, Json::from(status));
    }
    if let Some(profile) = id.parent() {
        show_endpoints(cloud, &profile);
    }
}
