//! Cosmos DB account: endpoint, consistency and regions of its databases.
//!
//! The account's own region has failover priority 0; a `geo_replica` adds another region. A run changes the
//! priorities, so a plan leaves them alone.

mod args;
mod simulated;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::regions::Region;
use crate::kinds::table::*;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::regions::region;

/// azurerm requires the account's own region among its locations.
fn own_location(text: &dyn Fn(&str) -> Option<String>) -> String {
    let zones = text("geo_location.zone_redundant").filter(|zones| zones != "false");
    let zones = zones.map(|zones| format!("zone_redundant = {zones}\n")).unwrap_or_default();
    format!("geo_location {{\nlocation = {{location}}\nfailover_priority = 0\n{zones}}}")
}

/// Table of `cosmosdb_account`.
pub static KIND: Kind = Kind {
    name: "cosmosdb_account",
    about: "Cosmos DB account: endpoint, consistency and regions of its databases.",
    type_: KindType { name: "Microsoft.DocumentDB/databaseAccounts", version: "2026-03-15" },
    names: NameRule::new(
        3,
        44,
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        "lower-case letters, digits and hyphens, and neither starts nor ends with a hyphen",
    )
    .global(),
    args: args::ARGS,
    attributes: &[
        identity::PRINCIPAL_ID,
        identity::TENANT_ID,
        named(
            "endpoint",
            "https://{name}.documents.azure.com:443/",
            "URL of the account. It stays the same through failovers.",
        ),
        attribute(
            "read_endpoints",
            "properties.readLocations[].documentEndpoint",
            FakeValue::Nothing,
            "URLs of the regions that can be read.",
        ),
        attribute(
            "write_endpoints",
            "properties.writeLocations[].documentEndpoint",
            FakeValue::Nothing,
            "URLs of the regions that take writes.",
        ),
        key("primary_key", "listKeys", "primaryMasterKey", "Primary key."),
        key("secondary_key", "listKeys", "secondaryMasterKey", "Secondary key."),
        key("primary_readonly_key", "listKeys", "primaryReadonlyMasterKey", "Primary read-only key."),
        key("secondary_readonly_key", "listKeys", "secondaryReadonlyMasterKey", "Secondary read-only key."),
    ],
    durations: Durations { create: 300, update: 60, delete: 300 },
    lasts: Some(lasts),
    served: Some(served),
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    recovery: Recovery::DATA,
    run_moves: &["geo_location"],
    odd: Overrides {
        encode: Some(encode),
        decode: Some(decode),
        ready: Some(ready),
        check: Some(check),
        ..Overrides::NONE
    },
    simulated: simulated::SIMULATED,
    terraform: Terraform {
        renamed: &[
            ("virtual_network_rule.id", "virtual_network_rule.id"),
            ("network_acl_bypass", "network_acl_bypass_ids"),
        ],
        blocks: Some(own_location),
        said: &["geo_location"],
        sets: &["geo_location", "virtual_network_rule", "capabilities"],
        ..Terraform::BY_RULE
    },
    uncovered: &[
        "properties.connectorOffer",
        "properties.createMode",
        "properties.defaultPriorityLevel",
        "properties.enableCassandraConnector",
        "properties.enablePerRegionPerPartitionAutoscale",
        "properties.enablePriorityBasedExecution",
        "properties.enforceHierarchicalPartitionKeyIdLastLevel",
        "properties.restoreParameters",
    ],
    adoption: Adoption {
        others: &[
            ChildList {
                of: |account| path::text(account, "kind") == Some("MongoDB"),
                ..ChildList::all("mongodbDatabases")
            },
            ChildList { of: |account| has(account, "EnableCassandra"), ..ChildList::all("cassandraKeyspaces") },
            ChildList { of: |account| has(account, "EnableGremlin"), ..ChildList::all("gremlinDatabases") },
            ChildList { of: |account| has(account, "EnableTable"), ..ChildList::all("tables") },
        ],
        chosen: &[
            ("properties.createMode", Lit::Str("Default")),
            ("properties.defaultPriorityLevel", Lit::Str("High")),
        ],
        ..Adoption::BY_TABLE
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
"#,
    left_out: &[
        ("create_mode", "a restore is an operation, not a state"),
        ("restore", "a restore is an operation, not a state"),
        ("geo_location.location", "follows from the site; declare another region as a `geo_replica`"),
        ("geo_location.failover_priority", "the account's own region has 0; declare another region as a `geo_replica`"),
    ],
    ..crate::providers::azure::KIND
};

const LOCATIONS: &str = "properties.locations";

/// Adding a region copies all data. Other changes are settings.
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    let regions = |body: &Json| path::items(body, LOCATIONS).len();
    match old {
        None => KIND.durations.create,
        Some(old) if regions(new) > regions(old) => 600,
        Some(old) if regions(new) < regions(old) => 300,
        Some(_) => KIND.durations.update,
    }
}

/// Each of its regions serves an account.
fn served(body: &Json) -> Vec<String> {
    path::items(body, LOCATIONS).iter().filter_map(place).map(|region| region.name.to_owned()).collect()
}

/// Arguments that are a list in a stack and a comma-separated text in the body.
const CORS: &[(&str, &str)] = &[
    ("allowed_origins", "allowedOrigins"),
    ("allowed_methods", "allowedMethods"),
    ("allowed_headers", "allowedHeaders"),
    ("exposed_headers", "exposedHeaders"),
];

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    identity::encode(subject, body);
    let zones = subject.args.get("geo_location").and_then(|own| own.get("zone_redundant")).cloned();
    let own = json!({
        "locationName": subject.location,
        "failoverPriority": 0,
        "isZoneRedundant": zones.unwrap_or(Json::Bool(false)),
    });
    path::put(body, LOCATIONS, json!([own]));
    let Some(rule) = subject.args.get("cors_rule") else { return };
    let mut cors = json!({});
    for (ours, theirs) in CORS {
        let words: Vec<_> = path::items(rule, ours).iter().filter_map(Json::as_str).collect();
        path::put(&mut cors, theirs, Json::from(words.join(",")));
    }
    if let Some(age) = rule.get("max_age_in_seconds") {
        path::put(&mut cors, "maxAgeInSeconds", age.clone());
    }
    path::put(body, "properties.cors", json!([cors]));
}

fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = bodies.first() else { return };
    identity::decode(body, args);
    let own = path::text(body, "location").and_then(region);
    let here = path::items(body, LOCATIONS).iter().find(|location| own.is_some() && place(location) == own);
    if let Some(zones) = here.and_then(|here| here.get("isZoneRedundant")) {
        args.insert("geo_location".to_owned(), json!({ "zone_redundant": zones }));
    }
    let Some(cors) = path::items(body, "properties.cors").first() else { return };
    let mut rule = JsonMap::new();
    for (ours, theirs) in CORS {
        let words = path::text(cors, theirs).unwrap_or_default().split(',').filter(|word| !word.is_empty());
        rule.insert((*ours).to_owned(), words.map(Json::from).collect());
    }
    rule.extend(cors.get("maxAgeInSeconds").map(|age| ("max_age_in_seconds".to_owned(), age.clone())));
    args.insert("cors_rule".to_owned(), Json::Object(rule));
}

/// The region of an element of a list of locations. Azure returns its display name.
fn place(location: &Json) -> Option<&'static Region> {
    path::text(location, "locationName").and_then(region)
}

/// Regions continue to change after the operation has ended.
fn ready(bodies: &[Json]) -> Readiness {
    let Some(body) = bodies.first() else { return Readiness::Yes };
    let states = ["properties.writeLocations", "properties.readLocations"]
        .into_iter()
        .flat_map(|list| path::items(body, list))
        .filter_map(|location| Some((place(location)?, path::text(location, "provisioningState")?)));
    for (region, state) in states {
        match state {
            "Succeeded" => {}
            "Failed" => return Readiness::Never(format!("the region {} has failed", region.display_name)),
            state => {
                return Readiness::Waits(format!("the region {} is available (state {state})", region.display_name));
            }
        }
    }
    Readiness::Yes
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    identity::check(subject, findings);
    let flag = |name: &str| subject.args.get(name).and_then(Json::as_bool) == Some(true);
    let mut find = |argument, summary: &str, why: &str, help: &str| {
        findings.push(Finding { argument, summary: summary.to_owned(), why: why.to_owned(), help: help.to_owned() });
    };
    let consistency = subject.args.get("consistency_policy").and_then(|policy| path::text(policy, "consistency_level"));
    if flag("multiple_write_locations_enabled") && consistency == Some("Strong") {
        find(
            "multiple_write_locations_enabled",
            "strong consistency allows writes in one region only",
            "Azure rejects the combination.",
            "Remove `multiple_write_locations_enabled`, or set a weaker `consistency_level`.",
        );
    }
    let zones = subject.args.get("geo_location").and_then(|own| own.get("zone_redundant")).and_then(Json::as_bool);
    if zones == Some(true) && region(subject.location).is_some_and(|region| !region.zones) {
        find(
            "geo_location",
            &format!("`{}` has no availability zones", subject.location),
            "Azure rejects a zone-redundant region there.",
            "Remove `zone_redundant`.",
        );
    }
    let backup = subject.args.get("backup");
    let continuous = backup.and_then(|backup| path::text(backup, "type")) == Some("Continuous");
    let periodic = ["interval_in_minutes", "retention_in_hours", "storage_redundancy"];
    if continuous && backup.is_some_and(|backup| periodic.iter().any(|name| backup.get(name).is_some())) {
        find(
            "backup",
            "a continuous backup has no interval, retention or redundancy",
            "These settings belong to periodic copies.",
            "Set `tier` instead, or `type = \"Periodic\"`.",
        );
    }
}

/// True for an account with this capability.
fn has(account: &Json, capability: &str) -> bool {
    path::items(account, "properties.capabilities").iter().any(|one| path::text(one, "name") == Some(capability))
}
