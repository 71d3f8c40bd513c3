//! A key vault: secrets, keys and certificates.
//!
//! Its deletion is soft: the name stays taken for the days of `soft_delete_retention_days`. One vault for each site that always stands
//! is what recovery can rely on.

use serde_json::{Map as JsonMap, Value as Json};

use super::path;
use super::table::*;
use crate::address::ArmId;

static ACCESS_POLICY: Block = Block::many(
    "object_id",
    &[
        arg("tenant_id", Ty::String, "tenantId", "The tenant of the principal; the vault's without it.").any_case(),
        arg("object_id", Ty::String, "objectId", "The user, group or service principal.").required().any_case(),
        arg("application_id", Ty::String, "applicationId", "The application through which it must come.").any_case(),
        arg("secret_permissions", Ty::Set(&Ty::String), "permissions.secrets", "What it may do with secrets.")
            .any_case(),
        arg("key_permissions", Ty::Set(&Ty::String), "permissions.keys", "What it may do with keys.").any_case(),
        arg(
            "certificate_permissions",
            Ty::Set(&Ty::String),
            "permissions.certificates",
            "What it may do with certificates.",
        )
        .any_case(),
        arg(
            "storage_permissions",
            Ty::Set(&Ty::String),
            "permissions.storage",
            "What it may do with storage accounts.",
        )
        .any_case(),
    ],
);

static NETWORK_ACLS: Block = Block::one(&[
    arg(
        "default_action",
        Ty::Enum(&["Allow", "Deny"]),
        "defaultAction",
        "What happens to traffic that no rule allows.",
    )
    .required(),
    arg("bypass", Ty::Enum(&["AzureServices", "None"]), "bypass", "Traffic of Azure that is let through all the same.")
        .required(),
    arg("ip_rules", Ty::Set(&Ty::String), "ipRules[].value", "Public addresses and ranges that are allowed."),
    arg(
        "virtual_network_subnets",
        Ty::Set(&Ty::Ref(&["subnet"])),
        "virtualNetworkRules[].id",
        "Subnets that are allowed; each has the service endpoint `Microsoft.KeyVault`.",
    ),
]);

/// The table.
pub static KIND: Kind = Kind {
    name: "key_vault",
    about: "A key vault: secrets, keys and certificates.",
    arm: Arm { type_: "Microsoft.KeyVault/vaults", api: "2026-02-01" },
    names: NameRule::new(
        3,
        24,
        "^[A-Za-z](-?[A-Za-z0-9])*$",
        "letters, digits and single hyphens, starts with a letter and does not end with a hyphen",
    )
    .global(),
    args: &[
        RESOURCE_GROUP,
        arg(
            "sku_name",
            Ty::Enum(&["standard", "premium"]),
            "properties.sku.name",
            "Whether keys may be held in hardware (`premium`).",
        )
        .required(),
        arg(
            "rbac_authorization_enabled",
            Ty::Bool,
            "properties.enableRbacAuthorization",
            "Whether role assignments decide on access, and not access policies.",
        )
        .required(),
        arg(
            "tenant_id",
            Ty::String,
            "properties.tenantId",
            "The tenant whose principals may sign in; the subscription's without it.",
        )
        .any_case(),
        arg("access_policy", Ty::Block(&ACCESS_POLICY), "properties.accessPolicies", "What a principal may do."),
        arg(
            "enabled_for_deployment",
            Ty::Bool,
            "properties.enabledForDeployment",
            "Whether virtual machines may fetch certificates.",
        )
        .default(Lit::Bool(false)),
        arg(
            "enabled_for_disk_encryption",
            Ty::Bool,
            "properties.enabledForDiskEncryption",
            "Whether disk encryption may fetch secrets.",
        )
        .default(Lit::Bool(false)),
        arg(
            "enabled_for_template_deployment",
            Ty::Bool,
            "properties.enabledForTemplateDeployment",
            "Whether template deployments may fetch secrets.",
        )
        .default(Lit::Bool(false)),
        arg("network_acls", Ty::Block(&NETWORK_ACLS), "properties.networkAcls", "Which networks may reach it."),
        arg("public_network_access_enabled", Ty::Bool, "", "Whether it answers from the internet.")
            .default(Lit::Bool(true))
            .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
        arg(
            "purge_protection_enabled",
            Ty::Bool,
            "properties.enablePurgeProtection",
            "Whether a deleted vault stays recoverable to the last day; it cannot be taken back.",
        )
        .default(Lit::Bool(false)),
        arg(
            "soft_delete_retention_days",
            Ty::Integer(7, 90),
            "properties.softDeleteRetentionInDays",
            "Days that a deleted vault, and its name, are kept; it cannot be changed.",
        )
        .default(Lit::Int(90))
        .replace(),
        TAGS,
    ],
    attributes: &[named("vault_uri", "https://{name}.vault.azure.net/", "The URL of its data.")],
    fixed: &[("properties.sku.family", Lit::Str("A"))],
    drill: Drill::never("the name of a vault stays taken once it is deleted"),
    durations: Durations { create: 20, update: 5, delete: 10 },
    answers: Answers::State,
    recovery: Recovery { keeps_keys: true, ..Recovery::DATA },
    odd: Odd { encode: Some(encode), decode: Some(decode), check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        at_once: &[AtOnce::Delete],
        data: &["properties.vaultUri"],
        bin: Some("deletedVaults"),
        admit: Some(admit),
        settle: Some(settle),
        accepts: &["properties.vaultUri", "properties.enableSoftDelete"],
        ..Simulated::NONE
    },
    terraform: Terraform {
        fixed: &[("tenant_id", "data.azurerm_client_config.current.tenant_id")],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

key_vault "example" {
  name                       = "drplan-example-kv"
  resource_group             = resource_group.example
  sku_name                   = "standard"
  rbac_authorization_enabled = true
}
"#,
    ..Kind::EMPTY
};

const POLICIES: &str = "properties.accessPolicies";
const PURGE_PROTECTION: &str = "properties.enablePurgeProtection";

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    path::fill(body, "properties.tenantId", subject.tenant);
    path::fill(body, POLICIES, Json::Array(Vec::new()));
    let tenant = path::text(body, "properties.tenantId").unwrap_or_default().to_owned();
    for policy in path::borrow_mut(body, POLICIES).and_then(Json::as_array_mut).into_iter().flatten() {
        path::fill(policy, "tenantId", tenant.as_str());
        path::fill(policy, "permissions", serde_json::json!({}));
    }
    // Azure takes `true` or nothing.
    if path::borrow(body, PURGE_PROTECTION) == Some(&Json::Bool(false)) {
        path::remove(body, PURGE_PROTECTION);
    }
}

fn decode(_: &[Json], args: &mut JsonMap<String, Json>) {
    args.entry("purge_protection_enabled").or_insert(Json::Bool(false));
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let failover = subject.with("resource_group", |group| group.text("presence") == Some("failover"));
    if failover == Some(true) {
        findings.push(Finding {
            argument: "resource_group",
            summary: "a key vault stands only while a failover group is up".to_owned(),
            why: "Its deletion is soft: the name stays taken, so that the next failover could not create it."
                .to_owned(),
            help: "Put it into a permanent resource group at the same site.".to_owned(),
        });
    }
    let roles = subject.args.get("rbac_authorization_enabled").and_then(Json::as_bool) == Some(true);
    if roles && subject.args.contains_key("access_policy") {
        findings.push(Finding {
            argument: "access_policy",
            summary: "access policies are written where role assignments decide".to_owned(),
            why: "They would have no effect.".to_owned(),
            help: "Write `role_assignment` blocks, or `rbac_authorization_enabled = false`.".to_owned(),
        });
    }
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    let Some(standing) = cloud.get(id) else { return Ok(()) };
    let refuse = |message: &str| Err(Refusal { status: 400, code: "BadRequest", message: message.to_owned() });
    let days = "properties.softDeleteRetentionInDays";
    if path::borrow(body, days).is_some_and(|new| path::borrow(standing, days).is_some_and(|old| old != new)) {
        return refuse("The property \"softDeleteRetentionInDays\" has been set already and it can't be modified.");
    }
    let protected = path::borrow(standing, PURGE_PROTECTION) == Some(&Json::Bool(true));
    if protected && path::borrow(body, PURGE_PROTECTION) != Some(&Json::Bool(true)) {
        return refuse("The property \"enablePurgeProtection\" cannot be set to false.");
    }
    Ok(())
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    let name = id.name().to_owned();
    if let Some(body) = cloud.get_mut(id) {
        path::put(body, "properties.vaultUri", Json::from(format!("https://{name}.vault.azure.net/")));
        path::fill(body, "properties.enableSoftDelete", true);
        path::fill(body, "properties.softDeleteRetentionInDays", 90);
        path::fill(body, POLICIES, Json::Array(Vec::new()));
    }
}
