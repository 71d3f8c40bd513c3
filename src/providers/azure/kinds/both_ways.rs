//! Round trip of the arguments that a kind's own functions map.

use serde_json::{Value as Json, json};

use crate::account::Account;
use crate::address::Address;
use crate::kinds::{Kind, Subject, body};
use crate::object::ObjectId;
use crate::providers::azure::TABLES;

/// Arguments that are read back from the body that these arguments produce.
fn there_and_back(kind: &'static Kind, args: &Json) -> Json {
    let args = args.as_object().cloned().unwrap_or_default();
    let subject = Subject {
        kind,
        address: &Address::new(kind.name, "example"),
        name: "example",
        id: &ObjectId::new("/subscriptions/s/resourceGroups/g/providers/x/y/example"),
        location: "canadacentral",
        account: &Account::new("s", "11111111-1111-1111-1111-111111111111"),
        args: &args,
        others: &body::NoOtherResources,
        facts: Default::default(),
    };
    Json::Object(body::read(kind, &body::bodies(&subject)))
}

#[test]
fn written_arguments_are_read_back() {
    let cases = [
        (
            "storage_account",
            json!({
                "account_tier": "Standard",
                "account_replication_type": "RAGZRS",
                "provisioned_billing_model_version": "V2",
                "network_rules": { "default_action": "Deny", "bypass": ["AzureServices", "Metrics"], "ip_rules": ["192.0.2.1"] },
                "customer_managed_key": {
                    "key_vault_key_id": "https://example.vault.azure.net/keys/data/0123",
                    "user_assigned_identity": "/subscriptions/s/identity",
                },
            }),
        ),
        ("postgresql_flexible_server", json!({ "sku_name": "MO_Standard_E4ds_v5", "storage_mb": 65536 })),
        (
            "cosmosdb_account",
            json!({
                "geo_location": { "zone_redundant": true },
                "backup": { "type": "Continuous", "tier": "Continuous7Days" },
                "local_authentication_enabled": false,
                "cors_rule": {
                    "allowed_origins": ["https://a.example", "https://b.example"], "allowed_methods": ["GET"],
                    "allowed_headers": ["*"], "exposed_headers": ["*"], "max_age_in_seconds": 60,
                },
            }),
        ),
        (
            "cosmosdb_sql_container",
            json!({
                "partition_key_paths": ["/id"],
                "indexing_policy": {
                    "indexing_mode": "consistent",
                    "included_path": [{ "path": "/*" }],
                    "composite_index": [{ "index": [
                        { "path": "/name", "order": "Ascending" }, { "path": "/age", "order": "Descending" },
                    ] }],
                },
            }),
        ),
        (
            "key_vault",
            json!({ "sku_name": "standard", "rbac_authorization_enabled": true, "purge_protection_enabled": false }),
        ),
        ("mssql_database", json!({ "max_size_gb": 50, "maintenance_configuration_name": "SQL_EastUS_DB_1" })),
    ];
    for (name, args) in cases {
        let kind = TABLES.kind(name).unwrap();
        let read = there_and_back(kind, &args);
        for (argument, written) in args.as_object().unwrap() {
            assert_eq!(read.get(argument), Some(written), "{name}.{argument}");
        }
    }
}
