//! Simulation of a Cosmos DB account: its regions, the write region, and the actions that change them.

use serde_json::{Value as Json, json};

use super::{LOCATIONS, place};
use crate::kinds::hosts::hosts_at;
use crate::kinds::path;
use crate::kinds::regions::Region;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::identity;

const READ: &str = "properties.readLocations";
const WRITE: &str = "properties.writeLocations";
const POLICIES: &str = "properties.failoverPolicies";
/// Path of the account's endpoint. Each region has one of its own.
const ENDPOINT: &str = "properties.documentEndpoint";

/// Action that returns connection strings (source: the account operations of Azure's SDK).
const CONNECTIONS: &str = "listConnectionStrings";

/// Simulation of an account.
pub(super) const SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    created: 200,
    tells: &[
        tells("readonlykeys", "primaryReadonlyMasterKey"),
        tells("readonlykeys", "secondaryReadonlyMasterKey"),
        tells(CONNECTIONS, "connectionStrings[0].connectionString"),
        says(CONNECTIONS, "connectionStrings[0].description", "Primary SQL Connection String"),
        tells(CONNECTIONS, "connectionStrings[1].connectionString"),
        says(CONNECTIONS, "connectionStrings[1].description", "Secondary SQL Connection String"),
        tells(CONNECTIONS, "connectionStrings[2].connectionString"),
        says(CONNECTIONS, "connectionStrings[2].description", "Primary Read-Only SQL Connection String"),
        tells(CONNECTIONS, "connectionStrings[3].connectionString"),
        says(CONNECTIONS, "connectionStrings[3].description", "Secondary Read-Only SQL Connection String"),
    ],
    admit: Some(admit),
    settle: Some(settle),
    actions: &[
        SimulatedAction {
            name: "failoverPriorityChange",
            query: None,
            admit: admit_priorities,
            done: change_priorities,
            lasts: 180,
            reaches: |_, _| Vec::new(),
            leaves: false,
            allocates: false,
        },
        SimulatedAction {
            name: "offlineRegion",
            query: None,
            admit: admit_offline,
            done: take_offline,
            lasts: 20,
            reaches: |_, _| Vec::new(),
            leaves: true,
            allocates: false,
        },
        SimulatedAction {
            name: "onlineRegion",
            query: None,
            admit: admit_online,
            done: bring_online,
            lasts: 600,
            reaches: |_, _| Vec::new(),
            leaves: false,
            allocates: false,
        },
    ],
    wakes: Some(wakes),
    metrics: &[Metric { name: "ReplicationLatency", unit: "MilliSeconds", value: replication_latency }],
    keeps: Some(keeps),
    hosts: Some(hosts),
    leads: Some(leads),
    accepts: &[
        "properties.backupPolicy.migrationState",
        "properties.customerManagedKeyStatus",
        identity::ACCEPTS,
        LOCATIONS,
        READ,
        WRITE,
        POLICIES,
        ENDPOINT,
        "properties.instanceId",
        "properties.cors",
    ],
    ..SimulatedBehaviour::NONE
};

fn priority(location: &Json) -> Option<i64> {
    location.get("failoverPriority").and_then(Json::as_i64)
}

fn refuse<T>(message: String) -> Result<T, Refusal> {
    Err(Refusal { status: 400, code: "BadRequest", message })
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let locations = path::items(body, LOCATIONS);
    let mut priorities: Vec<_> = locations.iter().map(priority).collect();
    priorities.sort_unstable();
    priorities.dedup();
    if priorities.len() != locations.len() || priorities.first() != Some(&Some(0)) {
        return refuse("Failover priorities are unique, and one region has 0.".to_owned());
    }
    if let Some(unknown) = locations.iter().find(|location| place(location).is_none()) {
        return refuse(format!("The location {unknown} is not a region."));
    }
    let first = |body: &Json| path::items(body, LOCATIONS).iter().find(|l| priority(l) == Some(0)).and_then(place);
    let moved = cloud.get(id).is_some_and(|standing| first(standing).is_some() && first(standing) != first(body));
    if moved {
        return refuse("The write region is changed by failoverPriorityChange only.".to_owned());
    }
    Ok(())
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    let (name, guid) = (id.name().to_owned(), cloud.guid(id.as_str()));
    let Some(body) = cloud.get_mut(id) else { return };
    let mut locations = path::items(body, LOCATIONS).to_vec();
    locations.sort_by_key(priority);
    for location in &mut locations {
        let Some(region) = place(location) else { continue };
        let host = format!("{name}-{}", region.name);
        path::put(location, "id", Json::from(host.as_str()));
        path::put(location, "locationName", Json::from(region.display_name));
        path::put(location, "documentEndpoint", Json::from(format!("https://{host}.documents.azure.com:443/")));
        path::put(location, "provisioningState", Json::from("Succeeded"));
        path::fill(location, "isZoneRedundant", false);
    }
    let offline = offline(body);
    show(body, locations, &offline);
    path::put(body, ENDPOINT, Json::from(format!("https://{name}.documents.azure.com:443/")));
    path::put(body, "properties.instanceId", Json::from(guid));
    path::fill(body, "properties.backupPolicy.type", "Periodic");
    if path::text(body, "properties.backupPolicy.type") == Some("Periodic") {
        let periodic = |name: &str| format!("properties.backupPolicy.periodicModeProperties.{name}");
        path::fill(body, &periodic("backupIntervalInMinutes"), 240);
        path::fill(body, &periodic("backupRetentionIntervalInHours"), 8);
        path::fill(body, &periodic("backupStorageRedundancy"), "Geo");
    }
    let consistency =
        json!({ "defaultConsistencyLevel": "Session", "maxIntervalInSeconds": 5, "maxStalenessPrefix": 100 });
    path::fill(body, "properties.consistencyPolicy", consistency);
    path::fill(body, "properties.capabilities", json!([]));
}

/// Offline regions of an account: they have a failover policy and are not among the read locations.
fn offline(body: &Json) -> Vec<&'static Region> {
    let read: Vec<_> = path::items(body, READ).iter().filter_map(place).collect();
    path::items(body, POLICIES).iter().filter_map(place).filter(|region| !read.contains(region)).collect()
}

/// Writes the lists that follow from the order of the regions. Offline regions come last.
fn show(body: &mut Json, mut locations: Vec<Json>, offline: &[&'static Region]) {
    let is_offline = |location: &Json| place(location).is_some_and(|region| offline.contains(&region));
    locations.sort_by_key(|location| (is_offline(location), priority(location)));
    if !offline.is_empty() {
        for (at, location) in locations.iter_mut().enumerate() {
            path::put(location, "failoverPriority", json!(at));
        }
    }
    let policies: Vec<_> = locations
        .iter()
        .map(|location| {
            let names = ["id", "locationName", "failoverPriority"];
            names.into_iter().map(|name| (name, location.get(name).cloned().unwrap_or_default())).collect::<Json>()
        })
        .collect();
    let everywhere = path::borrow(body, "properties.enableMultipleWriteLocations") == Some(&Json::Bool(true));
    let read: Vec<Json> = locations.iter().filter(|location| !is_offline(location)).cloned().collect();
    let write = read.iter().take(if everywhere { read.len() } else { 1 }).cloned().collect::<Vec<_>>();
    for (list, value) in [(POLICIES, policies), (WRITE, write), (READ, read), (LOCATIONS, locations)] {
        path::put(body, list, Json::from(value));
    }
}

/// The order that a body requests: every region once, with priorities from 0 up.
fn wanted(account: &Json, body: &Json) -> Result<Vec<(&'static Region, i64)>, Refusal> {
    let asked = path::items(body, "failoverPolicies");
    let mut order: Vec<_> = asked.iter().filter_map(|policy| Some((place(policy)?, priority(policy)?))).collect();
    order.sort_by_key(|(_, priority)| *priority);
    let mut has: Vec<_> = path::items(account, LOCATIONS).iter().filter_map(place).map(|region| region.name).collect();
    let mut names: Vec<_> = order.iter().map(|(region, _)| region.name).collect();
    has.sort_unstable();
    names.sort_unstable();
    if names != has || order.len() != asked.len() {
        return refuse("The failover policies must name every region of the account, and each once.".to_owned());
    }
    if !order.iter().zip(0..).all(|((_, priority), at)| *priority == at) {
        return refuse(
            "Failover priorities must be unique and between 0 and the number of regions less one.".to_owned(),
        );
    }
    Ok(order)
}

/// The write region changes only while all regions are healthy, because the consistency check needs each of them
/// (source: Microsoft's page on failover operations of Cosmos DB).
fn admit_priorities(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(account) = cloud.get(id) else { return Ok(()) };
    let order = wanted(account, body)?;
    let offline = offline(account);
    match order.iter().find(|(region, _)| offline.contains(region) || cloud.is_dark(region.name)) {
        None => Ok(()),
        Some((region, _)) => Err(Refusal {
            status: 412,
            code: "PreconditionFailed",
            message: format!(
                "The write region cannot be changed while the region {} is not available. Take it offline instead.",
                region.display_name
            ),
        }),
    }
}

fn change_priorities(cloud: &mut dyn SimulatedWorld, id: &ObjectId, body: &Json) {
    let Some(Ok(order)) = cloud.get(id).map(|account| wanted(account, body)) else { return };
    if let Some((first, _)) = order.first() {
        cloud.pass_on(&store(id), first.name);
    }
    let Some(account) = cloud.get_mut(id) else { return };
    let mut locations = path::items(account, LOCATIONS).to_vec();
    for location in &mut locations {
        if let Some((_, priority)) = order.iter().find(|(region, _)| Some(*region) == place(location)) {
            path::put(location, "failoverPriority", json!(priority));
        }
    }
    show(account, locations, &[]);
}

/// The region that a body names, if the account has it.
fn named(account: &Json, body: &Json) -> Result<&'static Region, Refusal> {
    let asked = path::text(body, "region").unwrap_or_default();
    let mut has = path::items(account, LOCATIONS).iter().filter_map(place);
    match has.find(|region| path::same_name(region.display_name, asked) || path::same_name(region.name, asked)) {
        Some(region) => Ok(region),
        None => refuse(format!("The account has no region '{asked}'.")),
    }
}

/// A second request changes nothing and is accepted.
fn admit_offline(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(account) = cloud.get(id) else { return Ok(()) };
    let region = named(account, body)?;
    match path::items(account, READ).iter().filter_map(place).any(|other| other != region) {
        true => Ok(()),
        false => refuse(format!("The region {} is the only one of the account that is online.", region.display_name)),
    }
}

/// Takes a region offline. If it was the write region, the next one in the order becomes the write region. It stays
/// offline when the region itself returns.
fn take_offline(cloud: &mut dyn SimulatedWorld, id: &ObjectId, body: &Json) {
    let Some(account) = cloud.get_mut(id) else { return };
    let Ok(region) = named(account, body) else { return };
    let mut gone = offline(account);
    gone.push(region);
    let locations = path::items(account, LOCATIONS).to_vec();
    show(account, locations, &gone);
}

fn admit_online(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(account) = cloud.get(id) else { return Ok(()) };
    let region = named(account, body)?;
    if cloud.is_dark(region.name) {
        return refuse(format!("The region {} is not available.", region.display_name));
    }
    Ok(())
}

/// Brings a region back as a read region. It never becomes the write region automatically.
fn bring_online(cloud: &mut dyn SimulatedWorld, id: &ObjectId, body: &Json) {
    let Some(account) = cloud.get_mut(id) else { return };
    let Ok(region) = named(account, body) else { return };
    let mut gone = offline(account);
    gone.retain(|other| *other != region);
    let locations = path::items(account, LOCATIONS).to_vec();
    show(account, locations, &gone);
}

/// Seconds that Microsoft needs to bring a healthy region online. Real support takes days (source: the outage
/// guidance says three business days and more). In the simulator, the request is made immediately and takes hours.
const SUPPORT: u32 = 4 * 3600;
/// State of a region that is being brought online.
const ONLINING: &str = "Updating";

/// Bringing regions online begins once the region itself has returned, and takes [`SUPPORT`] seconds.
fn wakes(cloud: &mut dyn SimulatedWorld, id: &ObjectId) -> Option<u32> {
    let account = cloud.get(id)?;
    let gone = *offline(account).iter().find(|region| !cloud.is_dark(region.name))?;
    let mut locations = path::items(account, LOCATIONS).to_vec();
    let begun = locations.iter_mut().find(|location| place(location) == Some(gone))?;
    if path::text(begun, "provisioningState") == Some(ONLINING) {
        path::put(begun, "provisioningState", Json::from("Succeeded"));
        path::put(cloud.get_mut(id)?, LOCATIONS, Json::from(locations));
        bring_online(cloud, id, &json!({ "region": gone.name }));
        // Further regions follow, one after the other.
        return wakes(cloud, id);
    }
    path::put(begun, "provisioningState", Json::from(ONLINING));
    path::put(cloud.get_mut(id)?, LOCATIONS, Json::from(locations));
    Some(SUPPORT)
}

/// The store is the account: its name is unique in all of Azure.
fn store(id: &ObjectId) -> String {
    format!("cosmos {}", id.name().to_ascii_lowercase())
}

fn hosts(account: &Json) -> Vec<String> {
    let regions = path::items(account, LOCATIONS).iter().flat_map(|location| hosts_at(location, &["documentEndpoint"]));
    hosts_at(account, &[ENDPOINT]).into_iter().chain(regions).collect()
}

/// The name of a region leads there, and that of the account to a region that is available, the write region first.
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, name: &str) -> Lead {
    let account = cloud.get(id);
    let regions = |list| account.map_or(&[][..], |body| path::items(body, list)).iter();
    let of_name = |location: &&Json| hosts_at(location, &["documentEndpoint"]).iter().any(|host| host == name);
    let named = regions(LOCATIONS).find(of_name).and_then(place);
    let mut all = regions(WRITE).chain(regions(READ)).filter_map(place);
    let first = all.clone().next();
    let region = named.or_else(|| all.find(|region| !cloud.is_dark(region.name))).or(first);
    Lead::to_region(region.map(|region| region.name.to_owned()))
}

fn keeps(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<StorePlacement> {
    let (account, name) = (cloud.get(id)?, store(id));
    let regions = |list| path::items(account, list).iter().filter_map(place).map(|region| region.name.to_owned());
    let writers: Vec<String> = regions(WRITE).collect();
    let follows = |region: &String| !writers.contains(region);
    let behind = |region: String| {
        let seconds = between(cloud, &format!("{name} {region}"), 1.0, 4.0);
        (region, seconds)
    };
    let followers = regions(READ).filter(follows).map(behind).collect();
    Some(StorePlacement { name, writers, followers })
}

/// Latency over all pairs of regions, as Azure Monitor returns it if no pair is requested: the slowest one.
fn replication_latency(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<f64> {
    let kept = keeps(cloud, id)?;
    let lags = kept.followers.iter().filter_map(|(region, _)| cloud.lag(&kept.name, region));
    lags.reduce(f64::max).map(|seconds| seconds * 1000.0)
}
