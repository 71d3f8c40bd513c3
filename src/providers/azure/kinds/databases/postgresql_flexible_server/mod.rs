//! PostgreSQL flexible server, and the parts that it shares with replicas.

mod offers;
mod simulated;

use crate::providers::azure::forms;
use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::tags::TAGS;

pub(super) use simulated::{SIMULATED, keeps};

/// Name rule of servers.
pub(super) const SERVER_NAME: NameRule = NameRule::new(
    3,
    63,
    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    "lower-case letters, digits and hyphens, and neither starts nor ends with a hyphen",
)
.global();

/// Tier and size of a server or replica.
pub(super) const SKU_NAME: Arg = arg(
    "sku_name",
    Ty::String,
    "",
    "SKU: tier and size, as in `GP_Standard_D2ds_v5`. Tiers are `B_` (burstable), `GP_` (general \
     purpose) and `MO_` (memory optimised).",
)
.wire(Wire::Odd);
/// Disk size of a server or replica, in MiB.
pub(super) const STORAGE_MB: Arg =
    arg("storage_mb", Ty::Integer(32_768, 33_553_408), "", "Size of the disk in MiB. It can only grow.")
        .wire(Wire::Odd)
        .kept(Kept::Growing("auto_grow_enabled"));
/// Automatic growth of the disk.
pub(super) const AUTO_GROW: Arg =
    arg("auto_grow_enabled", Ty::Bool, "", "Grow the disk automatically when it is nearly full.")
        .default(Lit::Bool(false))
        .wire(Wire::Mapped("properties.storage.autoGrow", ENABLED));
/// Subnet of a private server.
pub(super) const DELEGATED_SUBNET: Arg = arg(
    "delegated_subnet",
    Ty::Ref(&["subnet"]),
    "properties.network.delegatedSubnetResourceId",
    "Subnet of the server, delegated to PostgreSQL. The server is public if absent.",
)
.near()
.replace();
/// DNS zone of a private server.
pub(super) const PRIVATE_DNS_ZONE: Arg = arg(
    "private_dns_zone",
    Ty::Ref(&[]),
    "properties.network.privateDnsZoneArmResourceId",
    "Private DNS zone with the server's name. Required with `delegated_subnet`.",
);
/// Access from the internet.
pub(super) const PUBLIC_NETWORK_ACCESS: Arg =
    arg("public_network_access_enabled", Ty::Bool, "", "Enable access from the internet.")
        .default(Lit::Bool(true))
        .wire(Wire::Mapped("properties.network.publicNetworkAccess", ENABLED));
/// Availability zone of a server or replica.
pub(super) const ZONE: Arg =
    arg("zone", Ty::String, "properties.availabilityZone", "Availability zone of the server.").form(&forms::ZONE);
/// DNS name of a server, which follows from its name.
pub(super) const FQDN: Attribute =
    named("fqdn", "{name}.postgres.database.azure.com", "DNS name of the server. It does not follow a promotion.");

/// A smaller disk of a server or replica.
pub(super) const SMALLER_DISK: Transition = Transition::refuse(
    "StorageShrinkNotAllowed",
    "storage_mb",
    ChangeTest::Shrinks,
    "The disk of a server can only grow.",
    "Write the old size, or create another server and copy the data.",
);

/// Changes of a server that Azure refuses in place.
const TRANSITIONS: &[Transition] = &[
    SMALLER_DISK,
    Transition::refuse(
        "ServerVersionDowngradeNotAllowed",
        "version",
        ChangeTest::Shrinks,
        "The version of a server can only rise.",
        "Write the old version, or create another server and copy the data.",
    ),
];

static AUTHENTICATION: Block = Block::one(&[
    arg("active_directory_auth_enabled", Ty::Bool, "", "Enable logins with Microsoft Entra ID.")
        .default(Lit::Bool(false))
        .wire(Wire::Mapped("activeDirectoryAuth", ENABLED)),
    arg("password_auth_enabled", Ty::Bool, "", "Enable logins with a password.")
        .default(Lit::Bool(true))
        .wire(Wire::Mapped("passwordAuth", ENABLED)),
    arg("tenant_id", Ty::String, "tenantId", "Tenant whose principals may log in.").form(&form::GUID).any_case(),
]);

static CUSTOMER_MANAGED_KEY: Block = Block::one(&[
    arg("key_vault_key_id", Ty::String, "primaryKeyURI", "URL of the Key Vault key that encrypts the data.")
        .form(&forms::HTTPS_URL)
        .required(),
    arg(
        "primary_user_assigned_identity",
        Ty::Ref(&["user_assigned_identity"]),
        "primaryUserAssignedIdentityId",
        "Identity with which the server reads the key.",
    ),
    arg(
        "geo_backup_key_vault_key_id",
        Ty::String,
        "geoBackupKeyURI",
        "URL of the key that encrypts backups in the paired region.",
    )
    .form(&forms::HTTPS_URL),
    arg(
        "geo_backup_user_assigned_identity",
        Ty::Ref(&["user_assigned_identity"]),
        "geoBackupUserAssignedIdentityId",
        "Identity with which the server reads that key.",
    ),
]);

static HIGH_AVAILABILITY: Block = Block::one(&[
    arg(
        "mode",
        Ty::Enum(&["SameZone", "ZoneRedundant"]),
        "mode",
        "Placement of the standby: in the same zone, or in another one.",
    )
    .required(),
    arg("standby_availability_zone", Ty::String, "standbyAvailabilityZone", "Availability zone of the standby.")
        .form(&forms::ZONE),
]);

static MAINTENANCE_WINDOW: Block = Block::one(&[
    arg("day_of_week", Ty::Integer(0, 6), "dayOfWeek", "Day of maintenance. 0 is Sunday.").default(Lit::Int(0)),
    arg("start_hour", Ty::Integer(0, 23), "startHour", "Hour of the earliest start, in UTC.").default(Lit::Int(0)),
    arg("start_minute", Ty::Integer(0, 59), "startMinute", "Minute of the earliest start.").default(Lit::Int(0)),
]);

static CLUSTER: Block = Block::one(&[
    arg("size", Ty::Integer(1, 20), "clusterSize", "Number of nodes.").required(),
    arg("default_database_name", Ty::String, "defaultDatabaseName", "Database that is distributed over the nodes.")
        .replace(),
]);

/// Table of `postgresql_flexible_server`.
pub static KIND: Kind = Kind {
    name: "postgresql_flexible_server",
    about: "PostgreSQL flexible server.",
    type_: KindType { name: "Microsoft.DBforPostgreSQL/flexibleServers", version: "2025-08-01" },
    names: SERVER_NAME,
    args: &[
        RESOURCE_GROUP,
        arg(
            "version",
            Ty::Enum(&["11", "12", "13", "14", "15", "16", "17", "18"]),
            "properties.version",
            "Major version of PostgreSQL. It can only rise.",
        )
        .kept(Kept::Chosen),
        arg(
            "administrator_login",
            Ty::String,
            "properties.administratorLogin",
            "Login of the administrator with a password.",
        )
        .form(&forms::login::POSTGRES_LOGIN)
        .chosen(),
        arg(
            "administrator_password",
            Ty::String,
            "properties.administratorLoginPassword",
            "Password of `administrator_login`.",
        )
        .form(&forms::login::SERVER_PASSWORD)
        .secret(),
        SKU_NAME,
        STORAGE_MB,
        arg(
            "storage_tier",
            Ty::Enum(&["P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50", "P60", "P70", "P80"]),
            "properties.storage.tier",
            "Performance tier of the disk, if above the one of its size.",
        ),
        AUTO_GROW,
        arg(
            "backup_retention_days",
            Ty::Integer(7, 35),
            "properties.backup.backupRetentionDays",
            "Days that backups are kept.",
        ),
        arg(
            "geo_redundant_backup_enabled",
            Ty::Bool,
            "",
            "Copy backups to the paired region, where the server can be restored from them.",
        )
        .default(Lit::Bool(false))
        .replace()
        .wire(Wire::Mapped("properties.backup.geoRedundantBackup", ENABLED)),
        DELEGATED_SUBNET,
        PRIVATE_DNS_ZONE,
        PUBLIC_NETWORK_ACCESS,
        ZONE,
        arg(
            "high_availability",
            Ty::Block(&HIGH_AVAILABILITY),
            "properties.highAvailability",
            "Standby in the same region.",
        ),
        arg("authentication", Ty::Block(&AUTHENTICATION), "properties.authConfig", "Authentication methods."),
        arg(
            "customer_managed_key",
            Ty::Block(&CUSTOMER_MANAGED_KEY),
            "properties.dataEncryption",
            "Customer-managed encryption key.",
        )
        .replace(),
        arg(
            "maintenance_window",
            Ty::Block(&MAINTENANCE_WINDOW),
            "properties.maintenanceWindow",
            "Maintenance window.",
        ),
        arg("cluster", Ty::Block(&CLUSTER), "properties.cluster", "Elastic cluster of several nodes."),
        arg(
            "create_mode",
            Ty::Enum(&["Default", "GeoRestore", "PointInTimeRestore", "Replica", "ReviveDropped", "Update"]),
            "properties.createMode",
            "Source of the server. For a replica, use a `geo_replica`, which a failover run can promote.",
        )
        .write_only(),
        arg(
            "source_server",
            Ty::Ref(&["postgresql_flexible_server"]),
            "properties.sourceServerResourceId",
            "Source server of a restore or replica.",
        )
        .replace()
        .write_only(),
        arg(
            "point_in_time_restore_time_in_utc",
            Ty::String,
            "properties.pointInTimeUTC",
            "Time to restore to, in RFC 3339.",
        )
        .form(&form::TIME)
        .replace()
        .write_only(),
        identity::IDENTITY_UNSPACED,
        TAGS,
    ],
    attributes: &[FQDN, identity::PRINCIPAL_ID, identity::TENANT_ID],
    restless: &["properties.backup.earliestRestoreDate", "properties.replica.replicationState"],
    durations: Durations { create: 300, update: 120, delete: 60 },
    lasts: Some(lasts),
    answers: AnswerStyle::AsyncBoth,
    recovery: Recovery::DATA,
    in_use: "",
    run_moves: &["zone", "high_availability"],
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SIMULATED,
    terraform: Terraform {
        chosen: &["zone"],
        swapped: &["source_server"],
        written_only: &["administrator_password"],
        untold: &["create_mode"],
        ..Terraform::BY_RULE
    },
    adoption: Adoption {
        arguments: Some(|found, args| {
            if let Some(source) = source_of(found.body) {
                args.insert("create_mode".to_owned(), Json::from("Replica"));
                args.insert("source_server".to_owned(), Json::from(source));
            }
        }),
        chosen: &[("properties.storage.type", Lit::Str("Premium_LRS"))],
        // A replica has those of its source.
        others: &[
            ChildList { of: is_source, is_made: is_made_database, ..ChildList::all("databases") },
            ChildList {
                of: is_source,
                is_made: |parameter| path::text(parameter, "properties.source") != Some("system-default"),
                ..ChildList::all("configurations")
            },
            ChildList { of: is_source, ..ChildList::all("administrators") },
        ],
        ..Adoption::BY_TABLE
    },
    uncovered: &["properties.storage.type"],
    transitions: TRANSITIONS,
    example: r#"
resource_group "example" {
  site = site.east
}

postgresql_flexible_server "example" {
  name                   = "drplan-example-pg"
  resource_group         = resource_group.example
  version                = "16"
  administrator_login    = "pgadmin"
  administrator_password = "an example, n0t a secret"
  sku_name               = "GP_Standard_D2ds_v5"
  storage_mb             = 131072
}
"#,
    left_out: &[
        ("administrator_password_wo", "secrets never reach the state, so `administrator_password` has the same effect"),
        ("administrator_password_wo_version", "drplan detects a changed password by its digest"),
        ("replication_role", "roles change only in failover runs"),
    ],
    ..crate::providers::azure::KIND
};

/// Path of the mode of a promotion in the body of the write that requests it.
const MODE: &str = "properties.replica.promoteMode";
/// Path of the option of a promotion: planned or forced.
const OPTION: &str = "properties.replica.promoteOption";

/// A promotion takes minutes. A forced one does not wait for the last changes.
pub(super) fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    match old {
        Some(_) if path::text(new, MODE).is_some() => {
            if is_planned(new) {
                150
            } else {
                100
            }
        }
        Some(_) => KIND.durations.update,
        None => KIND.durations.create,
    }
}

fn is_planned(body: &Json) -> bool {
    !path::text(body, OPTION).is_some_and(|option| option.eq_ignore_ascii_case("Forced"))
}

/// Tiers: the prefix in `sku_name`, and the name in the body.
const TIERS: &[(&str, &str)] = &[("B", "Burstable"), ("GP", "GeneralPurpose"), ("MO", "MemoryOptimized")];
/// Disk sizes in MiB (source: azurerm's documentation of `storage_mb`).
const SIZES_MB: [i64; 12] = [
    32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576, 2_097_152, 4_193_280, 4_194_304, 8_388_608, 16_777_216,
    33_553_408,
];
const STORAGE_GB: &str = "properties.storage.storageSizeGB";

/// The server that a replica follows.
pub(super) fn source_of(body: &Json) -> Option<&str> {
    let is_replica = path::text(body, "properties.replicationRole").is_some_and(|role| role.ends_with("Replica"));
    path::text(body, "properties.sourceServerResourceId").filter(|_| is_replica)
}

/// Writes `sku_name` and `storage_mb`.
pub(super) fn encode_sizes(subject: &Subject<'_>, body: &mut Json) {
    if let Some((prefix, name)) = subject.text("sku_name").and_then(|sku| sku.split_once('_')) {
        let tier = TIERS.iter().find(|(short, _)| *short == prefix).map_or(prefix, |(_, tier)| *tier);
        path::put(body, "sku.tier", Json::from(tier));
        path::put(body, "sku.name", Json::from(name));
    }
    if let Some(size) = subject.args.get("storage_mb").and_then(Json::as_i64) {
        path::put(body, STORAGE_GB, Json::from(size / 1024));
    }
}

/// Reads `sku_name` and `storage_mb`.
pub(super) fn decode_sizes(body: &Json, args: &mut JsonMap<String, Json>) {
    if let (Some(tier), Some(name)) = (path::text(body, "sku.tier"), path::text(body, "sku.name")) {
        let prefix = TIERS.iter().find(|(_, long)| *long == tier).map_or(tier, |(short, _)| *short);
        args.insert("sku_name".to_owned(), Json::from(format!("{prefix}_{name}")));
    }
    if let Some(size) = path::borrow(body, STORAGE_GB).and_then(Json::as_i64) {
        args.insert("storage_mb".to_owned(), Json::from(size * 1024));
    }
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    encode_sizes(subject, body);
    identity::encode(subject, body);
    if subject.args.contains_key("customer_managed_key") {
        path::put(body, "properties.dataEncryption.type", Json::from("AzureKeyVault"));
    }
    if subject.args.contains_key("maintenance_window") {
        path::put(body, "properties.maintenanceWindow.customWindow", Json::from("Enabled"));
    }
    if !subject.args.contains_key("high_availability") {
        path::put(body, "properties.highAvailability.mode", Json::from("Disabled"));
    }
}

/// Azure's values for absent blocks are no arguments.
fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = bodies.first() else { return };
    decode_sizes(body, args);
    identity::decode(body, args);
    let absent = [
        ("high_availability", "properties.highAvailability.mode", "Disabled"),
        ("customer_managed_key", "properties.dataEncryption.type", "SystemManaged"),
        ("maintenance_window", "properties.maintenanceWindow.customWindow", "Disabled"),
    ];
    for (block, at, nothing) in absent {
        if path::text(body, at) == Some(nothing) {
            args.remove(block);
        }
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    identity::check(subject, findings);
    let mut find = |argument, summary: String, why: &str, help: &str| {
        findings.push(Finding { argument, summary, why: why.to_owned(), help: help.to_owned() });
    };
    let tier = subject.text("sku_name").map(|sku| (sku, sku.split_once('_').map_or("", |(tier, _)| tier)));
    if let Some((sku, _)) = tier.filter(|(_, tier)| !TIERS.iter().any(|(short, _)| short == tier)) {
        find(
            "sku_name",
            format!("`{sku}` does not start with a tier"),
            "The tier precedes the size.",
            "Prefix the size with `B_`, `GP_` or `MO_`, as in `GP_Standard_D2ds_v5`.",
        );
    }
    let size = subject.args.get("storage_mb").and_then(Json::as_i64);
    if let Some(size) = size.filter(|size| !SIZES_MB.contains(size)) {
        let larger = SIZES_MB.iter().find(|known| **known > size).unwrap_or(&SIZES_MB[0]);
        find(
            "storage_mb",
            format!("a disk of {size} MiB does not exist"),
            "Azure offers fixed disk sizes.",
            &format!("Set {larger}, or another of {}.", SIZES_MB.map(|size| size.to_string()).join(", ")),
        );
    }
    if tier.is_some_and(|(_, tier)| tier == "B") && subject.args.contains_key("high_availability") {
        find(
            "high_availability",
            "a burstable server cannot have a standby".to_owned(),
            "Azure rejects the combination.",
            "Set a `sku_name` that starts with `GP_` or `MO_`, or remove `high_availability`.",
        );
    }
    if subject.args.contains_key("delegated_subnet") && !subject.args.contains_key("private_dns_zone") {
        find(
            "private_dns_zone",
            "a server in a subnet needs a private DNS zone".to_owned(),
            "Without it, no client could resolve its name.",
            "Set `private_dns_zone` to the ID of a zone whose name ends in `.postgres.database.azure.com`.",
        );
    }
    let made = matches!(subject.text("create_mode"), None | Some("Default"));
    if made && !subject.args.contains_key("administrator_login") && !subject.args.contains_key("authentication") {
        find(
            "administrator_login",
            "the server has no administrator".to_owned(),
            "Azure rejects a server without an administrator.",
            "Set `administrator_login` and `administrator_password`, or add an `authentication` block.",
        );
    }
}

/// Databases that every server has (source: Azure's documentation of the service).
const SYSTEM_DATABASES: &[&str] = &["azure_maintenance", "azure_sys", "postgres"];

fn is_source(server: &Json) -> bool {
    source_of(server).is_none()
}

fn is_made_database(database: &Json) -> bool {
    path::text(database, "name").is_none_or(|name| !SYSTEM_DATABASES.contains(&name))
}
