//! Volume of block storage, which a machine of its region can have.

use super::forms::{TAGS_ARG, label};
use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::providers::linode::VOLUME;
use crate::providers::linode::terraform::{LABEL, REGION, TAGS};

/// Recovery of a volume, of which Linode makes no snapshots.
static RECOVERY: VolumeRecovery = VolumeRecovery { shows: ReadTarget::Body, unsound, snapshots: None };

fn unsound(body: &Json) -> Option<String> {
    match path::text(body, "status") {
        Some("active") => None,
        other => Some(format!("is in the state `{}`", other.unwrap_or("unknown"))),
    }
}

/// Table of `linode_volume`.
pub(super) static KIND: Kind = Kind {
    name: "linode_volume",
    about: "Volume of block storage. It lies in one region, and Linode makes no copies of it.",
    type_: KindType { name: "Linode/volumes", version: "4" },
    place: Place::Root("linode:volumes/{name}"),
    location: Location::Regional,
    names: label(1, 32),
    args: &[
        PRESENCE,
        arg("size", Ty::Integer(10, 16_384), "size", "Size in GB, which can only grow.").default(Lit::Int(20)),
        arg("linode", Ty::Ref(&["linode_instance"]), "linode_id", "Machine that has the volume.").near(),
        arg(
            "encryption",
            Ty::Enum(&["enabled", "disabled"]),
            "encryption",
            "Encryption. Linode chooses by the region.",
        )
        .chosen(),
        TAGS_ARG,
    ],
    attributes: &[
        attribute("volume_id", "id", FakeValue::Nothing, "Number that Linode gave the volume."),
        attribute("filesystem_path", "filesystem_path", FakeValue::Nothing, "Path of the device in a machine."),
    ],
    durations: Durations { create: VOLUME, update: VOLUME, delete: VOLUME },
    recovery: Recovery { attached: &["linode"], volume: Some(&RECOVERY), ..Recovery::DATA },
    in_use: "",
    transitions: &[Transition::refuse(
        "size",
        "size",
        ChangeTest::Shrinks,
        "A volume can only grow.",
        "Write the old size, or copy the data to another volume of the smaller size.",
    )],
    restless: &["status", "io_ready"],
    terraform: Terraform {
        resource: "volume",
        renamed: &[LABEL, REGION],
        tags: TAGS,
        exported: &[("volume_id", "id")],
        given_id: "VOLUME_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
linode_volume "example" {
  site = site.east
  size = 40
}
"#,
    left_out: &[("source_volume_id", "a copy of a volume of the same region")],
    ..crate::providers::linode::KIND
};
