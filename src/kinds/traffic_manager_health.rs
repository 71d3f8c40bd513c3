//! What a simulated Traffic Manager answers with, and how it finds out which endpoints live.
//!
//! Source for what each status means and for answers when none is well: the reference of Traffic Manager's endpoint monitoring.

use serde_json::Value as Json;

use super::path;
use super::table::*;
use super::traffic_manager_profile::{MONITORED, PRIORITY, RANGES, show_endpoints};
use crate::address::ArmId;

/// How endpoints are probed, and where that shows.
pub(super) const WATCHED: Watched = Watched { how, show };

pub(super) fn is_enabled(endpoint: &Json) -> bool {
    path::text(endpoint, "properties.endpointStatus") != Some("Disabled")
}

/// Whether an endpoint takes traffic without being probed.
pub(super) fn serves_always(endpoint: &Json) -> bool {
    path::text(endpoint, "properties.alwaysServe") == Some("Enabled")
}

fn is_disabled(profile: &Json) -> bool {
    path::text(profile, "properties.profileStatus") == Some("Disabled")
}

/// To the endpoints that are answered now: those that are well, as the profile chooses among them. Where none is well, all that are enabled.
pub(super) fn leads(cloud: &dyn Cloudlet, id: &ArmId) -> Leads {
    let Some(profile) = cloud.get(id) else { return Leads::Nowhere("its profile is gone") };
    if is_disabled(profile) {
        return Leads::Nowhere("its profile is disabled");
    }
    let below = cloud.below(id);
    let enabled: Vec<&Json> = below.iter().filter_map(|id| cloud.get(id)).filter(|body| is_enabled(body)).collect();
    let is_well = |endpoint: &&&Json| path::text(endpoint, MONITORED) != Some("Degraded");
    let well: Vec<&Json> = enabled.iter().filter(is_well).copied().collect();
    let chosen = if well.is_empty() { enabled } else { choose(profile, well) };
    let names = chosen.into_iter().filter_map(|endpoint| target(cloud, endpoint)).collect();
    let ttl = path::borrow(profile, "properties.dnsConfig.ttl").and_then(Json::as_u64);
    Leads::Names(names, ttl.and_then(|ttl| u32::try_from(ttl).ok()).unwrap_or(60))
}

/// The endpoints among which clients are spread. Where clients are is not simulated: methods that go by it spread evenly.
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

/// The name or address of an endpoint; of a resource, the name that it has now.
fn target(cloud: &dyn Cloudlet, endpoint: &Json) -> Option<String> {
    let resource = path::text(endpoint, "properties.targetResourceId").and_then(|id| cloud.get(&ArmId::new(id)));
    let name = resource.and_then(|resource| path::text(resource, "properties.dnsSettings.fqdn"));
    name.or_else(|| path::text(endpoint, "properties.target")).map(str::to_ascii_lowercase)
}

fn how(cloud: &dyn Cloudlet, id: &ArmId) -> Option<Watch> {
    let endpoint = cloud.get(id).filter(|endpoint| is_enabled(endpoint) && !serves_always(endpoint))?;
    let profile = cloud.get(&id.parent()?).filter(|profile| !is_disabled(profile))?;
    let number = |argument: &str, usual: u32| {
        let written = path::borrow(profile, &format!("properties.monitorConfig.{argument}")).and_then(Json::as_u64);
        written.and_then(|number| u32::try_from(number).ok()).unwrap_or(usual)
    };
    let status = |range: &Json, end: &str| range.get(end)?.as_u64().and_then(|status| u16::try_from(status).ok());
    let ranges = path::items(profile, RANGES).iter();
    Some(Watch {
        host: target(cloud, endpoint)?,
        healthy: ranges.filter_map(|range| Some((status(range, "min")?, status(range, "max")?))).collect(),
        interval: number("intervalInSeconds", 30),
        timeout: number("timeoutInSeconds", 10),
        tolerated: number("toleratedNumberOfFailures", 3),
    })
}

fn show(cloud: &mut dyn Cloudlet, id: &ArmId, well: bool) {
    let status = if well { "Online" } else { "Degraded" };
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
