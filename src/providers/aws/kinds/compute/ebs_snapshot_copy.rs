//! Copy of a snapshot in another region, with an end that AWS promises for a price.

use super::copy::{self, MINUTES, PROMISE, SITE, SOURCE_REGION};
use super::ebs_snapshot::SOURCE;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{TAG_NAME, TAGS_ARG, kms_key};
use crate::providers::aws::terraform::{KEY_ARN, NAMED, REGION};

const MINUTES_AT: &str = "CompletionDurationMinutes";

/// Table of `aws_ebs_snapshot_copy`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_ebs_snapshot_copy",
    about: "Copy of a snapshot in another region, ahead of need.",
    type_: KindType { name: "AWS::EC2::Snapshot", version: VERSION },
    place: Place::Root("aws:{region}/snapshots/{name}"),
    names: TAG_NAME,
    args: &[
        SITE,
        arg("source", Ty::Ref(&["aws_ebs_snapshot"]), SOURCE, "Snapshot to copy.").required().replace(),
        SOURCE_REGION,
        arg("encrypted", Ty::Bool, "Encrypted", "Encryption. That of the source.").chosen(),
        kms_key("KmsKeyId").replace(),
        arg(copy::ARGUMENT, MINUTES, MINUTES_AT, copy::DOC).write_only().replace(),
        arg("description", Ty::String, "Description", "Description, for people.").replace(),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("snapshot_id", "SnapshotId", FakeValue::Nothing, "Id that AWS gave the copy."),
        attribute("start_time", "StartTime", FakeValue::Nothing, "Time at which the copy began."),
    ],
    durations: Durations { create: copy::USUAL, update: 2, delete: 2 },
    lasts: Some(|old, new| copy::lasts(old, new, MINUTES_AT)),
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    in_use: "InvalidSnapshot.InUse",
    combinations: &[PROMISE, copy::KEY],
    odd: Overrides { encode: Some(copy::encode), check: Some(copy::check), ..Overrides::NONE },
    restless: &["Progress"],
    adoption: Adoption {
        is: Some(|found| path::text(found.body, SOURCE).is_some()),
        arguments: Some(copy::complete),
        ..Adoption::BY_TABLE
    },
    terraform: Terraform {
        resource: "ebs_snapshot_copy",
        named: false,
        renamed: &[REGION, ("source", "source_snapshot_id")],
        referred: KEY_ARN,
        follows: &[("source_region", "source", "region")],
        tags: NAMED,
        exported: &[("snapshot_id", "id"), ("start_time", "")],
        given_id: "SNAPSHOT_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_ebs_volume "example" {
  site              = site.east
  availability_zone = "af-south-1a"
  size              = 40
}

aws_ebs_snapshot "example" {
  volume = aws_ebs_volume.example
}

aws_ebs_snapshot_copy "example" {
  site   = site.west
  source = aws_ebs_snapshot.example
}
"#,
    left_out: &[
        ("permanent_restore", "a snapshot in the archive takes days to come back"),
        ("storage_tier", "a snapshot in the archive takes days to come back"),
        ("temporary_restore_days", "a snapshot in the archive takes days to come back"),
    ],
    ..crate::providers::aws::KIND
};
