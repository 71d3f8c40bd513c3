//! Container of a Cosmos DB database with the NoSQL API.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::databases::cosmosdb_sql_database::{
    AUTOSCALE, NAME, THROUGHPUT, THROUGHPUT_SETTINGS, THROUGHPUT_STEPS, THROUGHPUT_TRANSITIONS, check_throughput,
    encode as encode_name, follow_up,
};

static UNIQUE_KEY: Block = Block::many(
    "",
    &[arg("paths", Ty::Set(&Ty::String), "paths", "Paths whose combined values must be unique within a partition.")
        .form(&form::PATH)
        .required()
        .replace()],
);

static INDEXING_POLICY: Block = Block::one(&[
    arg(
        "indexing_mode",
        Ty::Enum(&["consistent", "none"]),
        "indexingMode",
        "Indexing mode: `consistent` indexes items as they are written, `none` disables indexing.",
    )
    .default(Lit::Str("consistent")),
    arg("included_path", Ty::Block(&PATHS), "includedPaths", "Indexed path."),
    arg("excluded_path", Ty::Block(&PATHS), "excludedPaths", "Path to exclude from the index."),
    arg("composite_index", Ty::Block(&COMPOSITE), "", "Composite index over several paths.").wire(Wire::Odd),
    arg("spatial_index", Ty::Block(&PATHS), "spatialIndexes", "Path with spatial data."),
]);

static PATHS: Block =
    Block::many("path", &[arg("path", Ty::String, "path", "Path, as in `/name/?` or `/*`.").required()]);

static COMPOSITE: Block =
    Block::many("", &[arg("index", Ty::Block(&COMPOSITE_PATH), "", "Path of the composite index.").wire(Wire::Odd)]);

static COMPOSITE_PATH: Block = Block::many(
    "",
    &[
        arg("path", Ty::String, "path", "Path.").required(),
        arg("order", Ty::Enum(&["Ascending", "Descending"]), "order", "Sort order.").required().any_case(),
    ],
)
.at_least_one();

static CONFLICT_RESOLUTION: Block = Block::one(&[
    arg(
        "mode",
        Ty::Enum(&["LastWriterWins", "Custom"]),
        "mode",
        "Conflict resolution: `LastWriterWins` or `Custom`, for writes to one item in two regions.",
    )
    .required(),
    arg(
        "conflict_resolution_path",
        Ty::String,
        "conflictResolutionPath",
        "Path whose greater value wins, with `LastWriterWins`.",
    ),
    arg(
        "conflict_resolution_procedure",
        Ty::String,
        "conflictResolutionProcedure",
        "Stored procedure that resolves conflicts, with `Custom`.",
    ),
]);

/// Table of `cosmosdb_sql_container`.
pub static KIND: Kind = Kind {
    name: "cosmosdb_sql_container",
    about: "Container of a Cosmos DB database with the NoSQL API.",
    type_: KindType { name: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers", version: "2024-08-15" },
    place: Place::Child("database", "containers"),
    location: Location::None,
    names: NAME,
    args: &[
        place("database", &["cosmosdb_sql_database"], "Database of the container."),
        arg(
            "partition_key_paths",
            Ty::List(&Ty::String),
            "properties.resource.partitionKey.paths",
            "Partition key: one path, or up to three as a hierarchy.",
        )
        .form(&form::PATH)
        .required()
        .replace(),
        arg(
            "partition_key_kind",
            Ty::Enum(&["Hash", "MultiHash"]),
            "properties.resource.partitionKey.kind",
            "Kind of partition key: one path (`Hash`) or a hierarchy of paths (`MultiHash`).",
        )
        .default(Lit::Str("Hash"))
        .replace(),
        arg(
            "partition_key_version",
            Ty::Integer(1, 2),
            "properties.resource.partitionKey.version",
            "Version of the partition key. Version 2 supports values longer than 100 bytes.",
        )
        .chosen(),
        THROUGHPUT,
        AUTOSCALE,
        arg(
            "default_ttl",
            Ty::Integer(-1, 2_147_483_647),
            "properties.resource.defaultTtl",
            "Time to live of items, in seconds. -1: only items with a time to live of their own expire.",
        ),
        arg(
            "analytical_storage_ttl",
            Ty::Integer(-1, 2_147_483_647),
            "properties.resource.analyticalStorageTtl",
            "Time to live in analytical storage, in seconds. -1: no expiry.",
        ),
        arg("indexing_policy", Ty::Block(&INDEXING_POLICY), "properties.resource.indexingPolicy", "Indexing policy."),
        arg(
            "unique_key",
            Ty::Block(&UNIQUE_KEY),
            "properties.resource.uniqueKeyPolicy.uniqueKeys",
            "Unique key: paths whose values no two items of a partition share.",
        )
        .replace(),
        arg(
            "conflict_resolution_policy",
            Ty::Block(&CONFLICT_RESOLUTION),
            "properties.resource.conflictResolutionPolicy",
            "Conflict resolution for writes to one item in two regions.",
        )
        .chosen(),
    ],
    durations: Durations { create: 20, update: 20, delete: 20 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::Beside,
    recovery: Recovery::DATA,
    odd: Overrides {
        encode: Some(encode),
        decode: Some(decode),
        follow_up: Some(follow_up),
        check: Some(check),
        ..Overrides::NONE
    },
    transitions: THROUGHPUT_TRANSITIONS,
    simulated: SimulatedBehaviour {
        settle: Some(settle),
        always: &[THROUGHPUT_SETTINGS],
        accepts: &[
            "properties.resource.id",
            "properties.resource.indexingPolicy.automatic",
            "properties.resource.indexingPolicy.compositeIndexes",
            "properties.resource.indexingPolicy.spatialIndexes[].types",
        ],
        ..SimulatedBehaviour::NONE
    },
    adoption: Adoption {
        chosen: &[("properties.resource.indexingPolicy.excludedPaths[].path", Lit::Str(ETAG))],
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        renamed: &[("database", "database_name")],
        follows: &[
            ("account_name", "database", "account_name"),
            ("resource_group_name", "database", "resource_group_name"),
        ],
        sets: &["unique_key"],
        ..Terraform::BY_RULE
    },
    combinations: &[
        THROUGHPUT_STEPS[0],
        THROUGHPUT_STEPS[1],
        Combination::new(
            "BadRequest",
            &[("default_ttl", Test::Is(&[Lit::Int(0)]))],
            "`default_ttl` is 0",
            "Set -1, or 1 or more.",
        ),
        Combination::new(
            "BadRequest",
            &[("analytical_storage_ttl", Test::Is(&[Lit::Int(0)]))],
            "`analytical_storage_ttl` is 0",
            "Set -1, or 1 or more.",
        ),
        Combination::new(
            "BadRequest",
            &[("partition_key_paths", Test::MoreThan(3))],
            "a partition key has more than three paths",
            "Write at most three.",
        ),
    ],
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
  account = cosmosdb_account.example
}

cosmosdb_sql_container "example" {
  database            = cosmosdb_sql_database.example
  partition_key_paths = ["/id"]
  throughput          = 400
}
"#,
    left_out: &[("account_name", "the account of the database")],
    ..crate::providers::azure::KIND
};

const INDEXING: &str = "properties.resource.indexingPolicy";
/// Path that Azure always excludes.
const ETAG: &str = "/\"_etag\"/?";

/// Composite indexes are a list of lists in the body.
fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    encode_name(subject, bodies);
    let Some(body) = bodies.first_mut() else { return };
    let Some(policy) = subject.args.get("indexing_policy") else { return };
    path::put(body, &format!("{INDEXING}.automatic"), Json::from(true));
    let indexes = path::items(policy, "composite_index");
    if indexes.is_empty() {
        return;
    }
    let lists = indexes.iter().map(|index| {
        let paths = path::items(index, "index").iter().cloned().map(|mut path| {
            if let Some(order) = path.get_mut("order") {
                *order = Json::from(order.as_str().unwrap_or_default().to_ascii_lowercase());
            }
            path
        });
        paths.collect::<Json>()
    });
    path::put(body, &format!("{INDEXING}.compositeIndexes"), lists.collect());
}

fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(Json::Object(policy)) = args.get_mut("indexing_policy") else { return };
    if let Some(excluded) = policy.get_mut("excluded_path").and_then(Json::as_array_mut) {
        excluded.retain(|excluded| path::text(excluded, "path") != Some(ETAG));
        if excluded.is_empty() {
            policy.remove("excluded_path");
        }
    }
    let lists =
        bodies.first().map_or(&[][..], |body| path::items(body, "properties.resource.indexingPolicy.compositeIndexes"));
    if !lists.is_empty() {
        let indexes = lists.iter().map(|list| {
            let paths = list.as_array().into_iter().flatten().cloned().map(|mut path| {
                let descending =
                    path::text(&path, "order").is_some_and(|order| order.eq_ignore_ascii_case("descending"));
                path::put(&mut path, "order", Json::from(if descending { "Descending" } else { "Ascending" }));
                path
            });
            serde_json::json!({ "index": paths.collect::<Json>() })
        });
        policy.insert("composite_index".to_owned(), indexes.collect());
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    check_throughput(subject, findings);
    let policy = subject.args.get("indexing_policy");
    let excluded = policy.map_or(&[][..], |policy| path::items(policy, "excluded_path"));
    if excluded.iter().any(|excluded| path::text(excluded, "path") == Some(ETAG)) {
        findings.push(Finding {
            argument: "indexing_policy",
            summary: format!("`{ETAG}` is always excluded"),
            why: "Azure adds this path itself, so drplan does not compare it.".to_owned(),
            help: "Remove this `excluded_path`.".to_owned(),
        });
    }
    let kind = subject.text("partition_key_kind");
    let paths = subject.args.get("partition_key_paths").and_then(Json::as_array).map_or(1, Vec::len);
    if kind == Some("Hash") && paths != 1 {
        findings.push(Finding {
            argument: "partition_key_paths",
            summary: format!("a partition key of kind `Hash` has {paths} paths"),
            why: "Several paths form a hierarchy, which needs `MultiHash`.".to_owned(),
            help: "Set one path, or `partition_key_kind = \"MultiHash\"`.".to_owned(),
        });
    }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(body) = cloud.get_mut(id) else { return };
    path::fill(body, &format!("{INDEXING}.automatic"), true);
    path::fill(body, &format!("{INDEXING}.indexingMode"), "consistent");
    path::fill(body, &format!("{INDEXING}.includedPaths"), serde_json::json!([{ "path": "/*" }]));
    let excluded = format!("{INDEXING}.excludedPaths");
    path::fill(body, &excluded, Json::Array(Vec::new()));
    if let Some(Json::Array(paths)) = path::borrow_mut(body, &excluded)
        && !paths.iter().any(|path| path::text(path, "path") == Some(ETAG))
    {
        paths.push(serde_json::json!({ "path": ETAG }));
    }
    path::remove(body, "properties.options");
}
