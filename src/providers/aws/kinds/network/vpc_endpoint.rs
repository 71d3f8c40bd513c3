//! Endpoint of a service in a network: traffic to a bucket stays within AWS, and costs nothing.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{COMBINATION, DOCUMENT, IN_USE, INVALID, TAG_NAME, TAGS_ARG, VPC};
use crate::providers::aws::terraform::{NAMED, REGION};

static SERVICE: Form = Form::new(
    "a service, as in \"com.amazonaws.us-west-2.s3\"",
    &["com.amazonaws.af-south-1.s3", "com.amazonaws.af-south-1.dynamodb"],
    "InvalidServiceName",
    |text| {
        let is_service = ["com.amazonaws.", "aws.", "cn.com.amazonaws."].iter().any(|start| text.starts_with(start));
        (!is_service).then(|| "is not the name of a service".to_owned())
    },
);

/// Table of `aws_vpc_endpoint`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_vpc_endpoint",
    about: "Endpoint of a service in a network, so that a restore reads its bucket without the internet.",
    type_: KindType { name: "AWS::EC2::VPCEndpoint", version: VERSION },
    place: Place::Beside("vpc", "aws:{region}/vpc-endpoints/{name}"),
    names: TAG_NAME,
    args: &[
        VPC,
        arg("service_name", Ty::String, "ServiceName", "Service, as in `com.amazonaws.us-west-2.s3`.")
            .form(&SERVICE)
            .required()
            .replace(),
        arg(
            "vpc_endpoint_type",
            Ty::Enum(&["Gateway", "Interface"]),
            "VpcEndpointType",
            "`Gateway`: a route to S3 or DynamoDB. `Interface`: addresses in subnets, which cost by the hour.",
        )
        .default(Lit::Str("Gateway"))
        .replace(),
        Arg {
            near: true,
            ..arg(
                "route_tables",
                Ty::Set(&Ty::Ref(&["aws_route_table"])),
                "RouteTableIds",
                "Route tables that lead to a gateway.",
            )
        },
        Arg {
            near: true,
            ..arg("subnets", Ty::Set(&Ty::Ref(&["aws_subnet"])), "SubnetIds", "Subnets with addresses of an interface.")
        },
        Arg {
            near: true,
            ..arg(
                "security_groups",
                Ty::Set(&Ty::Ref(&["aws_security_group"])),
                "SecurityGroupIds",
                "Security groups of an interface.",
            )
        },
        arg("private_dns_enabled", Ty::Bool, "PrivateDnsEnabled", "Lead the name of the service to an interface.")
            .kept(Kept::Chosen),
        arg("policy", Ty::String, "PolicyDocument", "Access through the endpoint, as `jsonencode` makes it.")
            .form(&DOCUMENT)
            .kept(Kept::Chosen),
        TAGS_ARG,
    ],
    attributes: &[attribute("vpc_endpoint_id", "Id", FakeValue::Nothing, "Id that AWS gave the endpoint.")],
    durations: Durations { create: 20, update: 20, delete: 20 },
    in_use: IN_USE,
    combinations: &[
        Combination::new(
            COMBINATION,
            &[("subnets", Test::Set), ("vpc_endpoint_type", Test::Is(&[Lit::Str("Gateway")]))],
            "a gateway has no subnets",
            "Write `route_tables`, or `vpc_endpoint_type = \"Interface\"`.",
        ),
        Combination::new(
            COMBINATION,
            &[("security_groups", Test::Set), ("vpc_endpoint_type", Test::Is(&[Lit::Str("Gateway")]))],
            "a gateway has no security groups",
            "Remove `security_groups`, or write `vpc_endpoint_type = \"Interface\"`.",
        ),
        Combination::new(
            INVALID,
            &[("route_tables", Test::Set), ("vpc_endpoint_type", Test::Is(&[Lit::Str("Interface")]))],
            "an interface has no route tables",
            "Write `subnets`, or `vpc_endpoint_type = \"Gateway\"`.",
        ),
        Combination::new(
            INVALID,
            &[
                ("private_dns_enabled", Test::Is(&[Lit::Bool(true)])),
                ("vpc_endpoint_type", Test::Is(&[Lit::Str("Gateway")])),
            ],
            "a gateway has no name of its own",
            "Remove `private_dns_enabled`.",
        ),
    ],
    terraform: Terraform {
        resource: "vpc_endpoint",
        named: false,
        renamed: &[REGION],
        tags: NAMED,
        exported: &[("vpc_endpoint_id", "id")],
        given_id: "VPC_ENDPOINT_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_vpc "example" {
  site       = site.east
  cidr_block = "10.10.0.0/16"
}

aws_route_table "example" {
  vpc = aws_vpc.example
}

aws_vpc_endpoint "example" {
  vpc          = aws_vpc.example
  service_name = "com.amazonaws.af-south-1.s3"
  route_tables = [aws_route_table.example]
}
"#,
    left_out: &[
        ("auto_accept", "for services of other accounts"),
        ("dns_options", "AWS chooses them by the network"),
        ("ip_address_type", "addresses of IPv6 belong to one region"),
        ("resource_configuration_arn", "for services of other accounts"),
        ("service_network_arn", "for services of other accounts"),
        ("service_region", "a cold site must not need another region"),
        ("subnet_configuration", "AWS chooses the addresses"),
    ],
    ..crate::providers::aws::KIND
};
