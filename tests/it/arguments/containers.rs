//! The same as [`super::otherwise`], of clusters of containers and of what surrounds them.

use super::TestValue::{self, Instead, Skip, Value, With};

/// User-assigned identities.
const IDENTITIES: &str = r#"identities = ["OTHERS/Microsoft.ManagedIdentity/userAssignedIdentities/web"]"#;

/// Login at the nodes of a cluster.
const LINUX_PROFILE: &str = "admin_username = \"operator\"\nssh_key {\n key_data = \"ssh-ed25519 \
                             AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example\"\n}";

/// Application of a cluster.
const PRINCIPAL: &str =
    "client_id = \"7a1f0c2e-5d3b-4a88-9c64-0e2b1d9f4c31\"\nclient_secret = \"an example, n0t a secret\"";

/// Kind, dotted argument, and its test value.
pub const CONTAINERS: &[(&str, &str, TestValue)] = &[
    ("container_registry", "encryption", Skip("Azure decides at the creation whether a registry has a key")),
    ("container_registry", "export_policy_enabled", With("false", "public_network_access_enabled = false")),
    ("kubernetes_cluster", "default_node_pool.name", Skip("Azure does not change it in a pool that exists")),
    ("kubernetes_cluster", "default_node_pool.vm_size", Skip("Azure does not change it in a pool that exists")),
    ("kubernetes_cluster", "default_node_pool.os_disk_type", Skip("Azure does not change it in a pool that exists")),
    ("kubernetes_cluster", "default_node_pool.os_disk_size_gb", Skip("Azure does not change it in a pool that exists")),
    ("kubernetes_cluster", "default_node_pool.max_pods", Skip("Azure does not change it in a pool that exists")),
    (
        "kubernetes_cluster",
        "default_node_pool.kubelet_disk_type",
        Skip("Azure does not change it in a pool that exists"),
    ),
    ("kubernetes_cluster", "default_node_pool.auto_scaling_enabled", With("true", "min_count = 1\nmax_count = 3")),
    ("kubernetes_cluster", "default_node_pool.min_count", With("1", "auto_scaling_enabled = true\nmax_count = 3")),
    ("kubernetes_cluster", "default_node_pool.max_count", With("3", "auto_scaling_enabled = true\nmin_count = 1")),
    ("kubernetes_cluster", "api_server_access_profile", Value(r#"authorized_ip_ranges = ["203.0.113.0/24"]"#)),
    (
        "kubernetes_cluster",
        "windows_profile.gmsa",
        Value("dns_server = \"10.10.0.4\"\nroot_domain = \"corp.example.org\""),
    ),
    ("kubernetes_cluster", "auto_scaler_profile.max_unready_percentage", Value("50")),
    ("kubernetes_cluster", "cost_analysis_enabled", With("true", r#"sku_tier = "Standard""#)),
    (
        "kubernetes_cluster",
        "dns_prefix_private_cluster",
        Instead(r#""web""#, &[("dns_prefix     =", "private_cluster_enabled = true #")]),
    ),
    ("kubernetes_cluster", "identity.type", With(r#""UserAssigned""#, IDENTITIES)),
    (
        "kubernetes_cluster",
        "identity.identities",
        Instead(
            r#"["OTHERS/Microsoft.ManagedIdentity/userAssignedIdentities/web"]"#,
            &[("SystemAssigned", "UserAssigned")],
        ),
    ),
    ("kubernetes_cluster", "kubernetes_version", Value(r#""1.35""#)),
    ("kubernetes_cluster", "linux_profile", Value(LINUX_PROFILE)),
    (
        "kubernetes_cluster",
        "local_account_disabled",
        With("true", "azure_active_directory_role_based_access_control {\n azure_rbac_enabled = true\n}"),
    ),
    ("kubernetes_cluster", "network_profile.network_plugin", Value(r#""azure""#)),
    ("kubernetes_cluster", "network_profile.nat_gateway_profile", Skip("belongs to another outbound type")),
    ("kubernetes_cluster", "private_dns_zone_id", With(r#""System""#, "private_cluster_enabled = true")),
    (
        "kubernetes_cluster",
        "service_principal",
        Instead(PRINCIPAL, &[("identity {\n    type = \"SystemAssigned\"\n  }", "")]),
    ),
    ("kubernetes_cluster", "support_plan", With(r#""AKSLongTermSupport""#, r#"sku_tier = "Premium""#)),
    ("kubernetes_cluster", "workload_identity_enabled", With("true", "oidc_issuer_enabled = true")),
    ("kubernetes_cluster_node_pool", "vm_size", Skip("a change of a pool that exists replaces it")),
    ("kubernetes_cluster_node_pool", "os_disk_type", Skip("a change of a pool that exists replaces it")),
    ("kubernetes_cluster_node_pool", "os_disk_size_gb", Skip("a change of a pool that exists replaces it")),
    ("kubernetes_cluster_node_pool", "max_pods", Skip("a change of a pool that exists replaces it")),
    ("kubernetes_cluster_node_pool", "kubelet_disk_type", Skip("a change of a pool that exists replaces it")),
    ("kubernetes_cluster_node_pool", "ultra_ssd_enabled", Skip("a change of a pool that exists replaces it")),
    ("kubernetes_cluster_node_pool", "auto_scaling_enabled", With("true", "min_count = 1\nmax_count = 3")),
    ("kubernetes_cluster_node_pool", "min_count", With("1", "auto_scaling_enabled = true\nmax_count = 3")),
    ("kubernetes_cluster_node_pool", "max_count", With("3", "auto_scaling_enabled = true\nmin_count = 1")),
    ("kubernetes_cluster_node_pool", "eviction_policy", With(r#""Delete""#, r#"priority = "Spot""#)),
    ("kubernetes_cluster_node_pool", "spot_max_price", With("1", r#"priority = "Spot""#)),
    (
        "kubernetes_cluster_node_pool",
        "windows_profile",
        Instead("outbound_nat_enabled = false", &[("vm_size            =", "os_type = \"Windows\"\nvm_size =")]),
    ),
    (
        "log_analytics_workspace",
        "reservation_capacity_in_gb_per_day",
        Instead("200", &[(r#""PerGB2018""#, r#""CapacityReservation""#)]),
    ),
    (
        "private_endpoint",
        "private_service_connection.is_manual_connection",
        With("true", r#"request_message = "example""#),
    ),
    (
        "private_endpoint",
        "private_service_connection.request_message",
        Skip("belongs to a connection that is approved by hand"),
    ),
    (
        "private_endpoint",
        "private_service_connection.private_connection_resource_alias",
        Instead(r#""web.0123.westeurope.azure.privatelinkservice""#, &[("private_connection_resource =", "#")]),
    ),
    ("private_endpoint", "ip_configuration", Value("name = \"one\"\nprivate_ip_address = \"10.10.1.50\"")),
];
