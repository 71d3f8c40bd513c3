//! Arguments of a cluster, but for its pool, its network and its additions.

use crate::kinds::table::*;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::containers::kubernetes_cluster::network::NETWORK_PROFILE;
use crate::providers::azure::kinds::containers::kubernetes_cluster::pool::DEFAULT_NODE_POOL;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::tags::TAGS;

/// Path of the pools.
pub(in crate::providers::azure::kinds::containers) const POOLS: &str = "properties.agentPoolProfiles";
/// Path of the host name of the API server.
pub(super) const FQDN: &str = "properties.fqdn";
/// Path of its host name within networks.
pub(super) const PRIVATE_FQDN: &str = "properties.privateFQDN";

/// The form of a bool in the settings of the autoscaler: a text.
const TEXT: &[(Lit, Lit)] = &[(Lit::Bool(true), Lit::Str("true")), (Lit::Bool(false), Lit::Str("false"))];

/// A duration as Kubernetes writes it.
pub(super) static SECONDS: Form =
    Form::new("a duration, as in \"10m\"", &["2m", "90s", "1h"], "InvalidParameter", |text| {
        let is_one = text.split_inclusive(|c: char| c.is_ascii_alphabetic()).all(|part| {
            let number = part.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            number.len() < part.len() && number.parse::<f64>().is_ok() && part.ends_with(['s', 'm', 'h'])
        });
        form::unless(is_one && !text.is_empty(), "is no duration of hours, minutes and seconds")
    });

/// A label of a host name that clusters have as a prefix (source: the validation of `dns_prefix` in azurerm).
static DNS_PREFIX: Form = Form::new(
    "a prefix of letters, digits and hyphens that starts and ends with a letter or digit, of at most 54 characters",
    &["web", "orders"],
    "InvalidParameter",
    |text| {
        let is_edge = |c: char| c.is_ascii_alphanumeric();
        let is_one = text.len() <= 54
            && text.starts_with(is_edge)
            && text.ends_with(is_edge)
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        form::unless(is_one, "is no prefix of a host name")
    },
);

/// A duration of the autoscaler.
const fn lapse(name: &'static str, path: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::String, path, doc).form(&SECONDS)
}

static AUTO_SCALER_PROFILE: Block = Block::one(&[
    arg("balance_similar_node_groups", Ty::Bool, "", "Keep pools of equal nodes at equal sizes.")
        .wire(Wire::Mapped("balance-similar-node-groups", TEXT))
        .default(Lit::Bool(false)),
    arg(
        "daemonset_eviction_for_empty_nodes_enabled",
        Ty::Bool,
        "daemonset-eviction-for-empty-nodes",
        "Evict pods of DaemonSets before an empty node is removed.",
    )
    .default(Lit::Bool(false)),
    arg(
        "daemonset_eviction_for_occupied_nodes_enabled",
        Ty::Bool,
        "daemonset-eviction-for-occupied-nodes",
        "Evict pods of DaemonSets before any other node is removed.",
    )
    .default(Lit::Bool(true)),
    arg(
        "expander",
        Ty::Enum(&["least-waste", "most-pods", "priority", "random"]),
        "expander",
        "Choice among pools that could grow.",
    )
    .default(Lit::Str("random")),
    arg(
        "ignore_daemonsets_utilization_enabled",
        Ty::Bool,
        "ignore-daemonsets-utilization",
        "Leave pods of DaemonSets out of the use of a node.",
    )
    .default(Lit::Bool(false)),
    arg(
        "max_graceful_termination_sec",
        Ty::String,
        "max-graceful-termination-sec",
        "Seconds for which a pod may take to end.",
    )
    .form(&NUMBER)
    .kept(Kept::Chosen),
    lapse("max_node_provisioning_time", "max-node-provision-time", "Time for a new node to join.")
        .default(Lit::Str("15m")),
    arg("max_unready_nodes", Ty::Integer(0, 1000), "", "Nodes that may be unready before the autoscaler stops.")
        .wire(Wire::Text("ok-total-unready-count"))
        .default(Lit::Int(3)),
    arg(
        "max_unready_percentage",
        Ty::Number(0.0, 100.0),
        "",
        "Percentage of unready nodes at which the autoscaler stops.",
    )
    .wire(Wire::Text("max-total-unready-percentage"))
    .default(Lit::Int(45)),
    lapse("new_pod_scale_up_delay", "new-pod-scale-up-delay", "Age of a pod before it makes a pool grow.")
        .kept(Kept::Chosen),
    lapse("scale_down_delay_after_add", "scale-down-delay-after-add", "Pause after a pool has grown.")
        .kept(Kept::Chosen),
    lapse("scale_down_delay_after_delete", "scale-down-delay-after-delete", "Pause after a node was removed.")
        .kept(Kept::Chosen),
    lapse("scale_down_delay_after_failure", "scale-down-delay-after-failure", "Pause after a removal has failed.")
        .kept(Kept::Chosen),
    lapse("scan_interval", "scan-interval", "Time between two rounds of the autoscaler.").kept(Kept::Chosen),
    lapse("scale_down_unneeded", "scale-down-unneeded-time", "Time for which a node is unneeded before it goes.")
        .kept(Kept::Chosen),
    lapse("scale_down_unready", "scale-down-unready-time", "The same for an unready node.").kept(Kept::Chosen),
    arg(
        "scale_down_utilization_threshold",
        Ty::String,
        "scale-down-utilization-threshold",
        "Share of a node's capacity below which it is unneeded.",
    )
    .form(&SHARE)
    .kept(Kept::Chosen),
    arg("empty_bulk_delete_max", Ty::String, "max-empty-bulk-delete", "Empty nodes that are removed at once.")
        .form(&NUMBER)
        .kept(Kept::Chosen),
    arg("skip_nodes_with_local_storage", Ty::Bool, "", "Keep nodes whose pods have local files.")
        .wire(Wire::Mapped("skip-nodes-with-local-storage", TEXT))
        .default(Lit::Bool(false)),
    arg("skip_nodes_with_system_pods", Ty::Bool, "", "Keep nodes with pods of the system.")
        .wire(Wire::Mapped("skip-nodes-with-system-pods", TEXT))
        .default(Lit::Bool(true)),
]);

static NUMBER: Form = Form::new("a whole number as a text", &["600", "10"], "InvalidParameter", |text| {
    form::unless(text.parse::<u32>().is_ok(), "is no whole number")
});

static SHARE: Form = Form::new("a number from 0 to 1 as a text", &["0.5", "0.7"], "InvalidParameter", |text| {
    form::unless(text.parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)), "is not from 0 to 1")
});

static API_SERVER_ACCESS_PROFILE: Block = Block::one(&[
    arg(
        "authorized_ip_ranges",
        Ty::Set(&Ty::Cidr),
        "authorizedIPRanges",
        "Ranges of clients that may reach the API server. drplan must be within one of them.",
    ),
    arg("subnet", Ty::Ref(&["subnet"]), "subnetId", "Subnet of the API server.").near(),
    arg(
        "virtual_network_integration_enabled",
        Ty::Bool,
        "enableVnetIntegration",
        "Place the API server in the network of the nodes.",
    )
    .default(Lit::Bool(false)),
]);

static AAD: Block = Block::one(&[
    arg("tenant_id", Ty::String, "tenantID", "Tenant of the users.").form(&form::GUID).kept(Kept::Chosen),
    arg(
        "admin_group_object_ids",
        Ty::List(&Ty::String),
        "adminGroupObjectIDs",
        "Groups whose members administer the cluster.",
    )
    .form(&form::GUID),
    arg("azure_rbac_enabled", Ty::Bool, "enableAzureRBAC", "Let role assignments grant permissions in the cluster."),
]);

static BOOTSTRAP_PROFILE: Block = Block::one(&[
    arg(
        "artifact_source",
        Ty::Enum(&["Cache", "Direct"]),
        "artifactSource",
        "Source of the system's images: the internet, or a registry.",
    )
    .default(Lit::Str("Direct")),
    arg(
        "container_registry",
        Ty::Ref(&["container_registry"]),
        "containerRegistryId",
        "Registry with the system's images, for `Cache`.",
    ),
]);

static HTTP_PROXY_CONFIG: Block = Block::one(&[
    arg("http_proxy", Ty::String, "httpProxy", "Proxy of requests with HTTP.").form(&form::HTTP_URL),
    arg("https_proxy", Ty::String, "httpsProxy", "Proxy of requests with HTTPS.").form(&form::HTTP_URL),
    arg("no_proxy", Ty::Set(&Ty::String), "noProxy", "Hosts that are reached without it."),
    arg("trusted_ca", Ty::String, "trustedCa", "Certificate in base64 that nodes trust.").secret(),
]);

static KUBELET_IDENTITY: Block = Block::one(&[
    arg("client_id", Ty::String, "clientId", "Client ID of the identity.").form(&form::GUID).chosen(),
    arg("object_id", Ty::String, "objectId", "Object ID of its principal.").form(&form::GUID).chosen(),
    arg("user_assigned_identity", Ty::Ref(&["user_assigned_identity"]), "resourceId", "The identity.").chosen(),
]);

static LINUX_PROFILE: Block = Block::one(&[
    arg("admin_username", Ty::String, "adminUsername", "Username of the administrator of the nodes.")
        .form(&forms::login::LINUX_USER)
        .required()
        .replace(),
    arg("ssh_key", Ty::Block(&SSH_KEY), "ssh.publicKeys[0]", "SSH public key of the administrator."),
]);

static SSH_KEY: Block = Block::one(&[arg("key_data", Ty::String, "keyData", "Public key in OpenSSH format.")
    .form(&forms::login::SSH_KEY)
    .required()
    .replace()])
.at_least_one();

static NODE_PROVISIONING_PROFILE: Block = Block::one(&[
    arg(
        "mode",
        Ty::Enum(&["Auto", "Manual"]),
        "mode",
        "Pools of the stack (`Manual`), or nodes that Azure adds as pods need them (`Auto`).",
    )
    .default(Lit::Str("Manual")),
    arg("default_node_pools", Ty::Enum(&["Auto", "None"]), "defaultNodePools", "Pools that exist from the start.")
        .default(Lit::Str("Auto")),
]);

static SERVICE_PRINCIPAL: Block = Block::one(&[
    arg("client_id", Ty::String, "clientId", "Client ID of the application.").required(),
    arg("client_secret", Ty::String, "secret", "Secret of the application.").secret().required(),
]);

static UPGRADE_OVERRIDE: Block = Block::one(&[
    arg("force_upgrade_enabled", Ty::Bool, "forceUpgrade", "Upgrade although checks warn.").required(),
    arg("effective_until", Ty::String, "until", "End of the exception.").form(&form::TIME),
]);

static WINDOWS_PROFILE: Block = Block::one(&[
    arg("admin_username", Ty::String, "adminUsername", "Username of the administrator of Windows nodes.")
        .form(&forms::login::WINDOWS_USER)
        .required()
        .replace(),
    arg("admin_password", Ty::String, "adminPassword", "Password of the administrator.").secret().required(),
    arg("license", Ty::Enum(&["Windows_Server"]), "licenseType", "Licence that the account brings."),
    arg("gmsa", Ty::Block(&GMSA), "gmsaProfile", "Accounts of Active Directory for pods."),
]);

static GMSA: Block = Block::one(&[
    arg("dns_server", Ty::String, "dnsServer", "Name server of the domain. Empty: that of the network.").required(),
    arg("root_domain", Ty::String, "rootDomainName", "Root of the domain. Empty: that of the network.").required(),
]);

/// The arguments.
pub(super) const ARGS: &[Arg] = &[
    RESOURCE_GROUP,
    arg(
        "default_node_pool",
        Ty::Block(&DEFAULT_NODE_POOL),
        "properties.agentPoolProfiles[0]",
        "The first pool of nodes. It runs the system's own pods.",
    ),
    arg(
        "dns_prefix",
        Ty::String,
        "properties.dnsPrefix",
        "Prefix of the API server's host name. Exactly one of this and `dns_prefix_private_cluster` is required.",
    )
    .form(&DNS_PREFIX)
    .replace(),
    arg(
        "dns_prefix_private_cluster",
        Ty::String,
        "properties.fqdnSubdomain",
        "The same for a private cluster with a DNS zone of the stack.",
    )
    .form(&DNS_PREFIX)
    .replace(),
    identity::IDENTITY_ONE,
    arg(
        "service_principal",
        Ty::Block(&SERVICE_PRINCIPAL),
        "properties.servicePrincipalProfile",
        "Application with which the cluster calls Azure, instead of `identity`.",
    ),
    arg(
        "kubelet_identity",
        Ty::Block(&KUBELET_IDENTITY),
        "properties.identityProfile.kubeletidentity",
        "Identity with which nodes pull images. Azure makes one if it is absent.",
    ),
    arg("kubernetes_version", Ty::String, "properties.kubernetesVersion", "Version of Kubernetes, as in `1.34`.")
        .form(&VERSION)
        .kept(Kept::Chosen),
    arg("sku_tier", Ty::Enum(&["Free", "Premium", "Standard"]), "sku.tier", "Tier: `Free` has no service level.")
        .default(Lit::Str("Free")),
    arg(
        "support_plan",
        Ty::Enum(&["AKSLongTermSupport", "KubernetesOfficial"]),
        "properties.supportPlan",
        "Support of versions: one year, or two with the tier `Premium`.",
    )
    .default(Lit::Str("KubernetesOfficial")),
    arg("network_profile", Ty::Block(&NETWORK_PROFILE), "properties.networkProfile", "Network of the cluster."),
    arg(
        "api_server_access_profile",
        Ty::Block(&API_SERVER_ACCESS_PROFILE),
        "properties.apiServerAccessProfile",
        "Access to the API server.",
    ),
    arg(
        "private_cluster_enabled",
        Ty::Bool,
        "properties.apiServerAccessProfile.enablePrivateCluster",
        "Give the API server a private address only.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "private_cluster_public_fqdn_enabled",
        Ty::Bool,
        "properties.apiServerAccessProfile.enablePrivateClusterPublicFQDN",
        "Publish the name of a private API server.",
    )
    .default(Lit::Bool(false)),
    arg(
        "private_dns_zone_id",
        Ty::String,
        "properties.apiServerAccessProfile.privateDNSZone",
        "Private DNS zone of a private API server: its ID, `System` or `None`.",
    )
    .any_case()
    .chosen(),
    arg("run_command_enabled", Ty::Bool, "", "Allow commands in the cluster through Azure.")
        .wire(Wire::Negated("properties.apiServerAccessProfile.disableRunCommand"))
        .default(Lit::Bool(true)),
    arg(
        "role_based_access_control_enabled",
        Ty::Bool,
        "properties.enableRBAC",
        "Check the permissions of users in the cluster.",
    )
    .default(Lit::Bool(true))
    .replace(),
    arg(
        "azure_active_directory_role_based_access_control",
        Ty::Block(&AAD),
        "properties.aadProfile",
        "Sign-in of users with Microsoft Entra ID.",
    ),
    arg(
        "local_account_disabled",
        Ty::Bool,
        "properties.disableLocalAccounts",
        "Admit users of Microsoft Entra ID only.",
    )
    .default(Lit::Bool(false)),
    arg(
        "auto_scaler_profile",
        Ty::Block(&AUTO_SCALER_PROFILE),
        "properties.autoScalerProfile",
        "Behaviour of the autoscaler of nodes.",
    ),
    arg(
        "automatic_upgrade_channel",
        Ty::Enum(&["node-image", "patch", "rapid", "stable"]),
        "properties.autoUpgradeProfile.upgradeChannel",
        "Upgrades of Kubernetes that Azure makes.",
    ),
    arg(
        "node_os_upgrade_channel",
        Ty::Enum(&["NodeImage", "None", "SecurityPatch", "Unmanaged"]),
        "properties.autoUpgradeProfile.nodeOSUpgradeChannel",
        "Updates of the nodes' operating system that Azure makes.",
    )
    .default(Lit::Str("NodeImage")),
    arg(
        "upgrade_override",
        Ty::Block(&UPGRADE_OVERRIDE),
        "properties.upgradeSettings.overrideSettings",
        "Exception from the checks before an upgrade.",
    ),
    arg(
        "ai_toolchain_operator_enabled",
        Ty::Bool,
        "properties.aiToolchainOperatorProfile.enabled",
        "Run the operator of language models (KAITO).",
    )
    .default(Lit::Bool(false)),
    arg(
        "bootstrap_profile",
        Ty::Block(&BOOTSTRAP_PROFILE),
        "properties.bootstrapProfile",
        "Source of the images of the system.",
    ),
    arg(
        "cost_analysis_enabled",
        Ty::Bool,
        "properties.metricsProfile.costAnalysis.enabled",
        "Divide the costs by namespace. Not with the tier `Free`.",
    )
    .default(Lit::Bool(false)),
    arg(
        "custom_ca_trust_certificates_base64",
        Ty::List(&Ty::String),
        "properties.securityProfile.customCATrustCertificates",
        "Certificates in base64 that all nodes trust.",
    ),
    arg(
        "disk_encryption_set",
        Ty::Ref(&[]),
        "properties.diskEncryptionSetID",
        "Disk encryption set for the disks of nodes and volumes.",
    )
    .replace(),
    arg(
        "http_proxy_config",
        Ty::Block(&HTTP_PROXY_CONFIG),
        "properties.httpProxyConfig",
        "Proxy of the nodes' requests.",
    ),
    arg(
        "image_cleaner_enabled",
        Ty::Bool,
        "properties.securityProfile.imageCleaner.enabled",
        "Remove images that are unused and have known faults.",
    ),
    arg(
        "image_cleaner_interval_hours",
        Ty::Integer(24, 2160),
        "properties.securityProfile.imageCleaner.intervalHours",
        "Hours between two removals.",
    ),
    arg(
        "linux_profile",
        Ty::Block(&LINUX_PROFILE),
        "properties.linuxProfile",
        "Login at the nodes, which only support uses.",
    ),
    arg("windows_profile", Ty::Block(&WINDOWS_PROFILE), "properties.windowsProfile", "Login at Windows nodes."),
    arg(
        "node_provisioning_profile",
        Ty::Block(&NODE_PROVISIONING_PROFILE),
        "properties.nodeProvisioningProfile",
        "Addition of nodes without pools.",
    ),
    arg(
        "node_resource_group",
        Ty::String,
        "properties.nodeResourceGroup",
        "Resource group that Azure makes for the nodes. It exists as long as the cluster.",
    )
    .form(&GROUP_NAME)
    .chosen(),
    arg(
        "oidc_issuer_enabled",
        Ty::Bool,
        "properties.oidcIssuerProfile.enabled",
        "Publish the keys with which the cluster signs tokens of its service accounts.",
    ),
    arg(
        "workload_identity_enabled",
        Ty::Bool,
        "properties.securityProfile.workloadIdentity.enabled",
        "Let pods call Azure with identities. Needs `oidc_issuer_enabled`.",
    )
    .default(Lit::Bool(false)),
    TAGS,
];

/// A version of Kubernetes, with or without the last part.
static VERSION: Form =
    Form::new("a version, as in \"1.34\" or \"1.34.2\"", &["1.34", "1.35"], "InvalidParameter", |text| {
        let parts: Vec<&str> = text.split('.').collect();
        let is_one = (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.parse::<u32>().is_ok());
        form::unless(is_one, "is no version of Kubernetes")
    });

/// The name of the group of nodes (source: the limit of AKS, which is lower than that of other groups).
static GROUP_NAME: Form = Form::new(
    "a name of a resource group of at most 80 characters",
    &["nodes-east", "nodes-west"],
    "InvalidParameter",
    |text| {
        let is_one = (1..=80).contains(&text.chars().count())
            && !text.ends_with('.')
            && text.chars().all(|c| c.is_alphanumeric() || "-_.()".contains(c));
        form::unless(is_one, "is no name of a resource group")
    },
);
