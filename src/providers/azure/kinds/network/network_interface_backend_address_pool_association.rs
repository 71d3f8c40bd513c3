//! Association of a network interface with a backend pool: an element of a list in one of its configurations, treated
//! as a resource.

use crate::kinds::table::*;
use crate::providers::azure::kinds::network::interface_association::{arguments, import_id, place_of, table};

static PLACE: Membership =
    place_of("properties.loadBalancerBackendAddressPools", "backend_address_pool", "backendAddressPools", Owners::Any);

static ARGS: [Arg; 3] = arguments(
    "backend_address_pool",
    &["lb_backend_address_pool"],
    "Backend pool whose connections the interface takes.",
);

/// Table of `network_interface_backend_address_pool_association`.
pub static KIND: Kind = Kind {
    name: "network_interface_backend_address_pool_association",
    about: "Association of a network interface with a backend pool: its machine receives the load balancer's connections.",
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

lb_backend_address_pool "example" {
  loadbalancer = lb.example
}

network_interface_backend_address_pool_association "example" {
  network_interface     = network_interface.example
  ip_configuration_name = "internal"
  backend_address_pool  = lb_backend_address_pool.example
}
"#,
    ..table(&PLACE, &ARGS, |_, of| import_id("backend_address_pool", of))
};
