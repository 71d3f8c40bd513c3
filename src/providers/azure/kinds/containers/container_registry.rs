//! Container registry: the images of containers.
//!
//! A registry lies in one region. Replications, each a `geo_replica`, hold the same images in others, and clusters
//! there read from the nearest one: no role moves.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::hosts::hosts_at;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::tags::TAGS;

const SERVER: &str = "properties.loginServer";
const CREDENTIALS: &str = "listCredentials";
const PREMIUM: &[Lit] = &[Lit::Str("Premium")];
const ON: &[Lit] = &[Lit::Bool(true)];
const OFF: &[Lit] = &[Lit::Bool(false)];

/// The form of a bool in the policies of a registry.
const STATUS: &[(Lit, Lit)] = &[(Lit::Bool(true), Lit::Str("enabled")), (Lit::Bool(false), Lit::Str("disabled"))];

/// A policy.
const fn policy(name: &'static str, path: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::Bool, "", doc).wire(Wire::Mapped(path, STATUS))
}

static ENCRYPTION: Block = Block::one(&[
    arg("key_vault_key_id", Ty::String, "keyVaultProperties.keyIdentifier", "URL of the key.")
        .form(&forms::HTTPS_URL)
        .required(),
    arg(
        "identity_client_id",
        Ty::String,
        "keyVaultProperties.identity",
        "Client ID of the user-assigned identity that may use the key.",
    )
    .form(&form::GUID)
    .required(),
]);

static NETWORK_RULE_SET: Block = Block::one(&[
    arg("default_action", Ty::Enum(&["Allow", "Deny"]), "defaultAction", "Action for clients that no rule allows.")
        .default(Lit::Str("Allow")),
    arg("ip_rule", Ty::Block(&IP_RULE), "ipRules", "Range of public addresses that may connect."),
]);

static IP_RULE: Block = Block::many(
    "ip_range",
    &[
        arg("action", Ty::Enum(&["Allow"]), "action", "Action for the range.").required(),
        arg("ip_range", Ty::String, "value", "The range.").form(&form::network::IPV4_RANGE).required(),
    ],
);

/// Table of `container_registry`.
pub static KIND: Kind = Kind {
    name: "container_registry",
    about: "Container registry: the images of containers. A `geo_replica` holds them in another region as well.",
    type_: KindType { name: "Microsoft.ContainerRegistry/registries", version: "2025-11-01" },
    names: NameRule::new(5, 50, "^[a-zA-Z0-9]+$", "letters and digits").global(),
    args: &[
        RESOURCE_GROUP,
        arg("sku", Ty::Enum(&["Basic", "Premium", "Standard"]), "sku.name", "Tier: only `Premium` has replications.")
            .required(),
        arg("admin_enabled", Ty::Bool, "properties.adminUserEnabled", "Accept a user with a password.")
            .default(Lit::Bool(false)),
        arg(
            "anonymous_pull_enabled",
            Ty::Bool,
            "properties.anonymousPullEnabled",
            "Let anybody pull images. Not with the tier `Basic`.",
        ),
        policy(
            "azuread_authentication_as_arm_policy_enabled",
            "properties.policies.azureADAuthenticationAsArmPolicy.status",
            "Accept tokens for Resource Manager.",
        )
        .default(Lit::Bool(true)),
        arg(
            "data_endpoint_enabled",
            Ty::Bool,
            "properties.dataEndpointEnabled",
            "Serve layers of images at a host of the registry's own.",
        ),
        arg("encryption", Ty::Block(&ENCRYPTION), "properties.encryption", "Encryption with a key of a key vault."),
        policy(
            "export_policy_enabled",
            "properties.policies.exportPolicy.status",
            "Let images leave the registry. Disabling it needs `public_network_access_enabled = false`.",
        )
        .default(Lit::Bool(true)),
        identity::IDENTITY,
        arg(
            "network_rule_bypass_for_tasks_enabled",
            Ty::Bool,
            "properties.networkRuleBypassAllowedForTasks",
            "Admit the registry's own tasks whatever the rules are.",
        )
        .default(Lit::Bool(false)),
        arg(
            "network_rule_bypass_option",
            Ty::Enum(&["AzureServices", "None"]),
            "properties.networkRuleBypassOptions",
            "Services that the rules do not concern.",
        )
        .default(Lit::Str("AzureServices")),
        arg(
            "network_rule_set",
            Ty::Block(&NETWORK_RULE_SET),
            "properties.networkRuleSet",
            "Public addresses that may connect.",
        ),
        arg("public_network_access_enabled", Ty::Bool, "", "Enable access from the internet.")
            .default(Lit::Bool(true))
            .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
        policy(
            "quarantine_policy_enabled",
            "properties.policies.quarantinePolicy.status",
            "Hide new images until something has checked them.",
        ),
        arg(
            "retention_policy_in_days",
            Ty::Integer(0, 365),
            "properties.policies.retentionPolicy.days",
            "Days for which manifests without a tag are kept.",
        ),
        arg(
            "role_assignment_mode",
            Ty::Enum(&["AbacRepositoryPermissions", "LegacyRegistryPermissions"]),
            "properties.roleAssignmentMode",
            "Scope of role assignments: the registry, or single repositories as well.",
        )
        .default(Lit::Str("LegacyRegistryPermissions")),
        arg("zone_redundancy_enabled", Ty::Bool, "", "Spread the registry over zones of its region.")
            .wire(Wire::Mapped("properties.zoneRedundancy", ENABLED))
            .default(Lit::Bool(false))
            .replace(),
        TAGS,
    ],
    attributes: &[
        named("login_server", "{name}.azurecr.io", "Host name of the registry, with which names of images begin."),
        attribute(
            "data_endpoint_host_names",
            "properties.dataEndpointHostNames",
            FakeValue::Nothing,
            "Host names of the layers of images.",
        )
        .list(),
        named("admin_username", "{name}", "User of the password."),
        key("admin_password", CREDENTIALS, "passwords[0].value", "Password of the user."),
        identity::PRINCIPAL_ID,
        identity::TENANT_ID,
    ],
    // An image is pushed once, and its layers are the only copy.
    recovery: Recovery::DATA,
    drill: Drill::never("nodes of a copy can pull from the original"),
    durations: Durations { create: 25, update: 10, delete: 15 },
    answers: AnswerStyle::AsyncBody,
    in_use: "",
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(identity::check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        hosts: Some(|registry| hosts_at(registry, &[SERVER])),
        tells: &[tells(CREDENTIALS, "passwords[1].value")],
        accepts: &[
            SERVER,
            "properties.encryption.status",
            "properties.policies.retentionPolicy.status",
            identity::ACCEPTS,
        ],
        ..SimulatedBehaviour::NONE
    },
    combinations: &[
        premium_only(&[("zone_redundancy_enabled", Test::Is(ON)), ("sku", Test::Not(PREMIUM))]),
        premium_only(&[("data_endpoint_enabled", Test::Is(ON)), ("sku", Test::Not(PREMIUM))]),
        premium_only(&[("encryption", Test::Set), ("sku", Test::Not(PREMIUM))]),
        premium_only(&[("network_rule_set", Test::Set), ("sku", Test::Not(PREMIUM))]),
        premium_only(&[("public_network_access_enabled", Test::Is(OFF)), ("sku", Test::Not(PREMIUM))]),
        premium_only(&[("quarantine_policy_enabled", Test::Is(ON)), ("sku", Test::Not(PREMIUM))]),
        premium_only(&[("retention_policy_in_days", Test::Above(0)), ("sku", Test::Not(PREMIUM))]),
        premium_only(&[("export_policy_enabled", Test::Is(OFF)), ("sku", Test::Not(PREMIUM))]),
        Combination::new(
            "BadRequest",
            &[("export_policy_enabled", Test::Is(OFF)), ("public_network_access_enabled", Test::Is(ON))],
            "images leave a registry that the internet reaches",
            "Set `public_network_access_enabled = false`.",
        ),
        Combination::new(
            "BadRequest",
            &[("anonymous_pull_enabled", Test::Is(ON)), ("sku", Test::Is(&[Lit::Str("Basic")]))],
            "the tier `Basic` has no anonymous users",
            "Set `sku = \"Standard\"`, or remove it.",
        ),
        Combination::new(
            "BadRequest",
            &[("encryption", Test::Set), ("identity", Test::Absent)],
            "the registry has no identity that may use the key",
            "Add a block `identity` with a user-assigned identity.",
        ),
    ],
    transitions: &[Transition::replace(
        "BadRequest",
        "encryption",
        ChangeTest::Together(changes_encryption),
        "Azure decides at the creation whether a registry has a key of its own.",
    )],
    adoption: Adoption {
        others: &[
            ChildList::all("tasks"),
            ChildList::all("webhooks"),
            ChildList::all("cacheRules"),
            ChildList {
                is_made: |map| path::text(map, "properties.type") != Some("SystemDefined"),
                ..ChildList::all("scopeMaps")
            },
            ChildList::all("tokens"),
        ],
        ..Adoption::BY_TABLE
    },
    uncovered: &["properties.policies.trustPolicy"],
    example: r#"
resource_group "example" {
  site = site.east
}

container_registry "example" {
  name           = "drplanexampleregistry"
  resource_group = resource_group.example
  sku            = "Premium"
}
"#,
    left_out: &[("georeplications", "each is a `geo_replica` with a site of its own")],
    ..crate::providers::azure::KIND
};

/// A rule for what only the tier `Premium` has.
const fn premium_only(when: &'static [(&'static str, Test)]) -> Combination {
    Combination::new("BadRequest", when, "only the tier `Premium` has it", "Remove it, or set `sku = \"Premium\"`.")
}

/// True for a change from or to a key of the stack.
fn changes_encryption(before: &JsonMap<String, Json>, after: &JsonMap<String, Json>) -> bool {
    let has = |args: &JsonMap<String, Json>| args.get("encryption").is_some_and(|value| !value.is_null());
    has(before) != has(after)
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    for body in bodies {
        identity::encode(subject, body);
        if subject.args.contains_key("encryption") {
            path::put(body, "properties.encryption.status", Json::from("enabled"));
        }
        if let Some(days) = subject.args.get("retention_policy_in_days").and_then(Json::as_i64) {
            let status = if days > 0 { "enabled" } else { "disabled" };
            path::put(body, "properties.policies.retentionPolicy.status", Json::from(status));
        }
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = answers.first() else { return };
    identity::decode(body, args);
    if path::text(body, "properties.encryption.status") != Some("enabled") {
        args.remove("encryption");
    }
    if path::text(body, "properties.policies.retentionPolicy.status") == Some("disabled") {
        args.insert("retention_policy_in_days".to_owned(), Json::from(0));
    }
}

/// Refuses a lower tier while replications exist.
fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let is_premium = path::text(body, "sku.name").is_some_and(|sku| sku.eq_ignore_ascii_case("Premium"));
    let has_replications = cloud.below(id).iter().any(|child| child.as_str().contains("/replications/"));
    if is_premium || !has_replications {
        return Ok(());
    }
    Err(Refusal {
        status: 400,
        code: "SkuDowngradeNotSupported",
        message: format!("The registry {} has replications, which need the SKU Premium.", id.name()),
    })
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    let host = format!("{}.azurecr.io", id.name().to_ascii_lowercase());
    let Some(body) = cloud.get_mut(id) else { return };
    path::fill(body, SERVER, host);
}
