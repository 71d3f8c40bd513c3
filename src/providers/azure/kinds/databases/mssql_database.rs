//! Database of Azure SQL.

use std::cmp::Ordering;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::{mssql_replication, mssql_server};
use crate::kinds::{path, table::*};
use crate::object::ObjectId;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::tags::TAGS;

const GIBIBYTE: i64 = 1 << 30;

/// Table of `mssql_database`.
pub static KIND: Kind = Kind {
    name: "mssql_database",
    about: "Azure SQL database.",
    type_: KindType { name: "Microsoft.Sql/servers/databases", version: "2025-01-01" },
    place: Place::Child("server", "databases"),
    names: NameRule::new(
        1,
        128,
        r"^[^<>*%&:\\/?]*[^<>*%&:\\/?. ]$",
        r"any characters but `<>*%&:\/?`, and does not end with a full stop or blank",
    ),
    args: &[
        place("server", &["mssql_server"], "SQL server of the database."),
        arg("sku_name", Ty::String, "sku.name", "Service objective, as in `S1`, `GP_Gen5_2` or `ElasticPool`.")
            .any_case(),
        arg("max_size_gb", Ty::Number(0.1, 131_072.0), "", "Maximum size in GiB.")
            .wire(Wire::Scaled("properties.maxSizeBytes", GIBIBYTE)),
        arg("collation", Ty::String, "properties.collation", "Collation: comparison and sort order of text.").chosen(),
        arg(
            "elastic_pool",
            Ty::Ref(&[]),
            "properties.elasticPoolId",
            "Elastic pool of the database, whose capacity it shares.",
        ),
        arg("zone_redundant", Ty::Bool, "properties.zoneRedundant", "Spread the replicas over availability zones."),
        arg(
            "storage_account_type",
            Ty::Enum(&["Geo", "GeoZone", "Local", "Zone"]),
            "properties.requestedBackupStorageRedundancy",
            "Redundancy of backups. `Geo` and `GeoZone` copy them to the paired region.",
        )
        .default(Lit::Str("Geo")),
        arg(
            "license_type",
            Ty::Enum(&["LicenseIncluded", "BasePrice"]),
            "properties.licenseType",
            "Licence: included in the price, or bring your own (`BasePrice`).",
        ),
        arg(
            "auto_pause_delay_in_minutes",
            Ty::Integer(-1, 10_080),
            "properties.autoPauseDelay",
            "Minutes of inactivity until a serverless database pauses. -1: never.",
        ),
        arg(
            "min_capacity",
            Ty::Number(0.0, 128.0),
            "properties.minCapacity",
            "Minimum number of vCores of a serverless database.",
        ),
        arg(
            "read_replica_count",
            Ty::Integer(0, 4),
            "properties.highAvailabilityReplicaCount",
            "Number of readable secondary replicas in the database's region (Hyperscale).",
        ),
        arg("read_scale", Ty::Bool, "", "Route read-only connections to a secondary replica in the database's region.")
            .wire(Wire::Mapped("properties.readScale", ENABLED)),
        arg(
            "enclave_type",
            Ty::Enum(&["Default", "VBS"]),
            "properties.preferredEnclaveType",
            "Secure enclave type for Always Encrypted.",
        ),
        arg("ledger_enabled", Ty::Bool, "properties.isLedgerOn", "Make all tables ledger tables.").chosen(),
        arg(
            "maintenance_configuration_name",
            Ty::String,
            "",
            "Public maintenance configuration, as in `SQL_Default` or `SQL_EastUS_DB_1`.",
        )
        .wire(Wire::Odd),
        arg(
            "create_mode",
            Ty::Enum(&[
                "Default",
                "Copy",
                "OnlineSecondary",
                "PointInTimeRestore",
                "Recovery",
                "Restore",
                "RestoreExternalBackup",
                "RestoreExternalBackupSecondary",
                "RestoreLongTermRetentionBackup",
                "Secondary",
            ]),
            "properties.createMode",
            "Source of the database. Do not declare the secondary of a `geo_replica`: the replica creates it.",
        )
        .default(Lit::Str("Default"))
        .replace()
        .write_only(),
        arg(
            "creation_source_database",
            Ty::Ref(&["mssql_database"]),
            "properties.sourceDatabaseId",
            "Source database of a copy or secondary.",
        )
        .chosen()
        .write_only(),
        arg("restore_point_in_time", Ty::String, "properties.restorePointInTime", "Time to restore to, in RFC 3339.")
            .form(&form::TIME)
            .write_only(),
        arg(
            "recover_database",
            Ty::Ref(&[]),
            "properties.recoverableDatabaseId",
            "Geo-redundant backup to recover from.",
        )
        .write_only(),
        arg(
            "recovery_point",
            Ty::Ref(&[]),
            "properties.recoveryServicesRecoveryPointId",
            "Recovery point to restore from.",
        )
        .write_only(),
        arg(
            "restore_dropped_database",
            Ty::Ref(&[]),
            "properties.restorableDroppedDatabaseId",
            "Dropped database to restore from.",
        )
        .write_only(),
        arg(
            "restore_long_term_retention_backup",
            Ty::Ref(&[]),
            "properties.longTermRetentionBackupResourceId",
            "Long-term backup to restore from.",
        )
        .write_only(),
        arg(
            "sample_name",
            Ty::Enum(&["AdventureWorksLT"]),
            "properties.sampleName",
            "Sample schema of a new database.",
        )
        .write_only(),
        arg(
            "secondary_type",
            Ty::Enum(&["Geo", "Named", "Standby"]),
            "properties.secondaryType",
            "Type of the secondary, for a secondary database.",
        )
        .chosen(),
        arg(
            "transparent_data_encryption_key_vault_key_id",
            Ty::String,
            "properties.encryptionProtector",
            "URL of the Key Vault key that encrypts the database. Defaults to the server's key.",
        )
        .form(&forms::HTTPS_URL),
        arg(
            "transparent_data_encryption_key_automatic_rotation_enabled",
            Ty::Bool,
            "properties.encryptionProtectorAutoRotation",
            "Use new versions of that key automatically.",
        ),
        identity::IDENTITY_ASSIGNED,
        TAGS,
    ],
    restless: &["properties.earliestRestoreDate", "properties.pausedDate", "properties.resumedDate"],
    durations: Durations { create: 60, update: 60, delete: 20 },
    answers: AnswerStyle::AsyncBoth,
    recovery: Recovery::DATA,
    in_use: "InvalidOperationForDatabaseInReplicationRelationship",
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        always: &[
            always("transparentDataEncryption", "current", r#"{"state":"Enabled"}"#),
            always(
                "backupShortTermRetentionPolicies",
                "default",
                r#"{"retentionDays":7,"diffBackupIntervalInHours":12}"#,
            ),
            always(
                "backupLongTermRetentionPolicies",
                "default",
                r#"{"weeklyRetention":"PT0S","monthlyRetention":"PT0S","yearlyRetention":"PT0S","weekOfYear":0}"#,
            ),
            always("securityAlertPolicies", "default", mssql_server::SECURITY_ALERTS),
        ],
        computed: &[mssql_replication::LINKS],
        actions: mssql_replication::ACTIONS,
        capabilities: Some(|location| mssql_replication::capabilities(location, BY_UNITS)),
        accepts: &[
            "properties.createMode",
            "properties.sourceDatabaseId",
            "properties.manualCutover",
            "properties.performCutover",
            "properties.sourceDatabaseDeletionDate",
            "properties.sourceResourceId",
            "sku.size",
            identity::ACCEPTS,
            "sku.tier",
            "sku.family",
            "sku.capacity",
            MAINTENANCE,
            "properties.status",
            "properties.databaseId",
            "properties.failoverGroupId",
            "properties.requestedServiceObjectiveName",
            "properties.currentServiceObjectiveName",
            "properties.currentSku",
            "properties.currentBackupStorageRedundancy",
        ],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform { earlier: &["sql_database"], ..Terraform::BY_RULE },
    uncovered: &[
        "properties.availabilityZone",
        "properties.catalogCollation",
        "properties.federatedClientId",
        "properties.freeLimitExhaustionBehavior",
        "properties.keys",
        "properties.useFreeLimit",
    ],
    adoption: Adoption {
        chosen: &[
            ("properties.availabilityZone", Lit::Str("NoPreference")),
            ("properties.catalogCollation", Lit::Str("SQL_Latin1_General_CP1_CI_AS")),
        ],
        ..Adoption::BY_TABLE
    },
    combinations: &[
        Combination::new(
            "ProvisioningDisabled",
            &[("zone_redundant", Test::Is(&[Lit::Bool(true)])), ("sku_name", Test::Is(WITHOUT_ZONES))],
            "a database of this edition cannot be zone-redundant",
            "Set a `sku_name` of the editions Premium, General Purpose, Business Critical or Hyperscale.",
        ),
        Combination::new(
            "InvalidReadScale",
            &[("read_scale", Test::Is(&[Lit::Bool(true)])), ("sku_name", Test::Is(WITHOUT_ZONES))],
            "a database of this edition has no readable replicas",
            "Set a `sku_name` of the editions Premium, Business Critical or Hyperscale, or remove `read_scale`.",
        ),
        Combination::new(
            "InvalidReadScale",
            &[("read_scale", Test::Is(&[Lit::Bool(true)])), ("sku_name", Test::Begins(&["GP_"]))],
            "a database of this edition has no readable replicas",
            "Set a `sku_name` of the editions Premium, Business Critical or Hyperscale, or remove `read_scale`.",
        ),
        Combination::new(
            "InvalidParameterValue",
            &[("read_replica_count", Test::Above(0)), ("sku_name", Test::Begins(OTHER_THAN_HYPERSCALE))],
            "only a Hyperscale database has a `read_replica_count`",
            "Set a `sku_name` that starts with `HS_`, or remove `read_replica_count`.",
        ),
        // Azure takes 0 for both of any database (source: azurerm, which always sends them).
        Combination::new(
            "InvalidParameterValue",
            &[("min_capacity", Test::Above(0)), ("sku_name", Test::Begins(PROVISIONED))],
            "only a serverless database has a `min_capacity`",
            "Set a `sku_name` that starts with `GP_S_` or `HS_S_`, or remove `min_capacity`.",
        ),
        Combination::new(
            "InvalidParameterValue",
            &[("auto_pause_delay_in_minutes", Test::Above(0)), ("sku_name", Test::Begins(PROVISIONED))],
            "only a serverless database pauses",
            "Set a `sku_name` that starts with `GP_S_`, or remove `auto_pause_delay_in_minutes`.",
        ),
        Combination::new(
            "InvalidParameterValue",
            &[("auto_pause_delay_in_minutes", Test::Above(0)), ("auto_pause_delay_in_minutes", Test::Below(15))],
            "a database pauses after 15 minutes at the earliest",
            "Set -1, or 15 to 10080.",
        ),
        Combination::new(
            "InvalidMaxSizeTierCombination",
            &[("max_size_gb", Test::Above(2)), ("sku_name", Test::Is(&[Lit::Str("Basic")]))],
            "a database of the edition Basic has at most 2 GB",
            "Set a smaller `max_size_gb`, or another `sku_name`.",
        ),
        Combination::new(
            "InvalidMaxSizeTierCombination",
            &[
                ("max_size_gb", Test::Above(250)),
                ("sku_name", Test::Is(&[Lit::Str("S0"), Lit::Str("S1"), Lit::Str("S2")])),
            ],
            "a database of this service objective has at most 250 GB",
            "Set a smaller `max_size_gb`, or another `sku_name`.",
        ),
        Combination::new(
            "InvalidMaxSizeTierCombination",
            &[("max_size_gb", Test::Above(1024)), ("sku_name", Test::Is(UNITS_TO_A_TERABYTE))],
            "a database of this service objective has at most 1024 GB",
            "Set a smaller `max_size_gb`, or another `sku_name`.",
        ),
    ],
    transitions: &[Transition::refuse(
        "InvalidOperation",
        "sku_name",
        ChangeTest::Where(leaves_hyperscale),
        "Azure does not take a Hyperscale database to another edition in place.",
        "Write the old `sku_name`, or create another database and copy the data.",
    )],
    example: r#"
resource_group "example" {
  site = site.east
}

mssql_server "example" {
  name                         = "drplan-example-sql"
  resource_group               = resource_group.example
  version                      = "12.0"
  administrator_login          = "sqladmin"
  administrator_login_password = "an example, n0t a secret"
}

mssql_database "example" {
  server      = mssql_server.example
  sku_name    = "S1"
  max_size_gb = 50
}
"#,
    left_out: &[
        (
            "geo_backup_enabled",
            "a separate child resource (`geoBackupPolicies/Default`); Azure and azurerm have the same default",
        ),
        ("import", "the import of a file is an operation, not a state"),
        ("long_term_retention_policy", "a separate child resource (`backupLongTermRetentionPolicies/default`)"),
        (
            "short_term_retention_policy",
            "a separate child resource (`backupShortTermRetentionPolicies/default`); Azure's default is seven days",
        ),
        ("threat_detection_policy", "a separate child resource (`securityAlertPolicies/Default`)"),
        (
            "transparent_data_encryption_enabled",
            "a separate child resource (`transparentDataEncryption/current`); always on for new databases",
        ),
    ],
    ..crate::providers::azure::KIND
};

const MAINTENANCE: &str = "properties.maintenanceConfigurationId";

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    identity::encode(subject, body);
    // The body has the form of Azure's response, so that a change replaces the old SKU completely.
    if let Some(written) = path::borrow(body, "sku").cloned() {
        path::remove(body, "sku");
        path::put(body, "sku", split(&written).0);
    }
    if let Some(name) = subject.text("maintenance_configuration_name") {
        let public = "providers/Microsoft.Maintenance/publicMaintenanceConfigurations";
        path::put(body, MAINTENANCE, Json::from(format!("/subscriptions/{}/{public}/{name}", subject.account.id)));
    }
}

/// Azure returns the parts of a service objective in `sku` (`Standard`, capacity 20), and its name (`S1`) elsewhere.
fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = bodies.first() else { return };
    identity::decode(body, args);
    // The SKU is that of a request as well, while the name of the objective is the provider's.
    if let Some(sku) = path::borrow(body, "sku").filter(|sku| path::text(sku, "name").is_some()) {
        args.insert("sku_name".to_owned(), Json::from(split(sku).1));
    }
    if let Some(id) = path::text(body, MAINTENANCE) {
        args.insert("maintenance_configuration_name".to_owned(), Json::from(ObjectId::new(id).name()));
    }
}

/// Service objectives of the editions Basic and Standard.
const WITHOUT_ZONES: &[Lit] = &[
    Lit::Str("Basic"),
    Lit::Str("S0"),
    Lit::Str("S1"),
    Lit::Str("S2"),
    Lit::Str("S3"),
    Lit::Str("S4"),
    Lit::Str("S6"),
    Lit::Str("S7"),
    Lit::Str("S9"),
    Lit::Str("S12"),
];
/// Service objectives in transaction units with at most 1024 GB.
const UNITS_TO_A_TERABYTE: &[Lit] = &[
    Lit::Str("S3"),
    Lit::Str("S4"),
    Lit::Str("S6"),
    Lit::Str("S7"),
    Lit::Str("S9"),
    Lit::Str("S12"),
    Lit::Str("P1"),
    Lit::Str("P2"),
    Lit::Str("P4"),
    Lit::Str("P6"),
];
/// Beginnings of service objectives of other editions than Hyperscale.
const OTHER_THAN_HYPERSCALE: &[&str] = &["Basic", "S0", "S1", "S2", "S3", "S4", "S6", "S7", "S9", "P", "GP_", "BC_"];
/// Beginnings of service objectives with provisioned capacity.
const PROVISIONED: &[&str] = &[
    "Basic", "S0", "S1", "S2", "S3", "S4", "S6", "S7", "S9", "P", "GP_Gen", "GP_Fs", "GP_DC", "BC_", "HS_Gen", "HS_P",
    "HS_M",
];

/// True for a change from Hyperscale to another edition (source: azurerm, which replaces the database then).
fn leaves_hyperscale(old: &Json, new: &Json) -> bool {
    let is_hyperscale = |sku: &Json| sku.as_str().is_some_and(|sku| sku.to_ascii_uppercase().starts_with("HS_"));
    is_hyperscale(old) && !is_hyperscale(new)
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    identity::check(subject, findings);
    let secondary = matches!(subject.text("create_mode"), Some("Secondary" | "OnlineSecondary"));
    if secondary && !subject.args.contains_key("creation_source_database") {
        findings.push(Finding {
            argument: "creation_source_database",
            summary: "a secondary database needs a `creation_source_database`".to_owned(),
            why: String::new(),
            help: "Set `creation_source_database`, or use a `geo_replica`, which creates the secondary and provides a \
             listener."
                .to_owned(),
        });
    }
    let pooled = subject.args.contains_key("elastic_pool");
    if let Some(sku) = subject.text("sku_name").filter(|sku| pooled && !sku.eq_ignore_ascii_case("ElasticPool")) {
        findings.push(Finding {
            argument: "sku_name",
            summary: format!("a database in an elastic pool has the service objective `{sku}`"),
            why: "The pool provides its capacity.".to_owned(),
            help: "Remove `sku_name`, or set it to \"ElasticPool\".".to_owned(),
        });
    }
}

/// A secondary database accepts no changes of its own.
fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(standing) = cloud.get(id) else { return Ok(()) };
    let changes = ["properties.maxSizeBytes", "properties.zoneRedundant"].iter().any(|path| {
        path::borrow(body, path).is_some_and(|new| path::borrow(standing, path).is_some_and(|old| old != new))
    });
    let replicated = |why: &str| {
        let message = format!(
            "The operation cannot be performed since the database '{}' is in a replication relationship.{why}",
            id.name()
        );
        Err(Refusal { status: 400, code: "InvalidOperationForDatabaseInReplicationRelationship", message })
    };
    let secondary = path::text(standing, "properties.secondaryType").is_some();
    if changes && secondary {
        return replicated("");
    }
    let tier = |body: &Json| split(path::borrow(body, "sku").unwrap_or(&Json::Null)).0;
    let Some((wanted, other)) = rank(&tier(body)).zip(counterpart(cloud, standing, id).and_then(|it| rank(&tier(it))))
    else {
        return Ok(());
    };
    match (secondary, wanted.cmp(&other)) {
        _ if Some(wanted) == rank(&tier(standing)) => Ok(()),
        (false, Ordering::Greater) => replicated(" Scale its secondary to this edition first."),
        (true, Ordering::Less) => replicated(" Scale its primary to this edition first."),
        _ => Ok(()),
    }
}

/// The database that replicates with this one in a failover group.
fn counterpart<'a>(cloud: &'a dyn SimulatedWorld, body: &Json, id: &ObjectId) -> Option<&'a Json> {
    let group = cloud.get(&ObjectId::new(path::text(body, "properties.failoverGroupId")?))?;
    let partner = path::items(group, "properties.partnerServers").first()?;
    cloud.get(&ObjectId::new(path::text(partner, "id")?).child("databases", id.name()))
}

/// True if the second database is larger than the first: in edition, or in capacity within one.
pub(super) fn grows(old: &Json, new: &Json) -> bool {
    let size = |body: &Json| {
        let (sku, _) = split(path::borrow(body, "sku").unwrap_or(&Json::Null));
        (rank(&sku), path::borrow(&sku, "capacity").and_then(Json::as_i64))
    };
    size(old) < size(new)
}

/// Rank of an edition: a secondary is never below its primary (source: Microsoft's page on scaling of replicated
/// databases).
fn rank(sku: &Json) -> Option<u8> {
    Some(match path::text(sku, "tier")? {
        "Basic" => 0,
        "Standard" | "GeneralPurpose" => 1,
        "Premium" | "BusinessCritical" => 2,
        "Hyperscale" => 3,
        _ => return None,
    })
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    mssql_replication::link(cloud, id);
    let guid = cloud.guid(id.as_str());
    let Some(body) = cloud.get_mut(id) else { return };
    let (sku, objective) = split(path::borrow(body, "sku").unwrap_or(&Json::Null));
    path::remove(body, "sku");
    path::put(body, "sku", sku.clone());
    path::remove(body, "properties.currentSku");
    path::put(body, "properties.currentSku", sku);
    path::put(body, "properties.requestedServiceObjectiveName", Json::from(objective.as_str()));
    path::put(body, "properties.currentServiceObjectiveName", Json::from(objective));
    path::put(body, "properties.status", Json::from("Online"));
    path::put(body, "properties.databaseId", Json::from(guid));
    path::fill(body, "properties.collation", "SQL_Latin1_General_CP1_CI_AS");
    path::fill(body, "properties.maxSizeBytes", 32 * GIBIBYTE);
    path::fill(body, "properties.zoneRedundant", false);
    path::fill(body, "properties.isLedgerOn", false);
    path::fill(body, "properties.readScale", "Disabled");
    path::fill(body, "properties.requestedBackupStorageRedundancy", "Geo");
    if let Some(redundancy) = path::borrow(body, "properties.requestedBackupStorageRedundancy").cloned() {
        path::put(body, "properties.currentBackupStorageRedundancy", redundancy);
    }
    // Until here they tell where the database comes from. No answer has them.
    for path in ["properties.createMode", "properties.sourceDatabaseId"] {
        path::remove(body, path);
    }
}

/// Service objectives in database transaction units (DTU): name, tier and units.
const BY_UNITS: &[(&str, &str, i64)] = &[
    ("Basic", "Basic", 5),
    ("S0", "Standard", 10),
    ("S1", "Standard", 20),
    ("S2", "Standard", 50),
    ("S3", "Standard", 100),
    ("S4", "Standard", 200),
    ("S6", "Standard", 400),
    ("S7", "Standard", 800),
    ("S9", "Standard", 1600),
    ("S12", "Standard", 3000),
    ("P1", "Premium", 125),
    ("P2", "Premium", 250),
    ("P4", "Premium", 500),
    ("P6", "Premium", 1000),
    ("P11", "Premium", 1750),
    ("P15", "Premium", 4000),
];

/// The `sku` of Azure's response and the name of the service objective, from a `sku` in either form.
fn split(sku: &Json) -> (Json, String) {
    let name = path::text(sku, "name").unwrap_or("GP_Gen5_2");
    let capacity = path::borrow(sku, "capacity").and_then(Json::as_i64);
    let by_units = BY_UNITS
        .iter()
        .find(|(objective, ..)| objective.eq_ignore_ascii_case(name))
        .or_else(|| BY_UNITS.iter().find(|(_, tier, units)| *tier == name && Some(*units) == capacity));
    if let Some((objective, tier, units)) = by_units {
        return (json!({ "name": tier, "tier": tier, "capacity": units }), (*objective).to_owned());
    }
    let (family, cores) = match name.rsplit_once('_') {
        Some((family, cores)) if cores.bytes().all(|b| b.is_ascii_digit()) => (family, cores.parse().ok()),
        _ => (name, capacity),
    };
    let tier = match name.split('_').next() {
        Some("GP") => "GeneralPurpose",
        Some("BC") => "BusinessCritical",
        Some("HS") => "Hyperscale",
        _ => return (json!({ "name": name }), name.to_owned()),
    };
    match cores {
        Some(cores) => {
            (json!({ "name": family, "tier": tier, "family": "Gen5", "capacity": cores }), format!("{family}_{cores}"))
        }
        None => (json!({ "name": family, "tier": tier }), family.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_objective_is_read_in_parts_and_whole() {
        for (sku, objective) in [
            (json!({ "name": "S1" }), "S1"),
            (json!({ "name": "Standard", "tier": "Standard", "capacity": 20 }), "S1"),
            (json!({ "name": "S2", "tier": "Standard", "capacity": 20 }), "S2"),
            (json!({ "name": "GP_S_Gen5_4" }), "GP_S_Gen5_4"),
            (json!({ "name": "GP_S_Gen5", "capacity": 4 }), "GP_S_Gen5_4"),
        ] {
            let (answer, whole) = split(&sku);
            assert_eq!(whole, objective);
            assert_eq!(split(&answer).1, objective, "a response may be written back");
        }
    }
}
