//! An account of Cosmos DB: the endpoint, the consistency and the regions of its databases.
//!
//! Its own region has failover priority 0; a `geo_replica` adds another. A run changes the priorities, so a plan leaves them alone.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::regions::{Region, region};
use super::table::*;
use super::{identity, path};
use crate::address::ArmId;

static CONSISTENCY_POLICY: Block = Block::one(&[
    arg(
        "consistency_level",
        Ty::Enum(&["BoundedStaleness", "ConsistentPrefix", "Eventual", "Session", "Strong"]),
        "defaultConsistencyLevel",
        "How far a read may lag behind a write.",
    )
    .required(),
    arg(
        "max_interval_in_seconds",
        Ty::Integer(5, 86_400),
        "maxIntervalInSeconds",
        "Seconds that a read may lag with bounded staleness.",
    )
    .default(Lit::Int(5)),
    arg(
        "max_staleness_prefix",
        Ty::Integer(10, 2_147_483_647),
        "maxStalenessPrefix",
        "Writes that a read may lag with bounded staleness.",
    )
    .default(Lit::Int(100)),
])
.at_least_one();

static GEO_LOCATION: Block = Block::one(&[arg(
    "zone_redundant",
    Ty::Bool,
    "",
    "Whether the account's own region is spread over availability zones.",
)
.default(Lit::Bool(false))
.wire(Wire::Odd)]);

static BACKUP: Block = Block::one(&[
    arg(
        "type",
        Ty::Enum(&["Continuous", "Periodic"]),
        "type",
        "Whether any moment can be restored, or copies are taken.",
    )
    .required(),
    arg(
        "tier",
        Ty::Enum(&["Continuous7Days", "Continuous30Days"]),
        "continuousModeProperties.tier",
        "How far back a moment can be restored.",
    ),
    arg(
        "interval_in_minutes",
        Ty::Integer(60, 1440),
        "periodicModeProperties.backupIntervalInMinutes",
        "Minutes between copies.",
    ),
    arg(
        "retention_in_hours",
        Ty::Integer(8, 720),
        "periodicModeProperties.backupRetentionIntervalInHours",
        "Hours that a copy is kept.",
    ),
    arg(
        "storage_redundancy",
        Ty::Enum(&["Geo", "Local", "Zone"]),
        "periodicModeProperties.backupStorageRedundancy",
        "How widely copies are kept; `Geo` keeps them in the paired region, too.",
    ),
]);

static CORS_RULE: Block = Block::one(&[
    arg("allowed_origins", Ty::List(&Ty::String), "", "Origins that may call.").required().wire(Wire::Odd),
    arg("allowed_methods", Ty::List(&Ty::String), "", "Methods that they may use.").required().wire(Wire::Odd),
    arg("allowed_headers", Ty::List(&Ty::String), "", "Headers that they may send.").required().wire(Wire::Odd),
    arg("exposed_headers", Ty::List(&Ty::String), "", "Headers that they may read.").required().wire(Wire::Odd),
    arg("max_age_in_seconds", Ty::Integer(1, 2_147_483_647), "", "Seconds for which the answer may be kept.")
        .wire(Wire::Odd),
]);

static VIRTUAL_NETWORK_RULE: Block = Block::many(
    "id",
    &[
        arg("id", Ty::Ref(&["subnet"]), "id", "The subnet that is allowed.").required(),
        arg(
            "ignore_missing_vnet_service_endpoint",
            Ty::Bool,
            "ignoreMissingVNetServiceEndpoint",
            "Whether the rule is taken although the subnet has no service endpoint yet.",
        )
        .default(Lit::Bool(false)),
    ],
);

const ARGS: &[Arg] = &[
    RESOURCE_GROUP,
    arg("offer_type", Ty::Enum(&["Standard"]), "properties.databaseAccountOfferType", "The offer; there is one.")
        .required(),
    arg("kind", Ty::Enum(&["GlobalDocumentDB", "MongoDB", "Parse"]), "kind", "Which interface its databases have.")
        .default(Lit::Str("GlobalDocumentDB"))
        .replace(),
    arg(
        "consistency_policy",
        Ty::Block(&CONSISTENCY_POLICY),
        "properties.consistencyPolicy",
        "How far reads may lag behind writes.",
    ),
    arg(
        "geo_location",
        Ty::Block(&GEO_LOCATION),
        "",
        "More about the account's own region; further regions are `geo_replica` blocks.",
    )
    .replace()
    .wire(Wire::Odd),
    arg(
        "automatic_failover_enabled",
        Ty::Bool,
        "properties.enableAutomaticFailover",
        "Whether Azure fails over by itself, after an hour or more.",
    )
    .default(Lit::Bool(false)),
    arg(
        "multiple_write_locations_enabled",
        Ty::Bool,
        "properties.enableMultipleWriteLocations",
        "Whether every region takes writes.",
    )
    .default(Lit::Bool(false)),
    arg("backup", Ty::Block(&BACKUP), "properties.backupPolicy", "How it can be restored."),
    arg(
        "minimal_tls_version",
        Ty::Enum(&["Tls", "Tls11", "Tls12"]),
        "properties.minimalTlsVersion",
        "The oldest version of TLS that clients may speak.",
    )
    .default(Lit::Str("Tls12")),
    arg("public_network_access_enabled", Ty::Bool, "", "Whether it answers from the internet.")
        .default(Lit::Bool(true))
        .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
    arg(
        "ip_range_filter",
        Ty::Set(&Ty::String),
        "properties.ipRules[].ipAddressOrRange",
        "Public addresses and ranges that are allowed; all without it.",
    )
    .default(Lit::EmptyList),
    arg(
        "is_virtual_network_filter_enabled",
        Ty::Bool,
        "properties.isVirtualNetworkFilterEnabled",
        "Whether only the subnets of `virtual_network_rule` are allowed.",
    )
    .default(Lit::Bool(false)),
    arg(
        "virtual_network_rule",
        Ty::Block(&VIRTUAL_NETWORK_RULE),
        "properties.virtualNetworkRules",
        "A subnet that is allowed.",
    ),
    arg("network_acl_bypass_for_azure_services", Ty::Bool, "", "Whether Azure's own services are let through.")
        .default(Lit::Bool(false))
        .wire(Wire::Mapped(
            "properties.networkAclBypass",
            &[(Lit::Bool(true), Lit::Str("AzureServices")), (Lit::Bool(false), Lit::Str("None"))],
        )),
    arg(
        "network_acl_bypass",
        Ty::List(&Ty::Ref(&[])),
        "properties.networkAclBypassResourceIds",
        "Resources that are let through.",
    )
    .default(Lit::EmptyList),
    arg("local_authentication_enabled", Ty::Bool, "", "Whether its keys may be used.")
        .default(Lit::Bool(true))
        .wire(Wire::Negated("properties.disableLocalAuth")),
    arg(
        "access_key_metadata_writes_enabled",
        Ty::Bool,
        "",
        "Whether whoever holds a key may change databases and containers.",
    )
    .default(Lit::Bool(true))
    .wire(Wire::Negated("properties.disableKeyBasedMetadataWriteAccess")),
    arg(
        "free_tier_enabled",
        Ty::Bool,
        "properties.enableFreeTier",
        "Whether the first units are free; one account in a subscription.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "analytical_storage_enabled",
        Ty::Bool,
        "properties.enableAnalyticalStorage",
        "Whether data is kept a second time for analysis.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "analytical_storage",
        Ty::Block(&Block::one(&[arg(
            "schema_type",
            Ty::Enum(&["FullFidelity", "WellDefined"]),
            "schemaType",
            "How documents become columns.",
        )
        .required()])),
        "properties.analyticalStorageConfiguration",
        "How data is kept for analysis.",
    ),
    arg(
        "partition_merge_enabled",
        Ty::Bool,
        "properties.enablePartitionMerge",
        "Whether partitions that shrank may be merged.",
    )
    .default(Lit::Bool(false)),
    arg(
        "burst_capacity_enabled",
        Ty::Bool,
        "properties.enableBurstCapacity",
        "Whether unused throughput may be saved up for peaks.",
    )
    .default(Lit::Bool(false)),
    arg(
        "capacity",
        Ty::Block(&Block::one(&[arg(
            "total_throughput_limit",
            Ty::Integer(-1, 1_000_000_000),
            "totalThroughputLimit",
            "The most request units a second of all its databases; -1: no limit.",
        )
        .required()])),
        "properties.capacity",
        "A limit of throughput.",
    ),
    arg(
        "capabilities",
        Ty::Block(&Block::many(
            "name",
            &[arg("name", Ty::String, "name", "The name, as in `EnableServerless`.").required()],
        )),
        "properties.capabilities",
        "Something that the account can do beyond the usual.",
    ),
    arg(
        "mongo_server_version",
        Ty::Enum(&["3.2", "3.6", "4.0", "4.2", "5.0", "6.0", "7.0"]),
        "properties.apiProperties.serverVersion",
        "The version of MongoDB that it speaks.",
    ),
    arg(
        "default_identity_type",
        Ty::String,
        "properties.defaultIdentity",
        "Who reads its key: `FirstPartyIdentity`, `SystemAssignedIdentity`, `UserAssignedIdentity=…`.",
    )
    .default(Lit::Str("FirstPartyIdentity")),
    arg(
        "key_vault_key_id",
        Ty::String,
        "properties.keyVaultKeyUri",
        "The URL, without a version, of the Key Vault key that encrypts its data.",
    )
    .replace(),
    arg("cors_rule", Ty::Block(&CORS_RULE), "", "Which web pages of other origins may call it.").wire(Wire::Odd),
    identity::IDENTITY_UNSPACED,
    TAGS,
];

/// The table.
pub static KIND: Kind = Kind {
    name: "cosmosdb_account",
    about: "An account of Cosmos DB: the endpoint, the consistency and the regions of its databases.",
    arm: Arm { type_: "Microsoft.DocumentDB/databaseAccounts", api: "2026-03-15" },
    names: NameRule::new(
        3,
        44,
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        "lower-case letters, digits and hyphens, and neither starts nor ends with a hyphen",
    )
    .global(),
    args: ARGS,
    attributes: &[
        identity::PRINCIPAL_ID,
        identity::TENANT_ID,
        named(
            "endpoint",
            "https://{name}.documents.azure.com:443/",
            "The URL of the account; it stays the same through failovers.",
        ),
        attribute(
            "read_endpoints",
            "properties.readLocations[].documentEndpoint",
            Fake::Nothing,
            "The URL of each region that can be read.",
        ),
        attribute(
            "write_endpoints",
            "properties.writeLocations[].documentEndpoint",
            Fake::Nothing,
            "The URL of each region that takes writes.",
        ),
        key("primary_key", "listKeys", "primaryMasterKey", "The first key."),
        key("secondary_key", "listKeys", "secondaryMasterKey", "The second key."),
        key("primary_readonly_key", "listKeys", "primaryReadonlyMasterKey", "The first key that only reads."),
        key("secondary_readonly_key", "listKeys", "secondaryReadonlyMasterKey", "The second key that only reads."),
    ],
    durations: Durations { create: 300, update: 60, delete: 300 },
    answers: Answers::AsyncBody,
    serial: Serial::Root,
    recovery: Recovery::DATA,
    run_moves: &["geo_location"],
    odd: Odd { encode: Some(encode), decode: Some(decode), ready: Some(ready), check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        admit: Some(admit),
        settle: Some(settle),
        lasts: Some(lasts),
        accepts: &[
            identity::ACCEPTS,
            LOCATIONS,
            "properties.readLocations",
            "properties.writeLocations",
            "properties.failoverPolicies",
            "properties.documentEndpoint",
            "properties.instanceId",
            "properties.cors",
        ],
        ..Simulated::NONE
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
        ("create_mode", "a restore is an act and not a state"),
        ("restore", "a restore is an act and not a state"),
        ("geo_location.location", "it follows from the site; another region is a `geo_replica`"),
        ("geo_location.failover_priority", "the account's own region has 0; another region is a `geo_replica`"),
    ],
    ..Kind::EMPTY
};

const LOCATIONS: &str = "properties.locations";

/// Lists that are a list in the stack and joined with commas in the body.
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

/// The region of an element of a list of locations, which Azure answers by its display name.
fn place(location: &Json) -> Option<&'static Region> {
    path::text(location, "locationName").and_then(region)
}

/// Regions change on after the operation has ended.
fn ready(bodies: &[Json]) -> Ready {
    let Some(body) = bodies.first() else { return Ready::Yes };
    let states = ["properties.writeLocations", "properties.readLocations"]
        .into_iter()
        .flat_map(|list| path::items(body, list))
        .filter_map(|location| Some((place(location)?, path::text(location, "provisioningState")?)));
    for (region, state) in states {
        match state {
            "Succeeded" => {}
            "Failed" => return Ready::Never(format!("the region {} has failed", region.display_name)),
            state => return Ready::Waits(format!("the region {} is there (state {state})", region.display_name)),
        }
    }
    Ready::Yes
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
            "strong consistency has one region that takes writes",
            "Azure refuses the two together.",
            "Leave `multiple_write_locations_enabled` out, or write a weaker `consistency_level`.",
        );
    }
    let zones = subject.args.get("geo_location").and_then(|own| own.get("zone_redundant")).and_then(Json::as_bool);
    if zones == Some(true) && region(subject.location).is_some_and(|region| !region.zones) {
        find(
            "geo_location",
            &format!("`{}` has no availability zones", subject.location),
            "Azure refuses a zone-redundant region there.",
            "Leave `zone_redundant` out.",
        );
    }
    let backup = subject.args.get("backup");
    let continuous = backup.and_then(|backup| path::text(backup, "type")) == Some("Continuous");
    let periodic = ["interval_in_minutes", "retention_in_hours", "storage_redundancy"];
    if continuous && backup.is_some_and(|backup| periodic.iter().any(|name| backup.get(name).is_some())) {
        find(
            "backup",
            "a continuous backup has no interval, retention or redundancy",
            "They belong to periodic copies.",
            "Write `tier`, or `type = \"Periodic\"`.",
        );
    }
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    let refuse = |message: String| Err(Refusal { status: 400, code: "BadRequest", message });
    let priority = |location: &Json| location.get("failoverPriority").and_then(Json::as_i64);
    let locations = path::items(body, LOCATIONS);
    let mut priorities: Vec<_> = locations.iter().map(priority).collect();
    priorities.sort_unstable();
    priorities.dedup();
    if priorities.len() != locations.len() || priorities.first() != Some(&Some(0)) {
        return refuse("Failover priorities are unique, and one region has 0.".to_owned());
    }
    if let Some(unknown) = locations.iter().find(|location| place(location).is_none()) {
        return refuse(format!("The location {unknown} is not a region."));
    }
    let first = |body: &Json| path::items(body, LOCATIONS).iter().find(|l| priority(l) == Some(0)).and_then(place);
    let moved = cloud.get(id).is_some_and(|standing| first(standing).is_some() && first(standing) != first(body));
    if moved {
        return refuse("The write region is changed by failoverPriorityChange only.".to_owned());
    }
    Ok(())
}

/// Adding a region copies all data; everything else is settings.
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    let regions = |body: &Json| path::items(body, LOCATIONS).len();
    match old {
        None => KIND.durations.create,
        Some(old) if regions(new) > regions(old) => 600,
        Some(old) if regions(new) < regions(old) => 300,
        Some(_) => KIND.durations.update,
    }
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    identity::settle(cloud, id);
    let (name, guid) = (id.name().to_owned(), cloud.guid(id.as_str()));
    let Some(body) = cloud.get_mut(id) else { return };
    let everywhere = path::borrow(body, "properties.enableMultipleWriteLocations") == Some(&Json::Bool(true));
    let mut locations = path::items(body, LOCATIONS).to_vec();
    locations.sort_by_key(|location| location.get("failoverPriority").and_then(Json::as_i64));
    for location in &mut locations {
        let Some(region) = place(location) else { continue };
        let host = format!("{name}-{}", region.name);
        path::put(location, "id", Json::from(host.as_str()));
        path::put(location, "locationName", Json::from(region.display_name));
        path::put(location, "documentEndpoint", Json::from(format!("https://{host}.documents.azure.com:443/")));
        path::put(location, "provisioningState", Json::from("Succeeded"));
        path::fill(location, "isZoneRedundant", false);
    }
    let policies: Vec<_> = locations
        .iter()
        .map(|location| {
            let names = ["id", "locationName", "failoverPriority"];
            names.into_iter().map(|name| (name, location.get(name).cloned().unwrap_or_default())).collect::<Json>()
        })
        .collect();
    let writing = if everywhere { locations.clone() } else { locations.iter().take(1).cloned().collect() };
    path::put(body, "properties.failoverPolicies", Json::from(policies));
    path::put(body, "properties.writeLocations", Json::from(writing));
    path::put(body, "properties.readLocations", Json::from(locations.clone()));
    path::put(body, LOCATIONS, Json::from(locations));
    path::put(body, "properties.documentEndpoint", Json::from(format!("https://{name}.documents.azure.com:443/")));
    path::put(body, "properties.instanceId", Json::from(guid));
    let copies = json!({
        "type": "Periodic",
        "periodicModeProperties": {
            "backupIntervalInMinutes": 240, "backupRetentionIntervalInHours": 8, "backupStorageRedundancy": "Geo",
        },
    });
    path::fill(body, "properties.backupPolicy", copies);
}
