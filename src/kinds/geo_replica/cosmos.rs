//! A replica of a Cosmos DB account: a further region in its list of locations.

use serde_json::Value as Json;

use super::super::path;
use super::super::table::*;

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
    durations: Durations { create: 600, update: 60, delete: 300 },
    answers: Answers::AsyncBody,
    serial: Serial::On("source"),
    recovery: Recovery { replicates: Some(Replicates { from: "source", to: "site", image: false }), ..Recovery::DATA },
    in_use: "",
    run_moves: &["failover_priority"],
    odd: Odd { name: Some(name), ready: Some(ready), check: Some(check), ..Odd::NONE },
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

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let own = subject.with("source", |account| account.location.to_owned());
    if own.zip(subject.text("site")).is_some_and(|(own, site)| path::same_name(&own, site)) {
        findings.push(Finding {
            argument: "site",
            summary: "the replica is in the account's own region".to_owned(),
            why: "The account has its data there already, and one loss would take both.".to_owned(),
            help: "Name another site.".to_owned(),
        });
    }
}
