//! Association of a subnet with a network security group: a property of the subnet, treated as a resource.

use crate::kinds::table::*;

/// Table of `subnet_network_security_group_association`.
pub static KIND: Kind = Kind {
    name: "subnet_network_security_group_association",
    about: "Association of a subnet with a network security group. A subnet has at most one group.",
    type_: KindType { name: "Microsoft.Network/virtualNetworks/subnets", version: "2025-09-01" },
    place: Place::Property("subnet"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("subnet", &["subnet"], "The subnet."),
        arg(
            "network_security_group",
            Ty::Ref(&["network_security_group"]),
            "properties.networkSecurityGroup.id",
            "Network security group of the subnet. drplan replaces it with one write, so the subnet is never \
             unprotected.",
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

network_security_group "example" {
  resource_group = resource_group.example
}

subnet_network_security_group_association "example" {
  subnet                 = subnet.example
  network_security_group = network_security_group.example
}
"#,
    ..crate::providers::azure::KIND
};

/// The association has no name of its own and takes the subnet's.
pub(in crate::providers::azure::kinds) fn name(subject: &Subject<'_>) -> String {
    subject.text("subnet").and_then(|id| id.rsplit('/').next()).unwrap_or_default().to_owned()
}
