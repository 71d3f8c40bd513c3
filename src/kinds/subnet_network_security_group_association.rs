//! That a subnet is under a network security group: a property of the subnet, written as if it were a resource.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind {
    name: "subnet_network_security_group_association",
    about: "That a subnet is under a network security group; one subnet is under one group.",
    arm: Arm { type_: "Microsoft.Network/virtualNetworks/subnets", api: "2025-09-01" },
    place: Place::Property("subnet"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("subnet", &["subnet"], "The subnet."),
        arg(
            "network_security_group",
            Ty::Ref(&["network_security_group"]),
            "properties.networkSecurityGroup.id",
            "The group. Another one takes its place in one write, so that the subnet is never open in between.",
        )
        .required(),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 4, update: 4, delete: 4 },
    answers: Answers::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    odd: Odd { name: Some(name), ..Odd::NONE },
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

network_security_group "example" {
  resource_group = resource_group.example
}

subnet_network_security_group_association "example" {
  subnet                 = subnet.example
  network_security_group = network_security_group.example
}
"#,
    ..Kind::EMPTY
};

/// It has no name of its own, so it goes by the subnet's.
fn name(subject: &Subject<'_>) -> String {
    subject.text("subnet").and_then(|id| id.rsplit('/').next()).unwrap_or_default().to_owned()
}
