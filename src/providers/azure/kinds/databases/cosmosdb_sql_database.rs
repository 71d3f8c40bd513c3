//! Database of a Cosmos DB account with the NoSQL API, and the parts that it shares with containers.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;

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
    aside("throughputSettings", "default", "properties.options", settings)
        .acts(&[("migrateToAutoscale", to_autoscale), ("migrateToManualThroughput", to_manual)]);

/// Azure begins with ten times the manual throughput, at least 1000, as the maximum.
fn to_autoscale(current: &Json) -> Json {
    let now = path::borrow(current, "resource.throughput").and_then(Json::as_u64).unwrap_or(400);
    settings(&json!({ "autoscaleSettings": { "maxThroughput": now.max(1000) } }))
}

fn to_manual(current: &Json) -> Json {
    let most = path::borrow(current, "resource.autoscaleSettings.maxThroughput").and_then(Json::as_u64).unwrap_or(4000);
    settings(&json!({ "throughput": most }))
}

/// Changes of throughput that Azure refuses: a database or container has it from its creation on, or never.
pub(super) const THROUGHPUT_TRANSITIONS: &[Transition] = &[
    Transition::refuse(
        "BadRequest",
        "throughput",
        ChangeTest::Together(|old, new| has_throughput(old) && !has_throughput(new)),
        "Provisioned throughput cannot be taken away.",
        "Write the old value, or create another database or container and copy the data.",
    ),
    Transition::refuse(
        "BadRequest",
        "throughput",
        ChangeTest::Together(|old, new| !has_throughput(old) && has_throughput(new)),
        "Throughput is provisioned at creation only.",
        "Remove it, or create another database or container and copy the data.",
    ),
];

fn has_throughput(args: &JsonMap<String, Json>) -> bool {
    ["throughput", "autoscale_settings"].iter().any(|name| args.get(*name).is_some_and(|value| !value.is_null()))
}

/// Azure changes throughput by its settings, and goes from manual to autoscale and back by actions (source: the
/// operations `MigrateSqlDatabaseToAutoscale` and `UpdateSqlDatabaseThroughput` of its REST API).
pub(super) fn follow_up(subject: &Subject<'_>, old: &JsonMap<String, Json>) -> Vec<FollowUp> {
    let manual = |args: &JsonMap<String, Json>| args.get("throughput").and_then(Json::as_i64);
    let most = |args: &JsonMap<String, Json>| {
        args.get("autoscale_settings").and_then(|settings| settings.get("max_throughput")).and_then(Json::as_i64)
    };
    let (before, after) = ((manual(old), most(old)), (manual(subject.args), most(subject.args)));
    if before == after {
        return Vec::new();
    }
    let id = subject.id.child("throughputSettings", "default");
    let set = |resource: Json| FollowUp {
        id: id.clone(),
        request: FollowUpRequest::Put(json!({ "properties": { "resource": resource } })),
    };
    let act = |action| FollowUp { id: id.clone(), request: FollowUpRequest::Post(action) };
    match (before, after) {
        ((Some(_), None), (None, Some(most))) => {
            vec![act("migrateToAutoscale"), set(json!({ "autoscaleSettings": { "maxThroughput": most } }))]
        }
        ((None, Some(_)), (Some(units), None)) => {
            vec![act("migrateToManualThroughput"), set(json!({ "throughput": units }))]
        }
        (_, (Some(units), None)) => vec![set(json!({ "throughput": units }))],
        (_, (None, Some(most))) => vec![set(json!({ "autoscaleSettings": { "maxThroughput": most } }))],
        _ => Vec::new(),
    }
}

fn settings(options: &Json) -> Json {
    match path::borrow(options, "autoscaleSettings.maxThroughput").and_then(Json::as_u64) {
        Some(most) => json!({ "resource": {
            "throughput": most / 10, "minimumThroughput": (most / 10).to_string(), "autoscaleSettings": { "maxThroughput": most },
        } }),
        None => json!({ "resource": { "throughput": options.get("throughput"), "minimumThroughput": "400" } }),
    }
}

/// Steps of throughput (source: azurerm's validation of both arguments).
pub(super) const THROUGHPUT_STEPS: &[Combination] = &[
    Combination::new(
        "BadRequest",
        &[("throughput", Test::Uneven(100))],
        "`throughput` is no multiple of 100",
        "Set a multiple of 100, from 400.",
    ),
    Combination::new(
        "BadRequest",
        &[("autoscale_settings.max_throughput", Test::Uneven(1000))],
        "`max_throughput` is no multiple of 1000",
        "Set a multiple of 1000.",
    ),
];

/// The name rule of databases and containers.
pub(super) const NAME: NameRule =
    NameRule::new(1, 255, r"^[^/\\#?]*[^/\\#? ]$", r"any characters but `/\#?`, and does not end with a space");

/// Table of `cosmosdb_sql_database`.
pub static KIND: Kind = Kind {
    name: "cosmosdb_sql_database",
    about: "Database of a Cosmos DB account with the NoSQL API.",
    type_: KindType { name: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases", version: "2026-03-15" },
    place: Place::Child("account", "sqlDatabases"),
    location: Location::None,
    names: NAME,
    args: &[place("account", &["cosmosdb_account"], "Account of the database."), THROUGHPUT, AUTOSCALE],
    durations: Durations { create: 20, update: 20, delete: 20 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::Beside,
    recovery: Recovery::DATA,
    odd: Overrides {
        encode: Some(encode),
        follow_up: Some(follow_up),
        check: Some(check_throughput),
        ..Overrides::NONE
    },
    transitions: THROUGHPUT_TRANSITIONS,
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
    uncovered: &["identity"],
    combinations: THROUGHPUT_STEPS,
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
    ..crate::providers::azure::KIND
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
