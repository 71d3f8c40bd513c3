//! Replica of a Cosmos DB account: a further region in its list of locations.

use crate::providers::azure::ids::AzureId;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::regions::same_region;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::regions::region;

/// Table of `geo_replica` for a Cosmos DB account.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "Additional region of a Cosmos DB account, to which Azure replicates all its data.",
    type_: KindType { name: "Microsoft.DocumentDB/databaseAccounts/locations", version: "2026-03-15" },
    place: Place::Part("source", "properties.locations", "locations", "locationName"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("source", &["cosmosdb_account"], "Cosmos DB account to replicate."),
        arg("site", Ty::Site, "", "Site whose region receives the replica.").required().replace().wire(Wire::Nowhere),
        arg(
            "failover_priority",
            Ty::Integer(0, 100),
            "failoverPriority",
            "Failover priority of the region: lower numbers take over first. The write region has 0, which is the \
             account's own one until a failover.",
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
        is: Some(is_further),
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
    apart: &[Exclusive::among_siblings(
        "BadRequest",
        "failover priority",
        "priorities of an account",
        &["failover_priority"],
    )],
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
    ..crate::providers::azure::KIND
};

/// True for a region of an account other than its own, also once that one has become the write region.
fn is_further(found: &CloudObject<'_>) -> bool {
    let own = found.id.parent().and_then(|account| path::text(found.all.get(&account)?, "location"));
    match (own, path::text(found.body, "locationName")) {
        (Some(own), Some(place)) => !same_region(own, place),
        _ => found.body.get("failoverPriority").and_then(Json::as_i64).is_some_and(|rank| rank > 0),
    }
}

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
    needs_every_region: true,
    takes_offline: abandoned,
    costs: |subject, seen, how| match how {
        FailoverMode::Planned => None,
        FailoverMode::Forced => Some(debt(&abandoned(subject, seen, Side::Target)?)),
    },
    twins: |_| Vec::new(),
    holds: &[],
    loses: "writes that were not replicated are lost, or appear later as conflicts: less than 15 minutes with \
     session, consistent-prefix and eventual consistency, within the bound with bounded staleness, none \
     with strong (Microsoft's documentation of reliability)",
    reversible: true,
    drill: Rehearsal::Look(
        "changing the write region interrupts writes, and only Microsoft can bring an offline region back online",
    ),
    order: Some(PriorityList { list: "properties.locations", rank: "failoverPriority" }),
    handover: None,
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
    let Some(id) = subject.text("source").map(ObjectId::new) else { return Vec::new() };
    let look = |what| ReadRequest::new(KIND.type_.object(id.clone()), what);
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
    seen.body(&ObjectId::new(subject.text("source")?))
}

fn standing(subject: &Subject<'_>, seen: &ReadResults) -> ReplicaStatus {
    let Some(account) = account(subject, seen) else {
        let id = ObjectId::new(subject.text("source").unwrap_or_default());
        let why = seen.unseen(&id).unwrap_or("the account does not exist").to_owned();
        let health = if seen.is_absent(&id) {
            Health::Broken("has no account: the account was deleted".to_owned())
        } else {
            Health::Unseen(why)
        };
        return ReplicaStatus { writer: None, elsewhere: None, health, lag: None, debts: Vec::new(), frozen: None };
    };
    let writes = |side| place_of(subject, side).is_some_and(|place| is_in(path::items(account, WRITE), &place));
    let writer = match (writes(Side::Source), writes(Side::Target)) {
        (true, false) => Some(Side::Source),
        (false, true) => Some(Side::Target),
        _ => None,
    };
    let lag = ObjectId::new(subject.text("source").unwrap_or_default());
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
    let offline =
        ranked(account).into_iter().map(|(name, _)| name).find(|name| !is_in(path::items(account, READ), name));
    let frozen = offline.map(|place| {
        format!("its region {place} is offline, and a change of the account would delay the recovery of that region")
    });
    let elsewhere = match writer {
        Some(_) => None,
        None => write_region(account).filter(|_| !writes(Side::Source) && !writes(Side::Target)),
    };
    ReplicaStatus { writer, elsewhere, health, lag, debts, frozen }
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
    let id = subject.text("source").map(ObjectId::new).ok_or_else(unknown)?;
    let (to, from) = place_of(subject, side).zip(place_of(subject, side.other())).ok_or_else(unknown)?;
    let (action, body) = match how {
        FailoverMode::Forced => {
            let from = abandoned(subject, seen, side).ok_or_else(unknown)?;
            if let Some(account) = account(subject, seen) {
                is_next(account, &from, &to)?;
            }
            let name = region(&from).map_or(from.as_str(), |region| region.display_name);
            ("offlineRegion", json!({ "region": name }))
        }
        FailoverMode::Planned => {
            let account =
                account(subject, seen).ok_or("the account cannot be read, so its other regions are unknown")?;
            // While the target takes writes, the account's own region is next: a forced move home is then possible.
            let configured = || subject.args.get("failover_priority").and_then(Json::as_u64);
            let rank = if side == Side::Target { Some(1) } else { configured() };
            ("failoverPriorityChange", json!({ "failoverPolicies": order(account, &to, &from, rank)? }))
        }
    };
    Ok(Call { object: KIND.type_.object(id), method: CallMethod::Post(action, &[]), body: Some(body), region: None })
}

/// The write region of an account, by its short name; the first of several.
fn write_region(account: &Json) -> Option<String> {
    let name = path::text(path::items(account, WRITE).first()?, "locationName")?;
    Some(region(name).map_or(name, |region| region.name).to_owned())
}

/// The region that a forced promotion takes offline: the write region, which may be that of a third replica; the other
/// side where the account cannot be read, or takes writes everywhere.
fn abandoned(subject: &Subject<'_>, seen: &ReadResults, to: Side) -> Option<String> {
    let other = place_of(subject, to.other());
    let Some(account) = account(subject, seen) else { return other };
    match path::items(account, WRITE) {
        [_] => write_region(account),
        _ => other,
    }
}

/// The regions of the account with their priorities, in the order of the priorities.
fn ranked(account: &Json) -> Vec<(&str, Option<u64>)> {
    let policies = path::items(account, POLICIES).iter();
    let mut ranked: Vec<_> = policies
        .filter_map(|policy| {
            Some((path::text(policy, "locationName")?, policy.get("failoverPriority").and_then(Json::as_u64)))
        })
        .collect();
    ranked.sort_by_key(|(_, rank)| *rank);
    ranked
}

/// Checks that this region becomes the write region once the other one is offline: Azure takes the first region of the
/// order that is online, and the order must not change during an outage (source: Microsoft's page on failover
/// operations of Cosmos DB).
fn is_next(account: &Json, from: &str, to: &str) -> Result<(), String> {
    let online = |name: &str| is_in(path::items(account, READ), name);
    let short = |name: &str| region(name).map_or(name.to_owned(), |region| region.name.to_owned());
    let writes: Vec<String> =
        path::items(account, WRITE).iter().filter_map(|place| path::text(place, "locationName")).map(short).collect();
    if !is_in(path::items(account, WRITE), from) {
        return Err(format!(
            "the write region is {}, not {from}; taking {from} offline would not move writes",
            writes.join(", ")
        ));
    }
    let ranked = ranked(account);
    let order: Vec<String> = ranked
        .iter()
        .filter(|(name, _)| !same_region(name, from) && online(name))
        .map(|(name, rank)| format!("{} {}", short(name), rank.map_or("?".to_owned(), |rank| rank.to_string())))
        .collect();
    let next = ranked.iter().map(|(name, _)| *name).find(|name| !same_region(name, from) && online(name));
    match next {
        Some(next) if same_region(next, to) || writes.len() > 1 => Ok(()),
        Some(next) => Err(format!(
            "Azure would move writes to {next}, not to {to}: {next} is next in the failover priority order ({order}), \
             and the order cannot change during an outage. Fail over to a site in {next}; for later outages, give \
             this replica the lowest `failover_priority`",
            next = short(next),
            order = order.join(", ")
        )),
        None => Err(format!("no region of the account except {from} is online")),
    }
}

/// All regions: the new write region first, the former one at this rank, and the others around them in their order. On
/// the way home the rank is the replica's own, so that all priorities become as configured.
fn order(account: &Json, to: &str, from: &str, rank: Option<u64>) -> Result<Vec<Json>, String> {
    let ranked = ranked(account);
    let names = || ranked.iter().map(|(name, _)| *name);
    let Some(first) = names().find(|name| same_region(name, to)) else {
        return Err(format!("the account has no region {to}"));
    };
    if let Some(offline) = names().find(|name| !is_in(path::items(account, READ), name)) {
        return Err(format!(
            "the write region changes only while every region is online, and {offline} is offline; Microsoft \
             brings it online on a support request"
        ));
    }
    let current = names().position(|name| name == first).unwrap_or_default();
    let rank = rank.map_or(current, |rank| usize::try_from(rank).unwrap_or(usize::MAX)).max(1);
    let others = names().filter(|name| *name != first && !same_region(name, from));
    let mut order: Vec<&str> = std::iter::once(first).chain(others).collect();
    if let Some(former) = names().find(|name| same_region(name, from)) {
        order.insert(rank.min(order.len()), former);
    }
    let policy = |(at, name): (usize, &&str)| json!({ "locationName": name, "failoverPriority": at });
    Ok(order.iter().enumerate().map(policy).collect())
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
