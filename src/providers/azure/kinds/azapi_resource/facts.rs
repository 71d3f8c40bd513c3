//! Facts about some provider types beyond their name: their location, and where a failover run switches users.
//!
//! Everything here has an argument that says otherwise, so that an unlisted type is never stopped.

use serde_json::Value as Json;

/// The location of a type's resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tracking {
    /// In the region of its site.
    Regional,
    /// `global`.
    Global,
    /// No location, and no tags by default: a child or an extension.
    Untracked,
}

/// Types whose location is `global` (source: Azure's templates reference of each type).
const GLOBAL: &[&str] = &[
    "Microsoft.AlertsManagement/actionRules",
    "Microsoft.AlertsManagement/smartDetectorAlertRules",
    "Microsoft.Cdn/cdnWebApplicationFirewallPolicies",
    "Microsoft.Cdn/profiles",
    "Microsoft.Cdn/profiles/afdEndpoints",
    "Microsoft.Cdn/profiles/endpoints",
    "Microsoft.DomainRegistration/domains",
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/activityLogAlerts",
    "Microsoft.Insights/metricAlerts",
    "Microsoft.Network/dnsZones",
    "Microsoft.Network/frontDoors",
    "Microsoft.Network/frontDoorWebApplicationFirewallPolicies",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/trafficManagerProfiles",
];

/// Children with a region of their own (source: as above).
const REGIONAL_CHILDREN: &[&str] = &[
    "Microsoft.Automation/automationAccounts/runbooks",
    "Microsoft.Compute/galleries/applications",
    "Microsoft.Compute/galleries/applications/versions",
    "Microsoft.Compute/galleries/images",
    "Microsoft.Compute/galleries/images/versions",
    "Microsoft.Compute/virtualMachines/extensions",
    "Microsoft.Compute/virtualMachines/runCommands",
    "Microsoft.ContainerRegistry/registries/replications",
    "Microsoft.ContainerRegistry/registries/webhooks",
    "Microsoft.Kusto/clusters/databases",
    "Microsoft.MachineLearningServices/workspaces/batchEndpoints",
    "Microsoft.MachineLearningServices/workspaces/computes",
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
    "Microsoft.NetApp/netAppAccounts/capacityPools",
    "Microsoft.NetApp/netAppAccounts/capacityPools/volumes",
    "Microsoft.Network/dnsResolvers/inboundEndpoints",
    "Microsoft.Network/dnsResolvers/outboundEndpoints",
    "Microsoft.Network/dnsForwardingRulesets",
    "Microsoft.Sql/managedInstances/databases",
    "Microsoft.Sql/servers/databases",
    "Microsoft.Sql/servers/elasticPools",
    "Microsoft.Synapse/workspaces/bigDataPools",
    "Microsoft.Synapse/workspaces/sqlPools",
    "Microsoft.Web/sites/slots",
];

/// Types, and providers with a final `/`, whose resources in a resource group have no location (source: as above).
const UNTRACKED: &[&str] = &[
    "Microsoft.Advisor/",
    "Microsoft.Authorization/",
    "Microsoft.Consumption/",
    "Microsoft.CostManagement/",
    "Microsoft.EventGrid/eventSubscriptions",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.PolicyInsights/",
    "Microsoft.Resources/deployments",
    "Microsoft.Resources/tags",
    "Microsoft.Security/",
];

fn is_one_of(type_: &str, list: &[&str]) -> bool {
    let starts = |with: &str| type_.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    list.iter().any(|one| one.eq_ignore_ascii_case(type_) || (one.ends_with('/') && starts(one)))
}

/// The location of a type's resources, below a resource group or another resource.
pub(super) fn tracking(type_: &str, is_in_group: bool) -> Tracking {
    let is_child = type_.matches('/').count() > 1;
    if is_one_of(type_, GLOBAL) {
        Tracking::Global
    } else if is_one_of(type_, REGIONAL_CHILDREN) {
        Tracking::Regional
    } else if is_child || !is_in_group || is_one_of(type_, UNTRACKED) {
        Tracking::Untracked
    } else {
        Tracking::Regional
    }
}

/// Place in the body that decides if an endpoint takes users, and its two values.
pub(super) struct EndpointSwitch {
    type_: &'static str,
    path: &'static str,
    /// `None`: true and false.
    words: Option<(&'static str, &'static str)>,
}

const ENABLED: Option<(&str, &str)> = Some(("Enabled", "Disabled"));

/// Endpoints of the types that lead users (source: Azure's REST reference of each type).
const ENDPOINTS: &[EndpointSwitch] = &[
    EndpointSwitch {
        type_: "Microsoft.Cdn/profiles/originGroups/origins",
        path: "properties.enabledState",
        words: ENABLED,
    },
    EndpointSwitch { type_: "Microsoft.Cdn/profiles/afdEndpoints", path: "properties.enabledState", words: ENABLED },
    EndpointSwitch {
        type_: "Microsoft.Cdn/profiles/afdEndpoints/routes",
        path: "properties.enabledState",
        words: ENABLED,
    },
    EndpointSwitch { type_: "Microsoft.Cdn/profiles/endpoints/origins", path: "properties.enabled", words: None },
    EndpointSwitch {
        type_: "Microsoft.Network/trafficManagerProfiles/azureEndpoints",
        path: "properties.endpointStatus",
        words: ENABLED,
    },
    EndpointSwitch {
        type_: "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        path: "properties.endpointStatus",
        words: ENABLED,
    },
    EndpointSwitch {
        type_: "Microsoft.Network/trafficManagerProfiles/nestedEndpoints",
        path: "properties.endpointStatus",
        words: ENABLED,
    },
];

/// Place in the body of a record's value (source: as above).
const RECORDS: &[(&str, &str)] = &[
    ("Microsoft.Network/dnsZones/A", "properties.ARecords[0].ipv4Address"),
    ("Microsoft.Network/dnsZones/AAAA", "properties.AAAARecords[0].ipv6Address"),
    ("Microsoft.Network/dnsZones/CNAME", "properties.CNAMERecord.cname"),
    ("Microsoft.Network/privateDnsZones/A", "properties.aRecords[0].ipv4Address"),
    ("Microsoft.Network/privateDnsZones/AAAA", "properties.aaaaRecords[0].ipv6Address"),
    ("Microsoft.Network/privateDnsZones/CNAME", "properties.cnameRecord.cname"),
];

/// The place of `enabled` in the bodies of a type, with the values for true and false.
pub(super) fn endpoint(type_: &str) -> Option<(&'static str, Json, Json)> {
    let switch = ENDPOINTS.iter().find(|switch| switch.type_.eq_ignore_ascii_case(type_))?;
    let (on, off) = switch.words.map_or((Json::from(true), Json::from(false)), |(on, off)| (on.into(), off.into()));
    Some((switch.path, on, off))
}

/// The place of `value` in the bodies of a type.
pub(super) fn record(type_: &str) -> Option<&'static str> {
    RECORDS.iter().find(|(one, _)| one.eq_ignore_ascii_case(type_)).map(|(_, path)| *path)
}
