//! Storage account: blobs, files, queues and tables under one name.

mod args;
mod rules;
mod simulated;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::regions::region;

/// Table of `storage_account`.
pub static KIND: Kind = Kind {
    name: "storage_account",
    about: "Storage account: blobs, files, queues and tables under one name.",
    type_: KindType { name: "Microsoft.Storage/storageAccounts", version: "2026-04-01" },
    names: NameRule::new(3, 24, "^[a-z0-9]+$", "lower-case letters and digits").global(),
    args: args::ARGS,
    attributes: ATTRIBUTES,
    restless: &["properties.geoReplicationStats", "properties.statusOfPrimary", "properties.statusOfSecondary"],
    durations: Durations { create: 25, update: 5, delete: 5 },
    answers: AnswerStyle::Location,
    recovery: Recovery {
        redundancy: Some(("account_replication_type", &["GRS", "RAGRS", "GZRS", "RAGZRS"])),
        keeps_objects: true,
        ..Recovery::DATA
    },
    run_moves: &["account_replication_type"],
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: simulated::SIMULATED,
    uncovered: &[
        "extendedLocation",
        "placement",
        "properties.allowSharedKeyAccessForServices",
        "properties.azureFilesIdentityBasedAuthentication.activeDirectoryProperties.accountType",
        "properties.azureFilesIdentityBasedAuthentication.activeDirectoryProperties.samAccountName",
        "properties.azureFilesIdentityBasedAuthentication.smbOAuthSettings",
        "properties.dataCollaborationPolicyProperties",
        "properties.dnsEndpointType",
        "properties.dualStackEndpointPreference",
        "properties.enableExtendedGroups",
        "properties.encryption.identity.federatedIdentityClientId",
        "properties.geoPriorityReplicationStatus",
        "properties.keyPolicy",
        "properties.networkAcls.ipv6Rules",
        "zones",
    ],
    adoption: Adoption {
        chosen: &[("properties.dnsEndpointType", Lit::Str("Standard"))],
        others: &[
            ChildList { of: has_queues, ..ChildList::all("queueServices/default/queues") },
            ChildList { of: has_queues, ..ChildList::all("tableServices/default/tables") },
        ],
        ..Adoption::BY_TABLE
    },
    combinations: rules::COMBINATIONS,
    transitions: rules::TRANSITIONS,
    example: r#"
resource_group "example" {
  site = site.east
}

storage_account "example" {
  name                     = "drplanexample"
  resource_group           = resource_group.example
  account_tier             = "Standard"
  account_replication_type = "RAGRS"
}
"#,
    left_out: &[
        ("blob_properties", "a separate child resource (`blobServices/default`)"),
        ("share_properties", "a separate child resource (`fileServices/default`)"),
        ("dns_endpoint_type", "in a DNS zone of Azure's choice, the endpoints would not follow from the name"),
    ],
    terraform: Terraform {
        renamed: &[(
            "network_rules.private_link_access.endpoint",
            "network_rules.private_link_access.endpoint_resource_id",
        )],
        fixed: &[("allow_nested_items_to_be_public", "true")],
        parts: &[("storage_account_network_rules", "network_rules")],
        ..Terraform::BY_RULE
    },
    ..crate::providers::azure::KIND
};

/// An endpoint and its host for each service. Both follow from the account's name.
macro_rules! endpoints {
    ($($endpoint:literal, $host:literal, $text:literal, $doc:literal;)*) => {
        &[
            identity::PRINCIPAL_ID,
            identity::TENANT_ID,
            $(
                named($endpoint, concat!("https://", $text, "/"), concat!("URL of ", $doc, ".")),
                named($host, $text, concat!("Host name of ", $doc, ".")),
            )*
            attribute("primary_location", "properties.primaryLocation", FakeValue::Nothing, "Region that takes writes."),
            attribute("secondary_location", "properties.secondaryLocation", FakeValue::Nothing, "Region of the copy."),
            key("primary_access_key", "listKeys", "keys[0].value", "Primary key."),
            key("secondary_access_key", "listKeys", "keys[1].value", "Secondary key."),
        ]
    };
}

const ATTRIBUTES: &[Attribute] = endpoints! {
    "primary_blob_endpoint", "primary_blob_host", "{name}.blob.core.windows.net", "the blob service";
    "primary_dfs_endpoint", "primary_dfs_host", "{name}.dfs.core.windows.net", "the Data Lake service";
    "primary_file_endpoint", "primary_file_host", "{name}.file.core.windows.net", "the file service";
    "primary_queue_endpoint", "primary_queue_host", "{name}.queue.core.windows.net", "the queue service";
    "primary_table_endpoint", "primary_table_host", "{name}.table.core.windows.net", "the table service";
    "secondary_blob_endpoint", "secondary_blob_host", "{name}-secondary.blob.core.windows.net", "the blob service in the paired region";
    "secondary_dfs_endpoint", "secondary_dfs_host", "{name}-secondary.dfs.core.windows.net", "the Data Lake service in the paired region";
    "secondary_queue_endpoint", "secondary_queue_host", "{name}-secondary.queue.core.windows.net", "the queue service in the paired region";
    "secondary_table_endpoint", "secondary_table_host", "{name}-secondary.table.core.windows.net", "the table service in the paired region";
};

const ENCRYPTION: &str = "properties.encryption";
const BYPASS: &str = "properties.networkAcls.bypass";

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    identity::encode(subject, body);
    if let (Some(tier), Some(replication)) = (subject.text("account_tier"), subject.text("account_replication_type")) {
        let billing = subject.text("provisioned_billing_model_version").unwrap_or_default();
        path::put(body, "sku.name", Json::from(format!("{tier}{billing}_{replication}")));
    }
    if subject.args.contains_key("edge_zone") {
        path::put(body, "extendedLocation.type", Json::from("EdgeZone"));
    }
    if subject.args.contains_key("immutability_policy") {
        path::put(body, "properties.immutableStorageWithVersioning.enabled", Json::from(true));
    }
    let bypass = subject.args.get("network_rules").map_or(&[][..], |rules| path::items(rules, "bypass"));
    if !bypass.is_empty() {
        let words: Vec<_> = bypass.iter().filter_map(Json::as_str).collect();
        path::put(body, BYPASS, Json::from(words.join(", ")));
    }
    encode_key(subject, body);
}

/// The body splits the URL of a key, `https://{vault}.vault.azure.net/keys/{name}/{version}`, into parts.
fn encode_key(subject: &Subject<'_>, body: &mut Json) {
    let block = subject.args.get("customer_managed_key");
    let source = if block.is_some() { "Microsoft.Keyvault" } else { "Microsoft.Storage" };
    path::put(body, "properties.encryption.keySource", Json::from(source));
    let Some(block) = block else { return };
    if let Some((vault, key)) = path::text(block, "key_vault_key_id").and_then(|url| url.split_once("/keys/")) {
        let (name, version) = key.split_once('/').unwrap_or((key, ""));
        let parts = json!({ "keyvaulturi": vault, "keyname": name, "keyversion": version });
        path::put(body, "properties.encryption.keyvaultproperties", parts);
    }
    if let Some(identity) = path::text(block, "user_assigned_identity") {
        path::put(body, "properties.encryption.identity.userAssignedIdentity", Json::from(identity));
    }
}

fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = bodies.first() else { return };
    identity::decode(body, args);
    if let Some((tier, replication)) = path::text(body, "sku.name").and_then(|sku| sku.split_once('_')) {
        let (tier, billing) = tier.strip_suffix("V2").map_or((tier, None), |tier| (tier, Some("V2")));
        args.insert("account_tier".to_owned(), Json::from(tier));
        args.insert("account_replication_type".to_owned(), Json::from(replication));
        args.extend(billing.map(|billing| ("provisioned_billing_model_version".to_owned(), Json::from(billing))));
    }
    if let (Some(bypass), Some(Json::Object(rules))) = (path::text(body, BYPASS), args.get_mut("network_rules")) {
        rules.insert("bypass".to_owned(), bypass.split(',').map(str::trim).map(Json::from).collect());
    }
    let Some(encryption) = path::borrow(body, ENCRYPTION) else { return };
    if let Some(key) = encryption.get("keyvaultproperties").filter(|key| key.is_object()) {
        let part = |name| path::text(key, name).unwrap_or_default();
        let url =
            format!("{}/keys/{}/{}", part("keyvaulturi").trim_end_matches('/'), part("keyname"), part("keyversion"));
        let block = json!({
            "key_vault_key_id": url.trim_end_matches('/'),
            "user_assigned_identity": path::text(encryption, "identity.userAssignedIdentity"),
        });
        args.insert("customer_managed_key".to_owned(), block);
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    identity::check(subject, findings);
    let Some(replication) = subject.text("account_replication_type") else { return };
    let mut find = |summary: String, why: &str, help: &str| {
        findings.push(Finding {
            argument: "account_replication_type",
            summary,
            why: why.to_owned(),
            help: help.to_owned(),
        });
    };
    let Some(region) = region(subject.location) else { return };
    if replication.contains('G') && region.pair.is_none() {
        find(
            format!("`{}` has no paired region that `{replication}` could copy to", region.name),
            "Azure rejects geo-redundant storage in a region without a pair.",
            "Set \"ZRS\" or \"LRS\", and replicate to an account of your own at another site.",
        );
    }
    if replication.contains('Z') && !region.zones {
        find(
            format!("`{}` has no availability zones that `{replication}` could copy over", region.name),
            "Azure rejects zone-redundant storage there.",
            "Set \"LRS\", \"GRS\" or \"RAGRS\".",
        );
    }
}

/// Standard accounts of general purpose have queues and tables (source: Azure's overview of storage accounts).
fn has_queues(account: &Json) -> bool {
    let is_standard = path::text(account, "sku.name").is_some_and(|sku| sku.starts_with("Standard"));
    is_standard && path::text(account, "kind").is_some_and(|kind| kind.starts_with("Storage"))
}
