//! Rule of a load balancer: forwards connections from a frontend's port to a pool's port.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::azure::kinds::network::lb::{self, FRONTEND_OF_RULE as FRONTEND, IN_USE, check_frontend};
use crate::value::{Map, Value};

/// Each port of a frontend belongs to one rule, whether that balances or forwards (source: Azure's error of this code).
pub(super) const FRONTEND_PORTS: Exclusive = Exclusive::among_siblings(
    "RulesUseSameFrontendPortProtocolAndIPConfiguration",
    "frontend, protocol and port",
    "frontend ports of a load balancer",
    &["frontend_ip_configuration_name", "protocol", "frontend_port"],
);

/// Table of `lb_rule`.
pub static KIND: Kind = Kind {
    name: "lb_rule",
    about: "Rule of a load balancer: forwards connections from a frontend's port to a pool's port.",
    type_: KindType { name: "Microsoft.Network/loadBalancers/loadBalancingRules", version: "2025-09-01" },
    place: Place::Part("loadbalancer", "properties.loadBalancingRules", "loadBalancingRules", "name"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("loadbalancer", &["lb"], "Load balancer of the rule."),
        arg("frontend_ip_configuration_name", Ty::String, "", "Name of the load balancer's frontend.")
            .required()
            .wire(Wire::Odd)
            .any_case(),
        arg(
            "protocol",
            Ty::Enum(&["Tcp", "Udp", "All"]),
            "properties.protocol",
            "Transport protocol. `All` requires both ports to be 0.",
        )
        .required(),
        arg("frontend_port", Ty::Integer(0, 65534), "properties.frontendPort", "Port of the frontend. 0: all ports.")
            .required(),
        arg("backend_port", Ty::Integer(0, 65535), "properties.backendPort", "Port of the machines. 0: all ports.")
            .required(),
        arg(
            "backend_address_pools",
            Ty::Set(&Ty::Ref(&["lb_backend_address_pool"])),
            "properties.backendAddressPools[].id",
            "Backend pool of the connections. Two pools are possible with a gateway load balancer.",
        ),
        arg(
            "probe",
            Ty::Ref(&["lb_probe"]),
            "properties.probe.id",
            "Health probe of the machines. Without one, all machines count as healthy.",
        ),
        arg(
            "load_distribution",
            Ty::Enum(&["Default", "SourceIP", "SourceIPProtocol"]),
            "properties.loadDistribution",
            "Session affinity: by connection, by client address, or by client address and protocol.",
        )
        .default(Lit::Str("Default")),
        arg(
            "idle_timeout_in_minutes",
            Ty::Integer(4, 100),
            "properties.idleTimeoutInMinutes",
            "Idle timeout of connections, in minutes.",
        )
        .default(Lit::Int(4)),
        arg(
            "floating_ip_enabled",
            Ty::Bool,
            "properties.enableFloatingIP",
            "Pass the frontend's address to the machines as the destination, as SQL Server clusters need.",
        )
        .default(Lit::Bool(false)),
        arg(
            "tcp_reset_enabled",
            Ty::Bool,
            "properties.enableTcpReset",
            "Send a TCP reset to both ends when a connection times out.",
        )
        .default(Lit::Bool(false)),
        arg(
            "disable_outbound_snat",
            Ty::Bool,
            "properties.disableOutboundSnat",
            "Disable outbound internet access of the machines through the frontend's address.",
        )
        .default(Lit::Bool(false)),
    ],
    attributes: &[named(
        "frontend_ip_configuration_id",
        "{loadbalancer}/frontendIPConfigurations/{frontend_ip_configuration_name}",
        "ID of the frontend.",
    )],
    drill: Drill { rewrites: Some(rehearsed), ..Drill::ALONG },
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        accepts: &[FRONTEND, "properties.backendAddressPool.id", "properties.enableConnectionTracking"],
        ..SimulatedBehaviour::NONE
    },
    apart: &[
        FRONTEND_PORTS,
        Exclusive::among_siblings(
            "RulesUseSameBackendPortProtocolAndPool",
            "pool, protocol and backend port",
            "backend ports of a load balancer",
            &["backend_address_pools", "protocol", "backend_port"],
        )
        .unless("floating_ip_enabled", Lit::Bool(true)),
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

lb_backend_address_pool "example" {
  loadbalancer = lb.example
}

lb_rule "example" {
  loadbalancer                   = lb.example
  frontend_ip_configuration_name = "front"
  protocol                       = "Tcp"
  frontend_port                  = 443
  backend_port                   = 443
  backend_address_pools          = [lb_backend_address_pool.example]
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
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let port = |argument: &str| subject.args.get(argument).and_then(Json::as_i64);
    let every_port = [port("frontend_port"), port("backend_port")].map(|port| port.map(|port| port == 0));
    if let [Some(frontend), Some(backend)] = every_port
        && (frontend != backend || (frontend && subject.text("protocol").is_some_and(|protocol| protocol != "All")))
    {
        findings.push(Finding {
            argument: "frontend_port",
            summary: "a rule for all ports needs port 0 on both sides and the protocol `All`".to_owned(),
            why: String::new(),
            help: "Set `protocol = \"All\"`, `frontend_port = 0` and `backend_port = 0`, or a port for each side."
                .to_owned(),
        });
    }
    if let Some(name) = subject.text("frontend_ip_configuration_name") {
        check_frontend(subject, "frontend_ip_configuration_name", name, findings);
        if subject.text("protocol") == Some("All") && lb::is_public(subject, name) {
            findings.push(Finding {
                argument: "protocol",
                summary: format!("a rule for all ports on the public frontend `{name}`"),
                why: "Azure has rules for all ports (HA ports) on frontends in a subnet only.".to_owned(),
                help: "Set `protocol` to \"Tcp\" or \"Udp\" and write a rule for each port, or use a frontend with a `subnet`."
                    .to_owned(),
            });
        }
    }
}

/// A drill blocks outbound traffic through the frontend's address.
fn rehearsed(args: &mut Map) {
    args.insert("disable_outbound_snat".into(), Value::from(true));
}
