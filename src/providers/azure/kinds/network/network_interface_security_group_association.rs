//! Association of a network interface with a network security group: a property of the interface, treated as a
//! resource.

use crate::kinds::table::*;

/// Table of `network_interface_security_group_association`.
pub static KIND: Kind = Kind {
    name: "network_interface_security_group_association",
    about: "Association of a network interface with a network security group. An interface has at most one group, \
     beside that of its subnet.",
    type_: KindType { name: "Microsoft.Network/networkInterfaces", version: "2025-09-01" },
    place: Place::Property("network_interface"),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("network_interface", &["network_interface"], "The network interface."),
        arg(
            "network_security_group",
            Ty::Ref(&["network_security_group"]),
            "properties.networkSecurityGroup.id",
            "Network security group of the interface. drplan replaces it with one write, so the interface is never \
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
    terraform: Terraform {
        named: false,
        imported: Some(|_, of| {
            let id = of("network_interface").zip(of("network_security_group"));
            id.map(|(interface, group)| format!("{interface}|{group}")).into_iter().collect()
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

network_security_group "example" {
  resource_group = resource_group.example
}

network_interface_security_group_association "example" {
  network_interface      = network_interface.example
  network_security_group = network_security_group.example
}
"#,
    ..crate::providers::azure::KIND
};

/// The association has no name of its own and takes the interface's.
fn name(subject: &Subject<'_>) -> String {
    subject.text("network_interface").and_then(|id| id.rsplit('/').next()).unwrap_or_default().to_owned()
}
