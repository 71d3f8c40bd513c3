//! Subnet: an address range of a virtual network, and the connectivity of its machines.

use crate::providers::azure::forms;
use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::machine_profile::admit_region;
use crate::providers::azure::kinds::network::virtual_network;
use crate::ranges::{Range, outside, overlap};
use crate::value::{Map, Value};

const TYPE: &str = "Microsoft.Network/virtualNetworks/subnets";
const PREFIXES: &str = "properties.addressPrefixes";
const PREFIX: &str = "properties.addressPrefix";

static DELEGATION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the delegation.").required(),
        arg(
            "service_delegation",
            Ty::Block(&SERVICE_DELEGATION),
            "properties",
            "Service that the subnet is delegated to.",
        )
        .required(),
    ],
);

static SERVICE_DELEGATION: Block = Block::one(&[arg(
    "name",
    Ty::String,
    "serviceName",
    "Service that may deploy resources into the subnet, as in `Microsoft.DBforPostgreSQL/flexibleServers`.",
)
.required()])
.at_least_one();

static SERVICE_ENDPOINT: Block = Block::many(
    "service",
    &[
        arg("service", Ty::String, "service", "Name of the service, as in `Microsoft.Storage`.").required(),
        arg(
            "network_identifier",
            Ty::Ref(&["public_ip"]),
            "networkIdentifier.id",
            "Public IP address by which the service identifies this subnet.",
        ),
    ],
);

/// Table of `subnet`.
pub static KIND: Kind = Kind {
    name: "subnet",
    about: "Subnet: an address range of a virtual network, and the connectivity of its machines.",
    type_: KindType { name: TYPE, version: "2025-09-01" },
    place: Place::Child("virtual_network", "subnets"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("virtual_network", &["virtual_network"], "Virtual network of the subnet."),
        arg(
            "address_prefixes",
            Ty::List(&Ty::Cidr),
            PREFIXES,
            "Address ranges of the subnet, within the network's ranges. Azure reserves five addresses of each.",
        )
        .form(&forms::network::SUBNET)
        .required(),
        arg(
            "default_outbound_access_enabled",
            Ty::Bool,
            "properties.defaultOutboundAccess",
            "Enable outbound internet access for machines without a public address or NAT gateway.",
        )
        .default(Lit::Bool(true)),
        arg(
            "delegation",
            Ty::Block(&DELEGATION),
            "properties.delegations",
            "Delegation to a service, which alone may deploy resources into the subnet.",
        )
        .default(Lit::EmptyList),
        arg(
            "private_endpoint_network_policies",
            Ty::Enum(&["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"]),
            "properties.privateEndpointNetworkPolicies",
            "Network policies that apply to private endpoints: security rules, route tables, both or none.",
        )
        .default(Lit::Str("Disabled")),
        arg(
            "private_link_service_network_policies_enabled",
            Ty::Bool,
            "",
            "Apply network security rules to private link services.",
        )
        .wire(Wire::Mapped("properties.privateLinkServiceNetworkPolicies", ENABLED))
        .default(Lit::Bool(true)),
        arg(
            "service_endpoint",
            Ty::Block(&SERVICE_ENDPOINT),
            "properties.serviceEndpoints",
            "Service endpoint: direct access to an Azure service over Azure's backbone.",
        )
        .default(Lit::EmptyList),
        arg(
            "service_endpoint_policies",
            Ty::Set(&Ty::Ref(&[])),
            "properties.serviceEndpointPolicies[].id",
            "Policies that restrict the resources that service endpoints reach.",
        ),
        arg(
            "sharing_scope",
            Ty::Enum(&["Tenant"]),
            "properties.sharingScope",
            "Sharing with other subscriptions: `Tenant` allows all of the same tenant.",
        ),
    ],
    drill: Drill { copying: DrillCopy::Along, rewrites: Some(rehearsed), fence: Fence::Wanted },
    durations: Durations { create: 4, update: 4, delete: 10 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "InUseSubnetCannotBeDeleted",
    apart: &[Exclusive::among_siblings(
        "NetcfgSubnetRangesOverlap",
        "address range",
        "ranges of a network",
        &["address_prefixes"],
    )
    .overlapping()
    .pool("address_space")],
    held: &["address_prefixes"],
    odd: Overrides { decode: Some(decode), check: Some(check), ..Overrides::NONE },
    uncovered: &[
        "properties.applicationGatewayIPConfigurations",
        "properties.ipAllocations",
        "properties.ipamPoolPrefixAllocations",
        "properties.natGateway.id",
        "properties.networkSecurityGroup.id",
        "properties.routeTable.id",
        "properties.serviceGateway.id",
    ],
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        accepts: &[
            PREFIX,
            "properties.ipamPoolPrefixAllocations",
            "properties.natGateway.id",
            "properties.routeTable.id",
            "properties.serviceEndpoints[].locations",
        ],
        spared: &[PREFIXES],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform {
        fifth: &["service_endpoint"],
        inline: Some(("virtual_network", "subnet")),
        renamed: &[
            ("virtual_network", "virtual_network_name"),
            ("service_endpoint.network_identifier", "service_endpoint.network_identifier"),
        ],
        follows: &[("resource_group_name", "virtual_network", "resource_group_name")],
        ..Terraform::BY_RULE
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
"#,
    left_out: &[
        ("delegation.service_delegation.actions", "Azure derives them from the service"),
        ("ip_address_pool", "Azure would choose the range, and drplan could not detect an overlap before apply"),
        ("network_security_group_id_wo", "drplan has a kind `subnet_network_security_group_association`"),
        ("network_security_group_id_wo_version", "belongs to `network_security_group_id_wo`"),
        ("route_table_id_wo", "write-only: drplan could not detect drift"),
        ("route_table_id_wo_version", "belongs to `route_table_id_wo`"),
    ],
    ..crate::providers::azure::KIND
};

/// Azure may return a subnet that was created with one range with `addressPrefix` instead of a list.
fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let single = answers.iter().find_map(|body| path::borrow(body, PREFIX)).filter(|prefix| prefix.is_string());
    if let Some(prefix) = single
        && !args.contains_key("address_prefixes")
    {
        args.insert("address_prefixes".to_owned(), Json::Array(vec![prefix.clone()]));
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let strings = |args: &JsonMap<String, Json>, name: &str| -> Vec<String> {
        args.get(name)
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect()
    };
    let Some(space) = subject.with("virtual_network", |network| strings(network.args, "address_space")) else { return };
    let prefixes = strings(subject.args, "address_prefixes");
    let outer: Vec<&str> = space.iter().map(String::as_str).collect();
    let inner: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    // While the network's ranges are unknown, the subnet cannot be checked.
    if let (false, Some(prefix)) = (space.is_empty(), outside(&inner, &outer)) {
        findings.push(Finding {
            argument: "address_prefixes",
            summary: format!("`{prefix}` is outside the address space of the virtual network"),
            why: "Azure rejects a subnet outside the ranges of its virtual network.".to_owned(),
            help: format!("Choose a range within {}, or add one to the network's `address_space`.", space.join(", ")),
        });
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let Some(network) = id.parent() else { return Ok(()) };
    let refused = |code, message| Err(Refusal { status: 400, code, message });
    let own = prefixes(body);
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    if own.is_empty() && path::borrow(body, "properties.ipamPoolPrefixAllocations").is_none() {
        return refused("MissingAddressPrefix", format!("Subnet '{}' has no address prefix.", id.name()));
    }
    for at in ["properties.natGateway.id", "properties.networkSecurityGroup.id", "properties.routeTable.id"] {
        if let (Some(to), Some(network)) = (path::text(body, at).map(ObjectId::new), cloud.get(&network)) {
            admit_region(cloud, id, network, &to)?;
        }
    }
    // The ranges are unknown if the network is created by the same request.
    let Some(space) = cloud.get(&network).map(|body| path::items(body, virtual_network::SPACE)) else { return Ok(()) };
    let space: Vec<&str> = space.iter().filter_map(Json::as_str).collect();
    if outside(&own, &space).is_some() {
        let message = format!("Subnet '{}' is not valid in virtual network '{}'.", id.name(), network.name());
        return refused("NetcfgInvalidSubnet", message);
    }
    if let Some(gone) = left_out(cloud, id, body) {
        let message = format!("IpPrefix {gone} on Subnet {} has active allocations and cannot be deleted.", id.name());
        return refused("InUsePrefixCannotBeDeleted", message);
    }
    for sibling in of_network(cloud, &network).iter().filter(|sibling| *sibling != id) {
        let others = cloud.get(sibling).map(prefixes).unwrap_or_default();
        if overlap(&own, &others.iter().map(String::as_str).collect::<Vec<_>>()).is_some() {
            let message = format!(
                "Subnet '{}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '{}'.",
                id.name(),
                network.name()
            );
            return refused("NetcfgSubnetRangesOverlap", message);
        }
    }
    Ok(())
}

/// The reason why no interface or frontend can have an address in a subnet with these ranges.
fn address_fault(address: &str, ranges: &[String]) -> Option<(&'static str, String)> {
    let ip: std::net::Ipv4Addr = address.parse().ok()?;
    let own = Range::parse(&format!("{ip}/32"))?;
    let ranges: Vec<Range> =
        ranges.iter().filter_map(|range| Range::parse(range)).filter(|range| !range.is_v6()).collect();
    let Some(range) = ranges.iter().find(|range| range.contains(own)) else {
        return (!ranges.is_empty()).then(|| ("PrivateIPAddressNotInSubnet", "is outside the subnet".to_owned()));
    };
    let (first, last) = (range.start().1, range.end().1);
    let at = u128::from(u32::from(ip));
    let is_kept = at < first + 4 || at == last;
    is_kept.then(|| {
        let why = "is one of the first four addresses or the last one of the subnet, which Azure keeps";
        ("PrivateIPAddressInReservedRange", why.to_owned())
    })
}

/// Reports static addresses that the subnet of their configuration does not have.
pub(super) fn check_addresses(subject: &Subject<'_>, argument: &'static str, findings: &mut Vec<Finding>) {
    for configuration in subject.args.get(argument).and_then(Json::as_array).into_iter().flatten() {
        let text = |name: &str| configuration.get(name).and_then(Json::as_str);
        let (Some(address), Some(subnet)) = (text("private_ip_address"), text("subnet")) else { continue };
        let ranges = subject.with_id(&ObjectId::new(subnet), |subnet| {
            let ranges = subnet.args.get("address_prefixes").and_then(Json::as_array).into_iter().flatten();
            ranges.filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>()
        });
        let Some(ranges) = ranges else { continue };
        if let Some((_, why)) = address_fault(address, &ranges) {
            findings.push(Finding {
                argument,
                summary: format!("the private address {address} {why}"),
                why: String::new(),
                help: format!("Choose another address within {}.", ranges.join(", ")),
            });
        }
    }
}

/// Refuses static addresses that the subnet of their configuration does not have.
pub(super) fn admit_addresses(cloud: &dyn SimulatedWorld, configurations: &[Json]) -> Result<(), Refusal> {
    for configuration in configurations {
        let text = |at: &str| path::text(configuration, at);
        let is_static =
            text("properties.privateIPAllocationMethod").is_some_and(|how| how.eq_ignore_ascii_case("Static"));
        let (Some(address), Some(subnet)) = (text("properties.privateIPAddress"), text("properties.subnet.id")) else {
            continue;
        };
        let ranges = cloud.get(&ObjectId::new(subnet)).map(prefixes).unwrap_or_default();
        if let Some((code, why)) = address_fault(address, &ranges).filter(|_| is_static) {
            let message = format!("IP address {address} {why} {subnet}.");
            return Err(Refusal { status: 400, code, message });
        }
    }
    Ok(())
}

/// The address of a configuration in a subnet that a new range leaves out.
fn left_out(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Option<String> {
    let (old, new) = (prefixes(cloud.get(id)?), prefixes(body));
    let gone = old.into_iter().find(|range| !new.contains(range))?;
    let lists = [
        "properties.ipConfigurations",
        "properties.frontendIPConfigurations",
        "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations",
        "properties.network",
    ];
    let uses = |user: &ObjectId| {
        let text = cloud.get(user).map(|body| {
            let parts = lists.iter().filter_map(|at| path::borrow(body, at));
            parts.map(|part| part.to_string().to_lowercase()).collect::<String>()
        });
        text.is_some_and(|text| text.contains(&format!("\"{}\"", id.folded())))
    };
    cloud.users(id).iter().any(uses).then_some(gone)
}

/// Subnets of a simulated network.
pub(super) fn of_network(cloud: &dyn SimulatedWorld, network: &ObjectId) -> Vec<ObjectId> {
    let is_subnet = |id: &ObjectId| id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(TYPE));
    cloud.below(network).into_iter().filter(is_subnet).collect()
}

/// Address ranges of a subnet's body.
pub(super) fn prefixes(body: &Json) -> Vec<String> {
    let list = path::items(body, PREFIXES).iter().filter_map(Json::as_str);
    list.chain(path::text(body, PREFIX)).map(str::to_owned).collect()
}

/// A drill closes all ways out: Azure's default outbound access, and service endpoints that admit this subnet.
fn rehearsed(args: &mut Map) {
    args.insert("default_outbound_access_enabled".into(), Value::from(false));
    args.insert("service_endpoint".into(), Vec::new().into());
    args.remove("service_endpoint_policies");
    args.remove("sharing_scope");
}
