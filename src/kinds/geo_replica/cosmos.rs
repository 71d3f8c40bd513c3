//! A replica of a Cosmos DB account: a further region in its list of locations.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::super::path;
use super::super::regions::{region, same_region};
use super::super::table::*;
use crate::address::ArmId;

/// The table.
pub static KIND: Kind = Kind {
    name: "geo_replica",
    about: "A further region of a Cosmos DB account, to which all its data is replicated.",
    arm: Arm { type_: "Microsoft.DocumentDB/databaseAccounts/locations", api: "2026-03-15" },
    place: Place::Part("source", "properties.locations", "locations", "locationName"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("source", &["cosmosdb_account"], "The account that is replicated."),
        arg("site", Ty::Site, "", "The site whose region the account is replicated to.")
            .required()
            .replace()
            .wire(Wire::Nowhere),
        arg(
            "failover_priority",
            Ty::Integer(1, 100),
            "failoverPriority",
            "The place of this region in the order in which regions take over; the account's own is 0.",
        )
        .default(Lit::Int(1)),
        arg(
            "zone_redundant",
            Ty::Bool,
            "isZoneRedundant",
            "Whether the copy is spread over the region's availability zones.",
        )
        .default(Lit::Bool(false))
        .replace(),
    ],
    drill: Drill::never("data that is in use would be replicated to it"),
    durations: Durations { create: 600, update: 60, delete: 300 },
    answers: Answers::AsyncBody,
    serial: Serial::On("source"),
    recovery: Recovery { replicates: Some(Replicates { from: "source", to: "site", image: false }), ..Recovery::DATA },
    in_use: "",
    run_moves: &["failover_priority"],
    promotion: Some(&PROMOTION),
    odd: Odd { name: Some(name), ready: Some(ready), ..Odd::NONE },
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
        shape: Shape::Block { of: "source", block: "geo_location" },
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

fn ready(bodies: &[Json]) -> Ready {
    match bodies.first().and_then(|body| path::text(body, "provisioningState")) {
        None | Some("Succeeded") => Ready::Yes,
        Some("Failed") => Ready::Never("the region could not be added".to_owned()),
        Some(state) => Ready::Waits(format!("the data is copied to the region (state {state})")),
    }
}

/// The account's type, and the API version of its actions.
const API: &str = KIND.arm.api;
const READ: &str = "properties.readLocations";
const WRITE: &str = "properties.writeLocations";
const POLICIES: &str = "properties.failoverPolicies";
/// The 99th percentile of what it takes from region to region, in milliseconds: the only metric of how far a region is behind (source: Azure
/// Monitor's list for `Microsoft.DocumentDB/DatabaseAccounts`).
const LATENCY: &str = "ReplicationLatency";

/// Spans: Microsoft documents minutes for the planned change, which first lets replication catch up, and seconds for the forced one.
const PROMOTION: Promotion = Promotion {
    looks,
    standing,
    promote,
    reprotect,
    planned: Span { typical: 180, worst: 1800 },
    forced: Span { typical: 20, worst: 120 },
    most_lost,
    asks_source: false,
    loses: "writes that were not replicated are lost, or come up later as conflicts: of less than 15 minutes with session, consistent-prefix and eventual consistency, within the bound with bounded staleness, none with strong (Microsoft's documentation of reliability)",
    reversible: true,
    drill: Rehearsal::Look(
        "changing the write region interrupts writes, and only Microsoft brings a region back that was taken offline",
    ),
    order: Some(Order { list: "properties.locations", rank: "failoverPriority" }),
};

/// By the account's consistency level (source: Microsoft's documentation of reliability): bounded staleness between regions is never closer than 300 seconds.
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

/// An account is global: whichever of its regions lives answers for it.
fn looks(subject: &Subject<'_>) -> Vec<Look> {
    let Some(id) = subject.text("source").map(ArmId::new) else { return Vec::new() };
    let look = |what| Look { id: id.clone(), api: API, what, side: None, region: None };
    vec![look(What::Body), look(What::Metric(LATENCY))]
}

/// The region of a side.
fn place_of(subject: &Subject<'_>, side: Side) -> Option<String> {
    match side {
        Side::Source => subject.with("source", |account| account.location.to_owned()),
        Side::Target => subject.text("site").map(str::to_owned),
    }
}

/// Whether an element of a list of regions is this one.
fn is_in(list: &[Json], place: &str) -> bool {
    list.iter().filter_map(|location| path::text(location, "locationName")).any(|name| same_region(name, place))
}

fn account<'a>(subject: &Subject<'_>, seen: &'a Seen) -> Option<&'a Json> {
    seen.body(&ArmId::new(subject.text("source")?))
}

fn standing(subject: &Subject<'_>, seen: &Seen) -> Standing {
    let Some(account) = account(subject, seen) else {
        let id = ArmId::new(subject.text("source").unwrap_or_default());
        let why = seen.unseen(&id).unwrap_or("there is no such account").to_owned();
        let health = if seen.is_absent(&id) {
            Health::Broken("has no account any more".to_owned())
        } else {
            Health::Unseen(why)
        };
        return Standing { writer: None, health, lag: None, debts: Vec::new() };
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
                "is offline in {place} until Microsoft brings that region online, which a support request asks for"
            )),
            vec![debt(&place)],
        ),
        Some(place) => (Health::Broken(format!("is in one region only: the account has none in {place}")), Vec::new()),
        None => (settled(account), Vec::new()),
    };
    Standing { writer, health, lag, debts }
}

fn debt(place: &str) -> Debt {
    Debt {
        what: format!("the account's region {place} is offline, so that its data is in one region less"),
        pays: "Microsoft brings the region online after an outage, which may take days; a support request asks for it"
            .to_owned(),
    }
}

/// Whether all regions have settled.
fn settled(account: &Json) -> Health {
    let states = path::items(account, READ).iter().filter_map(|place| path::text(place, "provisioningState"));
    match states.into_iter().find(|state| *state != "Succeeded") {
        Some(state) => Health::Behind(format!("is being brought up to date (state {state})")),
        None => Health::Following,
    }
}

/// Priorities are changed only while every region lives; where one is lost, it is taken offline, and the next in the order takes writes.
fn promote(subject: &Subject<'_>, seen: &Seen, side: Side, how: How) -> Result<Call, String> {
    let unknown = || "its account or one of its regions is not known yet".to_owned();
    let id = subject.text("source").map(ArmId::new).ok_or_else(unknown)?;
    let (to, from) = place_of(subject, side).zip(place_of(subject, side.other())).ok_or_else(unknown)?;
    let (action, body) = match how {
        How::Forced => {
            let name = region(&from).map_or(from.as_str(), |region| region.display_name);
            ("offlineRegion", json!({ "region": name }))
        }
        How::Planned => {
            let account =
                account(subject, seen).ok_or("the account cannot be seen, and its other regions are not known")?;
            ("failoverPriorityChange", json!({ "failoverPolicies": order(account, &to)? }))
        }
    };
    Ok(Call { id, api: API, method: Method::Post(action, &[]), body: Some(body), region: None })
}

/// Every region once, this one first and the others in the order that they have.
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
            "the write region is changed only while every region is online, and {offline} is not; Microsoft brings it online on a support request"
        ));
    }
    let policy = |(at, name): (usize, &&str)| json!({ "locationName": name, "failoverPriority": at });
    Ok(names.iter().enumerate().map(policy).collect())
}

fn reprotect(subject: &Subject<'_>, seen: &Seen) -> Reprotect {
    match standing(subject, seen).debts.is_empty() {
        true => Reprotect::Nothing,
        false => Reprotect::Vendor(
            "Microsoft brings the region online after the outage, as one that is read; that may take days, and a support request asks for it",
        ),
    }
}
