//! Association of a network interface with a backend pool: an element of a list in one of its configurations, treated
//! as a resource.

use super::membership;
use super::network_interface::{CONFIGURATIONS, check_configuration};
use super::table::*;

static PLACE: Membership = Membership {
    owner: "network_interface",
    enclosure: Enclosure::Element("ip_configuration_name", CONFIGURATIONS, "ipConfigurations"),
    list: "properties.loadBalancerBackendAddressPools",
    key: "id",
    member: "backend_address_pool",
    segment: "backendAddressPools",
    owners: Owners::Any,
};

/// Table of `network_interface_backend_address_pool_association`.
pub static KIND: Kind = Kind {
    name: "network_interface_backend_address_pool_association",
    about: "Association of a network interface with a backend pool: its machine receives the load balancer's connections.",
    arm: Arm { type_: "Microsoft.Network/networkInterfaces", api: "2025-09-01" },
    place: Place::Member(&PLACE),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("network_interface", &["network_interface"], "The network interface."),
        arg("ip_configuration_name", Ty::String, "", "Name of the interface's `ip_configuration`.")
            .required()
            .replace()
            .wire(Wire::Nowhere)
            .any_case(),
        arg(
            "backend_address_pool",
            Ty::Ref(&["lb_backend_address_pool"]),
            "id",
            "Backend pool whose connections the interface takes.",
        )
        .near()
        .required()
        .replace(),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 5, update: 5, delete: 5 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    link: true,
    odd: Overrides { name: Some(membership::name), check: Some(check_configuration), ..Overrides::NONE },
    terraform: Terraform {
        named: false,
        imported: Some(|_, of| {
            let interface = of("network_interface").zip(of("ip_configuration_name"));
            let id = interface.zip(of("backend_address_pool"));
            let text = |((interface, name), pool)| format!("{interface}/ipConfigurations/{name}|{pool}");
            id.map(text).into_iter().collect()
        }),
        ..Terraform::BY_RULE
    },
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
    ..Kind::EMPTY
};
