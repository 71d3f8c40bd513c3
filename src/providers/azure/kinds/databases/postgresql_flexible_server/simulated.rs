//! Simulation of PostgreSQL servers and replicas: replication and promotion.

use crate::providers::azure::ids::AzureId;
use serde_json::Value as Json;

use super::{MODE, OPTION, STORAGE_GB, is_planned};
use crate::kinds::hosts::hosts_at;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::regions::region;

const TYPE: &str = "Microsoft.DBforPostgreSQL/flexibleServers";
const SOURCE: &str = "properties.sourceServerResourceId";
const ROLE: &str = "properties.replicationRole";
const REPLICA_ROLE: &str = "properties.replica.role";
/// Path of a server's DNS name, which does not follow a promotion.
const FQDN: &str = "properties.fullyQualifiedDomainName";
const STATE: &str = "properties.replica.replicationState";
const SERVER_STATE: &str = "properties.state";
const STOPPED: &str = "Stopped";
/// Seconds until a former primary follows again after a forced switchover.
const CATCHING_UP: u32 = 240;

/// Simulation of servers and their replicas.
pub(in super::super) const SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    admit: Some(admit),
    settle: Some(settle),
    wakes: Some(wakes),
    metrics: &[
        Metric { name: "physical_replication_delay_in_seconds", unit: "Seconds", value: delay },
        Metric::without_data("cpu_percent", "Percent"),
        Metric::without_data("memory_percent", "Percent"),
        Metric::without_data("storage_percent", "Percent"),
        Metric::without_data("active_connections", "Count"),
    ],
    keeps: Some(keeps),
    hosts: Some(|server| hosts_at(server, &[FQDN])),
    leads: Some(leads),
    capabilities: Some(super::offers::capabilities),
    computed: &[("replicas", replicas)],
    actions: ACTIONS,
    accepts: &[
        "properties.storage.iops",
        "properties.storage.throughput",
        identity::ACCEPTS,
        "sku.name",
        "sku.tier",
        STORAGE_GB,
        "properties.dataEncryption.type",
        "properties.maintenanceWindow.customWindow",
        "properties.highAvailability.mode",
        "properties.highAvailability.state",
        "properties.version",
        "properties.administratorLogin",
        SERVER_STATE,
        FQDN,
        "properties.createMode",
        SOURCE,
        ROLE,
        "properties.replicaCapacity",
        REPLICA_ROLE,
        STATE,
        MODE,
        OPTION,
    ],
    ..SimulatedBehaviour::NONE
};

/// Actions of a server. A restart leaves nothing behind.
const ACTIONS: &[SimulatedAction] = &[
    SimulatedAction { name: "start", done: |cloud, id, _| enter(cloud, id, "Ready"), ..RESTART },
    SimulatedAction { name: "stop", done: |cloud, id, _| enter(cloud, id, STOPPED), ..RESTART },
    RESTART,
];

const RESTART: SimulatedAction = SimulatedAction {
    name: "restart",
    query: None,
    admit: |_, _, _| Ok(()),
    done: |_, _, _| {},
    lasts: 60,
    reaches: |_, _| Vec::new(),
    leaves: false,
    allocates: false,
};

fn enter(cloud: &mut dyn SimulatedWorld, id: &ObjectId, state: &str) {
    if let Some(body) = cloud.get_mut(id) {
        path::put(body, SERVER_STATE, Json::from(state));
    }
}

fn is_stopped(server: &Json) -> bool {
    path::text(server, SERVER_STATE) == Some(STOPPED)
}

/// A server serves in its own region until it is stopped.
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &str) -> Lead {
    if cloud.get(id).is_some_and(is_stopped) {
        return Lead::Nowhere("the server is stopped");
    }
    Lead::to_region(cloud.working(id).and_then(|_| place(cloud, id)).map(str::to_owned))
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { status: 400, code, message: message.into() })
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    // Every request but a start and a deletion needs a running server (source: Microsoft's page on stopping and
    // starting a server).
    if cloud.get(id).is_some_and(is_stopped) {
        return Err(Refusal {
            status: 409,
            code: "ServerIsStopped",
            message: format!("The server '{}' is stopped. Start it before another management operation.", id.name()),
        });
    }
    if let Some(mode) = path::text(body, MODE) {
        return admit_promotion(cloud, id, mode, is_planned(body));
    }
    admit_version(cloud, id, body)?;
    if cloud.get(id).is_some() || path::text(body, "properties.createMode") != Some("Replica") {
        return Ok(());
    }
    let source = path::text(body, SOURCE).map(ObjectId::new);
    // The simulator cannot check a server of another subscription and accepts it.
    if source.as_ref().is_some_and(|source| source.subscription() != id.subscription()) {
        return Ok(());
    }
    match source.as_ref().and_then(|source| cloud.get(source)) {
        None => refuse("ReplicationSourceServerNotFound", "The source server of the replica does not exist."),
        Some(source) if path::text(source, "sku.tier") == Some("Burstable") => {
            refuse("ReadReplicaNotSupportedForBurstable", "Read replicas are not supported for the Burstable tier.")
        }
        Some(_) => Ok(()),
    }
}

/// A server is not upgraded while it has read replicas, and neither is a replica (source: Microsoft's documentation of
/// major version upgrades).
fn admit_version(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    const VERSION: &str = "properties.version";
    let Some(standing) = cloud.get(id) else { return Ok(()) };
    let changes = path::text(body, VERSION).is_some_and(|new| path::text(standing, VERSION) != Some(new));
    let of_this =
        |server: &ObjectId| source(cloud, server).as_ref() == Some(id) && cloud.get(server).is_some_and(follows);
    if changes && (follows(standing) || servers(cloud).iter().any(of_this)) {
        return refuse(
            "MajorVersionUpgradeNotSupportedForReplica",
            format!("The major version of the server '{}' cannot change while it has or is a read replica.", id.name()),
        );
    }
    Ok(())
}

fn place(cloud: &dyn SimulatedWorld, server: &ObjectId) -> Option<&'static str> {
    cloud.get(server).and_then(|body| path::text(body, "location")).and_then(region).map(|region| region.name)
}

fn source(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<ObjectId> {
    cloud.get(id).and_then(|body| path::text(body, SOURCE)).filter(|source| !source.is_empty()).map(ObjectId::new)
}

fn follows(body: &Json) -> bool {
    matches!(path::text(body, ROLE), Some("AsyncReplica" | "GeoAsyncReplica"))
}

/// The request goes to the replica. A switchover needs a virtual endpoint of both servers, and a planned one needs
/// both servers as well (source: Microsoft's page on the promotion of replicas).
fn admit_promotion(cloud: &dyn SimulatedWorld, id: &ObjectId, mode: &str, planned: bool) -> Result<(), Refusal> {
    let standing = cloud.get(id);
    let source = source(cloud, id);
    let (Some(replica), Some(source)) = (standing.filter(|body| follows(body)), source) else {
        return refuse(
            "ReplicaPromotionNotAllowed",
            format!("The server '{}' is not a read replica, and only a replica can be promoted.", id.name()),
        );
    };
    let is_down = |server: &ObjectId| place(cloud, server).is_none_or(|region| cloud.is_dark(region));
    if planned && (is_down(&source) || cloud.get(&source).is_some_and(is_stopped)) {
        return refuse(
            "ReplicaPromotionPrimaryNotAvailable",
            format!("The primary server '{}' is not available. Use the forced option.", source.name()),
        );
    }
    match path::text(replica, STATE) {
        Some(state) if planned && state != "Active" => {
            refuse("ReplicaPromotionNotAllowed", format!("The replica '{}' is in the state {state}.", id.name()))
        }
        _ if planned && mode.eq_ignore_ascii_case("Switchover") && !is_alike(cloud, &source, replica) => refuse(
            "ReplicaPromotionServersNotSymmetric",
            format!("The servers '{}' and '{}' differ in compute or storage.", source.name(), id.name()),
        ),
        _ if mode.eq_ignore_ascii_case("Switchover") && !has_endpoint(cloud, &source, id) => refuse(
            "VirtualEndpointRequired",
            format!("A switchover to '{}' needs a virtual endpoint that has it as its reader.", id.name()),
        ),
        _ => Ok(()),
    }
}

/// True if two servers have the same compute and storage, as a planned switchover needs.
fn is_alike(cloud: &dyn SimulatedWorld, source: &ObjectId, replica: &Json) -> bool {
    let same = |source: &Json, at: &str| path::borrow(source, at) == path::borrow(replica, at);
    let properties = ["sku.name", "sku.tier", "properties.storage.storageSizeGB"];
    cloud.get(source).is_none_or(|source| properties.iter().all(|at| same(source, at)))
}

/// True if a virtual endpoint of these two servers exists below either of them.
fn has_endpoint(cloud: &dyn SimulatedWorld, one: &ObjectId, other: &ObjectId) -> bool {
    let has = |server: &ObjectId, member: &ObjectId| {
        cloud.below(server).iter().filter_map(|child| cloud.get(child)).any(|child| {
            path::items(child, "properties.members").iter().filter_map(Json::as_str).any(|name| name == member.name())
        })
    };
    has(one, other) || has(other, one)
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    let Some(body) = cloud.get(id) else { return };
    if let Some(mode) = path::text(body, MODE).map(str::to_owned) {
        let planned = is_planned(body);
        promote(cloud, id, &mode, planned);
    }
    let source = source(cloud, id).and_then(|source| cloud.get(&source)).cloned();
    let name = id.name().to_owned();
    let Some(body) = cloud.get_mut(id) else { return };
    let fresh = path::text(body, ROLE).is_none();
    let replica = path::text(body, "properties.createMode") == Some("Replica");
    match source.filter(|_| fresh && replica) {
        Some(source) => follow(body, &source),
        // A restored server does not follow the server that it was restored from.
        None if fresh => path::remove(body, SOURCE),
        None => {}
    }
    path::fill(body, ROLE, "Primary");
    path::fill(body, REPLICA_ROLE, "Primary");
    path::fill(body, "properties.version", "16");
    path::fill(body, STORAGE_GB, 32);
    path::fill(body, "properties.availabilityZone", "1");
    path::fill(body, "properties.backup.backupRetentionDays", 7);
    path::fill(body, "properties.replicaCapacity", 5);
    path::put(body, SERVER_STATE, Json::from("Ready"));
    path::put(body, FQDN, Json::from(format!("{name}.postgres.database.azure.com")));
    path::remove(body, "properties.createMode");
}

/// Makes a new server a replica with the properties of its source.
fn follow(body: &mut Json, source: &Json) {
    for inherited in ["sku", "properties.version", "properties.administratorLogin", "properties.storage"] {
        if let Some(value) = path::borrow(source, inherited) {
            path::fill(body, inherited, value.clone());
        }
    }
    path::fill(body, STORAGE_GB, path::borrow(source, STORAGE_GB).cloned().unwrap_or_default());
    let near = path::text(body, "location") == path::text(source, "location");
    let role = if near { "AsyncReplica" } else { "GeoAsyncReplica" };
    take_role(body, role, Some("Active"));
}

fn take_role(body: &mut Json, role: &str, state: Option<&str>) {
    path::put(body, ROLE, Json::from(role));
    path::put(body, REPLICA_ROLE, Json::from(role));
    match state {
        Some(state) => path::put(body, STATE, Json::from(state)),
        None => path::remove(body, STATE),
    }
}

/// Promotes a replica, to replace the primary or to a standalone server. A standalone promotion leaves the primary
/// unaware: it takes writes again when it returns.
fn promote(cloud: &mut dyn SimulatedWorld, id: &ObjectId, mode: &str, planned: bool) {
    let (primary, here) = (source(cloud, id), place(cloud, id));
    let lost = primary.as_ref().and_then(|primary| place(cloud, primary)).is_none_or(|region| cloud.is_dark(region));
    let Some(body) = cloud.get_mut(id) else { return };
    let role = path::text(body, ROLE).unwrap_or("Primary").to_owned();
    path::remove(body, MODE);
    path::remove(body, OPTION);
    path::put(body, REPLICA_ROLE, Json::from(role.as_str()));
    let (Some(primary), Some(here)) = (primary, here) else { return };
    // The primary was lost while it waited for the last changes.
    if planned && lost {
        return;
    }
    if planned {
        let store = cluster(cloud, id).1;
        cloud.pass_on(&store, here);
    }
    if mode.eq_ignore_ascii_case("Standalone") {
        if let Some(body) = cloud.get_mut(id) {
            take_role(body, "None", None);
        }
        return;
    }
    let state = if planned { "Active" } else { "Reconfiguring" };
    for server in servers(cloud) {
        let (old, sibling) = (server == primary, source(cloud, &server).as_ref() == Some(&primary));
        let Some(body) = cloud.get_mut(&server) else { continue };
        if server == *id {
            take_role(body, "Primary", Some("Active"));
            path::remove(body, SOURCE);
        } else if old {
            take_role(body, &role, Some(state));
            path::put(body, SOURCE, Json::from(id.as_str()));
        } else if sibling {
            path::put(body, SOURCE, Json::from(id.as_str()));
        }
    }
}

/// After a forced switchover, the former primary follows once both regions work.
fn wakes(cloud: &mut dyn SimulatedWorld, id: &ObjectId) -> Option<u32> {
    let primary = source(cloud, id)?;
    let lost = |server: &ObjectId| place(cloud, server).is_none_or(|region| cloud.is_dark(region));
    if lost(id) || lost(&primary) {
        return None;
    }
    let body = cloud.get_mut(id).filter(|body| follows(body))?;
    let (next, again) = match path::text(body, STATE)? {
        "Reconfiguring" => ("Catchup", Some(CATCHING_UP)),
        "Catchup" => ("Active", None),
        _ => return None,
    };
    path::put(body, STATE, Json::from(next));
    again
}

fn servers(cloud: &dyn SimulatedWorld) -> Vec<ObjectId> {
    let mut all = cloud.below(&ObjectId::new(""));
    all.retain(|id| id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(TYPE)));
    all
}

/// The servers that follow this one, under their own ids.
fn replicas(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Vec<(String, Json)> {
    let followers = servers(cloud).into_iter().filter(|server| source(cloud, server).as_ref() == Some(id));
    let followers = followers.filter_map(|server| Some((server.name().to_owned(), cloud.get(&server)?.clone())));
    followers.filter(|(_, body)| follows(body)).collect()
}

/// The servers that replicate from one another, and the name of their store: the same for every primary.
fn cluster(cloud: &dyn SimulatedWorld, id: &ObjectId) -> (Vec<ObjectId>, String) {
    let root = source(cloud, id).unwrap_or_else(|| id.clone());
    let mut members = servers(cloud);
    members.retain(|server| *server == root || source(cloud, server).as_ref() == Some(&root));
    let first = members.iter().map(ObjectId::folded).min().unwrap_or_else(|| id.folded());
    (members, format!("postgresql {first}"))
}

/// The region that takes writes, and those that follow, of the servers that replicate with this one.
pub(in super::super) fn keeps(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<StorePlacement> {
    let (members, name) = cluster(cloud, id);
    let (mut writers, mut followers) = (Vec::new(), Vec::new());
    for server in members {
        let (Some(body), Some(place)) = (cloud.get(&server), place(cloud, &server)) else { continue };
        if is_stopped(body) {
            continue;
        }
        if follows(body) {
            followers.push((place.to_owned(), between(cloud, &server.folded(), 5.0, 20.0)));
        } else {
            writers.push(place.to_owned());
        }
    }
    Some(StorePlacement { name, writers, followers })
}

/// Replication lag of a replica. A primary has no such value.
fn delay(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<f64> {
    cloud.get(id).filter(|body| follows(body))?;
    cloud.lag(&cluster(cloud, id).1, place(cloud, id)?)
}
