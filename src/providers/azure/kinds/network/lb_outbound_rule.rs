//! Outbound rule of a load balancer: the addresses from which the machines of a pool reach the internet.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::azure::kinds::network::lb::{IN_USE, OUTBOUND_FRONTENDS as FRONTENDS, check_frontend};
use crate::providers::azure::kinds::network::nat_gateway::WAY_OUT;

static FRONTEND: Block =
    Block::many("name", &[arg("name", Ty::String, "name", "Name of the load balancer's frontend.").required()])
        .at_least_one();

/// Table of `lb_outbound_rule`.
pub static KIND: Kind = Kind {
    name: "lb_outbound_rule",
    about: "Outbound rule of a load balancer: the addresses from which the machines of a pool reach the internet.",
    type_: KindType { name: "Microsoft.Network/loadBalancers/outboundRules", version: "2025-09-01" },
    place: Place::Part("loadbalancer", "properties.outboundRules", "outboundRules", "name"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("loadbalancer", &["lb"], "Load balancer of the rule."),
        arg(
            "frontend_ip_configuration",
            Ty::Block(&FRONTEND),
            "",
            "Frontend with a public address. A rule for connections at the same frontend needs \
             `disable_outbound_snat = true`.",
        )
        .required()
        .wire(Wire::Odd),
        arg(
            "backend_address_pool",
            Ty::Ref(&["lb_backend_address_pool"]),
            "properties.backendAddressPool.id",
            "Backend pool of the machines.",
        )
        .required(),
        arg("protocol", Ty::Enum(&["Tcp", "Udp", "All"]), "properties.protocol", "Transport protocol.").required(),
        arg(
            "allocated_outbound_ports",
            Ty::Integer(0, 64_000),
            "properties.allocatedOutboundPorts",
            "Ports for each machine, a multiple of 8. 0: Azure allocates them by the size of the pool.",
        )
        .default(Lit::Int(1024)),
        arg(
            "idle_timeout_in_minutes",
            Ty::Integer(4, 100),
            "properties.idleTimeoutInMinutes",
            "Idle timeout of connections, in minutes.",
        )
        .default(Lit::Int(4)),
        arg(
            "tcp_reset_enabled",
            Ty::Bool,
            "properties.enableTcpReset",
            "Send a TCP reset to both ends when a connection times out.",
        )
        .default(Lit::Bool(false)),
    ],
    drill: Drill::never(WAY_OUT),
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        accepts: &["properties.frontendIPConfigurations[].id"],
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

lb_backend_address_pool "example" {
  loadbalancer = lb.example
}

lb_outbound_rule "example" {
  loadbalancer         = lb.example
  backend_address_pool = lb_backend_address_pool.example
  protocol             = "All"

  frontend_ip_configuration {
    name = "front"
  }
}
"#,
    ..crate::providers::azure::KIND
};

fn frontends<'a>(subject: &Subject<'a>) -> Vec<&'a str> {
    let blocks = subject.args.get("frontend_ip_configuration").and_then(Json::as_array).into_iter().flatten();
    blocks.filter_map(|block| block.get("name").and_then(Json::as_str)).collect()
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(lb) = subject.text("loadbalancer") else { return };
    let id = |name: &str| Json::from(format!("{lb}/frontendIPConfigurations/{name}"));
    let ids: Vec<Json> = frontends(subject).into_iter().map(id).collect();
    for body in bodies {
        path::put(body, &format!("{FRONTENDS}[].id"), Json::from(ids.clone()));
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(rule) = answers.first() else { return };
    let names = path::items(rule, FRONTENDS).iter().filter_map(|one| path::text(one, "id")?.rsplit('/').next());
    let blocks: Vec<Json> = names.map(|name| serde_json::json!({ "name": name })).collect();
    if !blocks.is_empty() {
        args.insert("frontend_ip_configuration".to_owned(), Json::from(blocks));
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    for name in frontends(subject) {
        check_frontend(subject, "frontend_ip_configuration", name, findings);
    }
    let ports = subject.args.get("allocated_outbound_ports").and_then(Json::as_i64);
    if let Some(ports) = ports.filter(|ports| ports % 8 != 0) {
        findings.push(Finding {
            argument: "allocated_outbound_ports",
            summary: format!("{ports} is not a multiple of 8"),
            why: "Azure allocates ports in steps of 8.".to_owned(),
            help: format!("Set {} or {}.", ports / 8 * 8, ports / 8 * 8 + 8),
        });
    }
}
