//! A managed disk.

use serde_json::{Map as JsonMap, Value as Json};

use super::path;
use super::table::*;
use crate::address::ArmId;

const SECURITY_TYPE: &str = "properties.securityProfile.securityType";
const SIZE: &str = "properties.diskSizeGB";

static ENCRYPTION_SETTINGS: Block = Block::one(&[
    arg(
        "disk_encryption_key",
        Ty::Block(&DISK_ENCRYPTION_KEY),
        "encryptionSettings[0].diskEncryptionKey",
        "The secret that encrypts the disk.",
    ),
    arg(
        "key_encryption_key",
        Ty::Block(&KEY_ENCRYPTION_KEY),
        "encryptionSettings[0].keyEncryptionKey",
        "The key that encrypts that secret.",
    ),
]);

const SOURCE_VAULT: Arg =
    arg("source_vault", Ty::Ref(&["key_vault"]), "sourceVault.id", "The key vault it is in.").required();

static DISK_ENCRYPTION_KEY: Block =
    Block::one(&[arg("secret_url", Ty::String, "secretUrl", "The URL of the secret.").required(), SOURCE_VAULT])
        .at_least_one();

static KEY_ENCRYPTION_KEY: Block =
    Block::one(&[arg("key_url", Ty::String, "keyUrl", "The URL of the key.").required(), SOURCE_VAULT]);

/// The table.
pub static KIND: Kind = Kind {
    name: "managed_disk",
    about: "A managed disk.",
    arm: Arm { type_: "Microsoft.Compute/disks", api: "2026-03-02" },
    names: NameRule::new(1, 80, "^[A-Za-z0-9_.-]+$", "letters, digits, `_`, `.` and `-`"),
    args: &[
        RESOURCE_GROUP,
        arg(
            "storage_account_type",
            Ty::Enum(&[
                "Standard_LRS",
                "StandardSSD_LRS",
                "StandardSSD_ZRS",
                "Premium_LRS",
                "Premium_ZRS",
                "PremiumV2_LRS",
                "UltraSSD_LRS",
            ]),
            "sku.name",
            "The kind of storage; the kinds that end in `ZRS` outlive a zone, none outlives its region.",
        )
        .required(),
        arg(
            "create_option",
            Ty::Enum(&["Empty", "Copy", "FromImage", "Import", "ImportSecure", "Restore", "Upload"]),
            "properties.creationData.createOption",
            "What it is made from.",
        )
        .required()
        .replace(),
        arg("disk_size_gb", Ty::Integer(1, 65_536), SIZE, "Its size in GiB. It can only grow."),
        arg(
            "source_resource",
            Ty::Ref(&["managed_disk"]),
            "properties.creationData.sourceResourceId",
            "The disk, snapshot or restore point that `Copy` and `Restore` copy.",
        )
        .replace(),
        arg(
            "image_reference",
            Ty::Ref(&[]),
            "properties.creationData.imageReference.id",
            "The platform's image that `FromImage` copies.",
        )
        .replace(),
        arg(
            "gallery_image_reference",
            Ty::Ref(&["shared_image_version", "image_copy"]),
            "properties.creationData.galleryImageReference.id",
            "The version of a gallery's image that `FromImage` copies.",
        )
        .replace(),
        arg("source_uri", Ty::String, "properties.creationData.sourceUri", "The URL of the blob that `Import` copies.")
            .replace(),
        arg(
            "storage_account",
            Ty::Ref(&["storage_account"]),
            "properties.creationData.storageAccountId",
            "The storage account of that blob.",
        )
        .replace(),
        arg(
            "upload_size_bytes",
            Ty::Integer(20_972_032, 35_183_298_347_520),
            "properties.creationData.uploadSizeBytes",
            "The size of what `Upload` takes, in bytes, its footer of 512 included.",
        )
        .replace(),
        arg("os_type", Ty::Enum(&["Linux", "Windows"]), "properties.osType", "The system on it, if one is."),
        arg(
            "hyper_v_generation",
            Ty::Enum(&["V1", "V2"]),
            "properties.hyperVGeneration",
            "The generation of machines that start from it.",
        )
        .replace(),
        arg("zone", Ty::String, "zones[0]", "The zone it is in.").replace(),
        arg(
            "tier",
            Ty::String,
            "properties.tier",
            "A higher performance than its size has, as in `P30` (premium disks).",
        ),
        arg(
            "disk_iops_read_write",
            Ty::Integer(1, 400_000),
            "properties.diskIOPSReadWrite",
            "Operations per second (Ultra and Premium v2).",
        ),
        arg(
            "disk_mbps_read_write",
            Ty::Integer(1, 10_000),
            "properties.diskMBpsReadWrite",
            "Megabytes per second (Ultra and Premium v2).",
        ),
        arg(
            "disk_iops_read_only",
            Ty::Integer(1, 400_000),
            "properties.diskIOPSReadOnly",
            "Operations per second of all machines that share it and only read (Ultra and Premium v2).",
        ),
        arg(
            "disk_mbps_read_only",
            Ty::Integer(1, 10_000),
            "properties.diskMBpsReadOnly",
            "Megabytes per second of all machines that share it and only read (Ultra and Premium v2).",
        ),
        arg(
            "max_shares",
            Ty::Integer(1, 10),
            "properties.maxShares",
            "How many machines may have it attached at once.",
        ),
        arg(
            "logical_sector_size",
            Ty::Integer(512, 4096),
            "properties.creationData.logicalSectorSize",
            "512 or 4096 bytes (Ultra and Premium v2).",
        )
        .replace(),
        arg(
            "on_demand_bursting_enabled",
            Ty::Bool,
            "properties.burstingEnabled",
            "Whether it may be faster for a while, at a price (premium disks of more than 512 GiB).",
        ),
        arg(
            "optimized_frequent_attach_enabled",
            Ty::Bool,
            "properties.optimizedForFrequentAttach",
            "Whether it is attached and detached more than five times a day.",
        )
        .default(Lit::Bool(false)),
        arg(
            "performance_plus_enabled",
            Ty::Bool,
            "properties.creationData.performancePlus",
            "Whether it is faster than its size says (more than 512 GiB).",
        )
        .default(Lit::Bool(false))
        .replace(),
        arg("public_network_access_enabled", Ty::Bool, "", "Whether it can be exported over the internet.")
            .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED))
            .default(Lit::Bool(true)),
        arg(
            "network_access_policy",
            Ty::Enum(&["AllowAll", "AllowPrivate", "DenyAll"]),
            "properties.networkAccessPolicy",
            "From where it can be exported.",
        )
        .default(Lit::Str("AllowAll")),
        arg(
            "disk_access",
            Ty::Ref(&[]),
            "properties.diskAccessId",
            "The private endpoints through which it can be exported.",
        ),
        arg(
            "disk_encryption_set",
            Ty::Ref(&[]),
            "properties.encryption.diskEncryptionSetId",
            "The disk encryption set whose key encrypts it; a key of the platform's without it.",
        ),
        arg(
            "encryption_settings",
            Ty::Block(&ENCRYPTION_SETTINGS),
            "properties.encryptionSettingsCollection",
            "Encryption inside the machine (Azure Disk Encryption).",
        ),
        arg("trusted_launch_enabled", Ty::Bool, "", "Whether machines of trusted launch start from it.")
            .wire(Wire::Odd)
            .replace(),
        arg(
            "security_type",
            Ty::Enum(&[
                "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey",
                "ConfidentialVM_DiskEncryptedWithPlatformKey",
                "ConfidentialVM_DiskEncryptedWithCustomerKey",
            ]),
            "",
            "How it is encrypted for a confidential machine.",
        )
        .wire(Wire::Odd)
        .replace(),
        arg(
            "secure_vm_disk_encryption_set",
            Ty::Ref(&[]),
            "properties.securityProfile.secureVMDiskEncryptionSetId",
            "The disk encryption set of a confidential machine.",
        )
        .replace(),
        TAGS,
    ],
    drill: Drill::ALONG,
    restless: &["properties.lastOwnershipUpdateTime"],
    durations: Durations { create: 5, update: 5, delete: 5 },
    answers: Answers::AsyncBoth,
    recovery: Recovery::DATA,
    in_use: "OperationNotAllowed",
    odd: Odd { encode: Some(encode), decode: Some(decode), check: Some(check), ..Odd::NONE },
    simulated: Simulated {
        admit: Some(admit),
        settle: Some(settle),
        lasts: Some(lasts),
        accepts: &[
            SECURITY_TYPE,
            "managedBy",
            "properties.encryption.type",
            "properties.encryptionSettingsCollection.enabled",
        ],
        ..Simulated::NONE
    },
    example: r#"
resource_group "example" {
  site = site.east
}

managed_disk "example" {
  resource_group       = resource_group.example
  storage_account_type = "Premium_LRS"
  create_option        = "Empty"
  disk_size_gb         = 128
}
"#,
    left_out: &[("edge_zone", "an edge zone is no site that a system could come back at")],
    ..Kind::EMPTY
};

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    let Some(body) = bodies.first_mut() else { return };
    let args = subject.args;
    if args.contains_key("disk_encryption_set") {
        path::put(body, "properties.encryption.type", Json::from("EncryptionAtRestWithCustomerKey"));
    }
    if args.contains_key("encryption_settings") {
        path::put(body, "properties.encryptionSettingsCollection.enabled", Json::from(true));
    }
    if args.get("trusted_launch_enabled") == Some(&Json::Bool(true)) {
        path::put(body, SECURITY_TYPE, Json::from("TrustedLaunch"));
    }
    if let Some(type_) = subject.text("security_type") {
        path::put(body, SECURITY_TYPE, Json::from(type_));
    }
}

fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    match answers.first().and_then(|body| path::text(body, SECURITY_TYPE)) {
        Some("TrustedLaunch") => args.insert("trusted_launch_enabled".to_owned(), Json::from(true)),
        Some(type_) => args.insert("security_type".to_owned(), Json::from(type_)),
        None => args.insert("trusted_launch_enabled".to_owned(), Json::from(false)),
    };
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    let wanted: &[&str] = match subject.text("create_option") {
        Some("Copy" | "Restore") => &["source_resource"],
        Some("FromImage") => &["image_reference", "gallery_image_reference"],
        Some("Import" | "ImportSecure") => &["source_uri"],
        Some("Upload") => &["upload_size_bytes"],
        Some("Empty") => &["disk_size_gb"],
        _ => return,
    };
    if !wanted.iter().any(|name| has(name)) {
        let option = subject.text("create_option").unwrap_or_default();
        let names = wanted.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        findings.push(Finding {
            argument: "create_option",
            summary: format!("a disk that is made by `{option}` does not say {names}"),
            why: String::new(),
            help: format!("Write {names}."),
        });
    }
}

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    let size = |body: &Json| path::borrow(body, SIZE).and_then(Json::as_i64);
    match (cloud.get(id).and_then(size), size(body)) {
        (Some(old), Some(new)) if new < old => Err(Refusal {
            status: 400,
            code: "OperationNotAllowed",
            message: format!(
                "Disk '{}' of size {old} GB cannot be shrunk to {new} GB: the size of a disk can only grow.",
                id.name()
            ),
        }),
        _ => Ok(()),
    }
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    let source = cloud.get(id).and_then(|body| path::text(body, "properties.creationData.sourceResourceId"));
    let size = source.map(ArmId::new).and_then(|source| path::borrow(cloud.get(&source)?, SIZE).cloned());
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, SIZE, size.unwrap_or_else(|| Json::from(30)));
        path::fill(body, "properties.diskState", "Unattached");
        path::fill(body, "properties.encryption.type", "EncryptionAtRestWithPlatformKey");
    }
}

/// A copy takes longer than an empty disk, by its size.
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    let copied = path::text(new, "properties.creationData.createOption") != Some("Empty");
    let size = path::borrow(new, SIZE).and_then(Json::as_u64).and_then(|size| u32::try_from(size).ok()).unwrap_or(30);
    if old.is_none() && copied { 10 + size / 8 } else { 5 }
}
