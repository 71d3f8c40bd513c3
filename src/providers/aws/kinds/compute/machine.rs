//! Arguments that machines and launch templates have in common: volumes, metadata, data for the first start.

use crate::kinds::table::*;
use crate::providers::aws::kinds::forms::kms_key;

const VOLUME_TYPE: Ty = Ty::Enum(&["gp3", "gp2", "io1", "io2", "sc1", "st1", "standard"]);

/// The volume that a machine starts from.
pub(super) static ROOT: Block = Block::one(&[
    arg("volume_type", VOLUME_TYPE, "VolumeType", "Type of the volume. That of the image.").kept(Kept::Chosen),
    arg("volume_size", Ty::Integer(1, 65_536), "VolumeSize", "Size in GiB; that of the image at least.")
        .kept(Kept::Chosen),
    arg("iops", Ty::Integer(100, 256_000), "Iops", "Operations a second.").kept(Kept::Chosen),
    arg("throughput", Ty::Integer(125, 2_000), "Throughput", "MiB a second, of a `gp3` volume.").kept(Kept::Chosen),
    arg("encrypted", Ty::Bool, "Encrypted", "Encryption. AWS chooses by the image and the account.").chosen(),
    kms_key("KmsKeyId").replace(),
    arg("delete_on_termination", Ty::Bool, "DeleteOnTermination", "Delete the volume with the machine.")
        .default(Lit::Bool(true))
        .replace(),
]);

/// A further volume of a machine, which comes into being with it.
pub(super) static DEVICE: Block = Block::many(
    "device_name",
    &[
        arg("device_name", Ty::String, "DeviceName", "Device, as in `/dev/sdf`. Linux may show another name.")
            .required()
            .replace(),
        arg("volume_type", VOLUME_TYPE, "Ebs.VolumeType", "Type of the volume. AWS chooses.").chosen(),
        arg("volume_size", Ty::Integer(1, 65_536), "Ebs.VolumeSize", "Size in GiB; that of the snapshot at least.")
            .chosen(),
        arg("iops", Ty::Integer(100, 256_000), "Ebs.Iops", "Operations a second.").chosen(),
        arg("throughput", Ty::Integer(125, 2_000), "Ebs.Throughput", "MiB a second, of a `gp3` volume.").chosen(),
        arg("encrypted", Ty::Bool, "Ebs.Encrypted", "Encryption. AWS chooses by the snapshot and the account.")
            .chosen(),
        kms_key("Ebs.KmsKeyId").replace(),
        Arg {
            near: true,
            ..arg(
                "snapshot",
                Ty::Ref(&["aws_ebs_snapshot_copy", "aws_ebs_snapshot"]),
                "Ebs.SnapshotId",
                "Snapshot that the volume starts from.",
            )
            .replace()
        },
        arg("delete_on_termination", Ty::Bool, "Ebs.DeleteOnTermination", "Delete the volume with the machine.")
            .default(Lit::Bool(true))
            .replace(),
    ],
);

/// The volume of a mapping of a launch template.
pub(super) static EBS: Block = Block::one(&[
    arg("volume_type", VOLUME_TYPE, "VolumeType", "Type of the volume."),
    arg("volume_size", Ty::Integer(1, 65_536), "VolumeSize", "Size in GiB; that of the snapshot at least."),
    arg("iops", Ty::Integer(100, 256_000), "Iops", "Operations a second."),
    arg("throughput", Ty::Integer(125, 2_000), "Throughput", "MiB a second, of a `gp3` volume."),
    arg("encrypted", Ty::Bool, "Encrypted", "Encryption."),
    kms_key("KmsKeyId"),
    Arg {
        near: true,
        ..arg(
            "snapshot",
            Ty::Ref(&["aws_ebs_snapshot_copy", "aws_ebs_snapshot"]),
            "SnapshotId",
            "Snapshot that the volume starts from.",
        )
    },
    arg(
        "volume_initialization_rate",
        Ty::Integer(100, 300),
        "VolumeInitializationRate",
        "MiB a second at which the volume is filled from its snapshot, so that its end is known. AWS charges for it.",
    ),
    arg("delete_on_termination", Ty::Bool, "DeleteOnTermination", "Delete the volume with the machine."),
]);

const SWITCH: Ty = Ty::Enum(&["enabled", "disabled"]);

/// The service by which a machine learns about itself.
pub(super) static METADATA: Block = Block::one(&[
    arg("http_endpoint", SWITCH, "HttpEndpoint", "The service itself.").kept(Kept::Chosen),
    arg(
        "http_tokens",
        Ty::Enum(&["required", "optional"]),
        "HttpTokens",
        "Sessions, without which a forwarded request reads the credentials of the machine.",
    )
    .kept(Kept::Chosen),
    arg("http_put_response_hop_limit", Ty::Integer(1, 64), "HttpPutResponseHopLimit", "Hops that an answer may take.")
        .kept(Kept::Chosen),
    arg("instance_metadata_tags", SWITCH, "InstanceMetadataTags", "Show the tags of the machine.").kept(Kept::Chosen),
]);

/// Data for the first start: at most 16 KiB (source: AWS's page on user data).
pub(super) static USER_DATA: Form = Form::new(
    "a text of at most 16384 bytes",
    &["#!/bin/sh\necho example\n", "#!/bin/sh\necho another\n"],
    "InvalidUserData.Malformed",
    |text| (text.len() > 16_384).then(|| "has more than 16384 bytes".to_owned()),
);

/// A text in base64, as bodies have it.
pub(super) fn in_base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// The text of a value in base64. `None` for what is no text.
pub(super) fn of_base64(value: &str) -> Option<String> {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(value).ok()?).ok()
}

/// The image of a machine: one of the stack, or an id of AWS.
pub(super) const fn image(name: &'static str, path: &'static str) -> Arg {
    Arg {
        near: true,
        ..arg(
            name,
            Ty::Ref(&["aws_ami_copy", "aws_ami_from_instance", "image_copy"]),
            path,
            "Image that a machine starts from: a resource, or an id such as `ami-0123456789abcdef0`.",
        )
    }
}

/// The key pair whose owner may sign in.
pub(super) const fn key(path: &'static str) -> Arg {
    Arg { near: true, ..arg("key", Ty::Ref(&["aws_key_pair"]), path, "Key pair whose owner may sign in.") }
}

/// The groups of a machine.
pub(super) const fn groups(path: &'static str) -> Arg {
    Arg {
        near: true,
        ..arg(
            "vpc_security_groups",
            Ty::Set(&Ty::Ref(&["aws_security_group"])),
            path,
            "Security groups. Without any, the first one of the network.",
        )
    }
}
