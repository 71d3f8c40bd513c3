//! A NAT gateway: how machines without addresses of their own reach the internet.

use super::table::*;

/// The table.
pub static KIND: Kind = Kind {
    name: "nat_gateway",
    about: "A NAT gateway: how machines without addresses of their own reach the internet.",
    arm: Arm { type_: "Microsoft.Network/natGateways", api: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "idle_timeout_in_minutes",
            Ty::Integer(4, 120),
            "properties.idleTimeoutInMinutes",
            "Minutes until a connection without traffic is closed.",
        )
        .default(Lit::Int(4)),
        arg(
            "sku_name",
            Ty::Enum(&["Standard", "StandardV2"]),
            "sku.name",
            "The SKU; `StandardV2` spans the zones of its region.",
        )
        .default(Lit::Str("Standard"))
        .replace(),
        arg("zones", Ty::Set(&Ty::String), "zones", "The availability zone it is in; one, for `Standard`.").replace(),
        TAGS,
    ],
    attributes: &[attribute(
        "resource_guid",
        "properties.resourceGuid",
        Fake::Guid,
        "The GUID that Azure gives the gateway.",
    )],
    drill: Drill::never("it would lead copies out to the internet"),
    durations: Durations { create: 10, update: 10, delete: 12 },
    answers: Answers::AsyncBody,
    in_use: "CannotDeleteNatGatewayAssociatedToSubnet",
    simulated: Simulated {
        accepts: &[
            "properties.nat64",
            "properties.publicIpAddresses[].id",
            "properties.publicIpAddressesV6[].id",
            "properties.publicIpPrefixes[].id",
            "properties.publicIpPrefixesV6[].id",
            "properties.serviceGateway.id",
            "properties.sourceVirtualNetwork.id",
        ],
        ..Simulated::NONE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

nat_gateway "example" {
  resource_group = resource_group.example
}
"#,
    ..Kind::EMPTY
};
