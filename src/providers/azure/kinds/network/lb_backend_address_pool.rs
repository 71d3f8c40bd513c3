//! Backend pool of a load balancer: the machines that receive connections.

use crate::kinds::table::*;
use crate::providers::azure::kinds::network::lb::IN_USE;

/// Table of `lb_backend_address_pool`.
pub static KIND: Kind = Kind {
    name: "lb_backend_address_pool",
    about: "Backend pool of a load balancer: the machines that receive connections.",
    type_: KindType { name: "Microsoft.Network/loadBalancers/backendAddressPools", version: "2025-09-01" },
    place: Place::Part("loadbalancer", "properties.backendAddressPools", "backendAddressPools", "name"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("loadbalancer", &["lb"], "Load balancer of the pool."),
        arg(
            "virtual_network",
            Ty::Ref(&["virtual_network"]),
            "properties.virtualNetwork.id",
            "Virtual network of the pool's addresses. For a pool of addresses instead of network interfaces.",
        ),
        arg(
            "synchronous_mode",
            Ty::Enum(&["Automatic", "Manual"]),
            "properties.syncMode",
            "Synchronisation of a pool of addresses with the machines of a scale set.",
        )
        .replace(),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    simulated: SimulatedBehaviour { alone: true, ..SimulatedBehaviour::NONE },
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    uncovered: &["properties.drainPeriodInSeconds", "properties.location", "properties.tunnelInterfaces"],
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
"#,
    left_out: &[("tunnel_interface", "drplan does not support chains of gateway load balancers")],
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if subject.args.contains_key("synchronous_mode") && !subject.args.contains_key("virtual_network") {
        findings.push(Finding {
            argument: "synchronous_mode",
            summary: "`synchronous_mode` needs a pool of addresses".to_owned(),
            why: "A pool without a `virtual_network` consists of network interfaces, which join it themselves."
                .to_owned(),
            help: "Set `virtual_network` as well, or remove this argument.".to_owned(),
        });
    }
}
