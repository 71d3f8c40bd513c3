//! Reservation of machines: the only promise of AWS that there are some. It costs as much as they do.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{COMBINATION, INSTANCE_TYPE, TAG_NAME, TAGS_ARG, ZONE};
use crate::providers::aws::terraform::{NAMED, REGION};

/// Table of `aws_ec2_capacity_reservation`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_ec2_capacity_reservation",
    about: "Reservation of machines of one type in one zone, which costs as much as the machines.",
    type_: KindType { name: "AWS::EC2::CapacityReservation", version: VERSION },
    place: Place::Root("aws:{region}/capacity-reservations/{name}"),
    names: TAG_NAME,
    args: &[
        PRESENCE,
        arg("instance_type", Ty::String, "InstanceType", "Type of machines.").form(&INSTANCE_TYPE).required().replace(),
        arg(
            "instance_platform",
            Ty::Enum(&[
                "Linux/UNIX",
                "Red Hat Enterprise Linux",
                "SUSE Linux",
                "Windows",
                "Windows with SQL Server",
                "Windows with SQL Server Enterprise",
                "Windows with SQL Server Standard",
                "Windows with SQL Server Web",
            ]),
            "InstancePlatform",
            "Operating system of machines.",
        )
        .default(Lit::Str("Linux/UNIX"))
        .replace(),
        arg("availability_zone", Ty::String, "AvailabilityZone", "Zone.").form(&ZONE).required().replace(),
        arg("instance_count", Ty::Integer(1, 1_000), "InstanceCount", "Number of machines.").required(),
        arg(
            "instance_match_criteria",
            Ty::Enum(&["open", "targeted"]),
            "InstanceMatchCriteria",
            "Machines that it is for: `open` for all of the type.",
        )
        .default(Lit::Str("open"))
        .replace(),
        arg("end_date_type", Ty::Enum(&["unlimited", "limited"]), "EndDateType", "End: none, or that of `end_date`.")
            .default(Lit::Str("unlimited")),
        arg("end_date", Ty::String, "EndDate", "Time at which it ends, as for a drill.").form(&form::TIME),
        arg("ebs_optimized", Ty::Bool, "EbsOptimized", "Machines with bandwidth of their own for volumes.")
            .default(Lit::Bool(false))
            .replace(),
        TAGS_ARG,
    ],
    attributes: &[attribute("capacity_reservation_id", "Id", FakeValue::Nothing, "Id that AWS gave the reservation.")],
    durations: Durations { create: 10, update: 10, delete: 5 },
    in_use: "",
    combinations: &[
        Combination::new(
            COMBINATION,
            &[("end_date_type", Test::Is(&[Lit::Str("limited")])), ("end_date", Test::Absent)],
            "the reservation ends at no time",
            "Set `end_date`, or `end_date_type = \"unlimited\"`.",
        ),
        Combination::new(
            COMBINATION,
            &[("end_date", Test::Set), ("end_date_type", Test::Is(&[Lit::Str("unlimited")]))],
            "the reservation has an end and has none",
            "Set `end_date_type = \"limited\"`, or remove `end_date`.",
        ),
    ],
    restless: &["AvailableInstanceCount", "CapacityAllocationSet"],
    terraform: Terraform {
        resource: "ec2_capacity_reservation",
        named: false,
        renamed: &[REGION],
        // The provider of Terraform has no platform by default.
        fixed: &[("instance_platform", "\"Linux/UNIX\"")],
        tags: NAMED,
        exported: &[("capacity_reservation_id", "id")],
        given_id: "CAPACITY_RESERVATION_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_ec2_capacity_reservation "example" {
  site              = site.east
  instance_type     = "m7i.large"
  availability_zone = "af-south-1a"
  instance_count    = 2
}
"#,
    left_out: &[
        ("ephemeral_storage", "the type decides"),
        ("outpost_arn", "for machines outside of AWS's regions"),
        ("placement_group_arn", "placement within one zone"),
        ("tenancy", "machines on hardware of their own are rare at a cold site"),
    ],
    ..crate::providers::aws::KIND
};
