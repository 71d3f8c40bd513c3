//! A backend pool of a load balancer: the machines that connections are spread over.

use super::lb::IN_USE;
use super::table::*;

/// The table.
pub static KIND: Kind = Kind {
    name: "lb_backend_address_pool",
    about: "A backend pool of a load balancer: the machines that connections are spread over.",
    arm: Arm { type_: "Microsoft.Network/loadBalancers/backendAddressPools", api: "2025-09-01" },
    place: Place::Part("loadbalancer", "properties.backendAddressPools", "backendAddressPools", "name"),
    location: Location::None,
    names: NameRule::NETWORK,
    args: &[
        place("loadbalancer", &["lb"], "The load balancer it is part of."),
        arg(
            "virtual_network",
            Ty::Ref(&["virtual_network"]),
            "properties.virtualNetwork.id",
            "The network of its addresses, for a pool of addresses rather than of interfaces.",
        ),
        arg(
            "synchronous_mode",
            Ty::Enum(&["Automatic", "Manual"]),
            "properties.syncMode",
            "How a pool of addresses follows the machines of a scale set.",
        )
        .replace(),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: Answers::AsyncBody,
    serial: Serial::Root,
    in_use: IN_USE,
    simulated: Simulated { alone: true, ..Simulated::NONE },
    odd: Odd { check: Some(check), ..Odd::NONE },
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
    left_out: &[("tunnel_interface", "chains of gateway load balancers are not described here")],
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    if subject.args.contains_key("synchronous_mode") && !subject.args.contains_key("virtual_network") {
        findings.push(Finding {
            argument: "synchronous_mode",
            summary: "only a pool of addresses has a `synchronous_mode`".to_owned(),
            why: "A pool without a `virtual_network` is made of network interfaces, which join it by themselves."
                .to_owned(),
            help: "Write `virtual_network` as well, or leave this out.".to_owned(),
        });
    }
}
