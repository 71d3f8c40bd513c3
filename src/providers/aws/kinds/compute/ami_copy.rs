//! Copy of an image in another region, so that machines start there when its own is lost.

use super::copy::{self, MINUTES, PROMISE, SITE, SOURCE_REGION};
use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{TAGS_ARG, kms_key};
use crate::providers::aws::terraform::{KEY_ARN, REGION};

/// Where a copy has its source, which tells it from an image of a machine.
pub(super) const SOURCE: &str = "SourceImageId";
const MINUTES_AT: &str = "SnapshotCopyCompletionDurationMinutes";

/// The name of an image, which no other image of the account has in the region.
pub(super) const IMAGE_NAME: NameRule = NameRule::new(
    3,
    128,
    r"^[A-Za-z0-9()\[\]./'@_-]([A-Za-z0-9()\[\] ./'@_-]*[A-Za-z0-9()\[\]./'@_-])?$",
    "letters, digits, inner spaces, and `( ) [ ] . / - ' @ _`",
);

/// Table of `aws_ami_copy`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_ami_copy",
    about: "Copy of an image in the region of another site, made ahead of a failover.",
    type_: KindType { name: "AWS::EC2::Image", version: VERSION },
    place: Place::Root("aws:{region}/images/{name}"),
    names: IMAGE_NAME,
    args: &[
        SITE,
        arg("source", Ty::Ref(&["aws_ami_from_instance", "aws_ami_copy"]), SOURCE, "Image to copy.")
            .required()
            .replace(),
        SOURCE_REGION,
        arg("description", Ty::String, "Description", "Description, for people."),
        arg("encrypted", Ty::Bool, "Encrypted", "Encrypt the copy. That of an encrypted image is so always.")
            .default(Lit::Bool(false))
            .replace(),
        kms_key("KmsKeyId").replace(),
        arg(copy::ARGUMENT, MINUTES, MINUTES_AT, copy::DOC).write_only().replace(),
        arg("deprecation_time", Ty::String, "DeprecationTime", "Time after which AWS shows the image no more.")
            .form(&form::TIME),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("image_id", "ImageId", FakeValue::Nothing, "Id that AWS gave the copy."),
        attribute("creation_date", "CreationDate", FakeValue::Nothing, "Time of the copy."),
    ],
    durations: Durations { create: copy::USUAL, update: 2, delete: 2 },
    lasts: Some(|old, new| copy::lasts(old, new, MINUTES_AT)),
    recovery: Recovery {
        image: true,
        replicates: Some(Replication { from: "source", to: "site", image: true }),
        ..Recovery::NONE
    },
    in_use: "",
    combinations: &[PROMISE, copy::KEY],
    odd: Overrides { encode: Some(copy::encode), check: Some(copy::check), ..Overrides::NONE },
    adoption: Adoption {
        is: Some(|found| path::text(found.body, SOURCE).is_some()),
        arguments: Some(copy::complete),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        resource: "ami_copy",
        renamed: &[REGION, ("source", "source_ami_id"), ("source_region", "source_ami_region")],
        referred: KEY_ARN,
        follows: &[("source_ami_region", "source", "region")],
        // The provider of Terraform buys no end.
        said: &[copy::ARGUMENT],
        exported: &[("image_id", "id"), ("creation_date", "")],
        given_id: "AMI_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_ami_copy "example" {
  site          = site.west
  source        = "ami-0123456789abcdef0"
  source_region = "af-south-1"
}
"#,
    left_out: &[
        ("destination_outpost_arn", "for machines outside of AWS's regions"),
        ("ebs_block_device", "the copy has the volumes of its source"),
        ("ephemeral_block_device", "the type of the machine decides"),
    ],
    ..crate::providers::aws::KIND
};
