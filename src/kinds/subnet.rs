//! A subnet: a range of a virtual network, with what its machines may reach.

use serde_json::{Map as JsonMap, Value as Json};

use super::ranges::{outside, overlap};
use super::table::*;
use super::{path, virtual_network};
use crate::address::ArmId;
use crate::value::{Map, Value};

const TYPE: &str = "Microsoft.Network/virtualNetworks/subnets";
const PREFIXES: &str = "properties.addressPrefixes";
const PREFIX: &str = "properties.addressPrefix";

static DELEGATION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "The name of the delegation.").required(),
        arg("service_delegation", Ty::Block(&SERVICE_DELEGATION), "properties", "The service it is delegated to.")
            .required(),
    ],
);

static SERVICE_DELEGATION: Block = Block::one(&[arg(
    "name",
    Ty::String,
    "serviceName",
    "The service that may put its resources here, as in `Microsoft.DBforPostgreSQL/flexibleServers`.",
)
.required()])
.at_least_one();

static SERVICE_ENDPOINT: Block = Block::many(
    "service",
    &[
        arg("service", Ty::String, "service", "The service, as in `Microsoft.Storage`.").required(),
        arg(
            "network_identifier",
            Ty::Ref(&["public_ip"]),
            "networkIdentifier.id",
            "The public address by which the service knows this subnet.",
        ),
    ],
);

/// The table.
pub static KIND: Kind = Kind {
    name: "subnet",
    about: "A subnet: a range of a virtual network, with what its machines may reach.",
    arm: Arm { type_: TYPE, api: "2025-09-01" },
    place: Place::Child("virtual_network", "subnets"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("virtual_network", &["virtual_network"], "The virtual network it is part of."),
        arg(
            "address_prefixes",
            Ty::List(&Ty::Cidr),
            PREFIXES,
            "Its ranges, each within the network's; Azure keeps five addresses of each for itself.",
        )
        .required(),
        arg(
            "default_outbound_access_enabled",
            Ty::Bool,
            "properties.defaultOutboundAccess",
            "Whether machines without an address or gateway of their own reach the internet all the same.",
        )
        .default(Lit::Bool(true)),
        arg(
            "delegation",
            Ty::Block(&DELEGATION),
            "properties.delegations",
            "A service whose resources alone may be in it.",
        )
        .default(Lit::EmptyList),
        arg(
            "private_endpoint_network_policies",
            Ty::Enum(&["Disabled", "Enabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"]),
            "properties.privateEndpointNetworkPolicies",
            "Whether security rules and routes hold for private endpoints too.",
        )
        .default(Lit::Str("Disabled")),
        arg(
            "private_link_service_network_policies_enabled",
            Ty::Bool,
            "",
            "Whether security rules hold for private link services too.",
        )
        .wire(Wire::Mapped("properties.privateLinkServiceNetworkPolicies", ENABLED))
        .default(Lit::Bool(true)),
        arg(
            "service_endpoint",
            Ty::Block(&SERVICE_ENDPOINT),
            "properties.serviceEndpoints",
            "A service that is reached from here over Azure's own network.",
        )
        .default(Lit::EmptyList),
        arg(
            "service_endpoint_policies",
            Ty::Set(&Ty::Ref(&[])),
            "properties.serviceEndpointPolicies[].id",
            "Policies that narrow what service endpoints reach.",
        ),
        arg(
            "sharing_scope",
            Ty::Enum(&["Tenant"]),
            "properties.sharingScope",
            "Whether other subscriptions of the tenant may use it.",
        ),
    ],
    drill: Drill { copying: Copying::Along, rewrites: Some(rehearsed), fence: Fence::Wanted },
    durations: Durations { create: 4, update: 4, delete: 10 },
    answers: Answers::AsyncBody,
    serial: Serial::Root,
    in_use: "InUseSubnetCannotBeDeleted",
    apart: &["address_prefixes"],
    odd: Odd { decode: Some(decode), check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        admit: Some(admit),
        accepts: &[
            PREFIX,
            "properties.ipamPoolPrefixAllocations",
            "properties.natGateway.id",
            "properties.routeTable.id",
            "properties.serviceEndpoints[].locations",
        ],
        spared: &[PREFIXES],
        ..Simulated::NONE
    },
    terraform: Terraform {
        fifth: &["service_endpoint"],
        renamed: &[("virtual_network", "virtual_network_name")],
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
        ("delegation.service_delegation.actions", "Azure decides them from the service"),
        ("ip_address_pool", "Azure would choose the range, and an overlap could not be told before apply"),
        ("network_security_group_id_wo", "a block `subnet_network_security_group_association` says it"),
        ("network_security_group_id_wo_version", "goes with `network_security_group_id_wo`"),
        ("route_table_id_wo", "written only, so that its drift could not be seen"),
        ("route_table_id_wo_version", "goes with `route_table_id_wo`"),
    ],
    ..Kind::EMPTY
};

/// A subnet that was made with one range may answer it by itself and not in a list.
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
    // A network whose ranges are not known yet says nothing of its subnets.
    if let (false, Some(prefix)) = (space.is_empty(), outside(&inner, &outer)) {
        findings.push(Finding {
            argument: "address_prefixes",
            summary: format!("`{prefix}` is not within the network's address space"),
            why: "Azure refuses a subnet outside the ranges of its virtual network.".to_owned(),
            help: format!("Choose a range within {}, or add one to the network's `address_space`.", space.join(", ")),
        });
    }
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    let Some(network) = id.parent() else { return Ok(()) };
    let refused = |code, message| Err(Refusal { status: 400, code, message });
    let own = prefixes(body);
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    if own.is_empty() && path::borrow(body, "properties.ipamPoolPrefixAllocations").is_none() {
        return refused("MissingAddressPrefix", format!("Subnet '{}' has no address prefix.", id.name()));
    }
    // The ranges of a network that is made in the same request are not known here.
    let Some(space) = cloud.get(&network).map(|body| path::items(body, virtual_network::SPACE)) else { return Ok(()) };
    let space: Vec<&str> = space.iter().filter_map(Json::as_str).collect();
    if outside(&own, &space).is_some() {
        let message = format!("Subnet '{}' is not valid in virtual network '{}'.", id.name(), network.name());
        return refused("NetcfgInvalidSubnet", message);
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

/// The subnets of a simulated network.
pub(super) fn of_network(cloud: &dyn Cloudlet, network: &ArmId) -> Vec<ArmId> {
    let is_subnet = |id: &ArmId| id.arm_type().is_some_and(|type_| type_.eq_ignore_ascii_case(TYPE));
    cloud.below(network).into_iter().filter(is_subnet).collect()
}

/// The ranges of a subnet's body.
pub(super) fn prefixes(body: &Json) -> Vec<String> {
    let list = path::items(body, PREFIXES).iter().filter_map(Json::as_str);
    list.chain(path::text(body, PREFIX)).map(str::to_owned).collect()
}

/// In a drill nothing leads out of it: neither Azure's own way to the internet nor one to services that let this subnet in.
fn rehearsed(args: &mut Map) {
    args.insert("default_outbound_access_enabled".into(), Value::from(false));
    args.insert("service_endpoint".into(), Value::List(Vec::new().into()));
    args.remove("service_endpoint_policies");
    args.remove("sharing_scope");
}
