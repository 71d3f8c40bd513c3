//! Image of a machine. Without a restart, what its programs have not written yet is not in it.

use super::ami_copy::{IMAGE_NAME, SOURCE};
use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::TAGS_ARG;
use crate::providers::aws::terraform::REGION;

/// Table of `aws_ami_from_instance`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_ami_from_instance",
    about: "Image of a machine, in its region.",
    type_: KindType { name: "AWS::EC2::Image", version: VERSION },
    place: Place::Beside("source_instance", "aws:{region}/images/{name}"),
    names: IMAGE_NAME,
    args: &[
        Arg {
            near: true,
            ..arg(
                "source_instance",
                Ty::Ref(&["aws_instance"]),
                "InstanceId",
                "Machine; its site is that of the image.",
            )
            .required()
            .replace()
        },
        arg("snapshot_without_reboot", Ty::Bool, "NoReboot", "Leave the machine running while its image is made.")
            .default(Lit::Bool(false))
            .write_only()
            .replace(),
        arg("description", Ty::String, "Description", "Description, for people."),
        arg("deprecation_time", Ty::String, "DeprecationTime", "Time after which AWS shows the image no more.")
            .form(&form::TIME),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("image_id", "ImageId", FakeValue::Nothing, "Id that AWS gave the image."),
        attribute("creation_date", "CreationDate", FakeValue::Nothing, "Time at which the image was made."),
    ],
    durations: Durations { create: 400, update: 2, delete: 2 },
    recovery: Recovery { image: true, ..Recovery::NONE },
    in_use: "",
    adoption: Adoption { is: Some(|found| path::text(found.body, SOURCE).is_none()), ..Adoption::BY_TABLE },
    terraform: Terraform {
        resource: "ami_from_instance",
        renamed: &[REGION],
        exported: &[("image_id", "id"), ("creation_date", "")],
        given_id: "AMI_ID",
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

aws_instance "example" {
  subnet        = aws_subnet.example
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.large"
}

aws_ami_from_instance "example" {
  source_instance = aws_instance.example
}
"#,
    left_out: &[
        ("ebs_block_device", "the image has the volumes of its machine"),
        ("ephemeral_block_device", "the type of the machine decides"),
    ],
    ..crate::providers::aws::KIND
};
