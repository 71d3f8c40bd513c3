//! Address that stays while machines come and go. Allocated beforehand, it is known to proxies, firewalls and
//! certificates before a failover.

use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{TAG_NAME, TAGS_ARG};
use crate::providers::aws::terraform::{NAMED, REGION};

/// Table of `aws_eip`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_eip",
    about: "Public address (Elastic IP) of a region, which a machine there can have.",
    type_: KindType { name: "AWS::EC2::EIP", version: VERSION },
    place: Place::Root("aws:{region}/addresses/{name}"),
    names: TAG_NAME,
    args: &[
        PRESENCE,
        arg("domain", Ty::Enum(&["vpc"]), "Domain", "Kind of networks that the address is for.")
            .default(Lit::Str("vpc"))
            .replace(),
        Arg {
            near: true,
            ..arg(
                "instance",
                Ty::Ref(&["aws_instance"]),
                "InstanceId",
                "Machine that has the address. A machine that a failover creates has `eip` itself.",
            )
        },
        TAGS_ARG,
    ],
    attributes: &[
        attribute("public_ip", "PublicIp", FakeValue::PublicIp, "The address."),
        attribute("allocation_id", "AllocationId", FakeValue::Nothing, "Id that AWS gave the allocation."),
    ],
    drill: Drill::ALONG,
    durations: Durations { create: 1, update: 1, delete: 1 },
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    in_use: "InvalidIPAddress.InUse",
    adoption: Adoption {
        // The machine that has the address says so itself.
        arguments: Some(|_, args| drop(args.remove("instance"))),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        resource: "eip",
        named: false,
        renamed: &[REGION, ("instance", "instance")],
        fixed: &[("domain", "\"vpc\"")],
        tags: NAMED,
        given_id: "ALLOCATION_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_eip "example" {
  site   = site.east
  domain = "vpc"
}
"#,
    left_out: &[
        ("address", "an address of an own range, which does not leave its region"),
        ("associate_with_private_ip", "a machine has one private address"),
        ("customer_owned_ipv4_pool", "for machines outside of AWS's regions"),
        ("ipam_pool_id", "an address of an own range, which does not leave its region"),
        ("network_border_group", "for zones outside of AWS's regions"),
        ("network_interface", "write `instance`"),
        ("public_ipv4_pool", "an address of an own range, which does not leave its region"),
    ],
    ..crate::providers::aws::KIND
};
