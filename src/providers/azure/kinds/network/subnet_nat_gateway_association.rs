//! Association of a subnet with a NAT gateway: a property of the subnet, treated as a resource.

use crate::kinds::table::*;
use crate::providers::azure::kinds::network::nat_gateway::WAY_OUT;
use crate::providers::azure::kinds::network::subnet_network_security_group_association::name;

/// Table of `subnet_nat_gateway_association`.
pub static KIND: Kind = Kind {
    name: "subnet_nat_gateway_association",
    about: "Association of a subnet with a NAT gateway, through which its machines reach the internet.",
    type_: KindType { name: "Microsoft.Network/virtualNetworks/subnets", version: "2025-09-01" },
    place: Place::Property("subnet"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("subnet", &["subnet"], "The subnet."),
        arg(
            "nat_gateway",
            Ty::Ref(&["nat_gateway"]),
            "properties.natGateway.id",
            "NAT gateway of the subnet. drplan replaces it with one write.",
        )
        .near()
        .required(),
    ],
    drill: Drill::never(WAY_OUT),
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    link: true,
    odd: Overrides { name: Some(name), ..Overrides::NONE },
    terraform: Terraform { named: false, ..Terraform::BY_RULE },
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

nat_gateway "example" {
  resource_group = resource_group.example
}

subnet_nat_gateway_association "example" {
  subnet      = subnet.example
  nat_gateway = nat_gateway.example
}
"#,
    ..crate::providers::azure::KIND
};
