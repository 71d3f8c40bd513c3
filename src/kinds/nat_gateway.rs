//! NAT gateway: outbound internet access for machines without public addresses.

use super::table::*;

/// Table of `nat_gateway`.
pub static KIND: Kind = Kind {
    name: "nat_gateway",
    about: "NAT gateway: outbound internet access for machines without public addresses.",
    arm: Arm { type_: "Microsoft.Network/natGateways", api: "2025-09-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "idle_timeout_in_minutes",
            Ty::Integer(4, 120),
            "properties.idleTimeoutInMinutes",
            "Idle timeout of connections, in minutes.",
        )
        .default(Lit::Int(4)),
        arg(
            "sku_name",
            Ty::Enum(&["Standard", "StandardV2"]),
            "sku.name",
            "SKU of the gateway. `StandardV2` spans the zones of its region.",
        )
        .default(Lit::Str("Standard"))
        .replace(),
        arg("zones", Ty::Set(&Ty::String), "zones", "Availability zones of the gateway: one, for `Standard`.")
            .replace(),
        TAGS,
    ],
    attributes: &[attribute(
        "resource_guid",
        "properties.resourceGuid",
        FakeValue::Guid,
        "GUID that Azure assigns to the gateway.",
    )],
    drill: Drill::never("it would give copies a way out to the internet"),
    durations: Durations { create: 10, update: 10, delete: 12 },
    answers: AnswerStyle::AsyncBody,
    in_use: "CannotDeleteNatGatewayAssociatedToSubnet",
    simulated: SimulatedBehaviour {
        accepts: &[
            "properties.nat64",
            "properties.publicIpAddresses[].id",
            "properties.publicIpAddressesV6[].id",
            "properties.publicIpPrefixes[].id",
            "properties.publicIpPrefixesV6[].id",
            "properties.serviceGateway.id",
            "properties.sourceVirtualNetwork.id",
        ],
        ..SimulatedBehaviour::NONE
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
