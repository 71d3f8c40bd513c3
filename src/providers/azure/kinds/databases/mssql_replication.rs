//! Replication of single SQL databases in the simulator: links between a primary and its geo-secondary, whether another
//! client made it or a failover group. Independent of the arguments of a database.

use crate::providers::azure::ids::AzureId;
use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::regions::region;

/// Property of a secondary database.
const SECONDARY: &str = "properties.secondaryType";
/// The word of the note about the database at the other end of a link.
const LINKED: &str = "linked";

/// The links of a database as children of it.
pub(super) const LINKS: (&str, ComputeFn) = ("replicationLinks", links);

/// Actions on a link.
pub(super) const ACTIONS: &[SimulatedAction] = &[
    SimulatedAction { done: |cloud, id, _| fail_over(cloud, id), lasts: 30, ..LINK },
    SimulatedAction {
        name: "replicationLinks/forceFailoverAllowDataLoss",
        done: |cloud, id, _| fail_over(cloud, id),
        lasts: 20,
        ..LINK
    },
    SimulatedAction { name: "replicationLinks/delete", done: |cloud, id, _| unlink(cloud, id), ..LINK },
];

const LINK: SimulatedAction = SimulatedAction {
    name: "replicationLinks/failover",
    query: None,
    admit: |_, _, _| Ok(()),
    done: |_, _, _| {},
    lasts: 10,
    reaches: |_, _| Vec::new(),
    leaves: false,
    allocates: false,
};

/// Links a database that was created as a secondary with its source.
pub(super) fn link(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(body) = cloud.get(id) else { return };
    let mode = path::text(body, "properties.createMode").unwrap_or_default();
    let source = path::text(body, "properties.sourceDatabaseId").map(ObjectId::new);
    // A later write of the same text changes no link.
    let new = path::borrow(body, "properties.databaseId").is_none();
    let (true, Some(source)) = (new && ["Secondary", "OnlineSecondary"].contains(&mode), source) else { return };
    // A secondary has the size of its primary, unless the request says otherwise.
    let like =
        ["sku", "properties.maxSizeBytes"].map(|at| (at, cloud.get(&source).and_then(|body| path::get(body, at))));
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, SECONDARY, "Geo");
        for (at, value) in like {
            value.into_iter().for_each(|value| path::fill(body, at, value));
        }
    }
    cloud.note(id, LINKED, Some(Json::from(source.as_str())));
    cloud.note(&source, LINKED, Some(Json::from(id.as_str())));
}

/// The database at the other end: by a link, or in a failover group.
fn other(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<ObjectId> {
    let linked = cloud.noted(id, LINKED).and_then(Json::as_str).map(ObjectId::new);
    let in_group = || {
        let group = cloud.get(&ObjectId::new(path::text(cloud.get(id)?, "properties.failoverGroupId")?))?;
        let partner = path::items(group, "properties.partnerServers").first()?;
        Some(ObjectId::new(path::text(partner, "id")?).child("databases", id.name()))
    };
    linked.or_else(in_group).filter(|other| cloud.get(other).is_some())
}

fn links(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Vec<(String, Json)> {
    let Some(other) = other(cloud, id) else { return Vec::new() };
    let mut ends = [id.folded(), other.folded()];
    ends.sort();
    let name = cloud.guid(&ends.join(" "));
    let place = |id: &ObjectId| {
        let place = cloud.get(id).and_then(|body| path::text(body, "location")).and_then(region);
        place.map_or("", |place| place.display_name)
    };
    let role = |id: &ObjectId| {
        let secondary = cloud.get(id).is_some_and(|body| path::text(body, SECONDARY).is_some());
        if secondary { "Secondary" } else { "Primary" }
    };
    let server = |id: &ObjectId| id.parent().map(|server| server.name().to_owned());
    let link = json!({ "properties": {
        "partnerServer": server(&other),
        "partnerDatabase": other.name(),
        "partnerDatabaseId": other.as_str(),
        "partnerLocation": place(&other),
        "role": role(id),
        "partnerRole": role(&other),
        "replicationMode": "ASYNC",
        "percentComplete": 100,
        "replicationState": "CATCH_UP",
        "isTerminationAllowed": true,
        "linkType": "GEO",
    } });
    vec![(name, link)]
}

/// Makes this database the primary. A request to the primary changes nothing.
fn fail_over(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(other) = other(cloud, id) else { return };
    if let Some(body) = cloud.get_mut(id) {
        path::remove(body, SECONDARY);
    }
    if let Some(body) = cloud.get_mut(&other) {
        path::put(body, SECONDARY, Json::from("Geo"));
    }
}

/// Ends the replication: both databases stay, and each takes writes.
fn unlink(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let ends = other(cloud, id).into_iter().chain([id.clone()]);
    for end in ends.collect::<Vec<_>>() {
        cloud.note(&end, LINKED, None);
        if let Some(body) = cloud.get_mut(&end) {
            path::remove(body, SECONDARY);
        }
    }
}

/// Numbers of vCores that a region offers.
const CORES: &[i64] = &[2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 24, 32, 40, 80];

/// The offers of a region: editions and service objectives of databases and elastic pools.
pub(super) fn capabilities(location: &str, by_units: &[(&str, &str, i64)]) -> Json {
    let objective = |name: String, sku: Json, value: i64, unit: &str| {
        json!({
            "id": null, "name": name, "sku": sku, "status": "Available",
            "performanceLevel": { "value": value, "unit": unit },
        })
    };
    let edition = |name: &str, status: &str, objectives: Vec<Json>| json!({ "name": name, "status": status, "supportedServiceLevelObjectives": objectives });
    let mut editions: Vec<Json> = ["Basic", "Standard", "Premium"]
        .iter()
        .map(|tier| {
            let of_tier = by_units.iter().filter(|(_, own, _)| own == tier);
            let all = of_tier.map(|(name, _, units)| {
                objective((*name).to_owned(), json!({ "name": tier, "tier": tier, "capacity": units }), *units, "DTU")
            });
            edition(tier, "Available", all.collect())
        })
        .collect();
    for (tier, families) in [
        ("GeneralPurpose", &["GP_Gen5", "GP_S_Gen5"][..]),
        ("BusinessCritical", &["BC_Gen5"][..]),
        ("Hyperscale", &["HS_Gen5"][..]),
    ] {
        let all = families.iter().flat_map(|family| {
            CORES.iter().map(move |cores| {
                let sku = json!({ "name": family, "tier": tier, "family": "Gen5", "capacity": cores });
                objective(format!("{family}_{cores}"), sku, *cores, "VCores")
            })
        });
        editions.push(edition(tier, if tier == "GeneralPurpose" { "Default" } else { "Available" }, all.collect()));
    }
    let pools = [("GeneralPurpose", "GP_Gen5"), ("BusinessCritical", "BC_Gen5")].map(|(tier, family)| {
        let levels = CORES.iter().map(|cores| {
            json!({
                "sku": { "name": family, "tier": tier, "family": "Gen5", "capacity": cores }, "status": "Available",
                "performanceLevel": { "value": cores, "unit": "VCores" },
            })
        });
        json!({
            "name": tier, "status": "Available",
            "supportedElasticPoolPerformanceLevels": levels.collect::<Vec<_>>(),
        })
    });
    let version = json!({
        "name": "12.0", "status": "Default", "supportedEditions": editions, "supportedElasticPoolEditions": pools,
    });
    let name = region(location).map_or(location, |region| region.display_name);
    json!({ "name": name, "status": "Available", "supportedServerVersions": [version] })
}
