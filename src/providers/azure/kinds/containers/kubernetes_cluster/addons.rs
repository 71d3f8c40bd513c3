//! Additions of a cluster: what Azure installs and runs in it, and the services that it is connected with.
//!
//! Most blocks mean that an addition is on; the body has a switch of its own for each, which no argument sets.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::azure::kinds::containers::kubernetes_cluster::args::SECONDS;

/// A bool in the configuration of an addon: a text.
const TEXT: &[(Lit, Lit)] = &[(Lit::Bool(true), Lit::Str("true")), (Lit::Bool(false), Lit::Str("false"))];

/// Blocks of addons, each with the place of its switch. Without the block, the addon is off.
const ADDONS: &[(&str, &str)] = &[
    ("aci_connector_linux", "properties.addonProfiles.aciConnectorLinux.enabled"),
    ("confidential_computing", "properties.addonProfiles.ACCSGXDeviceManager.enabled"),
    ("ingress_application_gateway", "properties.addonProfiles.ingressApplicationGateway.enabled"),
    ("key_vault_secrets_provider", "properties.addonProfiles.azureKeyvaultSecretsProvider.enabled"),
    ("oms_agent", "properties.addonProfiles.omsagent.enabled"),
];

/// Other blocks that mean that something is on, each with the place of the switch.
const SWITCHES: &[(&str, &str)] = &[
    ("azure_active_directory_role_based_access_control", "properties.aadProfile.managed"),
    ("key_management_service", "properties.securityProfile.azureKeyVaultKms.enabled"),
    ("microsoft_defender", "properties.securityProfile.defender.securityMonitoring.enabled"),
    ("monitor_metrics", "properties.azureMonitorProfile.metrics.enabled"),
    ("web_app_routing", "properties.ingressProfile.webAppRouting.enabled"),
];

/// Places of all switches, which the body has in addition to those of arguments.
pub(super) const ACCEPTS: &[&str] = &[
    "properties.addonProfiles",
    "properties.aadProfile.managed",
    "properties.securityProfile.azureKeyVaultKms.enabled",
    "properties.securityProfile.defender.securityMonitoring.enabled",
    "properties.azureMonitorProfile.metrics.enabled",
    "properties.ingressProfile.webAppRouting.enabled",
    GMSA,
    ADVANCED,
    GATEWAYS,
];

/// Configurations of addons, which those that are off lack.
pub(super) const SPARED: &[&str] = &[
    "properties.addonProfiles.aciConnectorLinux.config",
    "properties.addonProfiles.aciConnectorLinux.config.SubnetName",
    "properties.addonProfiles.ACCSGXDeviceManager.config",
    "properties.addonProfiles.ACCSGXDeviceManager.config.ACCSGXQuoteHelperEnabled",
    "properties.addonProfiles.omsagent.config",
    "properties.addonProfiles.omsagent.config.logAnalyticsWorkspaceResourceID",
];

const GMSA: &str = "properties.windowsProfile.gmsaProfile.enabled";
const ADVANCED: &str = "properties.networkProfile.advancedNetworking.enabled";
const GATEWAYS: &str = "properties.serviceMeshProfile.istio.components.ingressGateways";

static OMS_AGENT: Block = Block::one(&[
    arg(
        "log_analytics_workspace",
        Ty::Ref(&["log_analytics_workspace"]),
        "config.logAnalyticsWorkspaceResourceID",
        "Workspace that receives the logs.",
    )
    .required(),
    arg("msi_auth_for_monitoring_enabled", Ty::Bool, "", "Send the logs with a managed identity.")
        .wire(Wire::Mapped("config.useAADAuth", TEXT)),
]);

static INGRESS_APPLICATION_GATEWAY: Block = Block::one(&[
    arg("gateway", Ty::Ref(&[]), "config.applicationGatewayId", "Application gateway that exists."),
    arg("gateway_name", Ty::String, "config.applicationGatewayName", "Name of a gateway that Azure makes."),
    arg("subnet_cidr", Ty::Cidr, "config.subnetCIDR", "Range of a subnet that Azure makes for it."),
    arg("subnet", Ty::Ref(&["subnet"]), "config.subnetId", "Subnet in which it is made.").near(),
]);

static KEY_VAULT_SECRETS_PROVIDER: Block = Block::one(&[
    arg("secret_rotation_enabled", Ty::Bool, "", "Read secrets again while a pod runs.")
        .wire(Wire::Mapped("config.enableSecretRotation", TEXT)),
    arg("secret_rotation_interval", Ty::String, "config.rotationPollInterval", "Time between two reads, as in `2m`.")
        .form(&SECONDS)
        .default(Lit::Str("2m")),
]);

static ACI_CONNECTOR_LINUX: Block = Block::one(&[arg(
    "subnet_name",
    Ty::String,
    "config.SubnetName",
    "Subnet of the pods that run as container instances.",
)
.required()]);

static CONFIDENTIAL_COMPUTING: Block =
    Block::one(&[arg("sgx_quote_helper_enabled", Ty::Bool, "", "Install the helper that proves an enclave.")
        .wire(Wire::Mapped("config.ACCSGXQuoteHelperEnabled", TEXT))
        .required()]);

static MICROSOFT_DEFENDER: Block = Block::one(&[arg(
    "log_analytics_workspace",
    Ty::Ref(&["log_analytics_workspace"]),
    "logAnalyticsWorkspaceResourceId",
    "Workspace that receives the findings.",
)
.required()]);

static MONITOR_METRICS: Block = Block::one(&[
    arg(
        "annotations_allowed",
        Ty::String,
        "kubeStateMetrics.metricAnnotationsAllowList",
        "Annotations of objects that become labels of metrics, separated by commas.",
    ),
    arg(
        "labels_allowed",
        Ty::String,
        "kubeStateMetrics.metricLabelsAllowlist",
        "Labels of objects that become labels of metrics, separated by commas.",
    ),
]);

static KEY_MANAGEMENT_SERVICE: Block = Block::one(&[
    arg("key_vault_key_id", Ty::String, "keyId", "URL of the key that encrypts secrets.")
        .form(&crate::providers::azure::forms::HTTPS_URL)
        .required(),
    arg(
        "key_vault_network_access",
        Ty::Enum(&["Private", "Public"]),
        "keyVaultNetworkAccess",
        "Way to the key vault: through the internet, or a private endpoint.",
    )
    .default(Lit::Str("Public")),
]);

static SERVICE_MESH_PROFILE: Block = Block::one(&[
    arg("mode", Ty::Enum(&["Istio"]), "mode", "The service mesh.").required(),
    arg("revisions", Ty::List(&Ty::String), "istio.revisions", "Revisions of Istio, as in `asm-1-27`.").required(),
    arg("internal_ingress_gateway_enabled", Ty::Bool, "", "Run a gateway for users within the network.")
        .wire(Wire::Odd),
    arg("external_ingress_gateway_enabled", Ty::Bool, "", "Run a gateway for users on the internet.").wire(Wire::Odd),
    arg(
        "certificate_authority",
        Ty::Block(&CERTIFICATE_AUTHORITY),
        "istio.certificateAuthority.plugin",
        "Certificates of a key vault that sign those of the mesh.",
    ),
]);

static CERTIFICATE_AUTHORITY: Block = Block::one(&[
    arg("key_vault", Ty::Ref(&["key_vault"]), "keyVaultId", "Key vault of the certificates.").required(),
    arg("root_cert_object_name", Ty::String, "rootCertObjectName", "Name of the root certificate.").required(),
    arg("cert_chain_object_name", Ty::String, "certChainObjectName", "Name of the chain of certificates.").required(),
    arg("cert_object_name", Ty::String, "certObjectName", "Name of the intermediate certificate.").required(),
    arg("key_object_name", Ty::String, "keyObjectName", "Name of its private key.").required(),
]);

static WEB_APP_ROUTING: Block = Block::one(&[
    arg(
        "dns_zones",
        Ty::List(&Ty::Ref(&["dns_zone", "private_dns_zone"])),
        "dnsZoneResourceIds",
        "DNS zones in which ingresses have names. Empty: none.",
    )
    .required(),
    arg(
        "default_nginx_controller",
        Ty::Enum(&["AnnotationControlled", "External", "Internal", "None"]),
        "nginx.defaultIngressControllerType",
        "The ingress controller that exists from the start.",
    )
    .default(Lit::Str("AnnotationControlled")),
]);

static WORKLOAD_AUTOSCALER_PROFILE: Block = Block::one(&[
    arg("keda_enabled", Ty::Bool, "keda.enabled", "Scale workloads by events (KEDA).").default(Lit::Bool(false)),
    arg(
        "vertical_pod_autoscaler_enabled",
        Ty::Bool,
        "verticalPodAutoscaler.enabled",
        "Adapt the resources of pods to their use.",
    )
    .default(Lit::Bool(false)),
]);

static STORAGE_PROFILE: Block = Block::one(&[
    arg("blob_driver_enabled", Ty::Bool, "blobCSIDriver.enabled", "Offer volumes in blob containers.")
        .default(Lit::Bool(false)),
    arg("disk_driver_enabled", Ty::Bool, "diskCSIDriver.enabled", "Offer volumes on managed disks.")
        .default(Lit::Bool(true)),
    arg("file_driver_enabled", Ty::Bool, "fileCSIDriver.enabled", "Offer volumes on file shares.")
        .default(Lit::Bool(true)),
    arg("snapshot_controller_enabled", Ty::Bool, "snapshotController.enabled", "Offer snapshots of volumes.")
        .default(Lit::Bool(true)),
]);

/// A switch of an addon without a configuration.
const fn addon(name: &'static str, path: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::Bool, path, doc).default(Lit::Bool(false))
}

/// The arguments.
pub(super) const ARGS: &[Arg] = &[
    addon(
        "azure_policy_enabled",
        "properties.addonProfiles.azurepolicy.enabled",
        "Enforce policies of Azure in the cluster.",
    ),
    addon(
        "http_application_routing_enabled",
        "properties.addonProfiles.httpApplicationRouting.enabled",
        "Run the ingress controller for tests, which Azure retires.",
    ),
    addon(
        "open_service_mesh_enabled",
        "properties.addonProfiles.openServiceMesh.enabled",
        "Run Open Service Mesh, which Azure retires.",
    ),
    arg(
        "aci_connector_linux",
        Ty::Block(&ACI_CONNECTOR_LINUX),
        "properties.addonProfiles.aciConnectorLinux",
        "Pods that run as container instances, without nodes.",
    ),
    arg(
        "confidential_computing",
        Ty::Block(&CONFIDENTIAL_COMPUTING),
        "properties.addonProfiles.ACCSGXDeviceManager",
        "Enclaves in the memory of nodes.",
    ),
    arg(
        "ingress_application_gateway",
        Ty::Block(&INGRESS_APPLICATION_GATEWAY),
        "properties.addonProfiles.ingressApplicationGateway",
        "Application gateway that leads users to the pods.",
    ),
    arg(
        "key_vault_secrets_provider",
        Ty::Block(&KEY_VAULT_SECRETS_PROVIDER),
        "properties.addonProfiles.azureKeyvaultSecretsProvider",
        "Secrets of key vaults as files of pods.",
    ),
    arg(
        "oms_agent",
        Ty::Block(&OMS_AGENT),
        "properties.addonProfiles.omsagent",
        "Logs of the containers in a workspace.",
    ),
    arg(
        "microsoft_defender",
        Ty::Block(&MICROSOFT_DEFENDER),
        "properties.securityProfile.defender",
        "Findings of Microsoft Defender.",
    ),
    arg(
        "monitor_metrics",
        Ty::Block(&MONITOR_METRICS),
        "properties.azureMonitorProfile.metrics",
        "Metrics of the cluster in a workspace of Azure Monitor.",
    ),
    arg(
        "key_management_service",
        Ty::Block(&KEY_MANAGEMENT_SERVICE),
        "properties.securityProfile.azureKeyVaultKms",
        "Encryption of the cluster's secrets with a key of a key vault.",
    ),
    arg(
        "service_mesh_profile",
        Ty::Block(&SERVICE_MESH_PROFILE),
        "properties.serviceMeshProfile",
        "Service mesh that Azure installs and upgrades.",
    ),
    arg(
        "web_app_routing",
        Ty::Block(&WEB_APP_ROUTING),
        "properties.ingressProfile.webAppRouting",
        "Ingress controller with names in DNS zones.",
    ),
    arg(
        "workload_autoscaler_profile",
        Ty::Block(&WORKLOAD_AUTOSCALER_PROFILE),
        "properties.workloadAutoScalerProfile",
        "Scaling of workloads.",
    ),
    arg("storage_profile", Ty::Block(&STORAGE_PROFILE), "properties.storageProfile", "Drivers of volumes."),
];

/// Sets the switches that follow from blocks.
pub(super) fn encode(args: &JsonMap<String, Json>, body: &mut Json) {
    for (block, switch) in ADDONS {
        path::put(body, switch, Json::from(args.contains_key(*block)));
    }
    for (_, switch) in SWITCHES.iter().filter(|(block, _)| args.contains_key(*block)) {
        path::put(body, switch, Json::from(true));
    }
    let inner = |block: &str, inner: &str| args.get(block).and_then(|block| block.get(inner));
    if inner("windows_profile", "gmsa").is_some() {
        path::put(body, GMSA, Json::from(true));
    }
    if let Some(advanced) = inner("network_profile", "advanced_networking") {
        let is_on = ["observability_enabled", "security_enabled"].iter().any(|at| advanced[at] == Json::Bool(true));
        path::put(body, ADVANCED, Json::from(is_on));
    }
    if let Some(mesh) = args.get("service_mesh_profile") {
        let gateway = |argument: &str, mode: &str| {
            let is_on = mesh.get(argument)?.as_bool()?;
            Some(serde_json::json!({ "enabled": is_on, "mode": mode }))
        };
        let gateways: Vec<Json> = [
            gateway("external_ingress_gateway_enabled", "External"),
            gateway("internal_ingress_gateway_enabled", "Internal"),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !gateways.is_empty() {
            path::put(body, GATEWAYS, Json::from(gateways));
        }
    }
}

/// Removes blocks of what is off, and reads the gateways of a mesh.
pub(super) fn decode(body: &Json, args: &mut JsonMap<String, Json>) {
    let is_on = |switch: &str| path::borrow(body, switch).and_then(Json::as_bool) == Some(true);
    for (block, _) in ADDONS.iter().chain(SWITCHES).filter(|(_, switch)| !is_on(switch)) {
        args.remove(*block);
    }
    if path::text(body, "properties.serviceMeshProfile.mode") == Some("Disabled") {
        args.remove("service_mesh_profile");
    }
    if let Some(mesh) = args.get_mut("service_mesh_profile") {
        for gateway in path::items(body, GATEWAYS) {
            let name = match path::text(gateway, "mode") {
                Some("External") => "external_ingress_gateway_enabled",
                Some("Internal") => "internal_ingress_gateway_enabled",
                _ => continue,
            };
            path::put(mesh, name, gateway.get("enabled").cloned().unwrap_or_default());
        }
    }
    if let Some(windows) = args.get_mut("windows_profile").filter(|_| !is_on(GMSA)) {
        path::remove(windows, "gmsa");
    }
}
