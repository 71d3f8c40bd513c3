//! Managed image: an operating system image for machines of the same region.

use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::compute::machine_profile::{CACHING, admit_region, disk_encryption_set, finding};
use crate::providers::azure::tags::TAGS;

const SOURCE: &str = "properties.sourceVirtualMachine.id";

const STORAGE: Ty = Ty::Enum(&[
    "Standard_LRS",
    "StandardSSD_LRS",
    "StandardSSD_ZRS",
    "Premium_LRS",
    "PremiumV2_LRS",
    "Premium_ZRS",
    "UltraSSD_LRS",
]);

static OS_DISK: Block = Block::one(&[
    arg("os_type", Ty::Enum(&["Linux", "Windows"]), "osType", "Operating system."),
    arg(
        "os_state",
        Ty::Enum(&["Generalized", "Specialized"]),
        "osState",
        "State of the operating system: generalised (without machine-specific data) or specialised.",
    ),
    arg("storage_type", STORAGE, "storageAccountType", "Storage type of the disk.")
        .filled(Lit::Str("Standard_LRS"))
        .required()
        .replace(),
    arg("managed_disk", Ty::Ref(&["managed_disk"]), "managedDisk.id", "Source disk.").near(),
    arg("blob_uri", Ty::String, "blobUri", "URL of the source blob.").form(&forms::HTTPS_URL).chosen(),
    arg("caching", CACHING, "caching", "Host caching.").default(Lit::Str("None")),
    arg("size_gb", Ty::Integer(1, 4095), "diskSizeGB", "Size in GiB.").chosen(),
    disk_encryption_set("disk_encryption_set", "diskEncryptionSet.id").replace(),
]);

static DATA_DISK: Block = Block::many(
    "",
    &[
        arg("lun", Ty::Integer(0, 2000), "lun", "Logical unit number of the disk, unique in the image."),
        arg("storage_type", STORAGE, "storageAccountType", "Storage type of the disk.")
            .filled(Lit::Str("Standard_LRS"))
            .required()
            .replace(),
        arg("managed_disk", Ty::Ref(&["managed_disk"]), "managedDisk.id", "Source disk.").near().replace(),
        arg("blob_uri", Ty::String, "blobUri", "URL of the source blob.").form(&forms::HTTPS_URL),
        arg("caching", CACHING, "caching", "Host caching.").default(Lit::Str("None")),
        arg("size_gb", Ty::Integer(1, 32_767), "diskSizeGB", "Size in GiB."),
        disk_encryption_set("disk_encryption_set", "diskEncryptionSet.id").replace(),
    ],
);

/// Table of `image`.
pub static KIND: Kind = Kind {
    name: "image",
    about: "Managed image: an operating system image for machines of the same region.",
    type_: KindType { name: "Microsoft.Compute/images", version: "2026-04-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "source_virtual_machine",
            Ty::Ref(&["linux_virtual_machine", "windows_virtual_machine"]),
            SOURCE,
            "Source virtual machine, generalised and stopped. Conflicts with `os_disk`.",
        )
        .near()
        .replace(),
        arg(
            "os_disk",
            Ty::Block(&OS_DISK),
            "properties.storageProfile.osDisk",
            "Source disk of the operating system. Conflicts with `source_virtual_machine`.",
        )
        .replace(),
        arg("data_disk", Ty::Block(&DATA_DISK), "properties.storageProfile.dataDisks", "Data disk of the image."),
        arg(
            "hyper_v_generation",
            Ty::Enum(&["V1", "V2"]),
            "properties.hyperVGeneration",
            "Hyper-V generation of machines that start from the image.",
        )
        .default(Lit::Str("V1"))
        .replace(),
        arg(
            "zone_resilient",
            Ty::Bool,
            "properties.storageProfile.zoneResilient",
            "Store the image in several availability zones.",
        )
        .default(Lit::Bool(false))
        .replace(),
        TAGS,
    ],
    durations: Durations { create: 60, update: 30, delete: 30 },
    answers: AnswerStyle::AsyncBody,
    recovery: Recovery { loses_data: true, image: true, ..Recovery::NONE },
    // A machine or version from this image is a copy and does not use it.
    in_use: "",
    odd: Overrides { check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour { admit: Some(admit), settle: Some(settle), ..SimulatedBehaviour::NONE },
    uncovered: &[
        "extendedLocation",
        "properties.storageProfile.dataDisks[].snapshot",
        "properties.storageProfile.osDisk.snapshot",
    ],
    example: r#"
resource_group "example" {
  site = site.east
}

managed_disk "example" {
  resource_group       = resource_group.example
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  os_type              = "Linux"
  disk_size_gb         = 30
}

image "example" {
  resource_group = resource_group.example

  os_disk {
    os_type      = "Linux"
    os_state     = "Generalized"
    managed_disk = managed_disk.example
    storage_type = "Premium_LRS"
  }
}
"#,
    ..crate::providers::azure::KIND
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    match (has("source_virtual_machine"), has("os_disk")) {
        (true, true) => findings.push(finding(
            "os_disk",
            "the image has two sources: a machine and a disk",
            "Remove `os_disk` or `source_virtual_machine`.",
        )),
        (false, false) => findings.push(finding(
            "os_disk",
            "the image has no source",
            "Set `source_virtual_machine`, or add an `os_disk` block.",
        )),
        _ => {}
    }
    let disk = subject.args.get("os_disk");
    for (argument, words) in
        [("os_type", "the operating system"), ("os_state", "the state (generalised or specialised)")]
    {
        if disk.is_some_and(|disk| disk.get(argument).is_none()) {
            let summary = format!("the disk lacks {words}");
            findings.push(finding("os_disk", &summary, &format!("Set `{argument}` in the block.")));
        }
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let disk = path::text(body, "properties.storageProfile.osDisk.managedDisk.id");
    let machine = path::text(body, SOURCE);
    disk.into_iter().chain(machine).try_for_each(|from| admit_region(cloud, id, body, &ObjectId::new(from)))
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let source = cloud.get(id).and_then(|body| path::text(body, SOURCE)).map(ObjectId::new);
    let system = source
        .and_then(|source| path::borrow(cloud.get(&source)?, "properties.storageProfile.osDisk").cloned())
        .map(|disk| json!({ "osType": disk.get("osType"), "osState": "Generalized", "diskSizeGB": disk.get("diskSizeGB") }));
    if let (Some(system), Some(body)) = (system, cloud.get_mut(id)) {
        path::fill(body, "properties.storageProfile.osDisk", system);
    }
}
