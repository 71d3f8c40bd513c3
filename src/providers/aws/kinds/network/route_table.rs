//! Route table of a network, with its routes and the subnets that use it.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{COMBINATION, IN_USE, TAG_NAME, TAGS_ARG, VPC};
use crate::providers::aws::terraform::{NAMED, REGION};

static ROUTE: Block = Block::many(
    "cidr_block ipv6_cidr_block",
    &[
        arg("cidr_block", Ty::Cidr, "DestinationCidrBlock", "Destinations, as in `0.0.0.0/0`."),
        arg("ipv6_cidr_block", Ty::Cidr, "DestinationIpv6CidrBlock", "Destinations of IPv6, as in `::/0`."),
        Arg { near: true, ..arg("gateway", Ty::Ref(&["aws_internet_gateway"]), "GatewayId", "Internet gateway.") },
        arg("nat_gateway", Ty::Ref(&[]), "NatGatewayId", "NAT gateway, by the id that AWS gave it."),
        arg(
            "network_interface",
            Ty::Ref(&[]),
            "NetworkInterfaceId",
            "Interface of a machine, by the id that AWS gave it.",
        ),
        arg(
            "vpc_peering_connection",
            Ty::Ref(&[]),
            "VpcPeeringConnectionId",
            "Connection to another network, by the id that AWS gave it.",
        ),
    ],
);

/// Table of `aws_route_table`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_route_table",
    about: "Route table of a network, with its routes and the subnets that use it.",
    type_: KindType { name: "AWS::EC2::RouteTable", version: VERSION },
    place: Place::Beside("vpc", "aws:{region}/route-tables/{name}"),
    names: TAG_NAME,
    args: &[
        VPC,
        Arg {
            near: true,
            ..arg(
                "subnets",
                Ty::Set(&Ty::Ref(&["aws_subnet"])),
                "SubnetIds",
                "Subnets that use the table in place of the network's own.",
            )
        },
        arg("route", Ty::Block(&ROUTE), "Routes", "Route. Those within the network exist without one."),
        TAGS_ARG,
    ],
    attributes: &[attribute("route_table_id", "RouteTableId", FakeValue::Nothing, "Id that AWS gave the table.")],
    durations: Durations { create: 30, update: 10, delete: 20 },
    in_use: IN_USE,
    apart: &[],
    combinations: &[
        Combination::new(
            COMBINATION,
            &[("cidr_block", Test::Absent), ("ipv6_cidr_block", Test::Absent)],
            "a route has no destinations",
            "Set `cidr_block` or `ipv6_cidr_block`.",
        )
        .each("route"),
        Combination::new(
            COMBINATION,
            &[("cidr_block", Test::Set), ("ipv6_cidr_block", Test::Set)],
            "a route has destinations of both families",
            "Write a route for each.",
        )
        .each("route"),
        Combination::new(
            COMBINATION,
            &[
                ("gateway", Test::Absent),
                ("nat_gateway", Test::Absent),
                ("network_interface", Test::Absent),
                ("vpc_peering_connection", Test::Absent),
            ],
            "a route leads nowhere",
            "Set `gateway`, `nat_gateway`, `network_interface` or `vpc_peering_connection`.",
        )
        .each("route"),
    ],
    terraform: Terraform {
        resource: "route_table",
        named: false,
        renamed: &[REGION],
        tags: NAMED,
        exported: &[("route_table_id", "id")],
        given_id: "ROUTE_TABLE_ID",
        said: &["subnets"],
        splits: &[SplitResource::each(
            "subnets",
            "route_table_association",
            "region = {location}\nsubnet_id = {each}\nroute_table_id = {self}.id",
        )],
        sets: &["route"],
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

aws_internet_gateway "example" {
  vpc = aws_vpc.example
}

aws_route_table "example" {
  vpc     = aws_vpc.example
  subnets = [aws_subnet.example]

  route {
    cidr_block = "0.0.0.0/0"
    gateway    = aws_internet_gateway.example
  }
}
"#,
    left_out: &[("propagating_vgws", "for networks of an own site, to which no cold site has a line")],
    ..crate::providers::aws::KIND
};
