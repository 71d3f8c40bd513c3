//! A database of a Cosmos DB account with the NoSQL interface. What a container shares with it is here, too.

use serde_json::{Value as Json, json};

use super::path;
use super::table::*;

pub(super) const THROUGHPUT: Arg = arg(
    "throughput",
    Ty::Integer(400, 1_000_000),
    "properties.options.throughput",
    "Request units a second that are provisioned; Azure takes it at creation and never answers it.",
)
.write_only();

pub(super) const AUTOSCALE: Arg = arg(
    "autoscale_settings",
    Ty::Block(&Block::one(&[arg(
        "max_throughput",
        Ty::Integer(1000, 1_000_000),
        "maxThroughput",
        "The most request units a second; at least a tenth is always there.",
    )])),
    "properties.options.autoscaleSettings",
    "Throughput that follows the load; Azure takes it at creation and never answers it.",
)
.write_only();

/// What was asked for at creation is an object of its own from then on.
pub(super) const THROUGHPUT_SETTINGS: Always = aside("throughputSettings", "default", "properties.options", settings);

fn settings(options: &Json) -> Json {
    match path::borrow(options, "autoscaleSettings.maxThroughput").and_then(Json::as_u64) {
        Some(most) => json!({ "resource": {
            "throughput": most / 10, "minimumThroughput": (most / 10).to_string(), "autoscaleSettings": { "maxThroughput": most },
        } }),
        None => json!({ "resource": { "throughput": options.get("throughput"), "minimumThroughput": "400" } }),
    }
}

/// The rule for names of databases and containers.
pub(super) const NAME: NameRule =
    NameRule::new(1, 255, r"^[^/\\#?]*[^/\\#? ]$", r"any characters but `/\#?`, and does not end with a blank");

/// The table.
pub static KIND: Kind = Kind {
    name: "cosmosdb_sql_database",
    about: "A database of a Cosmos DB account with the NoSQL interface.",
    arm: Arm { type_: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases", api: "2026-03-15" },
    place: Place::Child("account", "sqlDatabases"),
    location: Location::None,
    names: NAME,
    args: &[place("account", &["cosmosdb_account"], "The account it is in."), THROUGHPUT, AUTOSCALE],
    durations: Durations { create: 20, update: 20, delete: 20 },
    answers: Answers::AsyncBoth,
    serial: Serial::Root,
    recovery: Recovery::DATA,
    odd: Odd { encode: Some(encode), check: Some(check_throughput), ..Odd::NONE },
    simulated: Simulated { accepts: &["properties.resource.id"], always: &[THROUGHPUT_SETTINGS], ..Simulated::NONE },
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

/// The name stands in the body, too.
pub(super) fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    for body in bodies {
        path::put(body, "properties.resource.id", Json::from(subject.name));
    }
}

/// Throughput is fixed or follows the load, not both.
pub(super) fn check_throughput(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if subject.args.contains_key("throughput") && subject.args.contains_key("autoscale_settings") {
        findings.push(Finding {
            argument: "throughput",
            summary: "both `throughput` and `autoscale_settings` are written".to_owned(),
            why: "Throughput is fixed or follows the load.".to_owned(),
            help: "Write one of them.".to_owned(),
        });
    }
}
