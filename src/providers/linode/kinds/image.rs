//! Image of a machine's disk, with copies in further regions.

use serde_json::Value as Json;

use super::forms::{REGION_NAME, TAGS_ARG, label};
use crate::kinds::table::*;
use crate::providers::linode::terraform::{LABEL, TAGS};
use crate::providers::linode::{IMAGE_COPIED, IMAGE_MADE};

/// Table of `linode_image`.
pub(super) static KIND: Kind = Kind {
    name: "linode_image",
    about: "Image of the disk of a machine, from which machines of its regions start. It cannot be downloaded.",
    type_: KindType { name: "Linode/images", version: "4" },
    place: Place::Root("linode:images/{name}"),
    location: Location::None,
    names: label(1, 50),
    args: &[
        arg(
            "linode",
            Ty::Ref(&["linode_instance"]),
            "linode_id",
            "Machine whose disk it is made of: the first one with files. Needed to create the image; Linode does not tell \
             it afterwards.",
        )
        .write_only()
        .replace(),
        arg("description", Ty::String, "description", "Description, for people."),
        arg("cloud_init", Ty::Bool, "cloud_init", "Its machines read `metadata` at their first start.")
            .default(Lit::Bool(false))
            .write_only()
            .replace(),
        arg(
            "replica_regions",
            Ty::Set(&Ty::String),
            "replica_regions",
            "All regions that have it, that of its machine among them. Linode takes it away from any other.",
        )
        .form(&REGION_NAME),
        TAGS_ARG,
    ],
    attributes: &[attribute("image_id", "id", FakeValue::Nothing, "Id of the image: `private/12345`.")],
    durations: Durations { create: IMAGE_MADE, update: IMAGE_COPIED, delete: 2 },
    lasts: Some(lasts),
    drill: Drill::never("it is the same for every site"),
    in_use: "",
    restless: &["regions", "status", "total_size"],
    terraform: Terraform {
        resource: "image",
        renamed: &[LABEL],
        follows: &[("disk_id", "linode", "disk[0].id")],
        tags: TAGS,
        exported: &[("image_id", "id")],
        given_id: "IMAGE_ID",
        ..Terraform::BY_RULE
    },
    example: r#"
linode_instance "web" {
  site            = site.east
  type            = "g6-standard-1"
  image           = "linode/debian12"
  authorized_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleE example"]
}

linode_image "example" {
  linode = linode_instance.web
}
"#,
    left_out: &[
        ("file_hash", "an image of a file, which the playbook that makes the file uploads"),
        ("file_path", "an image of a file, which the playbook that makes the file uploads"),
        ("region", "an image of a file, which the playbook that makes the file uploads"),
        ("wait_for_replications", "drplan always waits for them"),
        ("disk_id", "drplan takes the first disk with files"),
    ],
    ..crate::providers::linode::KIND
};

/// A copy to a further region takes longer than a change of words.
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    match old {
        None => IMAGE_MADE,
        Some(old) if old.get("replica_regions") != new.get("replica_regions") => IMAGE_COPIED,
        Some(_) => 2,
    }
}
