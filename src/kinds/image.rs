//! A managed image: a system that machines of the same region are made from.

use serde_json::{Value as Json, json};

use super::machine_profile::{CACHING, admit_region, disk_encryption_set, finding};
use super::path;
use super::table::*;
use crate::address::ArmId;

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
    arg("os_type", Ty::Enum(&["Linux", "Windows"]), "osType", "The system."),
    arg(
        "os_state",
        Ty::Enum(&["Generalized", "Specialized"]),
        "osState",
        "Whether it was freed of what makes a machine that machine.",
    ),
    arg("storage_type", STORAGE, "storageAccountType", "The kind of storage.").required().replace(),
    arg("managed_disk", Ty::Ref(&["managed_disk"]), "managedDisk.id", "The disk it is made from."),
    arg("blob_uri", Ty::String, "blobUri", "The URL of the blob it is made from.").replace(),
    arg("caching", CACHING, "caching", "What hosts cache of it.").default(Lit::Str("None")),
    arg("size_gb", Ty::Integer(1, 4095), "diskSizeGB", "Its size in GiB.").replace(),
    disk_encryption_set("disk_encryption_set", "diskEncryptionSet.id").replace(),
]);

static DATA_DISK: Block = Block::many(
    "",
    &[
        arg("lun", Ty::Integer(0, 2000), "lun", "The number under which machines see it; unique."),
        arg("storage_type", STORAGE, "storageAccountType", "The kind of storage.").required().replace(),
        arg("managed_disk", Ty::Ref(&["managed_disk"]), "managedDisk.id", "The disk it is made from.").replace(),
        arg("blob_uri", Ty::String, "blobUri", "The URL of the blob it is made from."),
        arg("caching", CACHING, "caching", "What hosts cache of it.").default(Lit::Str("None")),
        arg("size_gb", Ty::Integer(1, 32_767), "diskSizeGB", "Its size in GiB."),
        disk_encryption_set("disk_encryption_set", "diskEncryptionSet.id").replace(),
    ],
);

/// The table.
pub static KIND: Kind = Kind {
    name: "image",
    about: "A managed image: a system that machines of the same region are made from.",
    arm: Arm { type_: "Microsoft.Compute/images", api: "2026-04-01" },
    names: NameRule::NETWORK,
    args: &[
        RESOURCE_GROUP,
        arg(
            "source_virtual_machine",
            Ty::Ref(&["linux_virtual_machine", "windows_virtual_machine"]),
            SOURCE,
            "The machine it is made from, generalised and stopped. Either this or `os_disk`.",
        )
        .replace(),
        arg(
            "os_disk",
            Ty::Block(&OS_DISK),
            "properties.storageProfile.osDisk",
            "The disk of the system it is made from. Either this or `source_virtual_machine`.",
        )
        .replace(),
        arg("data_disk", Ty::Block(&DATA_DISK), "properties.storageProfile.dataDisks", "A further disk."),
        arg(
            "hyper_v_generation",
            Ty::Enum(&["V1", "V2"]),
            "properties.hyperVGeneration",
            "The generation of machines that start from it.",
        )
        .default(Lit::Str("V1"))
        .replace(),
        arg("zone_resilient", Ty::Bool, "properties.storageProfile.zoneResilient", "Whether it outlives a zone.")
            .default(Lit::Bool(false))
            .replace(),
        TAGS,
    ],
    durations: Durations { create: 60, update: 30, delete: 30 },
    answers: Answers::AsyncBody,
    recovery: Recovery { loses_data: true, image: true, ..Recovery::NONE },
    // A machine or version made from it is a copy.
    in_use: "",
    odd: Odd { check: Some(check), ..Odd::NONE },
    simulated: Simulated { admit: Some(admit), settle: Some(settle), ..Simulated::NONE },
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
    ..Kind::EMPTY
};

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    match (has("source_virtual_machine"), has("os_disk")) {
        (true, true) => findings.push(finding(
            "os_disk",
            "the image is made from a machine and from a disk",
            "Leave `os_disk` or `source_virtual_machine` out.",
        )),
        (false, false) => findings.push(finding(
            "os_disk",
            "it does not say what the image is made from",
            "Write `source_virtual_machine`, or an `os_disk` block.",
        )),
        _ => {}
    }
    let disk = subject.args.get("os_disk");
    for (argument, words) in [("os_type", "its system"), ("os_state", "whether it is generalised")] {
        if disk.is_some_and(|disk| disk.get(argument).is_none()) {
            let summary = format!("the disk does not say {words}");
            findings.push(finding("os_disk", &summary, &format!("Write `{argument}` into the block.")));
        }
    }
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    let disk = path::text(body, "properties.storageProfile.osDisk.managedDisk.id");
    let machine = path::text(body, SOURCE);
    disk.into_iter().chain(machine).try_for_each(|from| admit_region(cloud, id, body, &ArmId::new(from)))
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    let source = cloud.get(id).and_then(|body| path::text(body, SOURCE)).map(ArmId::new);
    let system = source
        .and_then(|source| path::borrow(cloud.get(&source)?, "properties.storageProfile.osDisk").cloned())
        .map(|disk| json!({ "osType": disk.get("osType"), "osState": "Generalized", "diskSizeGB": disk.get("diskSizeGB") }));
    if let (Some(system), Some(body)) = (system, cloud.get_mut(id)) {
        path::fill(body, "properties.storageProfile.osDisk", system);
    }
}
