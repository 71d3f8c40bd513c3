//! Forms of networks: ports, service tags, ranges of networks and subnets.

use std::net::{IpAddr, Ipv4Addr};

use crate::diagnostic::closest;
use crate::kinds::form::network::{IPV4_RANGE, range_fault};
use crate::kinds::form::{Form, unless};
use crate::ranges::Range;

/// A port, a range of ports, or `*` in a security rule (source: the message of `SecurityRuleInvalidPortRange`).
pub static PORTS: Form = Form::new(
    "`*`, a port or a range of ports, as in \"443\" or \"8000-8080\"",
    &["443", "8000-8080"],
    "SecurityRuleInvalidPortRange",
    |text| {
        let port = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|_| digits)
        };
        if text == "*" {
            return None;
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => None,
            (Some(_), Some(_)) => Some("begins after its end".to_owned()),
            _ => Some("is neither `*` nor a number from 0 to 65535 nor a range of such numbers".to_owned()),
        }
    },
);

/// Service tags (source: Azure's list of service tags). A tag that is not among them may be new: only one that is
/// close to one of them is refused.
const TAGS: &[&str] = &[
    "ActionGroup",
    "ApiManagement",
    "AppConfiguration",
    "ApplicationInsightsAvailability",
    "AppService",
    "AppServiceManagement",
    "AutonomousDevelopmentPlatform",
    "AzureActiveDirectory",
    "AzureActiveDirectoryDomainServices",
    "AzureAdvancedThreatProtection",
    "AzureAPIForFHIR",
    "AzureArcInfrastructure",
    "AzureAttestation",
    "AzureBackup",
    "AzureBotService",
    "AzureCloud",
    "AzureCognitiveSearch",
    "AzureConnectors",
    "AzureContainerAppsService",
    "AzureContainerRegistry",
    "AzureCosmosDB",
    "AzureDatabricks",
    "AzureDataExplorerManagement",
    "AzureDeviceUpdate",
    "AzureDevOps",
    "AzureDigitalTwins",
    "AzureEventGrid",
    "AzureFrontDoor",
    "AzureHealthcareAPIs",
    "AzureInformationProtection",
    "AzureIoTHub",
    "AzureKeyVault",
    "AzureLoadBalancer",
    "AzureLoadTestingInstanceManagement",
    "AzureMachineLearning",
    "AzureMachineLearningInference",
    "AzureManagedGrafana",
    "AzureMonitor",
    "AzureMonitorForSAP",
    "AzureOpenDatasets",
    "AzurePlatformDNS",
    "AzurePlatformIMDS",
    "AzurePlatformLKM",
    "AzureResourceManager",
    "AzureSentinel",
    "AzureSignalR",
    "AzureSiteRecovery",
    "AzureSphere",
    "AzureSpringCloud",
    "AzureStack",
    "AzureTrafficManager",
    "AzureUpdateDelivery",
    "AzureVideoIndexer",
    "AzureWebPubSub",
    "BatchNodeManagement",
    "ChaosStudio",
    "CognitiveServicesFrontend",
    "CognitiveServicesManagement",
    "DataFactory",
    "DataFactoryManagement",
    "Dynamics365BusinessCentral",
    "Dynamics365ForMarketingEmail",
    "EOPExternalPublishedIPs",
    "EventHub",
    "GatewayManager",
    "GenevaActions",
    "GuestAndHybridManagement",
    "HDInsight",
    "Internet",
    "KustoAnalytics",
    "LogicApps",
    "LogicAppsManagement",
    "M365ManagementActivityApi",
    "M365ManagementActivityApiWebhook",
    "MicrosoftAzureFluidRelay",
    "MicrosoftCloudAppSecurity",
    "MicrosoftContainerRegistry",
    "MicrosoftDefenderForEndpoint",
    "MicrosoftPurviewPolicyDistribution",
    "OneDsCollector",
    "PowerBI",
    "PowerPlatformInfra",
    "PowerPlatformPlex",
    "PowerQueryOnline",
    "Scuba",
    "SerialConsole",
    "ServiceBus",
    "ServiceFabric",
    "Sql",
    "SqlManagement",
    "Storage",
    "StorageMover",
    "StorageSyncService",
    "TrustedHardwareIdentityManagement",
    "VideoIndexer",
    "VirtualDesktop",
    "VirtualNetwork",
    "WindowsAdminCenter",
    "WindowsVirtualDesktop",
];

/// The reason why a text is neither a range of addresses nor a service tag.
fn tag_or_range(text: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_';
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_word) {
        let tag = text.split('.').next().unwrap_or(text);
        if TAGS.iter().any(|known| known.eq_ignore_ascii_case(tag)) {
            return None;
        }
        return closest(tag, TAGS.iter().copied()).map(|known| format!("is no service tag; did you mean `{known}`?"));
    }
    match text.split_once('/') {
        None => unless(text.parse::<IpAddr>().is_ok(), "is neither an address nor a range nor a service tag"),
        Some(_) => range_fault(text),
    }
}

/// Source or destination of a security rule (source: the message of `SecurityRuleInvalidAddressPrefix`).
pub static PREFIX: Form = Form::new(
    "`*`, an address, an address range or a service tag, as in \"10.0.0.0/16\" or \"Internet\"",
    &["10.0.0.0/16", "Internet"],
    "SecurityRuleInvalidAddressPrefix",
    |text| if text == "*" { None } else { tag_or_range(text) },
);

/// Destination of a route.
pub static ROUTE: Form = Form::new(
    "an address range or a service tag, as in \"0.0.0.0/0\" or \"Storage\"",
    &["10.0.0.0/16", "Storage"],
    "InvalidAddressPrefix",
    |text| {
        if text.parse::<IpAddr>().is_ok() {
            return Some("is an address; a range has a prefix length, as in \"10.0.0.4/32\"".to_owned());
        }
        tag_or_range(text)
    },
);

/// Ranges that no virtual network may have (source: Microsoft's questions and answers on virtual networks).
const FORBIDDEN: [&str; 5] = ["224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32"];

fn forbidden(text: &str) -> Option<String> {
    let range = Range::parse(text)?;
    let hit = FORBIDDEN.iter().find(|forbidden| Range::parse(forbidden).is_some_and(|other| other.overlaps(range)));
    hit.map(|hit| format!("has addresses of {hit}, which Azure reserves"))
}

/// A range of a virtual network.
pub static SPACE: Form = Form::new(
    "a range of a network, as in \"10.0.0.0/16\"",
    &["10.20.0.0/16", "10.30.0.0/16"],
    "InvalidAddressPrefix",
    forbidden,
);

/// A range of a subnet (source: as above: /29 is the smallest IPv4 range and /2 the largest, and IPv6 has /64).
pub static SUBNET: Form = Form::new(
    "a range of a subnet, as in \"10.0.1.0/24\"",
    &["10.10.2.0/24", "10.10.3.0/24"],
    "NetcfgInvalidSubnet",
    |text| {
        let bits = text.split_once('/').and_then(|(_, bits)| bits.parse::<u8>().ok())?;
        match text.contains(':') {
            true if bits != 64 => Some("is an IPv6 range, which must have the prefix length 64 in a subnet".to_owned()),
            false if !(2..=29).contains(&bits) => {
                Some(format!("has the prefix length {bits}, and a subnet has 2 to 29"))
            }
            _ => forbidden(text),
        }
    },
);

/// Name of a part of a network resource (source: Azure's naming rules for Microsoft.Network).
pub static NAME: Form = Form::new(
    "a name of 1 to 80 letters, digits, `.`, `_` and `-`",
    &["example", "another"],
    "InvalidResourceName",
    |text| {
        let inner = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let ends = text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        unless(
            inner && begins && ends && text.len() <= 80,
            "does not start with a letter or digit, ends with `.` or `-`, or has other characters",
        )
    },
);

/// A public IPv4 address or range in the firewall of a storage account or a key vault (source: azurerm's documentation
/// of `ip_rules`; Microsoft's page on storage firewalls).
pub static PUBLIC_RANGE: Form = Form::new(
    "a public IPv4 address or range, as in \"192.0.2.10\" or \"192.0.2.0/24\"",
    &["198.51.100.10", "198.51.100.0/24"],
    "InvalidValuesForRequestParameters",
    |text| {
        if let Some(why) = (IPV4_RANGE.fault)(text) {
            return Some(why);
        }
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        let is_private = address.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_private());
        match bits {
            _ if is_private => Some("is private, and the firewall knows public addresses only".to_owned()),
            "31" | "32" => Some("is written as addresses without a prefix length".to_owned()),
            _ => None,
        }
    },
);

/// Azure's names of the community of a network.
pub static BGP_COMMUNITY: Form = Form::new(
    "a BGP community, as in \"12076:20000\"",
    &["12076:20000", "12076:20001"],
    "InvalidBgpCommunity",
    |text| {
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok();
        unless(text.split_once(':').is_some_and(|(one, other)| number(one) && number(other)), "is no BGP community")
    },
);

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<'a>(form: &Form, texts: &[&'a str]) -> Vec<&'a str> {
        texts.iter().copied().filter(|text| form.read(text).is_err()).collect()
    }

    #[test]
    fn ports_are_numbers_in_order() {
        assert_eq!(refused(&PORTS, &["*", "0", "443", "1-65535"]), Vec::<&str>::new());
        let wrong = ["65536", "8080-80", "http", "", "1-", "1,2", "-1", "+1", "1-2-3"];
        assert_eq!(refused(&PORTS, &wrong), wrong);
    }

    #[test]
    fn prefixes_are_ranges_or_tags() {
        let right = ["*", "VirtualNetwork", "internet", "Storage.WestEurope", "10.0.0.1", "fd00::/8", "10.1.2.3/16"];
        assert_eq!(refused(&PREFIX, &right), Vec::<&str>::new());
        // A tag of next year is not refused.
        assert_eq!(refused(&PREFIX, &["QuantumRelay"]), Vec::<&str>::new());
        let wrong = ["Internets", "VirtualNetworks", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/", "fd00::/129", "a b"];
        assert_eq!(refused(&PREFIX, &wrong), wrong);
        assert_eq!(refused(&ROUTE, &["0.0.0.0/0", "10.0.0.4"]), ["10.0.0.4"]);
    }

    #[test]
    fn ranges_of_networks_leave_out_what_azure_reserves() {
        assert_eq!(
            refused(&SPACE, &["10.0.0.0/8", "127.0.0.0/8", "168.63.0.0/16", "fd00::/48"]),
            ["127.0.0.0/8", "168.63.0.0/16"]
        );
        let wrong = ["10.0.0.0/30", "169.254.1.0/24", "fd00::/48", "0.0.0.0/1"];
        assert_eq!(refused(&SUBNET, &wrong), wrong);
        assert_eq!(refused(&SUBNET, &["10.0.0.0/29", "fd00::/64"]), Vec::<&str>::new());
        assert_eq!(refused(&NAME, &["a", "a_", "1.b", "a.", "-a", "a b", ""]), ["a.", "-a", "a b", ""]);
    }

    #[test]
    fn firewalls_take_public_ranges() {
        let wrong = ["10.0.0.0/24", "192.168.1.1", "198.51.100.0/31", "198.51.100.7/32", "fd00::1", "x"];
        assert_eq!(refused(&PUBLIC_RANGE, &wrong), wrong);
        assert_eq!(refused(&PUBLIC_RANGE, &["198.51.100.7", "198.51.100.0/30"]), Vec::<&str>::new());
    }
}
