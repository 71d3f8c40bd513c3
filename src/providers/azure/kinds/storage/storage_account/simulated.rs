//! Simulation of a storage account: its two regions, and the failover between them.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::BYPASS;
use crate::kinds::hosts::hosts_at;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::regions::region;

const PRIMARY: &str = "properties.primaryLocation";
const SECONDARY: &str = "properties.secondaryLocation";
/// The action that swaps the two regions.
const FAILOVER: &str = "failover";
const SECONDARY_ENDPOINTS: &str = "properties.secondaryEndpoints";

/// The resource provider does not fail over. The region in which an account was created answers all its requests
/// (source: Microsoft's guidance on the failover of storage). The simulator checks that region in any case.
pub(super) const SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    at_once: &[ImmediateRequest::Patch, ImmediateRequest::Delete],
    tells: &[
        says("listKeys", "keys[0].keyName", "key1"),
        says("listKeys", "keys[0].permissions", "FULL"),
        says("listKeys", "keys[1].keyName", "key2"),
        says("listKeys", "keys[1].permissions", "FULL"),
    ],
    metrics: &[
        // The simulator stores no data.
        Metric { name: "UsedCapacity", unit: "Bytes", value: |_, _| Some(0.0) },
        Metric::without_data("Transactions", "Count"),
        Metric::without_data("Ingress", "Bytes"),
        Metric::without_data("Egress", "Bytes"),
        Metric::without_data("Availability", "Percent"),
        Metric::without_data("SuccessE2ELatency", "MilliSeconds"),
    ],
    admit: Some(admit),
    settle: Some(settle),
    always: &[
        always("blobServices", "default", r#"{"cors":{"corsRules":[]},"deleteRetentionPolicy":{"enabled":false}}"#),
        always(
            "fileServices",
            "default",
            r#"{"cors":{"corsRules":[]},"shareDeleteRetentionPolicy":{"enabled":true,"days":7}}"#,
        ),
        always("queueServices", "default", r#"{"cors":{"corsRules":[]}}"#),
        always("tableServices", "default", r#"{"cors":{"corsRules":[]}}"#),
    ],
    actions: &[
        SimulatedAction {
            name: FAILOVER,
            query: Some(("failoverType", "Planned")),
            admit: admit_planned,
            done: |cloud, id, _| fail_over(cloud, id, true),
            lasts: 3000,
            reaches: |cloud, id| places(cloud, id).into_iter().flatten().collect(),
            leaves: false,
            allocates: false,
        },
        SimulatedAction {
            name: FAILOVER,
            query: None,
            admit: admit_failover,
            done: |cloud, id, _| fail_over(cloud, id, false),
            lasts: 3000,
            reaches: |_, _| Vec::new(),
            leaves: true,
            allocates: false,
        },
    ],
    expands: &[("geoReplicationStats", replication_stats)],
    keeps: Some(keeps),
    hosts: Some(|account| hosts_at(account, &["properties.primaryEndpoints", SECONDARY_ENDPOINTS])),
    leads: Some(leads),
    accepts: ACCEPTS,
    ..SimulatedBehaviour::NONE
};

const ACCEPTS: &[&str] = &[
    "properties.encryption.services.queue.enabled",
    "properties.encryption.services.table.enabled",
    "properties.networkAcls.ipRules[].action",
    identity::ACCEPTS,
    "sku.name",
    "sku.tier",
    "extendedLocation.type",
    BYPASS,
    "properties.encryption.keySource",
    "properties.encryption.services.blob",
    "properties.encryption.services.file",
    "properties.encryption.keyvaultproperties",
    "properties.encryption.identity.userAssignedIdentity",
    "properties.immutableStorageWithVersioning.enabled",
    PRIMARY,
    SECONDARY,
    "properties.statusOfPrimary",
    "properties.statusOfSecondary",
    "properties.primaryEndpoints",
    SECONDARY_ENDPOINTS,
    "properties.geoReplicationStats",
];

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(wanted) = replication(body) else {
        return Err(Refusal { status: 400, code: "SkuNotSpecified", message: "The account has no sku.".to_owned() });
    };
    let place = path::text(body, "location").and_then(region);
    if wanted.contains('G') && place.is_some_and(|place| place.pair.is_none()) {
        let message = format!("The sku with replication {wanted} is not available in this location.");
        return Err(Refusal { status: 400, code: "InvalidSkuForLocation", message });
    }
    // A change between copies in one datacentre and copies over zones requires a migration of the data.
    let standing = cloud.get(id).and_then(replication);
    if standing.is_some_and(|standing| standing.contains('Z') != wanted.contains('Z')) {
        let message = "Changing the account between locally redundant and zone-redundant needs a migration.".to_owned();
        return Err(Refusal { status: 409, code: "AccountReplicationConversionNotSupported", message });
    }
    Ok(())
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    let name = id.name().to_owned();
    let Some(body) = cloud.get_mut(id) else { return };
    let sku = path::text(body, "sku.name").unwrap_or_default().to_owned();
    path::put(body, "sku.tier", Json::from(sku.split(['V', '_']).next().unwrap_or_default()));
    let own = path::text(body, "location").and_then(region);
    // After a failover, the regions are swapped. A write keeps them so.
    let primary = path::text(body, PRIMARY).and_then(region).or(own);
    let other = match primary {
        Some(primary) if Some(primary) != own => own,
        _ => own.and_then(|own| own.pair).and_then(region),
    };
    path::put(body, PRIMARY, Json::from(primary.map(|region| region.name)));
    path::put(body, "properties.statusOfPrimary", Json::from("available"));
    path::put(body, "properties.primaryEndpoints", service_endpoints(&name));
    match other.filter(|_| sku.contains('G')) {
        Some(other) => {
            path::put(body, SECONDARY, Json::from(other.name));
            path::put(body, "properties.statusOfSecondary", Json::from("available"));
        }
        None => {
            path::remove(body, SECONDARY);
            path::remove(body, "properties.statusOfSecondary");
        }
    }
    path::remove(body, SECONDARY_ENDPOINTS);
    if sku.contains("_RAG") {
        path::put(body, SECONDARY_ENDPOINTS, service_endpoints(&format!("{name}-secondary")));
    }
    path::fill(body, "properties.accessTier", "Hot");
    path::fill(body, BYPASS, "AzureServices");
    path::fill(body, "properties.networkAcls.defaultAction", "Allow");
    path::fill(body, "properties.networkAcls.ipRules", json!([]));
    path::fill(body, "properties.networkAcls.virtualNetworkRules", json!([]));
}

fn service_endpoints(name: &str) -> Json {
    let services = ["blob", "dfs", "file", "queue", "table"];
    services.into_iter().map(|service| (service, format!("https://{name}.{service}.core.windows.net/"))).collect()
}

/// Replication type of an account, as in `RAGRS`.
fn replication(body: &Json) -> Option<String> {
    path::text(body, "sku.name").and_then(|sku| sku.split_once('_')).map(|(_, replication)| replication.to_owned())
}

/// The write region and the region that follows.
fn places(cloud: &dyn SimulatedWorld, id: &ObjectId) -> [Option<String>; 2] {
    let account = cloud.get(id);
    [PRIMARY, SECONDARY].map(|at| account.and_then(|body| path::text(body, at)).map(str::to_owned))
}

/// A second forced request finds an account without a secondary region. A second planned request fails back, so it is
/// not harmless.
fn admit_failover(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &Json) -> Result<(), Refusal> {
    let [_, secondary] = places(cloud, id);
    let refuse = |code, message| Err(Refusal { status: 409, code, message });
    match secondary {
        None => refuse(
            "AccountFailoverNotSupported",
            "Account failover is supported for accounts with geo-redundant replication only.".to_owned(),
        ),
        Some(secondary) if cloud.is_dark(&secondary) => refuse(
            "SecondaryNotAvailable",
            format!("The secondary region '{secondary}' of the account is not available."),
        ),
        Some(_) => Ok(()),
    }
}

fn admit_planned(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    admit_failover(cloud, id, body)?;
    let [primary, _] = places(cloud, id);
    match primary.filter(|primary| cloud.is_dark(primary)) {
        None => Ok(()),
        Some(primary) => Err(Refusal {
            status: 409,
            code: "PlannedFailoverNotAllowed",
            message: format!("A planned failover needs the primary region '{primary}', which is not available."),
        }),
    }
}

/// Swaps the regions. A forced failover abandons the copy, and the account stays in one region.
fn fail_over(cloud: &mut dyn SimulatedWorld, id: &ObjectId, planned: bool) {
    let [_, Some(secondary)] = places(cloud, id) else { return };
    if planned {
        cloud.pass_on(&store(id), &secondary);
    }
    let Some(body) = cloud.get_mut(id) else { return };
    path::put(body, PRIMARY, Json::from(secondary));
    if let Some((tier, replication)) = path::text(body, "sku.name").and_then(|sku| sku.split_once('_'))
        && !planned
    {
        let left = if replication.contains('Z') { "ZRS" } else { "LRS" };
        let sku = format!("{tier}_{left}");
        path::put(body, "sku.name", Json::from(sku));
    }
    settle(cloud, id);
}

fn replication_stats(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<Json> {
    let [primary, secondary] = places(cloud, id);
    let (primary, secondary) = (primary?, secondary?);
    let lag = cloud.lag(&store(id), &secondary)?;
    let synced = Timestamp::from_second(cloud.now() - lag.ceil() as i64).ok()?;
    let live = !cloud.is_dark(&primary) && !cloud.is_dark(&secondary);
    let sku = path::text(cloud.get(id)?, "sku.name")?;
    let left =
        sku.replace("_RAGZRS", "_ZRS").replace("_GZRS", "_ZRS").replace("_RAGRS", "_LRS").replace("_GRS", "_LRS");
    Some(json!({
        "status": if live { "Live" } else { "Unavailable" },
        "lastSyncTime": synced.to_string(),
        "canFailover": true,
        "canPlannedFailover": live,
        "postFailoverRedundancy": left,
        "postPlannedFailoverRedundancy": sku,
    }))
}

/// The secondary names read the copy in the paired region.
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, name: &str) -> Lead {
    let secondary = cloud.get(id).map(|account| hosts_at(account, &[SECONDARY_ENDPOINTS])).unwrap_or_default();
    let [primary, copy] = places(cloud, id);
    Lead::to_region(if secondary.iter().any(|host| host == name) { copy } else { primary })
}

/// The store is the account: its name is unique in all of Azure.
fn store(id: &ObjectId) -> String {
    format!("storage {}", id.name())
}

/// The copy lags by minutes in normal operation (source: Microsoft documents typically less than 15, without
/// guarantee). During a failover of either type, neither endpoint takes writes (same source).
fn keeps(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<StorePlacement> {
    let (name, [primary, secondary]) = (store(id), places(cloud, id));
    let behind = between(cloud, &name, 120.0, 600.0);
    let followers = secondary.map(|region| (region, behind)).into_iter().collect();
    let writers = if cloud.is_acting(id, FAILOVER) { Vec::new() } else { vec![primary?] };
    Some(StorePlacement { name, writers, followers })
}
