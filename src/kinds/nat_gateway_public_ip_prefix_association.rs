//! Association of a NAT gateway with a public IP prefix: an element of a list of the gateway, treated as a resource.

use super::membership;
use super::nat_gateway::WAY_OUT;
use super::table::*;

static PLACE: Membership = Membership {
    owner: "nat_gateway",
    enclosure: Enclosure::Whole,
    list: "properties.publicIpPrefixes",
    key: "id",
    member: "public_ip_prefix",
    segment: "publicIpPrefixes",
    owners: Owners::One,
};

/// Table of `nat_gateway_public_ip_prefix_association`.
pub static KIND: Kind = Kind {
    name: "nat_gateway_public_ip_prefix_association",
    about: "Association of a NAT gateway with a public IP prefix, from which its connections come.",
    arm: Arm { type_: "Microsoft.Network/natGateways", api: "2025-09-01" },
    place: Place::Member(&PLACE),
    location: Location::None,
    names: NameRule::DERIVED,
    args: &[
        place("nat_gateway", &["nat_gateway"], "The NAT gateway."),
        arg(
            "public_ip_prefix",
            Ty::Ref(&[]),
            "id",
            "Public IP prefix of the gateway. It can belong to one gateway, and to no other resource.",
        )
        .required()
        .replace(),
    ],
    drill: Drill::never(WAY_OUT),
    durations: Durations { create: 10, update: 10, delete: 10 },
    answers: AnswerStyle::AsyncBody,
    serial: Serial::Root,
    in_use: "",
    link: true,
    odd: Overrides { name: Some(membership::name), ..Overrides::NONE },
    terraform: Terraform {
        named: false,
        imported: Some(|_, of| {
            let id = of("nat_gateway").zip(of("public_ip_prefix"));
            id.map(|(gateway, prefix)| format!("{gateway}|{prefix}")).into_iter().collect()
        }),
        ..Terraform::BY_RULE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

nat_gateway "example" {
  resource_group = resource_group.example
}

nat_gateway_public_ip_prefix_association "example" {
  nat_gateway       = nat_gateway.example
  public_ip_prefix = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/shared/providers/Microsoft.Network/publicIPPrefixes/out"
}
"#,
    ..Kind::EMPTY
};
