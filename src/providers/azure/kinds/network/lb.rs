//! Load balancer and its frontends. Its pools, probes and rules are parts of the same object, and kinds of their own.

use crate::providers::azure::forms;
use crate::providers::azure::ids::AzureId;
use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::network::network_interface::without_chosen_addresses;
use crate::providers::azure::kinds::network::subnet;
use crate::providers::azure::tags::TAGS;

const FRONTENDS: &str = "properties.frontendIPConfigurations";
const POOLS: &str = "properties.backendAddressPools";
const PROBES: &str = "properties.probes";
const RULES: &str = "properties.loadBalancingRules";
const NAT_RULES: &str = "properties.inboundNatRules";
const OUTBOUND: &str = "properties.outboundRules";
/// Path of the frontend in a rule.
pub(super) const FRONTEND_OF_RULE: &str = "properties.frontendIPConfiguration.id";
/// Path of the frontends in an outbound rule.
pub(super) const OUTBOUND_FRONTENDS: &str = "properties.frontendIPConfigurations";

/// Error code for deleting a part that a scale set uses.
pub(super) const IN_USE: &str = "LoadBalancerInUseByVirtualMachineScaleSet";

static FRONTEND: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the frontend, which rules refer to.")
            .form(&forms::network::NAME)
            .required(),
        arg(
            "public_ip_address",
            Ty::Ref(&["public_ip"]),
            "properties.publicIPAddress.id",
            "Public IP address of the frontend.",
        )
        .near(),
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
        )
        .near(),
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
        )
        .form(&forms::ZONE),
    ],
);

/// Table of `lb`.
pub static KIND: Kind = Kind {
    name: "lb",
    about: "Load balancer: distributes connections over machines of its region.",
    type_: KindType { name: "Microsoft.Network/loadBalancers", version: "2025-09-01" },
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
        arg(
            "sku",
            Ty::Enum(&["Basic", "Standard", "Gateway"]),
            "sku.name",
            "SKU of the load balancer. Azure creates no load balancer of SKU `Basic` any more.",
        )
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
    uncovered: &[
        "extendedLocation",
        "properties.frontendIPConfigurations[].properties.ddosSettings",
        "properties.frontendIPConfigurations[].properties.enableConnectionTracking",
        "properties.frontendIPConfigurations[].properties.gatewayLoadBalancer.id",
        "properties.inboundNatPools",
        "properties.inboundNatRules",
        "properties.mode",
        "properties.outboundRules",
        "properties.scope",
    ],
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        leads: Some(leads),
        accepts: &[
            "extendedLocation",
            "properties.frontendIPConfigurations[].properties.gatewayLoadBalancer.id",
            "properties.inboundNatPools",
        ],
        ..SimulatedBehaviour::NONE
    },
    combinations: &[Combination::new(
        "LoadBalancerFrontendIPConfigCannotHaveZoneWhenReferencingPublicIPAddress",
        &[("zones", Test::Set), ("public_ip_address", Test::Set)],
        "a frontend with a public address has `zones`",
        "Set `zones` in the public address instead.",
    )
    .each("frontend_ip_configuration")],
    apart: &[
        Exclusive::among_siblings(
            "PrivateIPAddressInUse",
            "address in their subnet",
            "addresses of a subnet",
            &["frontend_ip_configuration[].subnet", "frontend_ip_configuration[].private_ip_address"],
        )
        .within(ExclusiveWithin::Everywhere)
        .unless("private_ip_address_allocation", Lit::Str("Dynamic"))
        .pool("address_prefixes"),
        Exclusive::among_siblings(
            "PublicIPAddressInUse",
            "public address",
            "users of a public address",
            &["frontend_ip_configuration[].public_ip_address"],
        )
        .within(ExclusiveWithin::Everywhere),
    ],
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
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    subnet::check_addresses(subject, "frontend_ip_configuration", findings);
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

/// A rule names one of the load balancer's frontends.
pub(super) fn check_frontend(subject: &Subject<'_>, argument: &'static str, wanted: &str, findings: &mut Vec<Finding>) {
    let frontends: Option<Vec<String>> = subject.with("loadbalancer", |lb| {
        let all = lb.args.get("frontend_ip_configuration").and_then(Json::as_array).into_iter().flatten();
        all.filter_map(|frontend| frontend.get("name").and_then(Json::as_str)).map(str::to_owned).collect()
    });
    if let Some(frontends) = frontends
        && !frontends.iter().any(|name| name.eq_ignore_ascii_case(wanted))
    {
        findings.push(Finding {
            argument,
            summary: format!("the load balancer has no frontend `{wanted}`"),
            why: String::new(),
            help: match frontends.is_empty() {
                true => "Add a `frontend_ip_configuration` block to the load balancer.".to_owned(),
                false => format!("Use one of {}.", frontends.join(", ")),
            },
        });
    }
}

/// True if a frontend of the load balancer has a public address or prefix.
pub(super) fn is_public(subject: &Subject<'_>, frontend: &str) -> bool {
    let is_it =
        |one: &&Json| one.get("name").and_then(Json::as_str).is_some_and(|name| path::same_name(name, frontend));
    let has_address = |one: &Json| ["public_ip_address", "public_ip_prefix"].iter().any(|at| one.get(at).is_some());
    let found = subject.with("loadbalancer", |lb| {
        let all = lb.args.get("frontend_ip_configuration").and_then(Json::as_array).into_iter().flatten();
        all.filter(|one| !one.is_null()).find(is_it).is_some_and(has_address)
    });
    found == Some(true)
}

/// Refuses rules for all ports on a public frontend (source: the limits of HA ports in the reference of load
/// balancers).
fn admit_all_ports(body: &Json) -> Result<(), Refusal> {
    let is_all =
        |rule: &&Json| path::text(rule, "properties.protocol").is_some_and(|one| one.eq_ignore_ascii_case("All"));
    for rule in path::items(body, RULES).iter().filter(is_all) {
        let wanted = path::text(rule, FRONTEND_OF_RULE).and_then(|id| id.rsplit('/').next()).unwrap_or_default();
        let is_it = |one: &&Json| path::text(one, "name").is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        let frontend = path::items(body, FRONTENDS).iter().find(is_it);
        let is_public = |one: &Json| {
            ["properties.publicIPAddress", "properties.publicIPPrefix"].iter().any(|at| path::borrow(one, at).is_some())
        };
        if frontend.is_some_and(is_public) {
            return Err(Refusal {
                status: 400,
                code: "LoadBalancingRuleHAPortsNotSupported",
                message: format!(
                    "Load balancing rule {} with protocol All is supported for frontends of an internal load balancer only.",
                    path::text(rule, "name").unwrap_or_default()
                ),
            });
        }
    }
    Ok(())
}

/// Outbound connections through a frontend belong either to its outbound rule or to its other rules, and a static
/// address is one of its subnet.
fn admit(cloud: &dyn SimulatedWorld, _: &ObjectId, body: &Json) -> Result<(), Refusal> {
    subnet::admit_addresses(cloud, path::items(body, FRONTENDS))?;
    admit_all_ports(body)?;
    let outbound = path::items(body, OUTBOUND).iter().flat_map(|rule| path::items(rule, OUTBOUND_FRONTENDS));
    let outbound: Vec<ObjectId> = outbound.filter_map(|one| path::text(one, "id")).map(ObjectId::new).collect();
    let snats =
        |rule: &&Json| path::borrow(rule, "properties.disableOutboundSnat").and_then(Json::as_bool) != Some(true);
    let shared = |rule: &&Json| {
        path::text(rule, FRONTEND_OF_RULE).is_some_and(|frontend| outbound.contains(&ObjectId::new(frontend)))
    };
    match path::items(body, RULES).iter().filter(snats).find(shared) {
        None => Ok(()),
        Some(rule) => Err(Refusal {
            status: 400,
            code: "LoadBalancingRuleMustDisableSNATSinceSameFrontendIPConfigurationIsReferencedByOutboundRule",
            message: format!(
                "Load balancing rule {} must disable SNAT since same frontend IP configuration is referenced by an outbound rule.",
                path::text(rule, "name").unwrap_or_default()
            ),
        }),
    }
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let frontends = cloud.get_mut(id).and_then(|body| path::borrow_mut(body, FRONTENDS)).and_then(Json::as_array_mut);
    for frontend in frontends.into_iter().flatten() {
        path::fill(frontend, "properties.privateIPAllocationMethod", "Dynamic");
    }
    let Some(body) = cloud.get_mut(id) else { return };
    for list in [FRONTENDS, POOLS, PROBES, RULES, NAT_RULES, OUTBOUND] {
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
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &str) -> Lead {
    let Some(body) = cloud.working(id) else { return Lead::Nowhere("its load balancer is being created") };
    let rules = path::items(body, RULES);
    let one = |rule| path::text(rule, "properties.backendAddressPool.id");
    let several =
        |rule| path::items(rule, "properties.backendAddressPools").iter().filter_map(|pool| path::text(pool, "id"));
    let mut pools: Vec<ObjectId> =
        rules.iter().flat_map(|rule| several(rule).chain(one(rule))).map(ObjectId::new).collect();
    pools.dedup();
    if pools.is_empty() {
        return Lead::Nowhere("its load balancer has no rule for it");
    }
    let mut machines: Vec<ObjectId> =
        pools.iter().flat_map(|pool| cloud.users(pool)).filter(|user| user != id).collect();
    for pool in path::items(body, POOLS) {
        let is_used =
            path::text(pool, "name").is_some_and(|name| pools.contains(&id.child("backendAddressPools", name)));
        if is_used {
            machines.extend(addressed(cloud, pool));
        }
    }
    Lead::Objects(machines)
}

/// The objects behind a pool of addresses: interfaces by their private address, and frontends of other load balancers.
fn addressed(cloud: &dyn SimulatedWorld, pool: &Json) -> Vec<ObjectId> {
    let mut found = Vec::new();
    for address in path::items(pool, "properties.loadBalancerBackendAddresses") {
        let frontend = path::text(address, "properties.loadBalancerFrontendIPConfiguration.id").map(ObjectId::new);
        found.extend(frontend.and_then(|frontend| frontend.parent()));
        let network = path::text(address, "properties.virtualNetwork.id")
            .or_else(|| path::text(pool, "properties.virtualNetwork.id"))
            .map(ObjectId::new);
        if let (Some(ip), Some(network)) = (path::text(address, "properties.ipAddress"), network) {
            found.extend(interfaces(cloud, &network, ip));
        }
    }
    found
}

/// The interfaces in a network that have this private address.
fn interfaces(cloud: &dyn SimulatedWorld, network: &ObjectId, ip: &str) -> Vec<ObjectId> {
    let has_it = |user: &ObjectId| {
        let configurations = cloud.get(user).map_or(&[][..], |body| path::items(body, "properties.ipConfigurations"));
        configurations.iter().any(|one| {
            let subnet = path::text(one, "properties.subnet.id").map(ObjectId::new);
            path::text(one, "properties.privateIPAddress") == Some(ip)
                && subnet.and_then(|subnet| subnet.parent()).as_ref() == Some(network)
        })
    };
    cloud.below(network).iter().flat_map(|subnet| cloud.users(subnet)).filter(has_it).collect()
}
