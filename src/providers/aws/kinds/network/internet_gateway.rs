//! Internet gateway of a network: with it, machines that have public addresses reach others, and are reached.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{IN_USE, TAG_NAME, TAGS_ARG, VPC};
use crate::providers::aws::terraform::{NAMED, REGION};

/// Table of `aws_internet_gateway`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_internet_gateway",
    about: "Internet gateway, attached to a network. A network has one at most.",
    type_: KindType { name: "AWS::EC2::InternetGateway", version: VERSION },
    place: Place::Beside("vpc", "aws:{region}/internet-gateways/{name}"),
    names: TAG_NAME,
    args: &[VPC, TAGS_ARG],
    attributes: &[attribute(
        "internet_gateway_id",
        "InternetGatewayId",
        FakeValue::Nothing,
        "Id that AWS gave the gateway.",
    )],
    durations: Durations { create: 20, update: 5, delete: 20 },
    in_use: IN_USE,
    apart: &[Exclusive::among_siblings("Resource.AlreadyAssociated", "network", "AWS internet gateway", &["vpc"])
        .within(ExclusiveWithin::Region)],
    terraform: Terraform {
        resource: "internet_gateway",
        named: false,
        renamed: &[REGION],
        tags: NAMED,
        exported: &[("internet_gateway_id", "id")],
        given_id: "GATEWAY_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_vpc "example" {
  site       = site.east
  cidr_block = "10.10.0.0/16"
}

aws_internet_gateway "example" {
  vpc = aws_vpc.example
}
"#,
    ..crate::providers::aws::KIND
};
