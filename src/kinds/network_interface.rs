//! A network interface: where a machine is on a subnet.

use serde_json::Value as Json;

use super::path;
use super::table::*;
use crate::address::ArmId;

const CONFIGURATIONS: &str = "properties.ipConfigurations";

static IP_CONFIGURATION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "The name of the configuration.").required(),
        arg("subnet", Ty::Ref(&["subnet"]), "properties.subnet.id", "The subnet it is on; IPv4 needs one."),
        arg(
            "private_ip_address_allocation",
            Ty::Enum(&["Dynamic", "Static"]),
            "properties.privateIPAllocationMethod",
            "Whether Azure chooses the private address, or `private_ip_address` says it.",
        )
        .required(),
        arg("private_ip_address", Ty::Ip, "properties.privateIPAddress", "The private address, where it is static."),
        arg(
            "private_ip_address_version",
            Ty::Enum(&["IPv4", "IPv6"]),
            "properties.privateIPAddressVersion",
            "The version of IP.",
        )
        .default(Lit::Str("IPv4")),
        arg(
            "public_ip_address",
            Ty::Ref(&["public_ip"]),
            "properties.publicIPAddress.id",
            "The public address it can be reached at.",
        ),
        arg(
            "primary",
            Ty::Bool,
            "properties.primary",
            "Whether it is the first of several; the first one written without it.",
        ),
    ],
)
.at_least_one();

/// The table.
pub static KIND: Kind = Kind {
    name: "network_interface",
    about: "A network interface: where a machine is on a subnet.",
    arm: Arm { type_: "Microsoft.Network/networkInterfaces", api: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg("ip_configuration", Ty::Block(&IP_CONFIGURATION), CONFIGURATIONS, "An address and its subnet.").required(),
        arg(
            "accelerated_networking_enabled",
            Ty::Bool,
            "properties.enableAcceleratedNetworking",
            "Whether packets bypass the host's switch; not every machine size can.",
        )
        .default(Lit::Bool(false)),
        arg(
            "ip_forwarding_enabled",
            Ty::Bool,
            "properties.enableIPForwarding",
            "Whether it takes traffic that is not for its own addresses.",
        )
        .default(Lit::Bool(false)),
        arg(
            "dns_servers",
            Ty::List(&Ty::Ip),
            "properties.dnsSettings.dnsServers",
            "The DNS servers of the machine; those of the network without it.",
        ),
        arg(
            "internal_dns_name_label",
            Ty::String,
            "properties.dnsSettings.internalDnsNameLabel",
            "The name by which machines of the network find it.",
        ),
        arg(
            "auxiliary_mode",
            Ty::Enum(&["AcceleratedConnections", "Floating", "MaxConnections", "None"]),
            "properties.auxiliaryMode",
            "How it is made faster for many connections.",
        ),
        arg(
            "auxiliary_sku",
            Ty::Enum(&["A1", "A2", "A4", "A8", "None"]),
            "properties.auxiliarySku",
            "How much faster, for `auxiliary_mode`.",
        ),
        TAGS,
    ],
    attributes: &[
        attribute(
            "private_ip_address",
            "properties.ipConfigurations[0].properties.privateIPAddress",
            Fake::PrivateIp,
            "The private address of its first configuration.",
        ),
        attribute(
            "private_ip_addresses",
            "properties.ipConfigurations[].properties.privateIPAddress",
            Fake::PrivateIp,
            "The private addresses of all its configurations.",
        ),
        attribute("mac_address", "properties.macAddress", Fake::Nothing, "The MAC address, once it is on a machine."),
        attribute(
            "virtual_machine_id",
            "properties.virtualMachine.id",
            Fake::Nothing,
            "The id of the machine it is on.",
        ),
        attribute(
            "internal_domain_name_suffix",
            "properties.dnsSettings.internalDomainNameSuffix",
            Fake::Text("internal.cloudapp.net"),
            "The domain of its internal name.",
        ),
        attribute(
            "applied_dns_servers",
            "properties.dnsSettings.appliedDnsServers",
            Fake::Nothing,
            "The DNS servers that are in force.",
        ),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 3, update: 5, delete: 10 },
    answers: Answers::AsyncBody,
    in_use: "NicInUse",
    adoption: Adoption {
        arguments: Some(|_, args| without_chosen_addresses(args.get_mut("ip_configuration"))),
        ..Adoption::BY_TABLE
    },
    odd: Odd { check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        settle: Some(settle),
        leads: Some(leads),
        accepts: &[
            "extendedLocation",
            "properties.disableTcpStateTracking",
            "properties.ipConfigurations[].properties.applicationSecurityGroups[].id",
            "properties.ipConfigurations[].properties.gatewayLoadBalancer.id",
            "properties.ipConfigurations[].properties.loadBalancerBackendAddressPools[].id",
            "properties.ipConfigurations[].properties.loadBalancerInboundNatRules[].id",
            "properties.networkSecurityGroup.id",
            "properties.nicType",
        ],
        ..Simulated::NONE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

virtual_network "example" {
  resource_group = resource_group.example
  address_space  = ["10.10.0.0/16"]
}

subnet "example" {
  virtual_network  = virtual_network.example
  address_prefixes = ["10.10.1.0/24"]
}

network_interface "example" {
  resource_group = resource_group.example

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.example
    private_ip_address_allocation = "Dynamic"
  }
}
"#,
    left_out: &[
        ("edge_zone", "an edge zone has neither availability zones nor a pair to recover in"),
        (
            "ip_configuration.gateway_load_balancer_frontend_ip_configuration_id",
            "chains of gateway load balancers are not described here",
        ),
    ],
    ..Kind::EMPTY
};

/// An address that Azure chose is not written: it is an attribute.
pub(super) fn without_chosen_addresses(configurations: Option<&mut Json>) {
    for configuration in configurations.and_then(Json::as_array_mut).into_iter().flatten() {
        let is_static = path::text(configuration, "private_ip_address_allocation") == Some("Static");
        if let Json::Object(configuration) = configuration
            && !is_static
        {
            configuration.remove("private_ip_address");
        }
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let configurations = subject.args.get("ip_configuration").and_then(Json::as_array);
    for configuration in configurations.into_iter().flatten() {
        let text = |argument: &str| configuration.get(argument).and_then(Json::as_str);
        if text("private_ip_address_allocation") == Some("Dynamic") && text("private_ip_address").is_some() {
            findings.push(Finding {
                argument: "ip_configuration",
                summary: format!("`{}` has an address that Azure is to choose", text("name").unwrap_or_default()),
                why: "With `Dynamic` the address that is written does not count.".to_owned(),
                help: "Write `private_ip_address_allocation = \"Static\"`, or leave the address out.".to_owned(),
            });
        }
    }
    if configurations
        .is_some_and(|all| all.len() > 1 && all.iter().filter(|one| is_primary(one, "primary")).count() != 1)
    {
        findings.push(Finding {
            argument: "ip_configuration",
            summary: "of several configurations exactly one is primary".to_owned(),
            why: String::new(),
            help: "Write `primary = true` in one of them.".to_owned(),
        });
    }
}

fn is_primary(configuration: &Json, at: &str) -> bool {
    path::borrow(configuration, at).and_then(Json::as_bool) == Some(true)
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    let Some(list) =
        cloud.get_mut(id).and_then(|body| path::borrow_mut(body, CONFIGURATIONS)).and_then(Json::as_array_mut)
    else {
        return;
    };
    let has_primary = list.iter().any(|configuration| is_primary(configuration, "properties.primary"));
    for (at, configuration) in list.iter_mut().enumerate() {
        path::fill(configuration, "properties.primary", at == 0 && !has_primary);
    }
}

/// To its machine.
fn leads(cloud: &dyn Cloudlet, id: &ArmId) -> Leads {
    let machine = cloud.get(id).and_then(|body| path::text(body, "properties.virtualMachine.id")).map(ArmId::new);
    machine.map_or(Leads::Nowhere("its network interface is on no machine"), |machine| Leads::Objects(vec![machine]))
}
