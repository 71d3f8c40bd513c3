//! Association of a subnet with a route table: a property of the subnet, treated as a resource.

use crate::kinds::table::*;
use crate::providers::azure::kinds::network::subnet_network_security_group_association::name;

/// Table of `subnet_route_table_association`.
pub static KIND: Kind = Kind {
    name: "subnet_route_table_association",
    about: "Association of a subnet with a route table. A subnet has at most one table.",
    type_: KindType { name: "Microsoft.Network/virtualNetworks/subnets", version: "2025-09-01" },
    place: Place::Property("subnet"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("subnet", &["subnet"], "The subnet."),
        arg(
            "route_table",
            Ty::Ref(&["route_table"]),
            "properties.routeTable.id",
            "Route table of the subnet. drplan replaces it with one write, so the subnet is never without its routes.",
        )
        .near()
        .required(),
    ],
    drill: Drill::ALONG,
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

route_table "example" {
  resource_group = resource_group.example
}

subnet_route_table_association "example" {
  subnet      = subnet.example
  route_table = route_table.example
}
"#,
    ..crate::providers::azure::KIND
};
