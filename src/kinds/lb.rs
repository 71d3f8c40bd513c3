//! A load balancer and its frontends. Its pools, probes and rules are parts of the same object, and kinds of their own.

use serde_json::Value as Json;

use super::network_interface::without_chosen_addresses;
use super::path;
use super::table::*;
use crate::address::ArmId;

const FRONTENDS: &str = "properties.frontendIPConfigurations";
const POOLS: &str = "properties.backendAddressPools";
const PROBES: &str = "properties.probes";
const RULES: &str = "properties.loadBalancingRules";

/// What its parts answer when they are deleted while a scale set uses them.
pub(super) const IN_USE: &str = "LoadBalancerInUseByVirtualMachineScaleSet";

static FRONTEND: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "The name, by which rules refer to it.").required(),
        arg(
            "public_ip_address",
            Ty::Ref(&["public_ip"]),
            "properties.publicIPAddress.id",
            "The public address it answers at.",
        ),
        arg(
            "public_ip_prefix",
            Ty::Ref(&[]),
            "properties.publicIPPrefix.id",
            "The range of public addresses that outbound connections leave from.",
        ),
        arg(
            "subnet",
            Ty::Ref(&["subnet"]),
            "properties.subnet.id",
            "The subnet, for one that answers inside a network.",
        ),
        arg(
            "private_ip_address_allocation",
            Ty::Enum(&["Dynamic", "Static"]),
            "properties.privateIPAllocationMethod",
            "Whether Azure chooses the private address, or `private_ip_address` says it.",
        ),
        arg("private_ip_address", Ty::Ip, "properties.privateIPAddress", "The private address, where it is static."),
        arg(
            "private_ip_address_version",
            Ty::Enum(&["IPv4", "IPv6"]),
            "properties.privateIPAddressVersion",
            "The version of IP of the private address.",
        ),
        arg(
            "zones",
            Ty::Set(&Ty::String),
            "zones",
            "The availability zones of a private address; a public one has its own.",
        ),
    ],
);

/// The table.
pub static KIND: Kind = Kind {
    name: "lb",
    about: "A load balancer: spreads connections over machines of its region.",
    arm: Arm { type_: "Microsoft.Network/loadBalancers", api: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg("frontend_ip_configuration", Ty::Block(&FRONTEND), FRONTENDS, "An address that it answers at.")
            .default(Lit::EmptyList),
        arg("sku", Ty::Enum(&["Standard", "Gateway"]), "sku.name", "The SKU.").default(Lit::Str("Standard")).replace(),
        arg(
            "sku_tier",
            Ty::Enum(&["Regional", "Global"]),
            "sku.tier",
            "Whether its backends are machines of one region, or load balancers of several.",
        )
        .default(Lit::Str("Regional"))
        .replace(),
        TAGS,
    ],
    attributes: &[attribute(
        "private_ip_address",
        "properties.frontendIPConfigurations[0].properties.privateIPAddress",
        Fake::PrivateIp,
        "The private address of its first frontend, where that is in a subnet.",
    )],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 12 },
    answers: Answers::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    adoption: Adoption {
        arguments: Some(|_, args| without_chosen_addresses(args.get_mut("frontend_ip_configuration"))),
        ..Adoption::BY_TABLE
    },
    odd: Odd { check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        settle: Some(settle),
        leads: Some(leads),
        accepts: &[
            "extendedLocation",
            "properties.frontendIPConfigurations[].properties.gatewayLoadBalancer.id",
            "properties.inboundNatPools",
            "properties.inboundNatRules",
            "properties.outboundRules",
        ],
        ..Simulated::NONE
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
        ("edge_zone", "an edge zone has neither availability zones nor a pair to recover in"),
        (
            "frontend_ip_configuration.gateway_load_balancer_frontend_ip_configuration_id",
            "chains of gateway load balancers are not described here",
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
                    "the frontend `{name}` has not exactly one of a public address, a prefix and a subnet"
                ),
                why: "A frontend answers either to the internet or inside a network.".to_owned(),
                help: "Write one of `public_ip_address`, `public_ip_prefix` and `subnet`.".to_owned(),
            });
        }
    }
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
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

/// A rule with one pool is answered with it in both places (source: a remark in azurerm, which reads the one and writes the other).
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

/// To the machines in the pools of its rules.
fn leads(cloud: &dyn Cloudlet, id: &ArmId) -> Leads {
    let Some(body) = cloud.working(id) else { return Leads::Nowhere("its load balancer is being made") };
    let rules = path::items(body, RULES);
    let one = |rule| path::text(rule, "properties.backendAddressPool.id");
    let several =
        |rule| path::items(rule, "properties.backendAddressPools").iter().filter_map(|pool| path::text(pool, "id"));
    let mut pools: Vec<ArmId> = rules.iter().flat_map(|rule| several(rule).chain(one(rule))).map(ArmId::new).collect();
    pools.dedup();
    if pools.is_empty() {
        return Leads::Nowhere("its load balancer has no rule for it");
    }
    Leads::Objects(pools.iter().flat_map(|pool| cloud.users(pool)).filter(|user| user != id).collect())
}
