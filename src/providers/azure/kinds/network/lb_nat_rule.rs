//! Inbound NAT rule of a load balancer: forwards a port, or a range of ports, to single machines.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::azure::kinds::network::lb::{FRONTEND_OF_RULE as FRONTEND, IN_USE, check_frontend};
use crate::providers::azure::kinds::network::lb_rule;

/// Table of `lb_nat_rule`.
pub static KIND: Kind = Kind {
    name: "lb_nat_rule",
    about: "Inbound NAT rule of a load balancer: forwards a port to one machine, or a range of ports to the machines of \
     a pool.",
    type_: KindType { name: "Microsoft.Network/loadBalancers/inboundNatRules", version: "2025-09-01" },
    place: Place::Part("loadbalancer", "properties.inboundNatRules", "inboundNatRules", "name"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("loadbalancer", &["lb"], "Load balancer of the rule."),
        arg("frontend_ip_configuration_name", Ty::String, "", "Name of the load balancer's frontend.")
            .required()
            .wire(Wire::Odd)
            .any_case(),
        arg("protocol", Ty::Enum(&["Tcp", "Udp", "All"]), "properties.protocol", "Transport protocol.").required(),
        arg("backend_port", Ty::Integer(1, 65535), "properties.backendPort", "Port of the machine.").required(),
        arg(
            "frontend_port",
            Ty::Integer(1, 65534),
            "properties.frontendPort",
            "Port of the frontend, for one machine that a `network_interface_nat_rule_association` names.",
        ),
        arg(
            "frontend_port_start",
            Ty::Integer(1, 65534),
            "properties.frontendPortRangeStart",
            "First port of the frontend, for the machines of `backend_address_pool`.",
        ),
        arg(
            "frontend_port_end",
            Ty::Integer(1, 65534),
            "properties.frontendPortRangeEnd",
            "Last port of the frontend, for the machines of `backend_address_pool`.",
        ),
        arg(
            "backend_address_pool",
            Ty::Ref(&["lb_backend_address_pool"]),
            "properties.backendAddressPool.id",
            "Backend pool whose machines each take one port of the range.",
        ),
        arg(
            "idle_timeout_in_minutes",
            Ty::Integer(4, 30),
            "properties.idleTimeoutInMinutes",
            "Idle timeout of connections, in minutes.",
        )
        .default(Lit::Int(4)),
        arg(
            "floating_ip_enabled",
            Ty::Bool,
            "properties.enableFloatingIP",
            "Pass the frontend's address to the machine as the destination.",
        )
        .default(Lit::Bool(false)),
        arg(
            "tcp_reset_enabled",
            Ty::Bool,
            "properties.enableTcpReset",
            "Send a TCP reset to both ends when a connection times out.",
        )
        .default(Lit::Bool(false)),
    ],
    attributes: &[
        named(
            "frontend_ip_configuration_id",
            "{loadbalancer}/frontendIPConfigurations/{frontend_ip_configuration_name}",
            "ID of the frontend.",
        ),
        attribute(
            "backend_ip_configuration_id",
            "properties.backendIPConfiguration.id",
            FakeValue::Nothing,
            "ID of the configuration of the network interface that takes the connections.",
        ),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    apart: &[lb_rule::FRONTEND_PORTS],
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { alone: true, accepts: &[FRONTEND], ..SimulatedBehaviour::NONE },
    terraform: Terraform {
        follows: &[("resource_group_name", "loadbalancer", "resource_group_name")],
        ..Terraform::BY_RULE
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

lb_nat_rule "example" {
  loadbalancer                   = lb.example
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 2201
  backend_port                   = 22
}
"#,
    ..crate::providers::azure::KIND
};

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let (Some(lb), Some(frontend)) = (subject.text("loadbalancer"), subject.text("frontend_ip_configuration_name"))
    else {
        return;
    };
    for body in bodies {
        path::put(body, FRONTEND, Json::from(format!("{lb}/frontendIPConfigurations/{frontend}")));
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    if let Some(name) = answers.iter().find_map(|rule| path::text(rule, FRONTEND)?.rsplit('/').next()) {
        args.insert("frontend_ip_configuration_name".to_owned(), Json::from(name));
    }
    // Azure returns 0 for the ports that a rule does not use.
    for argument in ["frontend_port", "frontend_port_start", "frontend_port_end"] {
        if args.get(argument).and_then(Json::as_i64) == Some(0) {
            args.remove(argument);
        }
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if let Some(name) = subject.text("frontend_ip_configuration_name") {
        check_frontend(subject, "frontend_ip_configuration_name", name, findings);
    }
    let has = |name: &str| subject.args.contains_key(name);
    let range = ["frontend_port_start", "frontend_port_end", "backend_address_pool"];
    let of_range = range.iter().filter(|name| has(name)).count();
    if !matches!((has("frontend_port"), of_range), (true, 0) | (false, 3)) {
        findings.push(Finding {
            argument: "frontend_port",
            summary: "an inbound NAT rule has either one port or a range of ports with a pool".to_owned(),
            why: String::new(),
            help: "Set `frontend_port`, or `frontend_port_start`, `frontend_port_end` and `backend_address_pool`."
                .to_owned(),
        });
    }
    let port = |name: &str| subject.args.get(name).and_then(Json::as_i64);
    if let (Some(start), Some(end)) = (port("frontend_port_start"), port("frontend_port_end"))
        && start > end
    {
        findings.push(Finding {
            argument: "frontend_port_end",
            summary: format!("the range ends at {end}, before it starts at {start}"),
            why: String::new(),
            help: "Swap the two.".to_owned(),
        });
    }
}
