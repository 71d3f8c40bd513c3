//! Subnet of a network, in one zone.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{IN_USE, TAG_NAME, TAGS_ARG, VPC, ZONE};
use crate::providers::aws::terraform::{NAMED, REGION};

/// Table of `aws_subnet`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_subnet",
    about: "Subnet of a network, in one availability zone.",
    type_: KindType { name: "AWS::EC2::Subnet", version: VERSION },
    place: Place::Beside("vpc", "aws:{region}/subnets/{name}"),
    names: TAG_NAME,
    args: &[
        VPC,
        arg("cidr_block", Ty::Cidr, "CidrBlock", "Range of addresses within that of the network.").required().replace(),
        arg(
            "availability_zone",
            Ty::String,
            "AvailabilityZone",
            "Zone, as in `us-west-2a`. AWS chooses one; the names of zones mean other zones in each account.",
        )
        .form(&ZONE)
        .chosen(),
        arg(
            "availability_zone_id",
            Ty::String,
            "AvailabilityZoneId",
            "Zone by its id, as in `usw2-az1`, which is the same for every account.",
        )
        .chosen(),
        arg(
            "map_public_ip_on_launch",
            Ty::Bool,
            "MapPublicIpOnLaunch",
            "Give every machine a public address at its start.",
        )
        .default(Lit::Bool(false)),
        TAGS_ARG,
    ],
    attributes: &[attribute("subnet_id", "SubnetId", FakeValue::Nothing, "Id that AWS gave the subnet.")],
    durations: Durations { create: 10, update: 5, delete: 10 },
    in_use: IN_USE,
    apart: &[Exclusive::among_siblings("InvalidSubnet.Conflict", "range", "AWS subnet", &["vpc", "cidr_block"])
        .within(ExclusiveWithin::Region)
        .overlapping()],
    combinations: &[Combination::new(
        "InvalidParameterCombination",
        &[("availability_zone", Test::Set), ("availability_zone_id", Test::Set)],
        "the zone is written twice",
        "Remove `availability_zone` or `availability_zone_id`.",
    )],
    adoption: Adoption {
        // The name of the zone says the same.
        arguments: Some(|_, args| drop(args.remove("availability_zone_id"))),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        resource: "subnet",
        named: false,
        renamed: &[REGION],
        tags: NAMED,
        exported: &[("subnet_id", "id")],
        given_id: "SUBNET_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_vpc "example" {
  site       = site.east
  cidr_block = "10.10.0.0/16"
}

aws_subnet "example" {
  vpc        = aws_vpc.example
  cidr_block = "10.10.1.0/24"
}
"#,
    left_out: &[
        ("assign_ipv6_address_on_creation", "addresses of IPv6 belong to one region"),
        ("customer_owned_ipv4_pool", "for machines outside of AWS's regions"),
        ("enable_dns64", "for networks of IPv6 alone"),
        ("enable_lni_at_device_index", "for machines outside of AWS's regions"),
        ("enable_resource_name_dns_a_record_on_launch", "names within the network; users come by a record"),
        ("enable_resource_name_dns_aaaa_record_on_launch", "names within the network; users come by a record"),
        ("ipv6_cidr_block", "addresses of IPv6 belong to one region"),
        ("ipv6_native", "for networks of IPv6 alone"),
        ("map_customer_owned_ip_on_launch", "for machines outside of AWS's regions"),
        ("outpost_arn", "for machines outside of AWS's regions"),
        ("private_dns_hostname_type_on_launch", "names within the network; users come by a record"),
    ],
    ..crate::providers::aws::KIND
};
