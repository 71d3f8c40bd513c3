//! Volume of block storage in one zone, which a machine there can have.

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::aws::VERSION;
use crate::providers::aws::kinds::forms::{COMBINATION, TAG_NAME, TAGS_ARG, ZONE, kms_key};
use crate::providers::aws::terraform::{KEY_ARN, NAMED, REGION};

/// Recovery of a volume: AWS checks it every few minutes, and makes volumes of its snapshots in any zone of the region.
static RECOVERY: VolumeRecovery = VolumeRecovery {
    shows: ReadTarget::Expanded("volume_status"),
    unsound,
    snapshots: Some(VolumeSnapshots { argument: "snapshot", expand: "snapshots" }),
};

fn unsound(body: &Json) -> Option<String> {
    let state = path::text(body, "State").unwrap_or("unknown");
    if !["available", "in-use", "attaching", "detaching"].contains(&state) {
        return Some(format!("is in the state `{state}`"));
    }
    match path::text(body, "VolumeStatus") {
        Some("ok") => None,
        Some("impaired") => Some("is impaired: AWS has found that its data may be inconsistent".to_owned()),
        Some(_) | None => Some("has not been checked by AWS yet".to_owned()),
    }
}

/// Table of `aws_ebs_volume`.
pub(crate) static KIND: Kind = Kind {
    name: "aws_ebs_volume",
    about: "Volume of block storage. It lies in one zone, and AWS makes no copies of it elsewhere.",
    type_: KindType { name: "AWS::EC2::Volume", version: VERSION },
    place: Place::Root("aws:{region}/volumes/{name}"),
    sited: Some("instance"),
    names: TAG_NAME,
    args: &[
        PRESENCE,
        arg("availability_zone", Ty::String, "AvailabilityZone", "Zone, which is that of its machine.")
            .form(&ZONE)
            .required()
            .replace(),
        arg("size", Ty::Integer(1, 65_536), "Size", "Size in GiB, which can only grow; that of the snapshot at least.")
            .kept(Kept::Chosen),
        arg("type", Ty::Enum(&["gp3", "gp2", "io1", "io2", "sc1", "st1", "standard"]), "VolumeType", "Type.")
            .default(Lit::Str("gp3")),
        arg("iops", Ty::Integer(100, 256_000), "Iops", "Operations a second. AWS chooses by the type.")
            .kept(Kept::Chosen),
        arg("throughput", Ty::Integer(125, 2_000), "Throughput", "MiB a second, of a `gp3` volume.").kept(Kept::Chosen),
        arg("encrypted", Ty::Bool, "Encrypted", "Encryption. AWS chooses by the snapshot and the account.").chosen(),
        kms_key("KmsKeyId").replace(),
        Arg {
            near: true,
            ..arg(
                "snapshot",
                Ty::Ref(&["aws_ebs_snapshot_copy", "aws_ebs_snapshot"]),
                "SnapshotId",
                "Snapshot that the volume starts from.",
            )
            .replace()
        },
        arg(
            "volume_initialization_rate",
            Ty::Integer(100, 300),
            "VolumeInitializationRate",
            "MiB a second at which the volume is filled from its snapshot, so that its end is known. AWS charges for it.",
        )
        .replace(),
        Arg {
            near: true,
            ..arg("instance", Ty::Ref(&["aws_instance"]), "Attachment.InstanceId", "Machine that has the volume.")
        },
        Arg {
            wire: Wire::Nowhere,
            ..arg(
                "restores",
                Ty::List(&Ty::Backup),
                "",
                "Backup by snapshots in this region. A failover run makes the volume of the newest one.",
            )
        },
        arg("device", Ty::String, "Attachment.Device", "Device, as in `/dev/sdf`. Linux may show another name."),
        TAGS_ARG,
    ],
    attributes: &[attribute("volume_id", "VolumeId", FakeValue::Nothing, "Id that AWS gave the volume.")],
    durations: Durations { create: 15, update: 15, delete: 15 },
    recovery: Recovery { attached: &["instance", "device"], volume: Some(&RECOVERY), ..Recovery::DATA },
    in_use: "VolumeInUse",
    combinations: &[
        Combination::new(
            COMBINATION,
            &[("size", Test::Absent), ("snapshot", Test::Absent)],
            "nothing says which size the volume has",
            "Set `size`, or `snapshot`.",
        ),
        Combination::new(
            COMBINATION,
            &[("instance", Test::Set), ("device", Test::Absent)],
            "the machine has no device for the volume",
            "Set `device`, as in `/dev/sdf`.",
        ),
        Combination::new(
            COMBINATION,
            &[("restores", Test::Set), ("snapshot", Test::Set)],
            "a failover run would make the volume of another snapshot",
            "Remove `snapshot`, or `restores`.",
        ),
        Combination::new(
            COMBINATION,
            &[("volume_initialization_rate", Test::Set), ("snapshot", Test::Absent)],
            "a volume without a snapshot is filled from nothing",
            "Remove `volume_initialization_rate`, or set `snapshot`.",
        ),
    ],
    transitions: &[Transition::refuse(
        "InvalidParameterValue",
        "size",
        ChangeTest::Shrinks,
        "A volume can only grow.",
        "Write the old size, or copy the data to another volume of the smaller size.",
    )],
    terraform: Terraform {
        resource: "ebs_volume",
        named: false,
        renamed: &[REGION],
        referred: KEY_ARN,
        fixed: &[("type", "\"gp3\"")],
        said: &["instance", "device"],
        splits: &[SplitResource::one(
            &["instance"],
            "volume_attachment",
            "region = {location}\ndevice_name = {device}\ninstance_id = {instance}\nvolume_id = {self}.id",
        )],
        tags: NAMED,
        exported: &[("volume_id", "id")],
        given_id: "VOLUME_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
aws_ebs_volume "example" {
  site              = site.east
  availability_zone = "af-south-1a"
  size              = 40
}
"#,
    left_out: &[
        ("final_snapshot", "write an `aws_ebs_snapshot`"),
        ("multi_attach_enabled", "a volume of one machine"),
        ("outpost_arn", "for machines outside of AWS's regions"),
    ],
    ..crate::providers::aws::KIND
};
