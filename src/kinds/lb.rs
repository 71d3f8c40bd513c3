//! Load balancer and its frontends. Its pools, probes and rules are parts of the same object, and kinds of their own.

use serde_json::Value as Json;

use super::network_interface::without_chosen_addresses;
use super::path;
use super::table::*;
use crate::address::ArmId;

const FRONTENDS: &str = "properties.frontendIPConfigurations";
const POOLS: &str = "properties.backendAddressPools";
const PROBES: &str = "properties.probes";
const RULES: &str = "properties.loadBalancingRules";

/// Error code for deleting a part that a scale set uses.
pub(super) const IN_USE: &str = "LoadBalancerInUseByVirtualMachineScaleSet";

static FRONTEND: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the frontend, which rules refer to.").required(),
        arg(
            "public_ip_address",
            Ty::Ref(&["public_ip"]),
            "properties.publicIPAddress.id",
            "Public IP address of the frontend.",
        ),
        arg(
            "public_ip_prefix",
            Ty::Ref(&[]),
            "properties.publicIPPrefix.id",
            "Public IP prefix for outbound connections.",
        ),
        arg(
            "subnet",
            Ty::Ref(&["subnet"]),
            "properties.subnet.id",
            "Subnet of the frontend, for an internal load balancer.",
        ),
        arg(
            "private_ip_address_allocation",
            Ty::Enum(&["Dynamic", "Static"]),
            "properties.privateIPAllocationMethod",
            "Allocation of the private address: by Azure (`Dynamic`), or by `private_ip_address` (`Static`).",
        ),
        arg("private_ip_address", Ty::Ip, "properties.privateIPAddress", "Private address, with `Static` allocation."),
        arg(
            "private_ip_address_version",
            Ty::Enum(&["IPv4", "IPv6"]),
            "properties.privateIPAddressVersion",
            "IP version of the private address.",
        ),
        arg(
            "zones",
            Ty::Set(&Ty::String),
            "zones",
            "Availability zones of a private address. A public address has zones of its own.",
        ),
    ],
);

/// Table of `lb`.
pub static KIND: Kind = Kind {
    name: "lb",
    about: "Load balancer: distributes connections over machines of its region.",
    arm: Arm { type_: "Microsoft.Network/loadBalancers", api: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "frontend_ip_configuration",
            Ty::Block(&FRONTEND),
            FRONTENDS,
            "Frontend: an address at which the load balancer accepts connections.",
        )
        .default(Lit::EmptyList),
        arg("sku", Ty::Enum(&["Standard", "Gateway"]), "sku.name", "SKU of the load balancer.")
            .default(Lit::Str("Standard"))
            .replace(),
        arg(
            "sku_tier",
            Ty::Enum(&["Regional", "Global"]),
            "sku.tier",
            "Tier: `Regional` for backends in one region, `Global` for load balancers of several regions as backends.",
        )
        .default(Lit::Str("Regional"))
        .replace(),
        TAGS,
    ],
    attributes: &[attribute(
        "private_ip_address",
        "properties.frontendIPConfigurations[0].properties.privateIPAddress",
        FakeValue::PrivateIp,
        "Private address of the first frontend, if it is in a subnet.",
    )],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 12 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    adoption: Adoption {
        arguments: Some(|_, args| without_chosen_addresses(args.get_mut("frontend_ip_configuration"))),
        ..Adoption::BY_TABLE
    },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        settle: Some(settle),
        leads: Some(leads),
        accepts: &[
            "extendedLocation",
            "properties.frontendIPConfigurations[].properties.gatewayLoadBalancer.id",
            "properties.inboundNatPools",
            "properties.inboundNatRules",
            "properties.outboundRules",
        ],
        ..SimulatedBehaviour::NONE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

public_ip "example" {
  resource_group    = resource_group.example
  allocation_method = "Static"
}

lb "example" {
  resource_group = resource_group.example

  frontend_ip_configuration {
    name              = "front"
    public_ip_address = public_ip.example
  }
}
"#,
    left_out: &[
        ("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery"),
        (
            "frontend_ip_configuration.gateway_load_balancer_frontend_ip_configuration_id",
            "drplan does not support chains of gateway load balancers",
        ),
    ],
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for frontend in subject.args.get("frontend_ip_configuration").and_then(Json::as_array).into_iter().flatten() {
        let addresses = ["public_ip_address", "public_ip_prefix", "subnet"];
        if addresses.iter().filter(|argument| frontend.get(**argument).is_some()).count() != 1 {
            let name = frontend.get("name").and_then(Json::as_str).unwrap_or_default();
            findings.push(Finding {
                argument: "frontend_ip_configuration",
                summary: format!(
                    "the frontend `{name}` must have exactly one of a public address, a prefix and a subnet"
                ),
                why: "A frontend is reachable either from the internet or inside a network.".to_owned(),
                help: "Set one of `public_ip_address`, `public_ip_prefix` and `subnet`.".to_owned(),
            });
        }
    }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ArmId) {
    let frontends = cloud.get_mut(id).and_then(|body| path::borrow_mut(body, FRONTENDS)).and_then(Json::as_array_mut);
    for frontend in frontends.into_iter().flatten() {
        path::fill(frontend, "properties.privateIPAllocationMethod", "Dynamic");
    }
    let Some(body) = cloud.get_mut(id) else { return };
    for list in [FRONTENDS, POOLS, PROBES, RULES] {
        for part in path::borrow_mut(body, list).and_then(Json::as_array_mut).into_iter().flatten() {
            path::fill(part, "properties.provisioningState", "Succeeded");
        }
    }
    for rule in path::borrow_mut(body, RULES).and_then(Json::as_array_mut).into_iter().flatten() {
        show_pool(rule);
    }
}

/// Azure returns a rule's only pool in both places (source: a remark in azurerm, which reads one and writes the
/// other).
fn show_pool(rule: &mut Json) {
    match path::items(rule, "properties.backendAddressPools") {
        [pool] => {
            let pool = pool.clone();
            path::put(rule, "properties.backendAddressPool", pool);
        }
        [] => {
            if let Some(pool) = path::borrow(rule, "properties.backendAddressPool").cloned() {
                path::put(rule, "properties.backendAddressPools", Json::from(vec![pool]));
            }
        }
        _ => {}
    }
}

/// Leads to the machines in the pools of its rules.
fn leads(cloud: &dyn SimulatedWorld, id: &ArmId, _: &str) -> Lead {
    let Some(body) = cloud.working(id) else { return Lead::Nowhere("its load balancer is being created") };
    let rules = path::items(body, RULES);
    let one = |rule| path::text(rule, "properties.backendAddressPool.id");
    let several =
        |rule| path::items(rule, "properties.backendAddressPools").iter().filter_map(|pool| path::text(pool, "id"));
    let mut pools: Vec<ArmId> = rules.iter().flat_map(|rule| several(rule).chain(one(rule))).map(ArmId::new).collect();
    pools.dedup();
    if pools.is_empty() {
        return Lead::Nowhere("its load balancer has no rule for it");
    }
    Lead::Objects(pools.iter().flat_map(|pool| cloud.users(pool)).filter(|user| user != id).collect())
}
