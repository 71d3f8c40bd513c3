//! Key vault: secrets, keys and certificates.
//!
//! Deletion is soft: the name stays reserved for the days of `soft_delete_retention_days`. Recovery therefore needs a
//! permanent vault at each site.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::hosts::hosts_at;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::tags::TAGS;

static ACCESS_POLICY: Block = Block::many(
    "object_id",
    &[
        arg("tenant_id", Ty::String, "tenantId", "Tenant of the principal. Defaults to the vault's tenant.")
            .form(&form::GUID)
            .any_case(),
        arg("object_id", Ty::String, "objectId", "Object ID of the user, group or service principal.")
            .form(&form::GUID)
            .required()
            .any_case(),
        arg("application_id", Ty::String, "applicationId", "Application ID that the principal must use.")
            .form(&form::GUID)
            .any_case(),
        arg("secret_permissions", Ty::Set(&Ty::String), "permissions.secrets", "Permissions on secrets.").any_case(),
        arg("key_permissions", Ty::Set(&Ty::String), "permissions.keys", "Permissions on keys.").any_case(),
        arg(
            "certificate_permissions",
            Ty::Set(&Ty::String),
            "permissions.certificates",
            "Permissions on certificates.",
        )
        .any_case(),
        arg("storage_permissions", Ty::Set(&Ty::String), "permissions.storage", "Permissions on storage accounts.")
            .any_case(),
    ],
);

static NETWORK_ACLS: Block = Block::one(&[
    arg("default_action", Ty::Enum(&["Allow", "Deny"]), "defaultAction", "Action for traffic that no rule allows.")
        .required(),
    arg("bypass", Ty::Enum(&["AzureServices", "None"]), "bypass", "Azure traffic that may bypass the rules.")
        .required(),
    arg("ip_rules", Ty::Set(&Ty::String), "ipRules[].value", "Public addresses and ranges that may connect.")
        .form(&form::network::IPV4_RANGE),
    arg(
        "virtual_network_subnets",
        Ty::Set(&Ty::Ref(&["subnet"])),
        "virtualNetworkRules[].id",
        "Subnets that may connect. Each needs the service endpoint `Microsoft.KeyVault`.",
    ),
]);

/// Table of `key_vault`.
pub static KIND: Kind = Kind {
    name: "key_vault",
    about: "Key vault: secrets, keys and certificates.",
    type_: KindType { name: "Microsoft.KeyVault/vaults", version: "2026-02-01" },
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
            "SKU of the vault. `premium` supports keys in hardware security modules.",
        )
        .required(),
        arg(
            "rbac_authorization_enabled",
            Ty::Bool,
            "properties.enableRbacAuthorization",
            "Authorise data access with role assignments instead of access policies.",
        )
        // Version 2026-02-01 has changed the default (source: the description of the property in each version).
        .filled(Lit::Bool(true))
        .filled_before("2026-02-01", Lit::Bool(false))
        .required(),
        arg(
            "tenant_id",
            Ty::String,
            "properties.tenantId",
            "Tenant that authenticates requests. Defaults to the subscription's tenant.",
        )
        .form(&form::GUID)
        .any_case(),
        arg("access_policy", Ty::Block(&ACCESS_POLICY), "properties.accessPolicies", "Access policy of a principal."),
        arg(
            "enabled_for_deployment",
            Ty::Bool,
            "properties.enabledForDeployment",
            "Allow virtual machines to retrieve certificates.",
        )
        .default(Lit::Bool(false)),
        arg(
            "enabled_for_disk_encryption",
            Ty::Bool,
            "properties.enabledForDiskEncryption",
            "Allow Azure Disk Encryption to retrieve secrets.",
        )
        .default(Lit::Bool(false)),
        arg(
            "enabled_for_template_deployment",
            Ty::Bool,
            "properties.enabledForTemplateDeployment",
            "Allow template deployments to retrieve secrets.",
        )
        .default(Lit::Bool(false)),
        arg("network_acls", Ty::Block(&NETWORK_ACLS), "properties.networkAcls", "Network rules of the vault."),
        arg("public_network_access_enabled", Ty::Bool, "", "Enable access from the internet.")
            .default(Lit::Bool(true))
            .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
        arg(
            "purge_protection_enabled",
            Ty::Bool,
            "properties.enablePurgeProtection",
            "Keep a deleted vault recoverable until its retention ends. Irreversible once enabled.",
        )
        .default(Lit::Bool(false)),
        arg(
            "soft_delete_retention_days",
            Ty::Integer(7, 90),
            "properties.softDeleteRetentionInDays",
            "Days that Azure keeps a deleted vault and reserves its name. Fixed at creation.",
        )
        .default(Lit::Int(90))
        .replace(),
        TAGS,
    ],
    attributes: &[named("vault_uri", "https://{name}.vault.azure.net/", "URL of the vault's data plane.")],
    fixed: &[("properties.sku.family", Lit::Str("A"))],
    drill: Drill::never("the name of a deleted vault stays reserved"),
    durations: Durations { create: 20, update: 5, delete: 10 },
    answers: AnswerStyle::State,
    recovery: Recovery { keeps_keys: true, ..Recovery::DATA },
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        hosts: Some(|vault| hosts_at(vault, &["properties.vaultUri"])),
        at_once: &[ImmediateRequest::Delete],
        data: &["properties.vaultUri"],
        bin: Some("deletedVaults"),
        admit: Some(admit),
        settle: Some(settle),
        accepts: &[
            "properties.vaultUri",
            "properties.enableSoftDelete",
            "properties.createMode",
            "properties.provisioningState",
        ],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform {
        parts: &[("key_vault_access_policy", "access_policy")],
        fixed: &[("tenant_id", "data.azurerm_client_config.current.tenant_id")],
        features: "key_vault {\n\
                   # By default, azurerm purges a vault that it deletes. A purged vault cannot be recovered.\n\
                   purge_soft_delete_on_destroy = false\n\
                   }",
        ..Terraform::BY_RULE
    },
    soft_delete: Some(&SoftDelete {
        kept: "/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{name}",
        origin: "properties.vaultId",
        until: "properties.scheduledPurgeDate",
        recovers: ("properties.createMode", "recover"),
        advice: "Without purge protection, `az keyvault purge --name …` frees the name of a deleted vault.",
    }),
    transitions: &[Transition::refuse(
        "BadRequest",
        "purge_protection_enabled",
        ChangeTest::Between(&[Lit::Bool(true)], &[Lit::Bool(false)]),
        "Purge protection cannot be disabled.",
        "Write `purge_protection_enabled = true`.",
    )],
    // Azure lists keys and secrets without their values.
    adoption: Adoption { others: &[ChildList::all("keys"), ChildList::all("secrets")], ..Adoption::BY_TABLE },
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
    ..crate::providers::azure::KIND
};

const POLICIES: &str = "properties.accessPolicies";
const PURGE_PROTECTION: &str = "properties.enablePurgeProtection";

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    path::fill(body, "properties.tenantId", &*subject.account.tenant);
    path::fill(body, POLICIES, Json::Array(Vec::new()));
    let tenant = path::text(body, "properties.tenantId").unwrap_or_default().to_owned();
    for policy in path::borrow_mut(body, POLICIES).and_then(Json::as_array_mut).into_iter().flatten() {
        path::fill(policy, "tenantId", tenant.as_str());
        path::fill(policy, "permissions", serde_json::json!({}));
    }
    // Azure accepts `true` or no value.
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
            summary: "the key vault exists only while a failover group is up".to_owned(),
            why: "Deletion is soft: the name stays reserved, so the next failover could not create the vault."
                .to_owned(),
            help: "Move it to a permanent resource group at the same site.".to_owned(),
        });
    }
    let roles = subject.args.get("rbac_authorization_enabled").and_then(Json::as_bool) == Some(true);
    if roles && subject.args.contains_key("access_policy") {
        findings.push(Finding {
            argument: "access_policy",
            summary: "access policies are set, but role assignments control access".to_owned(),
            why: "The policies would have no effect.".to_owned(),
            help: "Use `role_assignment` blocks, or set `rbac_authorization_enabled = false`.".to_owned(),
        });
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
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

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let name = id.name().to_owned();
    if let Some(body) = cloud.get_mut(id) {
        path::put(body, "properties.vaultUri", Json::from(format!("https://{name}.vault.azure.net/")));
        path::remove(body, "properties.createMode");
        path::fill(body, "properties.enableSoftDelete", true);
        path::fill(body, "properties.softDeleteRetentionInDays", 90);
        path::fill(body, POLICIES, Json::Array(Vec::new()));
    }
}
