//! Snapshot of a volume, as of the moment of the request. Its machine may write meanwhile.

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{TAG_NAME, TAGS_ARG};
use crate::providers::aws::terraform::{NAMED, REGION};

/// Where a copy has its source, which tells it from a snapshot of a volume.
pub(super) const SOURCE: &str = "SourceSnapshotId";

/// Table of `aws_ebs_snapshot`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_ebs_snapshot",
    about: "Snapshot of a volume, in its region.",
    type_: KindType { name: "AWS::EC2::Snapshot", version: VERSION },
    place: Place::Beside("volume", "aws:{region}/snapshots/{name}"),
    names: TAG_NAME,
    args: &[
        Arg {
            near: true,
            ..arg("volume", Ty::Ref(&["aws_ebs_volume"]), "VolumeId", "Volume; its site is that of the snapshot.")
                .required()
                .replace()
        },
        arg("description", Ty::String, "Description", "Description, for people.").replace(),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("snapshot_id", "SnapshotId", FakeValue::Nothing, "Id that AWS gave the snapshot."),
        attribute("start_time", "StartTime", FakeValue::Nothing, "Moment whose data the snapshot has."),
    ],
    durations: Durations { create: 600, update: 2, delete: 2 },
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    in_use: "InvalidSnapshot.InUse",
    restless: &["Progress"],
    adoption: Adoption { is: Some(|found| path::text(found.body, SOURCE).is_none()), ..Adoption::BY_TABLE },
    terraform: Terraform {
        resource: "ebs_snapshot",
        named: false,
        renamed: &[REGION],
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
"#,
    left_out: &[
        ("outpost_arn", "for machines outside of AWS's regions"),
        ("permanent_restore", "a snapshot in the archive takes days to come back"),
        ("storage_tier", "a snapshot in the archive takes days to come back"),
        ("temporary_restore_days", "a snapshot in the archive takes days to come back"),
    ],
    ..crate::providers::aws::KIND
};
