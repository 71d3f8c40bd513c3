//! Association of a NAT gateway with a public IP address: an element of a list of the gateway, treated as a resource.

use crate::kinds::place;
use crate::kinds::table::*;
use crate::providers::azure::kinds::network::gateway_association::{import_id, place_of, table};

static PLACE: Membership = place_of("properties.publicIpAddresses", "public_ip_address", "publicIpAddresses");

static ARGS: [Arg; 2] = [
    place("nat_gateway", &["nat_gateway"], "The NAT gateway."),
    arg(
        "public_ip_address",
        Ty::Ref(&["public_ip"]),
        "id",
        "Public IP address of the gateway. It can belong to one gateway, and to no other resource.",
    )
    .near()
    .required()
    .replace(),
];

/// Table of `nat_gateway_public_ip_association`.
pub static KIND: Kind = Kind {
    name: "nat_gateway_public_ip_association",
    about: "Association of a NAT gateway with a public IP address, from which its connections come.",
    apart: &[Exclusive::among_siblings(
        "PublicIPAddressInUse",
        "public address",
        "users of a public address",
        &["public_ip_address"],
    )
    .within(ExclusiveWithin::Everywhere)
    .shared()],
    odd: Overrides { name: Some(place::name), check: Some(check), ..Overrides::NONE },
    example: r#"
resource_group "example" {
  site = site.east
}

public_ip "example" {
  resource_group    = resource_group.example
  allocation_method = "Static"
}

nat_gateway "example" {
  resource_group = resource_group.example
}

nat_gateway_public_ip_association "example" {
  nat_gateway       = nat_gateway.example
  public_ip_address = public_ip.example
}
"#,
    ..table(&PLACE, &ARGS, |_, of| import_id("public_ip_address", of))
};

/// A gateway and its addresses have one SKU (source: Azure's documentation of NAT gateways of SKU `StandardV2`).
fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let sku =
        |argument: &str, name: &str| subject.with(argument, |other| other.text(name).map(str::to_owned)).flatten();
    if let (Some(gateway), Some(address)) = (sku("nat_gateway", "sku_name"), sku("public_ip_address", "sku"))
        && gateway != address
    {
        findings.push(Finding {
            argument: "public_ip_address",
            summary: format!("a NAT gateway of SKU `{gateway}` takes no address of SKU `{address}`"),
            why: String::new(),
            help: format!("Set `sku = \"{gateway}\"` in the public IP address."),
        });
    }
    if sku("public_ip_address", "ip_version").as_deref() == Some("IPv6") {
        findings.push(Finding {
            argument: "public_ip_address",
            summary: "the address is an IPv6 address".to_owned(),
            why: "A NAT gateway keeps IPv6 addresses in a list of their own, which this kind does not write."
                .to_owned(),
            help: "Use an address with `ip_version = \"IPv4\"`.".to_owned(),
        });
    }
}
