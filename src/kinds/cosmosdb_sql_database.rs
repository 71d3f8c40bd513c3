//! Database of a Cosmos DB account with the NoSQL API, and the parts that it shares with containers.

use serde_json::{Value as Json, json};

use super::path;
use super::table::*;

/// Provisioned throughput of a database or container, in request units per second.
pub(super) const THROUGHPUT: Arg = arg(
    "throughput",
    Ty::Integer(400, 1_000_000),
    "properties.options.throughput",
    "Provisioned request units per second. Azure accepts the value at creation only and never returns it.",
)
.write_only();

/// Autoscaled throughput of a database or container.
pub(super) const AUTOSCALE: Arg = arg(
    "autoscale_settings",
    Ty::Block(&Block::one(&[arg(
        "max_throughput",
        Ty::Integer(1000, 1_000_000),
        "maxThroughput",
        "Maximum request units per second. A tenth is always available.",
    )])),
    "properties.options.autoscaleSettings",
    "Autoscale: throughput that follows the load. Azure accepts it at creation only and never returns it.",
)
.write_only();

/// Throughput options of the creation become an object of their own.
pub(super) const THROUGHPUT_SETTINGS: ImplicitChild =
    aside("throughputSettings", "default", "properties.options", settings);

fn settings(options: &Json) -> Json {
    match path::borrow(options, "autoscaleSettings.maxThroughput").and_then(Json::as_u64) {
        Some(most) => json!({ "resource": {
            "throughput": most / 10, "minimumThroughput": (most / 10).to_string(), "autoscaleSettings": { "maxThroughput": most },
        } }),
        None => json!({ "resource": { "throughput": options.get("throughput"), "minimumThroughput": "400" } }),
    }
}

/// The name rule of databases and containers.
pub(super) const NAME: NameRule =
    NameRule::new(1, 255, r"^[^/\\#?]*[^/\\#? ]$", r"any characters but `/\#?`, and does not end with a space");

/// Table of `cosmosdb_sql_database`.
pub static KIND: Kind = Kind {
    name: "cosmosdb_sql_database",
    about: "Database of a Cosmos DB account with the NoSQL API.",
    arm: Arm { type_: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases", api: "2026-03-15" },
    place: Place::Child("account", "sqlDatabases"),
    location: Location::None,
    names: NAME,
    args: &[place("account", &["cosmosdb_account"], "Account of the database."), THROUGHPUT, AUTOSCALE],
    durations: Durations { create: 20, update: 20, delete: 20 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::Root,
    recovery: Recovery::DATA,
    odd: Overrides { encode: Some(encode), check: Some(check_throughput), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        accepts: &["properties.resource.id"],
        always: &[THROUGHPUT_SETTINGS],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform {
        renamed: &[("account", "account_name")],
        follows: &[("resource_group_name", "account", "resource_group_name")],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

cosmosdb_account "example" {
  name           = "drplan-example-catalog"
  resource_group = resource_group.example
  offer_type     = "Standard"

  consistency_policy {
    consistency_level = "Session"
  }
}

cosmosdb_sql_database "example" {
  account    = cosmosdb_account.example
  throughput = 400
}
"#,
    ..Kind::EMPTY
};

/// The body contains the name as well.
pub(super) fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    for body in bodies {
        path::put(body, "properties.resource.id", Json::from(subject.name));
    }
}

/// Throughput is either fixed or autoscaled.
pub(super) fn check_throughput(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if subject.args.contains_key("throughput") && subject.args.contains_key("autoscale_settings") {
        findings.push(Finding {
            argument: "throughput",
            summary: "both `throughput` and `autoscale_settings` are set".to_owned(),
            why: "Throughput is either fixed or autoscaled.".to_owned(),
            help: "Set one of them.".to_owned(),
        });
    }
}
