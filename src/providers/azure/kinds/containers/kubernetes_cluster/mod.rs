//! Kubernetes cluster: a control plane that Azure runs, and pools of nodes.
//!
//! Workloads in the cluster are no objects of Azure's. The body of a cluster shows all its pools; the first one is a
//! block of the cluster, every other one a resource of its own.

mod addons;
mod args;
mod network;
mod pool;
mod simulated;

pub(super) use args::POOLS;
use args::{FQDN, PRIVATE_FQDN};
use pool::DEFAULT_NODE_POOL;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::drill::suffixed;
use crate::kinds::hosts::hosts_at;
use crate::kinds::table::*;
use crate::kinds::{body, path};
use crate::providers::azure::kinds::containers::agent_pool::{self, pool_uncovered};
use crate::providers::azure::kinds::identity;

const USER: &str = "listClusterUserCredential";
const ADMINISTRATOR: &str = "listClusterAdminCredential";

/// Table of `kubernetes_cluster`.
pub static KIND: Kind = Kind {
    name: "kubernetes_cluster",
    about: "Kubernetes cluster: a control plane that Azure runs, and its first pool of nodes.",
    type_: KindType { name: "Microsoft.ContainerService/managedClusters", version: "2026-05-01" },
    names: NameRule::new(
        1,
        63,
        "^[a-zA-Z0-9]([-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$",
        "letters, digits, `_` and `-`, and starts and ends with a letter or digit",
    ),
    args: &concat::<{ args::ARGS.len() + addons::ARGS.len() }>(&[args::ARGS, addons::ARGS]),
    attributes: &[
        attribute("fqdn", FQDN, FakeValue::Nothing, "Host name of the API server."),
        attribute(
            "private_fqdn",
            PRIVATE_FQDN,
            FakeValue::Nothing,
            "Host name of the API server of a private cluster.",
        ),
        attribute("portal_fqdn", "properties.azurePortalFQDN", FakeValue::Nothing, "Host name for the Azure portal."),
        attribute(
            "current_kubernetes_version",
            "properties.currentKubernetesVersion",
            FakeValue::Nothing,
            "Whole version of Kubernetes.",
        ),
        attribute(
            "oidc_issuer_url",
            "properties.oidcIssuerProfile.issuerURL",
            FakeValue::Nothing,
            "URL of the issuer of tokens.",
        ),
        attribute(
            "kubelet_object_id",
            "properties.identityProfile.kubeletidentity.objectId",
            FakeValue::Nothing,
            "Object ID of the identity with which nodes pull images, for role assignments.",
        ),
        attribute(
            "kubelet_client_id",
            "properties.identityProfile.kubeletidentity.clientId",
            FakeValue::Nothing,
            "Client ID of this identity.",
        ),
        identity::PRINCIPAL_ID,
        identity::TENANT_ID,
        key("kube_config_raw", USER, "kubeconfigs[0].value", "Credentials of users, as a file of kubectl's.").base64(),
        key(
            "kube_admin_config_raw",
            ADMINISTRATOR,
            "kubeconfigs[0].value",
            "Credentials of the administrator, as a file of kubectl's.",
        )
        .base64(),
    ],
    fixed: &[("sku.name", Lit::Str("Base"))],
    durations: Durations { create: 360, update: 180, delete: 360 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    // What is installed in a cluster is not in the stack.
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    machines: Some(|subject| agent_pool::machines(subject.args.get("default_node_pool")?)),
    drill: Drill {
        rewrites: Some(|args| {
            crate::kinds::drill::rewrite_text(args, "node_resource_group", |name| {
                suffixed(name, crate::kinds::drill::SUFFIX, 80)
            });
        }),
        ..Drill::STOOD_UP
    },
    odd: Overrides { encode: Some(encode), decode: Some(decode), ready: None, check: Some(check), ..Overrides::NONE },
    entrance: Some(&Entrance { action: USER, path: "kubeconfigs[0].value" }),
    simulated: SimulatedBehaviour {
        settle: Some(simulated::settle),
        hosts: Some(|cluster| hosts_at(cluster, &[FQDN])),
        spared: addons::SPARED,
        responds: &[(USER, simulated::user), (ADMINISTRATOR, simulated::administrator)],
        accepts: &joined::<&str, { addons::ACCEPTS.len() + 4 }>(&[
            addons::ACCEPTS,
            &[POOLS, identity::ACCEPTS, "properties.servicePrincipalProfile", "properties.identityProfile"],
        ]),
        ..SimulatedBehaviour::NONE
    },
    shows: &[POOLS],
    combinations: &joined::<Combination, { COMBINATIONS.len() + network::COMBINATIONS.len() }>(&[
        COMBINATIONS,
        network::COMBINATIONS,
    ]),
    transitions: TRANSITIONS,
    apart: &[Exclusive::among_siblings(
        "BadRequest",
        "resource group of nodes",
        "resource groups of nodes",
        &["node_resource_group"],
    )
    .within(ExclusiveWithin::Everywhere)],
    uncovered: &joined::<&str, { UNCOVERED.len() + POOL_UNCOVERED.len() }>(&[UNCOVERED, POOL_UNCOVERED]),
    adoption: Adoption {
        arguments: Some(|_, args| {
            if args.contains_key("identity") {
                args.remove("kubelet_identity");
            }
        }),
        // The first pool, which is a block.
        brings: Some(|found| {
            let pool = first_pool(found.body).and_then(|pool| path::text(pool, "name"));
            pool.map(|name| found.id.child("agentPools", name)).into_iter().collect()
        }),
        others: &[ChildList::all("maintenanceConfigurations"), ChildList::all("trustedAccessRoleBindings")],
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        renamed: &[(
            "network_profile.load_balancer_profile.outbound_ip_prefixes",
            "network_profile.load_balancer_profile.outbound_ip_prefix_ids",
        )],
        // Version 5 of azurerm requires this block, with the values that count without it.
        said: &["node_provisioning_profile"],
        blocks: Some(|text| {
            let value = |name: &str, without: &str| {
                text(&format!("node_provisioning_profile.{name}")).unwrap_or_else(|| format!("\"{without}\""))
            };
            format!(
                "node_provisioning_profile {{\n  mode               = {}\n  default_node_pools = {}\n}}\n",
                value("mode", "Manual"),
                value("default_node_pools", "Auto")
            )
        }),
        exported: &[
            ("kubelet_object_id", "kubelet_identity[0].object_id"),
            ("kubelet_client_id", "kubelet_identity[0].client_id"),
        ],
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

kubernetes_cluster "example" {
  resource_group = resource_group.example
  dns_prefix     = "example"

  default_node_pool {
    name       = "system"
    vm_size    = "Standard_D4s_v5"
    node_count = 2
  }

  identity {
    type = "SystemAssigned"
  }
}
"#,
    left_out: &[
        ("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery"),
        (
            "default_node_pool.temporary_name_for_rotation",
            "a procedure of azurerm, which replaces the pool; a stack adds another pool first",
        ),
        ("maintenance_window", "a separate child resource (`maintenanceConfigurations/default`)"),
        (
            "maintenance_window_auto_upgrade",
            "a separate child resource (`maintenanceConfigurations/aksManagedAutoUpgradeSchedule`)",
        ),
        (
            "maintenance_window_node_os",
            "a separate child resource (`maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule`)",
        ),
    ],
    ..crate::providers::azure::KIND
};

/// Properties that no argument has.
const UNCOVERED: &[&str] = &[
    "extendedLocation",
    "identity.delegatedResources",
    "kind",
    "properties.aadProfile.clientAppID",
    "properties.aadProfile.serverAppID",
    "properties.aadProfile.serverAppSecret",
    "properties.azureMonitorProfile.appMonitoring",
    "properties.azureMonitorProfile.metrics.controlPlane",
    "properties.hostedSystemProfile",
    "properties.httpProxyConfig.enabled",
    "properties.ingressProfile.gatewayAPI",
    "properties.ingressProfile.webAppRouting.gatewayAPIImplementations",
    "properties.networkProfile.advancedNetworking.performance",
    "properties.networkProfile.advancedNetworking.security.advancedNetworkPolicies",
    "properties.networkProfile.advancedNetworking.security.transitEncryption",
    "properties.networkProfile.loadBalancerProfile.enableMultipleStandardLoadBalancers",
    "properties.networkProfile.staticEgressGatewayProfile",
    "properties.nodeResourceGroupProfile",
    "properties.podIdentityProfile",
    "properties.privateLinkResources",
    "properties.publicNetworkAccess",
    "properties.schedulerProfile",
    "properties.securityProfile.azureKeyVaultKms.keyVaultResourceId",
    "properties.securityProfile.defender.securityGating",
    "properties.serviceMeshProfile.istio.components.egressGateways",
    "properties.serviceMeshProfile.istio.components.proxyRedirectionMechanism",
    "properties.windowsProfile.enableCSIProxy",
];

const POOL_UNCOVERED: &[&str] = &pool_uncovered!("properties.agentPoolProfiles[0].");

const FREE: &[Lit] = &[Lit::Str("Free")];
const ON: &[Lit] = &[Lit::Bool(true)];

/// Combinations that Azure refuses, but for those of the network (source: azurerm's documentation of the resource).
const COMBINATIONS: &[Combination] = &[
    Combination::new(
        "BadRequest",
        &[("dns_prefix", Test::Set), ("dns_prefix_private_cluster", Test::Set)],
        "`dns_prefix` and `dns_prefix_private_cluster` exclude each other",
        "Remove one of them.",
    ),
    Combination::new(
        "BadRequest",
        &[("dns_prefix", Test::Absent), ("dns_prefix_private_cluster", Test::Absent)],
        "the API server has no host name",
        "Set `dns_prefix`.",
    ),
    Combination::new(
        "BadRequest",
        &[("dns_prefix_private_cluster", Test::Set), ("private_cluster_enabled", Test::Is(&[Lit::Bool(false)]))],
        "`dns_prefix_private_cluster` belongs to a private cluster",
        "Set `private_cluster_enabled = true`, or use `dns_prefix`.",
    ),
    Combination::new(
        "BadRequest",
        &[("private_dns_zone_id", Test::Set), ("private_cluster_enabled", Test::Is(&[Lit::Bool(false)]))],
        "`private_dns_zone_id` belongs to a private cluster",
        "Set `private_cluster_enabled = true`, or remove it.",
    ),
    Combination::new(
        "BadRequest",
        &[("identity", Test::Set), ("service_principal", Test::Set)],
        "`identity` and `service_principal` exclude each other",
        "Remove one of them.",
    ),
    Combination::new(
        "BadRequest",
        &[("identity", Test::Absent), ("service_principal", Test::Absent)],
        "the cluster has nothing with which it can call Azure",
        "Add a block `identity` with `type = \"SystemAssigned\"`.",
    ),
    Combination::new(
        "BadRequest",
        &[("cost_analysis_enabled", Test::Is(ON)), ("sku_tier", Test::Is(FREE))],
        "the tier `Free` has no analysis of costs",
        "Set `sku_tier = \"Standard\"`.",
    ),
    Combination::new(
        "BadRequest",
        &[
            ("support_plan", Test::Is(&[Lit::Str("AKSLongTermSupport")])),
            ("sku_tier", Test::Not(&[Lit::Str("Premium")])),
        ],
        "long-term support needs the tier `Premium`",
        "Set `sku_tier = \"Premium\"`.",
    ),
    Combination::new(
        "BadRequest",
        &[("workload_identity_enabled", Test::Is(ON)), ("oidc_issuer_enabled", Test::Not(ON))],
        "identities of pods need the issuer of tokens",
        "Set `oidc_issuer_enabled = true`.",
    ),
    Combination::new(
        "BadRequest",
        &[("workload_identity_enabled", Test::Is(ON)), ("oidc_issuer_enabled", Test::Absent)],
        "identities of pods need the issuer of tokens",
        "Set `oidc_issuer_enabled = true`.",
    ),
    Combination::new(
        "BadRequest",
        &[("local_account_disabled", Test::Is(ON)), ("azure_active_directory_role_based_access_control", Test::Absent)],
        "a cluster without local accounts has no users",
        "Add a block `azure_active_directory_role_based_access_control`.",
    ),
    Combination::new(
        "BadRequest",
        &[
            ("azure_active_directory_role_based_access_control", Test::Set),
            ("role_based_access_control_enabled", Test::Is(&[Lit::Bool(false)])),
        ],
        "users of Microsoft Entra ID need permissions in the cluster",
        "Set `role_based_access_control_enabled = true`.",
    ),
    Combination::new(
        "BadRequest",
        &[("default_node_pool.auto_scaling_enabled", Test::Is(ON)), ("default_node_pool.min_count", Test::Absent)],
        "auto scaling needs `min_count`",
        "Set `min_count` and `max_count`.",
    ),
    Combination::new(
        "BadRequest",
        &[("default_node_pool.auto_scaling_enabled", Test::Is(ON)), ("default_node_pool.max_count", Test::Absent)],
        "auto scaling needs `max_count`",
        "Set `min_count` and `max_count`.",
    ),
    Combination::new(
        "BadRequest",
        &[("default_node_pool.auto_scaling_enabled", Test::Not(ON)), ("default_node_pool.min_count", Test::Set)],
        "`min_count` belongs to auto scaling",
        "Set `auto_scaling_enabled = true`, or remove it.",
    ),
    Combination::new(
        "BadRequest",
        &[("default_node_pool.auto_scaling_enabled", Test::Not(ON)), ("default_node_pool.max_count", Test::Set)],
        "`max_count` belongs to auto scaling",
        "Set `auto_scaling_enabled = true`, or remove it.",
    ),
    Combination::new(
        "BadRequest",
        &[("default_node_pool.node_count", Test::Is(&[Lit::Int(0)]))],
        "the first pool has no nodes",
        "Set a `node_count` of at least 1.",
    ),
    Combination::new(
        "BadRequest",
        &[("default_node_pool.min_count", Test::Is(&[Lit::Int(0)]))],
        "the first pool may have no nodes",
        "Set a `min_count` of at least 1.",
    ),
];

/// Changes of a pool that need another one.
const fn rotated(argument: &'static str) -> Transition {
    Transition::refuse(
        "PropertyChangeNotAllowed",
        argument,
        ChangeTest::Between(&[], &[]),
        "Azure does not change it in a pool that exists.",
        "Add a pool with the new value (`kubernetes_cluster_node_pool`), and move the workloads to it.",
    )
}

/// Changes that Azure refuses in place (source: azurerm's documentation, which rotates the pool).
const TRANSITIONS: &[Transition] = &[
    rotated("default_node_pool.vm_size"),
    rotated("default_node_pool.name"),
    rotated("default_node_pool.os_disk_type"),
    rotated("default_node_pool.os_disk_size_gb"),
    rotated("default_node_pool.vnet_subnet"),
    rotated("default_node_pool.pod_subnet"),
    rotated("default_node_pool.max_pods"),
    rotated("default_node_pool.kubelet_disk_type"),
    rotated("default_node_pool.zones"),
    Transition::refuse(
        "PropertyChangeNotAllowed",
        "oidc_issuer_enabled",
        ChangeTest::Between(ON, &[Lit::Bool(false)]),
        "Azure does not disable the issuer again.",
        "Keep it enabled, or replace the cluster.",
    ),
    Transition::refuse(
        "BadRequest",
        "kubernetes_version",
        ChangeTest::Where(is_older),
        "Azure does not lower the version of a cluster.",
        "Set the version that the cluster has, or replace it.",
    ),
];

/// True for a change to an earlier version of Kubernetes.
fn is_older(before: &Json, after: &Json) -> bool {
    let parts =
        |version: &Json| -> Option<Vec<u32>> { version.as_str()?.split('.').map(|part| part.parse().ok()).collect() };
    let (Some(before), Some(after)) = (parts(before), parts(after)) else { return false };
    // `1.34` is the newest of its releases.
    before.iter().zip(&after).find(|(one, other)| one != other).is_some_and(|(one, other)| other < one)
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    for body in bodies {
        identity::encode(subject, body);
        addons::encode(subject.args, body);
        let Some(pool) = path::borrow_mut(body, "properties.agentPoolProfiles[0]") else { continue };
        path::put(pool, "mode", json!("System"));
        path::put(pool, "osType", json!("Linux"));
        if let Some(block) = subject.args.get("default_node_pool") {
            agent_pool::encode(block, pool);
        }
    }
}

/// The first pool. Azure does not say which one that is: it is of the system, and stands before others of the system.
fn first_pool(body: &Json) -> Option<&Json> {
    let pools = path::items(body, POOLS);
    let is_system = |pool: &&Json| path::text(pool, "mode") == Some("System");
    pools.iter().find(is_system).or_else(|| pools.first())
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = answers.first() else { return };
    identity::decode(body, args);
    addons::decode(body, args);
    // The word stands for the identity of the cluster.
    if path::text(body, "properties.servicePrincipalProfile.clientId") == Some("msi") {
        args.remove("service_principal");
    }
    if let Some(network) = args.get_mut("network_profile")
        && path::text(network, "network_policy") == Some("none")
    {
        path::remove(network, "network_policy");
    }
    if let Some(pool) = first_pool(body) {
        let mut block = body::decoded(DEFAULT_NODE_POOL.args, pool);
        agent_pool::decode(pool, &mut block);
        block.insert("only_critical_addons_enabled".to_owned(), Json::from(agent_pool::is_critical_only(pool)));
        args.insert("default_node_pool".to_owned(), Json::Object(block));
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    identity::check(subject, findings);
    if let Some(pool) = subject.args.get("default_node_pool") {
        agent_pool::check(pool, "default_node_pool", findings);
    }
}
