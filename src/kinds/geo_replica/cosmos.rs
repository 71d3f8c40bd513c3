//! Replica of a Cosmos DB account: a further region in its list of locations.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::super::path;
use super::super::regions::{region, same_region};
use super::super::table::*;
use crate::address::ArmId;

/// Table of `geo_replica` for a Cosmos DB account.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "Additional region of a Cosmos DB account, to which Azure replicates all its data.",
    arm: Arm { type_: "Microsoft.DocumentDB/databaseAccounts/locations", api: "2026-03-15" },
    place: Place::Part("source", "properties.locations", "locations", "locationName"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("source", &["cosmosdb_account"], "Cosmos DB account to replicate."),
        arg("site", Ty::Site, "", "Site whose region receives the replica.").required().replace().wire(Wire::Nowhere),
        arg(
            "failover_priority",
            Ty::Integer(1, 100),
            "failoverPriority",
            "Failover priority of the region: lower numbers take over first. The account's own region has 0.",
        )
        .default(Lit::Int(1)),
        arg("zone_redundant", Ty::Bool, "isZoneRedundant", "Spread the replica over the region's availability zones.")
            .default(Lit::Bool(false))
            .replace(),
    ],
    drill: Drill::never("Azure would replicate production data to it"),
    durations: Durations { create: 600, update: 60, delete: 300 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::On("source"),
    recovery: Recovery { replicates: Some(Replication { from: "source", to: "site", image: false }), ..Recovery::DATA },
    in_use: "",
    run_moves: &["failover_priority"],
    promotion: Some(&PROMOTION),
    odd: Overrides { name: Some(name), ready: Some(ready), ..Overrides::NONE },
    adoption: Adoption {
        is: Some(|found| found.body.get("failoverPriority").and_then(Json::as_i64).is_some_and(|rank| rank > 0)),
        arguments: Some(|found, args| {
            let place = path::text(found.body, "locationName").unwrap_or_default();
            let place = region(place).map_or(place, |region| region.name);
            args.insert("site".to_owned(), Json::from(place));
        }),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        shape: TerraformShape::Block { of: "source", block: "geo_location" },
        renamed: &[("site", "location")],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "east" {
  site = site.east
}

cosmosdb_account "catalog" {
  name           = "drplan-example-catalog"
  resource_group = resource_group.east
  offer_type     = "Standard"

  consistency_policy {
    consistency_level = "Session"
  }
}

geo_replica "example" {
  source = cosmosdb_account.catalog
  site   = site.west
}
"#,
    ..Kind::EMPTY
};

fn name(subject: &Subject<'_>) -> String {
    subject.text("site").unwrap_or_default().to_owned()
}

fn ready(bodies: &[Json]) -> Readiness {
    match bodies.first().and_then(|body| path::text(body, "provisioningState")) {
        None | Some("Succeeded") => Readiness::Yes,
        Some("Failed") => Readiness::Never("Azure failed to add the region".to_owned()),
        Some(state) => Readiness::Waits(format!("the data is copied to the region (state {state})")),
    }
}

/// The API version of the account's actions.
const API: &str = KIND.arm.api;
const READ: &str = "properties.readLocations";
const WRITE: &str = "properties.writeLocations";
const POLICIES: &str = "properties.failoverPolicies";
/// 99th percentile of replication latency between regions, in milliseconds: the only metric of replication lag
/// (source: Azure Monitor's list for `Microsoft.DocumentDB/DatabaseAccounts`).
const LATENCY: &str = "ReplicationLatency";

/// Durations: Microsoft documents minutes for the planned change, which first waits for replication, and seconds for
/// the forced one.
const PROMOTION: Promotion = Promotion {
    looks,
    standing,
    promote,
    reprotect,
    planned: DurationEstimate { typical: 180, worst: 1800 },
    forced: DurationEstimate { typical: 20, worst: 120 },
    most_lost,
    asks_source: false,
    loses: "writes that were not replicated are lost, or appear later as conflicts: less than 15 minutes with \
     session, consistent-prefix and eventual consistency, within the bound with bounded staleness, none \
     with strong (Microsoft's documentation of reliability)",
    reversible: true,
    drill: Rehearsal::Look(
        "changing the write region interrupts writes, and only Microsoft can bring an offline region back online",
    ),
    order: Some(PriorityList { list: "properties.locations", rank: "failoverPriority" }),
};

/// Data loss by the account's consistency level (source: Microsoft's documentation of reliability). Bounded staleness
/// between regions is at least 300 seconds.
fn most_lost(subject: &Subject<'_>) -> Option<u32> {
    let of_account =
        |name: &str| subject.with("source", |account| account.args.get("consistency_policy")?.get(name).cloned());
    let level = of_account("consistency_level").flatten();
    match level.as_ref().and_then(Json::as_str) {
        Some("Strong") => Some(0),
        Some("BoundedStaleness") => {
            let bound = of_account("max_interval_in_seconds").flatten().and_then(|bound| bound.as_u64());
            Some(bound.map_or(300, |bound| u32::try_from(bound).unwrap_or(u32::MAX)).max(300))
        }
        _ => Some(900),
    }
}

/// An account is global: any healthy region of it answers.
fn looks(subject: &Subject<'_>) -> Vec<ReadRequest> {
    let Some(id) = subject.text("source").map(ArmId::new) else { return Vec::new() };
    let look = |what| ReadRequest { id: id.clone(), api: API, what, side: None, region: None };
    vec![look(ReadTarget::Body), look(ReadTarget::Metric(LATENCY))]
}

/// The region of a side.
fn place_of(subject: &Subject<'_>, side: Side) -> Option<String> {
    match side {
        Side::Source => subject.with("source", |account| account.location.to_owned()),
        Side::Target => subject.text("site").map(str::to_owned),
    }
}

/// True if a list of regions contains this one.
fn is_in(list: &[Json], place: &str) -> bool {
    list.iter().filter_map(|location| path::text(location, "locationName")).any(|name| same_region(name, place))
}

fn account<'a>(subject: &Subject<'_>, seen: &'a ReadResults) -> Option<&'a Json> {
    seen.body(&ArmId::new(subject.text("source")?))
}

fn standing(subject: &Subject<'_>, seen: &ReadResults) -> ReplicaStatus {
    let Some(account) = account(subject, seen) else {
        let id = ArmId::new(subject.text("source").unwrap_or_default());
        let why = seen.unseen(&id).unwrap_or("the account does not exist").to_owned();
        let health = if seen.is_absent(&id) {
            Health::Broken("has no account: the account was deleted".to_owned())
        } else {
            Health::Unseen(why)
        };
        return ReplicaStatus { writer: None, health, lag: None, debts: Vec::new() };
    };
    let writes = |side| place_of(subject, side).is_some_and(|place| is_in(path::items(account, WRITE), &place));
    let writer = match (writes(Side::Source), writes(Side::Target)) {
        (true, false) => Some(Side::Source),
        (false, true) => Some(Side::Target),
        _ => None,
    };
    let lag = ArmId::new(subject.text("source").unwrap_or_default());
    let lag = seen.metric(&lag, LATENCY).and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok());
    let offline = [Side::Source, Side::Target]
        .into_iter()
        .filter_map(|side| place_of(subject, side))
        .find(|place| !is_in(path::items(account, READ), place));
    let (health, debts) = match offline {
        Some(place) if is_in(path::items(account, POLICIES), &place) => (
            Health::Behind(format!(
                "is offline in {place} until Microsoft brings that region online, which needs a support request"
            )),
            vec![debt(&place)],
        ),
        Some(place) => (Health::Broken(format!("is in one region only: the account has none in {place}")), Vec::new()),
        None => (settled(account), Vec::new()),
    };
    ReplicaStatus { writer, health, lag, debts }
}

fn debt(place: &str) -> ProtectionDebt {
    ProtectionDebt {
        what: format!("the account's region {place} is offline, so its data is in one region less"),
        pays: "Microsoft brings the region online after an outage, on a support request; this may take days".to_owned(),
    }
}

/// Health of the regions: following once all have settled.
fn settled(account: &Json) -> Health {
    let states = path::items(account, READ).iter().filter_map(|place| path::text(place, "provisioningState"));
    match states.into_iter().find(|state| *state != "Succeeded") {
        Some(state) => Health::Behind(format!("is being brought up to date (state {state})")),
        None => Health::Following,
    }
}

/// Priorities change only while every region is healthy. A lost region is taken offline, and the next one in the
/// order becomes the write region.
fn promote(subject: &Subject<'_>, seen: &ReadResults, side: Side, how: FailoverMode) -> Result<Call, String> {
    let unknown = || "its account or one of its regions is not known yet".to_owned();
    let id = subject.text("source").map(ArmId::new).ok_or_else(unknown)?;
    let (to, from) = place_of(subject, side).zip(place_of(subject, side.other())).ok_or_else(unknown)?;
    let (action, body) = match how {
        FailoverMode::Forced => {
            let name = region(&from).map_or(from.as_str(), |region| region.display_name);
            ("offlineRegion", json!({ "region": name }))
        }
        FailoverMode::Planned => {
            let account =
                account(subject, seen).ok_or("the account cannot be read, so its other regions are unknown")?;
            ("failoverPriorityChange", json!({ "failoverPolicies": order(account, &to)? }))
        }
    };
    Ok(Call { id, api: API, method: CallMethod::Post(action, &[]), body: Some(body), region: None })
}

/// All regions, this one first and the others in their current order.
fn order(account: &Json, to: &str) -> Result<Vec<Json>, String> {
    let mut policies: Vec<&Json> = path::items(account, POLICIES).iter().collect();
    policies.sort_by_key(|policy| {
        let name = path::text(policy, "locationName").unwrap_or_default();
        (!same_region(name, to), policy.get("failoverPriority").and_then(Json::as_i64))
    });
    let names: Vec<&str> = policies.iter().filter_map(|policy| path::text(policy, "locationName")).collect();
    if !names.first().is_some_and(|name| same_region(name, to)) {
        return Err(format!("the account has no region {to}"));
    }
    if let Some(offline) = names.iter().find(|name| !is_in(path::items(account, READ), name)) {
        return Err(format!(
            "the write region changes only while every region is online, and {offline} is offline; Microsoft \
             brings it online on a support request"
        ));
    }
    let policy = |(at, name): (usize, &&str)| json!({ "locationName": name, "failoverPriority": at });
    Ok(names.iter().enumerate().map(policy).collect())
}

fn reprotect(subject: &Subject<'_>, seen: &ReadResults) -> Reprotect {
    match standing(subject, seen).debts.is_empty() {
        true => Reprotect::Nothing,
        false => Reprotect::Vendor(
            "Microsoft brings the region online after the outage, as a read region, on a support request; this \
             may take days",
        ),
    }
}
