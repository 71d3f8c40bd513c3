//! Network interface: connects a machine to a subnet.

use crate::providers::azure::ids::AzureId;
use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::machine_profile::admit_region;
use crate::providers::azure::kinds::network::subnet;
use crate::providers::azure::tags::TAGS;

/// Path of the configurations.
pub(super) const CONFIGURATIONS: &str = "properties.ipConfigurations";

static IP_CONFIGURATION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the configuration.").required(),
        arg("subnet", Ty::Ref(&["subnet"]), "properties.subnet.id", "Subnet of the configuration. Required for IPv4.")
            .near(),
        arg(
            "private_ip_address_allocation",
            Ty::Enum(&["Dynamic", "Static"]),
            "properties.privateIPAllocationMethod",
            "Allocation of the private address: by Azure (`Dynamic`), or by `private_ip_address` (`Static`).",
        )
        .filled(Lit::Str("Dynamic"))
        .required(),
        arg("private_ip_address", Ty::Ip, "properties.privateIPAddress", "Private address, with `Static` allocation."),
        arg(
            "private_ip_address_version",
            Ty::Enum(&["IPv4", "IPv6"]),
            "properties.privateIPAddressVersion",
            "IP version.",
        )
        .default(Lit::Str("IPv4")),
        arg(
            "public_ip_address",
            Ty::Ref(&["public_ip"]),
            "properties.publicIPAddress.id",
            "Public IP address of the configuration.",
        )
        .near(),
        arg("primary", Ty::Bool, "properties.primary", "Primary configuration of several. Defaults to the first one."),
    ],
)
.at_least_one();

/// Table of `network_interface`.
pub static KIND: Kind = Kind {
    name: "network_interface",
    about: "Network interface: connects a machine to a subnet.",
    type_: KindType { name: "Microsoft.Network/networkInterfaces", version: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "ip_configuration",
            Ty::Block(&IP_CONFIGURATION),
            CONFIGURATIONS,
            "IP configuration: an address and its subnet.",
        )
        .required(),
        arg(
            "accelerated_networking_enabled",
            Ty::Bool,
            "properties.enableAcceleratedNetworking",
            "Enable accelerated networking, which bypasses the host's switch. Not every machine size supports it.",
        )
        .default(Lit::Bool(false)),
        arg(
            "ip_forwarding_enabled",
            Ty::Bool,
            "properties.enableIPForwarding",
            "Accept traffic for addresses other than its own.",
        )
        .default(Lit::Bool(false)),
        arg(
            "dns_servers",
            Ty::List(&Ty::Ip),
            "properties.dnsSettings.dnsServers",
            "DNS servers of the machine. Defaults to the network's.",
        ),
        arg(
            "internal_dns_name_label",
            Ty::String,
            "properties.dnsSettings.internalDnsNameLabel",
            "DNS name of the interface within the network.",
        )
        .form(&form::network::LABEL),
        arg(
            "auxiliary_mode",
            Ty::Enum(&["AcceleratedConnections", "Floating", "MaxConnections", "None"]),
            "properties.auxiliaryMode",
            "Auxiliary mode, for many connections.",
        ),
        arg(
            "auxiliary_sku",
            Ty::Enum(&["A1", "A2", "A4", "A8", "None"]),
            "properties.auxiliarySku",
            "Auxiliary SKU: performance of `auxiliary_mode`.",
        ),
        TAGS,
    ],
    attributes: &[
        attribute(
            "private_ip_address",
            "properties.ipConfigurations[0].properties.privateIPAddress",
            FakeValue::PrivateIp,
            "Private address of the first configuration.",
        ),
        attribute(
            "private_ip_addresses",
            "properties.ipConfigurations[].properties.privateIPAddress",
            FakeValue::PrivateIp,
            "Private addresses of all configurations.",
        ),
        attribute(
            "mac_address",
            "properties.macAddress",
            FakeValue::Nothing,
            "MAC address, once a machine uses the interface.",
        ),
        attribute(
            "virtual_machine_id",
            "properties.virtualMachine.id",
            FakeValue::Nothing,
            "ID of the machine that uses the interface.",
        ),
        attribute(
            "internal_domain_name_suffix",
            "properties.dnsSettings.internalDomainNameSuffix",
            FakeValue::Text("internal.cloudapp.net"),
            "Domain suffix of the internal DNS name.",
        ),
        attribute(
            "applied_dns_servers",
            "properties.dnsSettings.appliedDnsServers",
            FakeValue::Nothing,
            "DNS servers in effect.",
        ),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 3, update: 5, delete: 10 },
    answers: AnswerStyle::AsyncBody,
    in_use: "NicInUse",
    adoption: Adoption {
        arguments: Some(|_, args| without_chosen_addresses(args.get_mut("ip_configuration"))),
        chosen: &[("properties.nicType", Lit::Str("Standard"))],
        ..Adoption::BY_TABLE
    },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    uncovered: &[
        "extendedLocation",
        "properties.disableTcpStateTracking",
        "properties.ipConfigurations[].properties.applicationGatewayBackendAddressPools",
        "properties.ipConfigurations[].properties.applicationSecurityGroups",
        "properties.ipConfigurations[].properties.gatewayLoadBalancer.id",
        "properties.ipConfigurations[].properties.loadBalancerBackendAddressPools",
        "properties.ipConfigurations[].properties.loadBalancerInboundNatRules",
        "properties.ipConfigurations[].properties.privateIPAddressPrefixLength",
        "properties.ipConfigurations[].properties.virtualNetworkTaps",
        "properties.migrationPhase",
        "properties.networkSecurityGroup.id",
        "properties.nicType",
        "properties.privateLinkService.id",
        "properties.workloadType",
    ],
    simulated: SimulatedBehaviour {
        admit: Some(admit),
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
        ..SimulatedBehaviour::NONE
    },
    transitions: &[Transition::replace(
        "NetworkInterfaceCannotChangeVirtualNetwork",
        "ip_configuration",
        ChangeTest::Where(leaves_network),
        // Source: Azure's reference, on the subnet of a network interface.
        "A network interface stays in its virtual network. Azure moves it between subnets of that network only.",
    )],
    apart: &[
        Exclusive::among_siblings(
            "PrivateIPAddressInUse",
            "address in their subnet",
            "addresses of a subnet",
            &["ip_configuration[].subnet", "ip_configuration[].private_ip_address"],
        )
        .within(ExclusiveWithin::Everywhere)
        .unless("private_ip_address_allocation", Lit::Str("Dynamic"))
        .pool("address_prefixes"),
        Exclusive::among_siblings(
            "PublicIPAddressInUse",
            "public address",
            "users of a public address",
            &["ip_configuration[].public_ip_address"],
        )
        .within(ExclusiveWithin::Everywhere),
    ],
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
        ("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery"),
        (
            "ip_configuration.gateway_load_balancer_frontend_ip_configuration_id",
            "drplan does not support chains of gateway load balancers",
        ),
    ],
    ..crate::providers::azure::KIND
};

/// True if the configurations have no virtual network in common any more.
fn leaves_network(old: &Json, new: &Json) -> bool {
    let networks = |configurations: &Json| -> Vec<ObjectId> {
        let all = configurations.as_array().into_iter().flatten();
        all.filter_map(|one| ObjectId::new(one.get("subnet")?.as_str()?).parent()).collect()
    };
    let (old, new) = (networks(old), networks(new));
    !old.is_empty() && !new.is_empty() && !old.iter().any(|network| new.contains(network))
}

/// An address that Azure chose is an attribute, not an argument.
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
                summary: format!(
                    "`{}` has a private address and `Dynamic` allocation",
                    text("name").unwrap_or_default()
                ),
                why: "With `Dynamic`, Azure ignores the address.".to_owned(),
                help: "Set `private_ip_address_allocation = \"Static\"`, or remove the address.".to_owned(),
            });
        }
    }
    subnet::check_addresses(subject, "ip_configuration", findings);
    if configurations
        .is_some_and(|all| all.len() > 1 && all.iter().filter(|one| is_primary(one, "primary")).count() != 1)
    {
        findings.push(Finding {
            argument: "ip_configuration",
            summary: "several configurations need exactly one primary".to_owned(),
            why: String::new(),
            help: "Set `primary = true` in one of them.".to_owned(),
        });
    }
}

fn is_primary(configuration: &Json, at: &str) -> bool {
    path::borrow(configuration, at).and_then(Json::as_bool) == Some(true)
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
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

/// A link to an interface names one of its configurations.
pub(super) fn check_configuration(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let Some(wanted) = subject.text("ip_configuration_name") else { return };
    let names: Option<Vec<String>> = subject.with("network_interface", |interface| {
        let all = interface.args.get("ip_configuration").and_then(Json::as_array).into_iter().flatten();
        all.filter_map(|one| one.get("name").and_then(Json::as_str)).map(str::to_owned).collect()
    });
    if let Some(names) = names.filter(|names| !names.is_empty())
        && !names.iter().any(|name| name.eq_ignore_ascii_case(wanted))
    {
        findings.push(Finding {
            argument: "ip_configuration_name",
            summary: format!("the network interface has no configuration `{wanted}`"),
            why: String::new(),
            help: format!("Use one of {}.", names.join(", ")),
        });
    }
}

/// Refuses static addresses outside of their subnet, links to resources of another region, and links to load balancers
/// and addresses of different SKUs.
fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    subnet::admit_addresses(cloud, path::items(body, CONFIGURATIONS))?;
    let mut linked: Vec<ObjectId> =
        path::text(body, "properties.networkSecurityGroup.id").map(ObjectId::new).into_iter().collect();
    let mut skus: Vec<String> = Vec::new();
    for configuration in path::items(body, CONFIGURATIONS) {
        let lists = ["properties.loadBalancerBackendAddressPools", "properties.loadBalancerInboundNatRules"];
        let parts = lists.iter().flat_map(|list| path::items(configuration, list));
        let parts: Vec<ObjectId> = parts.filter_map(|one| path::text(one, "id")).map(ObjectId::new).collect();
        let address = path::text(configuration, "properties.publicIPAddress.id").map(ObjectId::new);
        let owners = parts.iter().filter_map(ObjectId::parent).chain(address);
        let sku = |owner: ObjectId| {
            cloud.get(&owner).map(|owner| path::text(owner, "sku.name").unwrap_or("Basic").to_owned())
        };
        skus.extend(owners.filter_map(sku));
        linked.extend(parts);
    }
    linked.iter().try_for_each(|to| admit_region(cloud, id, body, to))?;
    if skus.iter().any(|sku| sku == "Basic") && skus.iter().any(|sku| sku != "Basic") {
        return Err(Refusal {
            status: 400,
            code: "DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed",
            message: format!(
                "Different basic sku and standard sku load balancer or public Ip resources in availability set or network interface {id} are not allowed."
            ),
        });
    }
    Ok(())
}

/// Leads to its machine.
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &str) -> Lead {
    let machine = cloud.get(id).and_then(|body| path::text(body, "properties.virtualMachine.id")).map(ObjectId::new);
    machine.map_or(Lead::Nowhere("its network interface is on no machine"), |machine| Lead::Objects(vec![machine]))
}
