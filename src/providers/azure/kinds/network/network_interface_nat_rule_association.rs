//! Association of a network interface with an inbound NAT rule: an element of a list in one of its configurations,
//! treated as a resource.

use crate::kinds::table::*;
use crate::providers::azure::kinds::network::interface_association::{arguments, import_id, place_of, table};

static PLACE: Membership =
    place_of("properties.loadBalancerInboundNatRules", "nat_rule", "inboundNatRules", Owners::One);

static ARGS: [Arg; 3] = arguments(
    "nat_rule",
    &["lb_nat_rule"],
    "Inbound NAT rule whose connections the interface takes. A rule has one interface.",
);

/// Table of `network_interface_nat_rule_association`.
pub static KIND: Kind = Kind {
    name: "network_interface_nat_rule_association",
    about: "Association of a network interface with an inbound NAT rule of a load balancer, which forwards a port to it.",
    example: r#"
resource_group "example" {
  site = site.east
}

virtual_network "example" {
  resource_group = resource_group.example
  address_space  = ["10.10.0.0/16"]
}

subnet "example" {
  virtual_network  = virtual_network.example
  address_prefixes = ["10.10.1.0/24"]
}

network_interface "example" {
  resource_group = resource_group.example

  ip_configuration {
    name                          = "internal"
    subnet                        = subnet.example
    private_ip_address_allocation = "Dynamic"
  }
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

network_interface_nat_rule_association "example" {
  network_interface     = network_interface.example
  ip_configuration_name = "internal"
  nat_rule              = lb_nat_rule.example
}
"#,
    ..table(&PLACE, &ARGS, |_, of| import_id("nat_rule", of))
};
