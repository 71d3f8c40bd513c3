//! Association of a NAT gateway with a public IP prefix: an element of a list of the gateway, treated as a resource.

use crate::kinds::table::*;
use crate::providers::azure::kinds::network::gateway_association::{import_id, place_of, table};

static PLACE: Membership = place_of("properties.publicIpPrefixes", "public_ip_prefix", "publicIpPrefixes");

static ARGS: [Arg; 2] = [
    place("nat_gateway", &["nat_gateway"], "The NAT gateway."),
    arg(
        "public_ip_prefix",
        Ty::Ref(&[]),
        "id",
        "Public IP prefix of the gateway. It can belong to one gateway, and to no other resource.",
    )
    .required()
    .replace(),
];

/// Table of `nat_gateway_public_ip_prefix_association`.
pub static KIND: Kind = Kind {
    name: "nat_gateway_public_ip_prefix_association",
    about: "Association of a NAT gateway with a public IP prefix, from which its connections come.",
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
    ..table(&PLACE, &ARGS, |_, of| import_id("public_ip_prefix", of))
};
