//! Managed disk.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::forms;
use crate::providers::azure::tags::TAGS;

const SECURITY_TYPE: &str = "properties.securityProfile.securityType";
const SIZE: &str = "properties.diskSizeGB";

static ENCRYPTION_SETTINGS: Block = Block::one(&[
    arg(
        "disk_encryption_key",
        Ty::Block(&DISK_ENCRYPTION_KEY),
        "encryptionSettings[0].diskEncryptionKey",
        "Secret that encrypts the disk.",
    ),
    arg(
        "key_encryption_key",
        Ty::Block(&KEY_ENCRYPTION_KEY),
        "encryptionSettings[0].keyEncryptionKey",
        "Key that encrypts the secret.",
    ),
]);

const SOURCE_VAULT: Arg =
    arg("source_vault", Ty::Ref(&["key_vault"]), "sourceVault.id", "Key vault of the secret or key.").required();

static DISK_ENCRYPTION_KEY: Block = Block::one(&[
    arg("secret_url", Ty::String, "secretUrl", "URL of the secret.").form(&forms::HTTPS_URL).required(),
    SOURCE_VAULT,
])
.at_least_one();

static KEY_ENCRYPTION_KEY: Block = Block::one(&[
    arg("key_url", Ty::String, "keyUrl", "URL of the key.").form(&forms::HTTPS_URL).required(),
    SOURCE_VAULT,
]);

/// Table of `managed_disk`.
pub static KIND: Kind = Kind {
    name: "managed_disk",
    about: "Managed disk.",
    type_: KindType { name: "Microsoft.Compute/disks", version: "2026-03-02" },
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
            "Storage type. Types that end in `ZRS` survive the loss of a zone; none survives the loss of the region.",
        )
        .filled(Lit::Str("Standard_LRS"))
        .required(),
        arg(
            "create_option",
            Ty::Enum(&["Empty", "Copy", "FromImage", "Import", "ImportSecure", "Restore", "Upload"]),
            "properties.creationData.createOption",
            "Source of the disk's content.",
        )
        .required()
        .replace(),
        arg("disk_size_gb", Ty::Integer(1, 65_536), SIZE, "Size in GiB. It can only grow.").kept(Kept::Chosen),
        arg(
            "source_resource",
            Ty::Ref(&["managed_disk"]),
            "properties.creationData.sourceResourceId",
            "Disk, snapshot or restore point to copy, with `Copy` or `Restore`.",
        )
        .near()
        .replace(),
        arg(
            "image_reference",
            Ty::Ref(&[]),
            "properties.creationData.imageReference.id",
            "Platform image to copy, with `FromImage`.",
        )
        .replace(),
        arg(
            "gallery_image_reference",
            Ty::Ref(&["shared_image_version", "image_copy"]),
            "properties.creationData.galleryImageReference.id",
            "Gallery image version to copy, with `FromImage`.",
        )
        .replace(),
        arg("source_uri", Ty::String, "properties.creationData.sourceUri", "URL of the blob to copy, with `Import`.")
            .form(&forms::HTTPS_URL)
            .replace(),
        arg(
            "storage_account",
            Ty::Ref(&["storage_account"]),
            "properties.creationData.storageAccountId",
            "Storage account of the blob in `source_uri`.",
        )
        .replace(),
        arg(
            "upload_size_bytes",
            Ty::Integer(20_972_032, 35_183_298_347_520),
            "properties.creationData.uploadSizeBytes",
            "Size of the upload in bytes, including its footer of 512 bytes, with `Upload`.",
        )
        .replace(),
        arg("os_type", Ty::Enum(&["Linux", "Windows"]), "properties.osType", "Operating system on the disk, if any."),
        arg(
            "hyper_v_generation",
            Ty::Enum(&["V1", "V2"]),
            "properties.hyperVGeneration",
            "Hyper-V generation of machines that start from the disk.",
        )
        .replace(),
        arg("zone", Ty::String, "zones[0]", "Availability zone of the disk.").form(&forms::ZONE).replace(),
        arg(
            "tier",
            Ty::String,
            "properties.tier",
            "Performance tier above the one of the disk's size, as in `P30` (premium disks).",
        ),
        arg(
            "disk_iops_read_write",
            Ty::Integer(1, 400_000),
            "properties.diskIOPSReadWrite",
            "I/O operations per second (Ultra and Premium v2).",
        ),
        arg(
            "disk_mbps_read_write",
            Ty::Integer(1, 10_000),
            "properties.diskMBpsReadWrite",
            "Throughput in MB per second (Ultra and Premium v2).",
        ),
        arg(
            "disk_iops_read_only",
            Ty::Integer(1, 400_000),
            "properties.diskIOPSReadOnly",
            "I/O operations per second of all read-only machines of a shared disk (Ultra and Premium v2).",
        ),
        arg(
            "disk_mbps_read_only",
            Ty::Integer(1, 10_000),
            "properties.diskMBpsReadOnly",
            "Throughput in MB per second of all read-only machines of a shared disk (Ultra and Premium v2).",
        ),
        arg(
            "max_shares",
            Ty::Integer(1, 10),
            "properties.maxShares",
            "Maximum number of machines that may attach the disk at the same time.",
        ),
        arg(
            "logical_sector_size",
            Ty::Integer(512, 4096),
            "properties.creationData.logicalSectorSize",
            "Logical sector size in bytes: 512 or 4096 (Ultra and Premium v2).",
        )
        .chosen(),
        arg(
            "on_demand_bursting_enabled",
            Ty::Bool,
            "properties.burstingEnabled",
            "Enable on-demand bursting, at a price (premium disks of more than 512 GiB).",
        ),
        arg(
            "optimized_frequent_attach_enabled",
            Ty::Bool,
            "properties.optimizedForFrequentAttach",
            "Optimise the disk for more than five attachments and detachments a day.",
        )
        .default(Lit::Bool(false)),
        arg(
            "performance_plus_enabled",
            Ty::Bool,
            "properties.creationData.performancePlus",
            "Enable Performance Plus, for more performance than the size has (more than 512 GiB).",
        )
        .default(Lit::Bool(false))
        .replace(),
        arg("public_network_access_enabled", Ty::Bool, "", "Allow export over the internet.")
            .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED))
            .default(Lit::Bool(true)),
        arg(
            "network_access_policy",
            Ty::Enum(&["AllowAll", "AllowPrivate", "DenyAll"]),
            "properties.networkAccessPolicy",
            "Networks from which the disk can be exported.",
        )
        .default(Lit::Str("AllowAll")),
        arg(
            "disk_access",
            Ty::Ref(&[]),
            "properties.diskAccessId",
            "Disk access resource with the private endpoints for export.",
        ),
        arg(
            "disk_encryption_set",
            Ty::Ref(&[]),
            "properties.encryption.diskEncryptionSetId",
            "Disk encryption set with the customer-managed key. A platform-managed key if absent.",
        ),
        arg(
            "encryption_settings",
            Ty::Block(&ENCRYPTION_SETTINGS),
            "properties.encryptionSettingsCollection",
            "Encryption inside the machine (Azure Disk Encryption).",
        ),
        arg("trusted_launch_enabled", Ty::Bool, "", "Enable trusted launch for machines that start from the disk.")
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
            "Encryption of a confidential virtual machine's disk.",
        )
        .wire(Wire::Odd)
        .replace(),
        arg(
            "secure_vm_disk_encryption_set",
            Ty::Ref(&[]),
            "properties.securityProfile.secureVMDiskEncryptionSetId",
            "Disk encryption set of a confidential virtual machine.",
        )
        .replace(),
        TAGS,
    ],
    drill: Drill::ALONG,
    restless: &["properties.lastOwnershipUpdateTime"],
    durations: Durations { create: 5, update: 5, delete: 5 },
    lasts: Some(lasts),
    answers: AnswerStyle::AsyncBoth,
    recovery: Recovery::DATA,
    in_use: "OperationNotAllowed",
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        admit: Some(admit),
        settle: Some(settle),
        accepts: &[
            "properties.completionPercent",
            "properties.encryptionSettingsCollection.encryptionSettingsVersion",
            SECURITY_TYPE,
            "managedBy",
            "properties.encryption.type",
            "properties.encryptionSettingsCollection.enabled",
        ],
        ..SimulatedBehaviour::NONE
    },
    uncovered: &[
        "extendedLocation",
        "properties.availabilityPolicy",
        "properties.creationData.elasticSanResourceId",
        "properties.creationData.instantAccessDurationMinutes",
        "properties.creationData.provisionedBandwidthCopySpeed",
        "properties.creationData.securityDataUri",
        "properties.creationData.securityMetadataUri",
        "properties.dataAccessAuthMode",
        "properties.purchasePlan",
        "properties.supportedCapabilities",
        "properties.supportsHibernation",
    ],
    adoption: Adoption {
        chosen: &[
            ("properties.dataAccessAuthMode", Lit::Str("None")),
            ("properties.creationData.provisionedBandwidthCopySpeed", Lit::Str("None")),
        ],
        ..Adoption::BY_TABLE
    },
    combinations: &[
        Combination::new(
            "InvalidParameter",
            &[("logical_sector_size", Test::Not(&[Lit::Int(512), Lit::Int(4096)]))],
            "`logical_sector_size` is neither 512 nor 4096",
            "Set 512 or 4096.",
        ),
        Combination::new(
            "InvalidParameter",
            &[("disk_iops_read_write", Test::Set), ("storage_account_type", Test::Not(SET_PERFORMANCE))],
            "the performance of this storage type follows from its size",
            "Remove `disk_iops_read_write`, or set `storage_account_type` to \"PremiumV2_LRS\" or \"UltraSSD_LRS\".",
        ),
        Combination::new(
            "InvalidParameter",
            &[("disk_mbps_read_write", Test::Set), ("storage_account_type", Test::Not(SET_PERFORMANCE))],
            "the performance of this storage type follows from its size",
            "Remove `disk_mbps_read_write`, or set `storage_account_type` to \"PremiumV2_LRS\" or \"UltraSSD_LRS\".",
        ),
        Combination::new(
            "InvalidParameter",
            &[("tier", Test::Set), ("storage_account_type", Test::Not(PREMIUM))],
            "only premium disks have a `tier`",
            "Remove `tier`, or set `storage_account_type` to \"Premium_LRS\" or \"Premium_ZRS\".",
        ),
        Combination::new(
            "InvalidParameter",
            &[
                ("on_demand_bursting_enabled", Test::Is(&[Lit::Bool(true)])),
                ("storage_account_type", Test::Not(PREMIUM)),
            ],
            "only premium disks burst on demand",
            "Remove `on_demand_bursting_enabled`, or set another `storage_account_type`.",
        ),
        Combination::new(
            "InvalidParameter",
            &[("on_demand_bursting_enabled", Test::Is(&[Lit::Bool(true)])), ("disk_size_gb", Test::Below(513))],
            "only disks of more than 512 GiB burst on demand",
            "Remove `on_demand_bursting_enabled`, or set a larger `disk_size_gb`.",
        ),
        Combination::new(
            "InvalidParameter",
            &[("disk_size_gb", Test::Above(32_767)), ("storage_account_type", Test::Not(SET_PERFORMANCE))],
            "a disk of this storage type has at most 32767 GiB",
            "Set a smaller `disk_size_gb`.",
        ),
    ],
    transitions: &[
        Transition::refuse(
            "OperationNotAllowed",
            "disk_size_gb",
            ChangeTest::Shrinks,
            "The size of a disk can only grow.",
            "Write the old size, or copy the data to another disk of the smaller size.",
        ),
        Transition::refuse(
            "OperationNotAllowed",
            "storage_account_type",
            ChangeTest::Where(changes_zones),
            "Azure does not change the redundancy of an existing disk.",
            "Write the old `storage_account_type`, or create another disk with `create_option = \"Copy\"`.",
        ),
    ],
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
    left_out: &[("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery")],
    ..crate::providers::azure::KIND
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

/// Storage types whose performance is set apart from the size.
const SET_PERFORMANCE: &[Lit] = &[Lit::Str("UltraSSD_LRS"), Lit::Str("PremiumV2_LRS")];
/// Storage types of premium disks, whose performance follows from the size.
const PREMIUM: &[Lit] = &[Lit::Str("Premium_LRS"), Lit::Str("Premium_ZRS")];

/// True if a disk goes from one zone to several, or back.
fn changes_zones(old: &Json, new: &Json) -> bool {
    let zoned = |value: &Json| value.as_str().map(|text| text.to_ascii_uppercase().ends_with("_ZRS"));
    zoned(old) != zoned(new)
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
            summary: format!("a disk with `create_option = \"{option}\"` needs {names}"),
            why: String::new(),
            help: format!("Set {names}."),
        });
    }
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
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

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let source = cloud.get(id).and_then(|body| path::text(body, "properties.creationData.sourceResourceId"));
    let size = source.map(ObjectId::new).and_then(|source| path::borrow(cloud.get(&source)?, SIZE).cloned());
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, SIZE, size.unwrap_or_else(|| Json::from(30)));
        path::fill(body, "properties.diskState", "Unattached");
        path::fill(body, "properties.encryption.type", "EncryptionAtRestWithPlatformKey");
    }
}

/// A copy takes longer than an empty disk, in proportion to its size.
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    let copied = path::text(new, "properties.creationData.createOption") != Some("Empty");
    let size = path::borrow(new, SIZE).and_then(Json::as_u64).and_then(|size| u32::try_from(size).ok()).unwrap_or(30);
    if old.is_none() && copied { 10 + size / 8 } else { 5 }
}
