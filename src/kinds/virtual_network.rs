//! A virtual network: the private address space of a site.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::ranges::outside;
use super::table::*;
use super::{path, subnet, vnet_peering};
use crate::address::ArmId;

/// The path of its ranges.
pub(super) const SPACE: &str = "properties.addressSpace.addressPrefixes";
const PLAN: &str = "properties.ddosProtectionPlan.id";
const PROTECTED: &str = "properties.enableDdosProtection";

static DDOS_PROTECTION_PLAN: Block = Block::one(&[
    arg("id", Ty::Ref(&[]), PLAN, "The id of the plan.").required(),
    arg("enable", Ty::Bool, PROTECTED, "Whether the plan protects this network.").required(),
]);

static ENCRYPTION: Block = Block::one(&[arg(
    "enforcement",
    Ty::Enum(&["DropUnencrypted", "AllowUnencrypted"]),
    "enforcement",
    "What happens to traffic between machines that cannot encrypt it.",
)
.required()]);

/// The table.
pub static KIND: Kind = Kind {
    name: "virtual_network",
    about: "A virtual network: the private address space of a site.",
    arm: Arm { type_: "Microsoft.Network/virtualNetworks", api: "2025-09-01" },
    names: NameRule { min: 2, max: 64, ..NameRule::NETWORK },
    args: &[
        RESOURCE_GROUP,
        arg(
            "address_space",
            Ty::Set(&Ty::Cidr),
            SPACE,
            "Its address ranges; networks that are to be peered must not overlap.",
        )
        .required(),
        arg(
            "dns_servers",
            Ty::List(&Ty::Ip),
            "properties.dhcpOptions.dnsServers",
            "The DNS servers of its machines, in the order they are asked; Azure's own without it.",
        ),
        arg(
            "bgp_community",
            Ty::String,
            "properties.bgpCommunities.virtualNetworkCommunity",
            "The BGP community its ranges are announced with over ExpressRoute, as in `12076:20000`.",
        ),
        arg("ddos_protection_plan", Ty::Block(&DDOS_PROTECTION_PLAN), "", "The DDoS protection plan it is under.")
            .wire(Wire::Odd),
        arg(
            "encryption",
            Ty::Block(&ENCRYPTION),
            "properties.encryption",
            "Encryption of traffic between its machines.",
        ),
        arg(
            "flow_timeout_in_minutes",
            Ty::Integer(4, 30),
            "properties.flowTimeoutInMinutes",
            "Minutes until a connection without traffic is forgotten.",
        ),
        arg(
            "private_endpoint_vnet_policies",
            Ty::Enum(&["Disabled", "Basic"]),
            "properties.privateEndpointVNetPolicies",
            "Whether many private endpoints (high scale) may be in it.",
        )
        .default(Lit::Str("Disabled")),
        TAGS,
    ],
    attributes: &[attribute("guid", "properties.resourceGuid", Fake::Guid, "The GUID that Azure gives the network.")],
    drill: Drill::ALONG,
    durations: Durations { create: 5, update: 5, delete: 12 },
    answers: Answers::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    odd: Odd { encode: Some(encode), decode: Some(decode), ..Odd::NONE },
    simulated: Simulated {
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
        ..Simulated::NONE
    },
    terraform: Terraform { renamed: &[("ddos_protection_plan.id", "ddos_protection_plan.id")], ..Terraform::BY_RULE },
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
        ("edge_zone", "an edge zone has neither availability zones nor a pair to recover in"),
        ("ip_address_pool", "Azure would choose the ranges, and an overlap could not be told before apply"),
        ("subnet", "subnets are blocks `subnet` of their own"),
    ],
    ..Kind::EMPTY
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

/// Azure says of every network whether it is protected; only one with a plan has the block.
fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    for body in answers {
        if let Some(plan) = path::text(body, PLAN) {
            let enable = path::borrow(body, PROTECTED).and_then(Json::as_bool).unwrap_or(false);
            args.insert("ddos_protection_plan".to_owned(), json!({ "id": plan, "enable": enable }));
        }
    }
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
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

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    vnet_peering::space_changed(cloud, id);
}

fn removed(cloud: &mut dyn Cloudlet, id: &ArmId, _: &Json) {
    vnet_peering::network_removed(cloud, id);
}
