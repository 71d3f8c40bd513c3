//! Virtual network: the private address space of a site.

use crate::providers::azure::forms;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::network::{subnet, vnet_peering};
use crate::providers::azure::tags::TAGS;
use crate::ranges::outside;

/// Path of the address ranges.
pub(super) const SPACE: &str = "properties.addressSpace.addressPrefixes";
const PLAN: &str = "properties.ddosProtectionPlan.id";
const ENFORCEMENT: &str = "properties.encryption.enforcement";
const PROTECTED: &str = "properties.enableDdosProtection";

static DDOS_PROTECTION_PLAN: Block = Block::one(&[
    arg("id", Ty::Ref(&[]), PLAN, "ID of the DDoS protection plan.").required(),
    arg("enable", Ty::Bool, PROTECTED, "Enable the plan for this network.").required(),
]);

static ENCRYPTION: Block = Block::one(&[arg(
    "enforcement",
    Ty::Enum(&["DropUnencrypted", "AllowUnencrypted"]),
    "enforcement",
    "Handling of traffic between virtual machines that cannot encrypt it.",
)
.required()]);

/// Table of `virtual_network`.
pub static KIND: Kind = Kind {
    name: "virtual_network",
    about: "Virtual network: the private address space of a site.",
    type_: KindType { name: "Microsoft.Network/virtualNetworks", version: "2025-09-01" },
    names: NameRule { min: 2, max: 64, ..NameRule::NETWORK },
    args: &[
        RESOURCE_GROUP,
        arg(
            "address_space",
            Ty::Set(&Ty::Cidr),
            SPACE,
            "Address ranges of the network. Networks that are to be peered must not overlap.",
        )
        .form(&forms::network::SPACE)
        .required(),
        arg(
            "dns_servers",
            Ty::List(&Ty::Ip),
            "properties.dhcpOptions.dnsServers",
            "DNS servers of the machines, in order of use. Azure's DNS if absent.",
        ),
        arg(
            "bgp_community",
            Ty::String,
            "properties.bgpCommunities.virtualNetworkCommunity",
            "BGP community that ExpressRoute announces with the ranges, as in `12076:20000`.",
        )
        .form(&forms::network::BGP_COMMUNITY),
        arg("ddos_protection_plan", Ty::Block(&DDOS_PROTECTION_PLAN), "", "DDoS protection plan of the network.")
            .wire(Wire::Odd),
        arg(
            "encryption",
            Ty::Block(&ENCRYPTION),
            "properties.encryption",
            "Encryption of traffic between the machines of the network.",
        ),
        arg(
            "flow_timeout_in_minutes",
            Ty::Integer(4, 30),
            "properties.flowTimeoutInMinutes",
            "Idle timeout of connections, in minutes.",
        ),
        arg(
            "private_endpoint_vnet_policies",
            Ty::Enum(&["Disabled", "Basic"]),
            "properties.privateEndpointVNetPolicies",
            "Limits for private endpoints: `Basic` enables high-scale private endpoints.",
        )
        .default(Lit::Str("Disabled")),
        TAGS,
    ],
    attributes: &[attribute(
        "guid",
        "properties.resourceGuid",
        FakeValue::Guid,
        "GUID that Azure assigns to the network.",
    )],
    drill: Drill::ALONG,
    durations: Durations { create: 5, update: 5, delete: 12 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    odd: Overrides { encode: Some(encode), decode: Some(decode), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        removed: Some(removed),
        embeds: &["subnets", "virtualNetworkPeerings"],
        accepts: &[
            "extendedLocation",
            "properties.addressSpace.ipamPoolPrefixAllocations",
            PLAN,
            PROTECTED,
            "properties.enableVmProtection",
            "properties.encryption.enabled",
        ],
        // Azure has a default, and drplan none.
        spared: &[ENFORCEMENT],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform {
        renamed: &[("ddos_protection_plan.id", "ddos_protection_plan.id")],
        parts: &[("virtual_network_dns_servers", "dns_servers")],
        ..Terraform::BY_RULE
    },
    uncovered: &[
        "extendedLocation",
        "properties.addressSpace.ipamPoolPrefixAllocations",
        "properties.enableVmProtection",
        "properties.ipAllocations",
        "properties.summarizedGatewayPrefixes",
    ],
    example: r#"
resource_group "example" {
  site = site.east
}

virtual_network "example" {
  resource_group = resource_group.example
  address_space  = ["10.10.0.0/16"]
}
"#,
    left_out: &[
        ("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery"),
        ("ip_address_pool", "Azure would choose the ranges, and drplan could not detect an overlap before apply"),
        ("subnet", "drplan has a kind `subnet`"),
    ],
    ..crate::providers::azure::KIND
};

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    for body in bodies {
        if let Some(plan) = subject.args.get("ddos_protection_plan") {
            for (argument, at) in [("id", PLAN), ("enable", PROTECTED)] {
                path::put(body, at, plan.get(argument).cloned().unwrap_or_default());
            }
        }
        if path::borrow(body, "properties.encryption").is_some() {
            path::put(body, "properties.encryption.enabled", Json::Bool(true));
        }
    }
}

/// Azure returns the protection flag for every network. Only a network with a plan has the block.
fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    for body in answers {
        if let Some(plan) = path::text(body, PLAN) {
            let enable = path::borrow(body, PROTECTED).and_then(Json::as_bool).unwrap_or(false);
            args.insert("ddos_protection_plan".to_owned(), json!({ "id": plan, "enable": enable }));
        }
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let space: Vec<&str> = path::items(body, SPACE).iter().filter_map(Json::as_str).collect();
    for subnet in subnet::of_network(cloud, id) {
        let prefixes = cloud.get(&subnet).map(subnet::prefixes).unwrap_or_default();
        if let Some(prefix) = outside(&prefixes.iter().map(String::as_str).collect::<Vec<_>>(), &space) {
            return Err(Refusal {
                status: 400,
                code: "InUsePrefixCannotBeDeleted",
                message: format!(
                    "IpPrefix {prefix} on Subnet {} has active allocations and cannot be deleted.",
                    subnet.name()
                ),
            });
        }
    }
    Ok(())
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    vnet_peering::space_changed(cloud, id);
    let encrypted = |body: &Json| path::borrow(body, "properties.encryption").is_some();
    if let Some(body) = cloud.get_mut(id).filter(|body| encrypted(body)) {
        path::fill(body, ENFORCEMENT, "AllowUnencrypted");
    }
}

fn removed(cloud: &mut dyn SimulatedWorld, id: &ObjectId, _: &Json) {
    vnet_peering::network_removed(cloud, id);
}
