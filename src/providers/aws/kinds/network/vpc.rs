//! Network of a region of AWS.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{IN_USE, TAG_NAME, TAGS_ARG};
use crate::providers::aws::terraform::{NAMED, REGION};

/// Table of `aws_vpc`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_vpc",
    about: "Network (VPC) of a region.",
    type_: KindType { name: "AWS::EC2::VPC", version: VERSION },
    place: Place::Root("aws:{region}/vpcs/{name}"),
    names: TAG_NAME,
    args: &[
        PRESENCE,
        arg("cidr_block", Ty::Cidr, "CidrBlock", "Range of addresses, from a `/16` to a `/28`.").required().replace(),
        arg("enable_dns_support", Ty::Bool, "EnableDnsSupport", "Resolve names in the network.")
            .default(Lit::Bool(true)),
        arg("enable_dns_hostnames", Ty::Bool, "EnableDnsHostnames", "Give machines with public addresses names.")
            .default(Lit::Bool(false)),
        arg(
            "instance_tenancy",
            Ty::Enum(&["default", "dedicated"]),
            "InstanceTenancy",
            "Hardware of machines: shared with other accounts or not.",
        )
        .default(Lit::Str("default"))
        .replace(),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("vpc_id", "VpcId", FakeValue::Nothing, "Id that AWS gave the network."),
        attribute("default_security_group_id", "DefaultSecurityGroup", FakeValue::Nothing, "Id of its first group."),
    ],
    durations: Durations { create: 10, update: 5, delete: 10 },
    in_use: IN_USE,
    combinations: &[Combination::new(
        "InvalidParameterCombination",
        &[
            ("enable_dns_hostnames", Test::Is(&[Lit::Bool(true)])),
            ("enable_dns_support", Test::Is(&[Lit::Bool(false)])),
        ],
        "`enable_dns_hostnames` needs `enable_dns_support`",
        "Remove `enable_dns_support = false`.",
    )],
    forms: &[("cidr_block", &RANGE)],
    terraform: Terraform {
        resource: "vpc",
        named: false,
        renamed: &[REGION],
        tags: NAMED,
        exported: &[("vpc_id", "id")],
        given_id: "VPC_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_vpc "example" {
  site       = site.east
  cidr_block = "10.10.0.0/16"
}
"#,
    left_out: &[
        ("assign_generated_ipv6_cidr_block", "addresses of IPv6 belong to one region, and users come by a record"),
        ("enable_network_address_usage_metrics", "a figure of monitoring"),
        ("ipv4_ipam_pool_id", "write the range as `cidr_block`, so that a plan can compare it with others"),
        ("ipv4_netmask_length", "write the range as `cidr_block`, so that a plan can compare it with others"),
        ("ipv6_cidr_block", "addresses of IPv6 belong to one region, and users come by a record"),
        ("ipv6_cidr_block_network_border_group", "addresses of IPv6 belong to one region"),
        ("ipv6_ipam_pool_id", "addresses of IPv6 belong to one region"),
        ("ipv6_netmask_length", "addresses of IPv6 belong to one region"),
    ],
    ..crate::providers::aws::KIND
};

/// A range of a network has a prefix from 16 to 28 (source: AWS's page on networks).
static RANGE: Form =
    Form::new("a range from a `/16` to a `/28`", &["10.0.0.0/16", "10.1.0.0/24"], "InvalidVpc.Range", |text| {
        let length = text.rsplit_once('/').and_then(|(_, length)| length.parse::<u8>().ok());
        let is_range = length.is_some_and(|length| (16..=28).contains(&length));
        (!is_range && !text.contains(':')).then(|| "has a prefix outside of 16 to 28".to_owned())
    });
