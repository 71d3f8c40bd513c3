//! A container of a Cosmos DB database with the NoSQL interface.

use serde_json::{Map as JsonMap, Value as Json};

use super::cosmosdb_sql_database::{
    AUTOSCALE, NAME, THROUGHPUT, THROUGHPUT_SETTINGS, check_throughput, encode as encode_name,
};
use super::path;
use super::table::*;
use crate::address::ArmId;

static UNIQUE_KEY: Block = Block::many(
    "",
    &[arg(
        "paths",
        Ty::Set(&Ty::String),
        "paths",
        "The paths whose values, taken together, no two items of a partition share.",
    )
    .required()
    .replace()],
);

static INDEXING_POLICY: Block = Block::one(&[
    arg(
        "indexing_mode",
        Ty::Enum(&["consistent", "none"]),
        "indexingMode",
        "Whether items are indexed as they are written.",
    )
    .default(Lit::Str("consistent")),
    arg("included_path", Ty::Block(&PATHS), "includedPaths", "A path that is indexed."),
    arg("excluded_path", Ty::Block(&PATHS), "excludedPaths", "A path that is not indexed."),
    arg("composite_index", Ty::Block(&COMPOSITE), "", "An index over several paths.").wire(Wire::Odd),
    arg("spatial_index", Ty::Block(&PATHS), "spatialIndexes", "A path that holds places."),
]);

static PATHS: Block =
    Block::many("path", &[arg("path", Ty::String, "path", "The path, as in `/name/?` or `/*`.").required()]);

static COMPOSITE: Block =
    Block::many("", &[arg("index", Ty::Block(&COMPOSITE_PATH), "", "One path of the index.").wire(Wire::Odd)]);

static COMPOSITE_PATH: Block = Block::many(
    "",
    &[
        arg("path", Ty::String, "path", "The path.").required(),
        arg("order", Ty::Enum(&["Ascending", "Descending"]), "order", "In which order.").required().any_case(),
    ],
)
.at_least_one();

static CONFLICT_RESOLUTION: Block = Block::one(&[
    arg("mode", Ty::Enum(&["LastWriterWins", "Custom"]), "mode", "Who wins when two regions wrote the same item.")
        .required(),
    arg("conflict_resolution_path", Ty::String, "conflictResolutionPath", "The path whose greater value wins."),
    arg(
        "conflict_resolution_procedure",
        Ty::String,
        "conflictResolutionProcedure",
        "The stored procedure that decides.",
    ),
]);

/// The table.
pub static KIND: Kind = Kind {
    name: "cosmosdb_sql_container",
    about: "A container of a Cosmos DB database with the NoSQL interface.",
    arm: Arm { type_: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers", api: "2024-08-15" },
    place: Place::Child("database", "containers"),
    location: Location::None,
    names: NAME,
    args: &[
        place("database", &["cosmosdb_sql_database"], "The database it is in."),
        arg(
            "partition_key_paths",
            Ty::List(&Ty::String),
            "properties.resource.partitionKey.paths",
            "The path, or up to three, whose values decide on the partition.",
        )
        .required()
        .replace(),
        arg(
            "partition_key_kind",
            Ty::Enum(&["Hash", "MultiHash"]),
            "properties.resource.partitionKey.kind",
            "Whether one path decides or a hierarchy of them.",
        )
        .default(Lit::Str("Hash"))
        .replace(),
        arg(
            "partition_key_version",
            Ty::Integer(1, 2),
            "properties.resource.partitionKey.version",
            "Whether values may be longer than 100 bytes (2).",
        )
        .replace(),
        THROUGHPUT,
        AUTOSCALE,
        arg(
            "default_ttl",
            Ty::Integer(-1, 2_147_483_647),
            "properties.resource.defaultTtl",
            "Seconds after which items go; -1: only items that say so.",
        ),
        arg(
            "analytical_storage_ttl",
            Ty::Integer(-1, 2_147_483_647),
            "properties.resource.analyticalStorageTtl",
            "Seconds for which data is kept for analysis; -1: for ever.",
        ),
        arg("indexing_policy", Ty::Block(&INDEXING_POLICY), "properties.resource.indexingPolicy", "What is indexed."),
        arg(
            "unique_key",
            Ty::Block(&UNIQUE_KEY),
            "properties.resource.uniqueKeyPolicy.uniqueKeys",
            "Values that no two items share.",
        )
        .replace(),
        arg(
            "conflict_resolution_policy",
            Ty::Block(&CONFLICT_RESOLUTION),
            "properties.resource.conflictResolutionPolicy",
            "Who wins when two regions wrote the same item.",
        )
        .replace(),
    ],
    durations: Durations { create: 20, update: 20, delete: 20 },
    answers: Answers::AsyncBoth,
    serial: Serial::Root,
    recovery: Recovery::DATA,
    odd: Odd { encode: Some(encode), decode: Some(decode), check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        settle: Some(settle),
        always: &[THROUGHPUT_SETTINGS],
        accepts: &[
            "properties.resource.id",
            "properties.resource.indexingPolicy.automatic",
            "properties.resource.indexingPolicy.compositeIndexes",
            "properties.resource.indexingPolicy.spatialIndexes[].types",
        ],
        ..Simulated::NONE
    },
    terraform: Terraform {
        renamed: &[("database", "database_name")],
        follows: &[
            ("account_name", "database", "account_name"),
            ("resource_group_name", "database", "resource_group_name"),
        ],
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
  account = cosmosdb_account.example
}

cosmosdb_sql_container "example" {
  database            = cosmosdb_sql_database.example
  partition_key_paths = ["/id"]
  throughput          = 400
}
"#,
    left_out: &[("account_name", "the database's account")],
    ..Kind::EMPTY
};

const INDEXING: &str = "properties.resource.indexingPolicy";
/// The path that Azure excludes by itself.
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
            summary: format!("`{ETAG}` is excluded anyway"),
            why: "Azure excludes it by itself, so that it is not compared.".to_owned(),
            help: "Leave this `excluded_path` out.".to_owned(),
        });
    }
    let kind = subject.text("partition_key_kind");
    let paths = subject.args.get("partition_key_paths").and_then(Json::as_array).map_or(1, Vec::len);
    if kind == Some("Hash") && paths != 1 {
        findings.push(Finding {
            argument: "partition_key_paths",
            summary: format!("a key of the kind `Hash` has {paths} paths"),
            why: "Several paths are a hierarchy.".to_owned(),
            help: "Write one path, or `partition_key_kind = \"MultiHash\"`.".to_owned(),
        });
    }
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
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
