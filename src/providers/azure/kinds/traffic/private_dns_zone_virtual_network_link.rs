//! Link of a private DNS zone with a virtual network, whose machines then resolve the names of the zone.

use crate::kinds::table::*;
use crate::providers::azure::kinds::traffic::private_dns_zone::LINKS;
use crate::providers::azure::tags;

/// Table of `private_dns_zone_virtual_network_link`.
pub static KIND: Kind = Kind {
    name: "private_dns_zone_virtual_network_link",
    about: "Link of a private DNS zone with a virtual network, whose machines then resolve the names of the zone.",
    type_: KindType { name: "Microsoft.Network/privateDnsZones/virtualNetworkLinks", version: "2024-06-01" },
    place: Place::Child("private_dns_zone", LINKS),
    location: Location::Global,
    names: NameRule::NETWORK,
    args: &[
        place("private_dns_zone", &["private_dns_zone"], "Zone of the link."),
        arg(
            "virtual_network",
            Ty::Ref(&["virtual_network"]),
            "properties.virtualNetwork.id",
            "Virtual network whose machines resolve the names. It may be in any region.",
        )
        .required()
        .replace(),
        arg(
            "registration_enabled",
            Ty::Bool,
            "properties.registrationEnabled",
            "Register the machines of the network in the zone.",
        )
        .default(Lit::Bool(false)),
        arg(
            "resolution_policy",
            Ty::Enum(&["Default", "NxDomainRedirect"]),
            "properties.resolutionPolicy",
            "Answer for a name that the zone lacks: none, or that of the internet (`NxDomainRedirect`), for zones of \
             private endpoints only.",
        )
        .kept(Kept::Chosen),
        tags::TAGS.tags(&tags::DNS),
    ],
    link: true,
    drill: Drill::never("machines would resolve names of production"),
    durations: Durations { create: 45, update: 30, delete: 60 },
    answers: AnswerStyle::AsyncBoth,
    serial: Serial::Root,
    in_use: "",
    apart: &[
        Exclusive::among_siblings("BadRequest", "virtual network", "networks of a zone", &["virtual_network"]),
        Exclusive::among_siblings(
            "BadRequest",
            "network that registers its machines",
            "networks that register their machines",
            &["virtual_network"],
        )
        .within(ExclusiveWithin::Everywhere)
        .unless("registration_enabled", Lit::Bool(false)),
    ],
    combinations: &[Combination::new(
        "BadRequest",
        &[
            ("resolution_policy", Test::Is(&[Lit::Str("NxDomainRedirect")])),
            ("registration_enabled", Test::Is(&[Lit::Bool(true)])),
        ],
        "a zone of private endpoints registers no machines",
        "Set `registration_enabled = false`, or remove `resolution_policy`.",
    )],
    terraform: Terraform { fifth: &["private_dns_zone"], ..Terraform::BY_RULE },
    example: r#"
resource_group "example" {
  site = site.east
}

virtual_network "example" {
  resource_group = resource_group.example
  address_space  = ["10.10.0.0/16"]
}

private_dns_zone "example" {
  name           = "internal.drplan-example.com"
  resource_group = resource_group.example
}

private_dns_zone_virtual_network_link "example" {
  private_dns_zone = private_dns_zone.example
  virtual_network  = virtual_network.example
}
"#,
    ..crate::providers::azure::KIND
};
