//! Route table: routes of a subnet's traffic.

use crate::providers::azure::forms;
use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::tags::TAGS;
use crate::value::{Map, Value};

static ROUTE: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the route.").form(&forms::network::NAME).required(),
        arg(
            "address_prefix",
            Ty::String,
            "properties.addressPrefix",
            "Destination of the route: an address range or a service tag.",
        )
        .form(&forms::network::ROUTE)
        .required(),
        arg(
            "next_hop_type",
            Ty::Enum(&["VirtualNetworkGateway", "VnetLocal", "Internet", "VirtualAppliance", "None"]),
            "properties.nextHopType",
            "Next hop of the traffic. `None` drops it.",
        )
        .required(),
        arg(
            "next_hop_in_ip_address",
            Ty::Ip,
            "properties.nextHopIpAddress",
            "Address of the appliance, for `VirtualAppliance`.",
        ),
    ],
);

/// Table of `route_table`.
pub static KIND: Kind = Kind {
    name: "route_table",
    about: "Route table: routes of a subnet's traffic.",
    type_: KindType { name: "Microsoft.Network/routeTables", version: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg("route", Ty::Block(&ROUTE), "properties.routes", "Route. The most specific matching route applies.")
            .default(Lit::EmptyList),
        arg("bgp_route_propagation_enabled", Ty::Bool, "", "Accept routes that gateways learn by BGP.")
            .wire(Wire::Negated("properties.disableBgpRoutePropagation"))
            .default(Lit::Bool(true)),
        TAGS,
    ],
    drill: Drill { rewrites: Some(rehearsed), ..Drill::ALONG },
    durations: Durations { create: 4, update: 4, delete: 10 },
    answers: AnswerStyle::AsyncBody,
    in_use: "InUseRouteTableCannotBeDeleted",
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    adoption: Adoption { chosen: &[("properties.disablePeeringRoute", Lit::Str("None"))], ..Adoption::BY_TABLE },
    uncovered: &["properties.disablePeeringRoute", "properties.routes[].properties.nextHop"],
    simulated: SimulatedBehaviour {
        settle: Some(settle),
        elements: &[("properties.routes", "routes")],
        accepts: &["properties.disablePeeringRoute", "properties.routes[].properties.nextHop"],
        ..SimulatedBehaviour::NONE
    },
    terraform: Terraform { parts: &[("route", "route")], sets: &["route"], ..Terraform::BY_RULE },
    combinations: &[Combination::new(
        "NextHopIpAddressNotSpecified",
        &[("next_hop_type", Test::Is(&[Lit::Str("VirtualAppliance")])), ("next_hop_in_ip_address", Test::Absent)],
        "a route to a virtual appliance has no `next_hop_in_ip_address`",
        "Set the address of the appliance, or another `next_hop_type`.",
    )
    .each("route")],
    apart: &[Exclusive::among_siblings(
        "RouteConflict",
        "address prefix",
        "destinations of a route table",
        &["route[].address_prefix"],
    )
    .within(ExclusiveWithin::Resource)],
    example: r#"
resource_group "example" {
  site = site.east
}

route_table "example" {
  resource_group = resource_group.example

  route {
    name                   = "inspect"
    address_prefix         = "0.0.0.0/0"
    next_hop_type          = "VirtualAppliance"
    next_hop_in_ip_address = "10.10.0.4"
  }
}
"#,
    ..crate::providers::azure::KIND
};

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    if let Some(body) = cloud.get_mut(id) {
        path::settle_elements(body, "properties.routes", "Microsoft.Network/routeTables/routes");
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for route in subject.args.get("route").and_then(Json::as_array).into_iter().flatten() {
        let text = |argument: &str| route.get(argument).and_then(Json::as_str);
        if text("next_hop_in_ip_address").is_some()
            && text("next_hop_type").is_some_and(|hop| hop != "VirtualAppliance")
        {
            findings.push(Finding {
                argument: "route",
                summary: format!(
                    "the route `{}` has an address, but its next hop type does not use one",
                    text("name").unwrap_or_default()
                ),
                why: "Only a next hop of type `VirtualAppliance` has an address.".to_owned(),
                help: "Set `next_hop_type = \"VirtualAppliance\"`, or remove the address.".to_owned(),
            });
        }
    }
}

/// A drill removes all routes that leave the copies' network, which contains neither an appliance nor a gateway.
fn rehearsed(args: &mut Map) {
    let Some(Value::List(routes)) = args.get("route") else { return };
    let stays = |route: &&Value| {
        let Value::Map(route) = route else { return false };
        matches!(route.get("next_hop_type").and_then(Value::as_str), Some("VnetLocal" | "None"))
    };
    let inner: Vec<Value> = routes.iter().filter(stays).cloned().collect();
    args.insert("route".into(), inner.into());
    args.insert("bgp_route_propagation_enabled".into(), Value::from(false));
}
