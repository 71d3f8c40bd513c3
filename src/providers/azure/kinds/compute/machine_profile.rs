//! Common parts of single machines and scale sets: the blocks of a machine's profile, and their conversion to bodies
//! and back.
//!
//! A single machine has its profile at `properties`, a scale set at `properties.virtualMachineProfile`. The groups of
//! arguments are macros over that path. Independent of kinds.

use crate::providers::azure::forms;
use crate::providers::azure::ids::AzureId;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::regions::same_region;
use crate::kinds::table::*;
use crate::object::ObjectId;

/// Kinds of image that machines start from.
pub(super) const IMAGES: &[&str] = &["shared_image_version", "image_copy", "image", "shared_image"];

/// Host caching of a disk.
pub(super) const CACHING: Ty = Ty::Enum(&["None", "ReadOnly", "ReadWrite"]);

/// Default host caching of an operating system disk (source: the page of Azure on the caching of disks).
pub(super) const OS_DISK_CACHING: &str = "ReadWrite";

/// A disk encryption set, which drplan does not manage.
pub(super) const fn disk_encryption_set(name: &'static str, path: &'static str) -> Arg {
    arg(
        name,
        Ty::Ref(&[]),
        path,
        "Disk encryption set with the customer-managed key. A platform-managed key if absent.",
    )
}

/// Operating system of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Os {
    /// Login with an SSH key or a password.
    Linux,
    /// Login with a password.
    Windows,
}

impl Os {
    /// The name in bodies.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
        }
    }
}

/// Arguments in the profile of every machine.
macro_rules! profile {
    ($under:literal) => {
        [
            arg(
                "admin_password",
                Ty::String,
                concat!($under, ".osProfile.adminPassword"),
                "Password of the administrator.",
            )
            .secret()
            .replace(),
            arg(
                "encryption_at_host_enabled",
                Ty::Bool,
                concat!($under, ".securityProfile.encryptionAtHost"),
                "Encrypt temporary disks and caches on the host.",
            ),
            arg(
                "priority",
                Ty::Enum(&["Regular", "Spot"]),
                concat!($under, ".priority"),
                "Priority: `Regular`, or `Spot` for cheaper capacity that Azure may evict.",
            )
            .default(Lit::Str("Regular"))
            .replace(),
            arg(
                "eviction_policy",
                Ty::Enum(&["Deallocate", "Delete"]),
                concat!($under, ".evictionPolicy"),
                "Action when Azure evicts a Spot machine. Required with `priority = \"Spot\"`.",
            )
            .replace(),
            arg(
                "max_bid_price",
                Ty::Number(-1.0, 100_000.0),
                concat!($under, ".billingProfile.maxPrice"),
                "Maximum price of a Spot machine, in US dollars per hour. -1: up to the regular price.",
            ),
            arg(
                "secure_boot_enabled",
                Ty::Bool,
                concat!($under, ".securityProfile.uefiSettings.secureBootEnabled"),
                "Enable secure boot, which accepts signed boot loaders only (trusted launch).",
            )
            .replace(),
            arg(
                "vtpm_enabled",
                Ty::Bool,
                concat!($under, ".securityProfile.uefiSettings.vTpmEnabled"),
                "Enable a virtual TPM (trusted launch).",
            )
            .replace(),
            arg(
                "user_data",
                Ty::String,
                concat!($under, ".userData"),
                "User data in base64, readable for programs on the machine at any time.",
            )
            .form(&crate::providers::azure::forms::BASE64)
            .write_only(),
            arg(
                "boot_diagnostics",
                Ty::Block(&crate::providers::azure::kinds::compute::machine_profile::BOOT_DIAGNOSTICS),
                concat!($under, ".diagnosticsProfile.bootDiagnostics"),
                "Boot diagnostics: console output of the machine. An empty block uses Azure-managed storage.",
            ),
            arg(
                "termination_notification",
                Ty::Block(&crate::providers::azure::kinds::compute::machine_profile::TERMINATION_NOTIFICATION),
                concat!($under, ".scheduledEventsProfile.terminateNotificationProfile"),
                "Notification of the machine before its deletion.",
            ),
            arg(
                "source_image",
                Ty::Ref(crate::providers::azure::kinds::compute::machine_profile::IMAGES),
                concat!($under, ".storageProfile.imageReference.id"),
                "Source image: a resource of this stack, or an ID. Conflicts with `source_image_reference`.",
            ),
            arg(
                "plan",
                Ty::Block(&crate::providers::azure::kinds::compute::machine_profile::PLAN),
                "plan",
                "Marketplace plan of a paid image.",
            )
            .replace(),
            crate::providers::azure::kinds::identity::IDENTITY,
            crate::providers::azure::tags::TAGS,
        ]
    };
}

/// Arguments of a Windows machine that are fixed at creation.
macro_rules! windows_profile {
    ($under:literal) => {
        [
            arg(
                "additional_unattend_content",
                Ty::Block(&crate::providers::azure::kinds::compute::machine_profile::UNATTEND_CONTENT),
                concat!($under, ".osProfile.windowsConfiguration.additionalUnattendContent"),
                "Additional content of the Windows Setup answer file.",
            )
            .replace(),
            arg(
                "winrm_listener",
                Ty::Block(&crate::providers::azure::kinds::compute::machine_profile::WINRM_LISTENER),
                concat!($under, ".osProfile.windowsConfiguration.winRM.listeners"),
                "Listener for Windows Remote Management.",
            )
            .replace(),
            arg(
                "secret",
                Ty::Block(&crate::providers::azure::kinds::compute::machine_profile::WINDOWS_SECRET),
                concat!($under, ".osProfile.secrets"),
                "Certificates of a key vault to install on the machine.",
            ),
            arg(
                "license_type",
                Ty::Enum(&["None", "Windows_Client", "Windows_Server"]),
                concat!($under, ".licenseType"),
                "Bring-your-own licence type (Azure Hybrid Benefit).",
            ),
        ]
    };
}

pub(super) use {profile, windows_profile};

/// The block `boot_diagnostics`.
pub(super) static BOOT_DIAGNOSTICS: Block = Block::one(&[arg(
    "storage_account_uri",
    Ty::String,
    "storageUri",
    "Blob endpoint of the storage account. Azure-managed storage if absent.",
)
.form(&forms::HTTPS_URL)]);

/// The block `termination_notification`.
pub(super) static TERMINATION_NOTIFICATION: Block = Block::one(&[
    arg("enabled", Ty::Bool, "enable", "Enable the notification.").required(),
    arg(
        "timeout",
        Ty::Duration,
        "notBeforeTimeout",
        "Time for the machine to finish before its deletion, 5 to 15 minutes.",
    )
    .form(&forms::minutes::NOTIFICATION)
    .default(Lit::Str("5m")),
]);

/// The block `plan`.
pub(super) static PLAN: Block = Block::one(&[
    arg("name", Ty::String, "name", "Name of the plan.").required().replace(),
    arg("product", Ty::String, "product", "Product of the plan.").required().replace(),
    arg("publisher", Ty::String, "publisher", "Publisher of the plan.").required().replace(),
]);

/// Location of an ephemeral operating system disk.
pub(super) const fn diff_disk_settings(block: &'static Block) -> Arg {
    arg(
        "diff_disk_settings",
        Ty::Block(block),
        "diffDiskSettings",
        "Ephemeral disk on the host itself: fast and free, but lost when the machine moves to another host.",
    )
    .replace()
}

/// Arguments of every operating system disk.
pub(super) const OS_DISK: &[Arg] = &[
    arg("caching", CACHING, "caching", "Host caching.").filled(Lit::Str("ReadWrite")).required(),
    arg(
        "disk_size_gb",
        Ty::Integer(1, 4095),
        "diskSizeGB",
        "Size in GiB. Defaults to the image's size, and can only grow.",
    )
    .kept(Kept::Chosen),
    disk_encryption_set("secure_vm_disk_encryption_set", "managedDisk.securityProfile.diskEncryptionSet.id").replace(),
    arg(
        "security_encryption_type",
        Ty::Enum(&["VMGuestStateOnly", "DiskWithVMGuestState"]),
        "managedDisk.securityProfile.securityEncryptionType",
        "Encryption of a confidential virtual machine: its guest state, or the disk as well.",
    )
    .replace(),
    arg(
        "write_accelerator_enabled",
        Ty::Bool,
        "writeAcceleratorEnabled",
        "Enable Write Accelerator (M series with premium disks, without caching).",
    )
    .default(Lit::Bool(false)),
];

/// Storage types of operating system disks.
pub(super) const OS_STORAGE: Ty =
    Ty::Enum(&["Standard_LRS", "StandardSSD_LRS", "Premium_LRS", "StandardSSD_ZRS", "Premium_ZRS"]);

/// The block `additional_unattend_content`.
pub(super) static UNATTEND_CONTENT: Block = Block::many(
    "",
    &[
        arg("setting", Ty::Enum(&["AutoLogon", "FirstLogonCommands"]), "settingName", "Name of the setting.")
            .required()
            .replace(),
        arg("content", Ty::String, "content", "XML content of the setting.").required().secret().replace(),
    ],
);

/// The block `winrm_listener`.
pub(super) static WINRM_LISTENER: Block = Block::many(
    "protocol",
    &[
        arg("protocol", Ty::Enum(&["Http", "Https"]), "protocol", "Protocol.").required().replace(),
        arg("certificate_url", Ty::String, "certificateUrl", "URL of the Key Vault certificate for `Https`.")
            .form(&forms::HTTPS_URL)
            .replace(),
    ],
);

const KEY_VAULT: Arg =
    arg("key_vault", Ty::Ref(&["key_vault"]), "sourceVault.id", "Key vault of the certificates.").required();
const CERTIFICATE_URL: Arg =
    arg("url", Ty::String, "certificateUrl", "URL of the certificate's secret, with its version.")
        .form(&forms::HTTPS_URL)
        .required();

/// The block `secret` of a Linux machine.
pub(super) static LINUX_SECRET: Block = Block::many(
    "",
    &[KEY_VAULT, arg("certificate", Ty::Block(&LINUX_CERTIFICATE), "vaultCertificates", "Certificate to install.")],
);

static LINUX_CERTIFICATE: Block = Block::many("url", &[CERTIFICATE_URL]).at_least_one();

/// The block `secret` of a Windows machine.
pub(super) static WINDOWS_SECRET: Block = Block::many(
    "",
    &[KEY_VAULT, arg("certificate", Ty::Block(&WINDOWS_CERTIFICATE), "vaultCertificates", "Certificate to install.")],
);

static WINDOWS_CERTIFICATE: Block = Block::many(
    "",
    &[
        CERTIFICATE_URL,
        arg("store", Ty::String, "certificateStore", "Certificate store of the machine, as in `My`.").required(),
    ],
)
.at_least_one();

/// Completes a profile with values that the provider requires in addition to the arguments. `computer_name` is the
/// property for the computer's name or its prefix.
pub(super) fn encode(subject: &Subject<'_>, body: &mut Json, at: &str, os: Os, computer_name: &str) {
    let args = subject.args;
    let put = |body: &mut Json, inner: &str, value: Json| path::put(body, &format!("{at}.{inner}"), value);
    if args.contains_key("boot_diagnostics") {
        put(body, "diagnosticsProfile.bootDiagnostics.enabled", Json::from(true));
    }
    if let Some(reference) = args.get("source_image_reference") {
        put(body, "storageProfile.imageReference", reference.clone());
    }
    if let Some(type_) = security_type(args) {
        put(body, "securityProfile.securityType", Json::from(type_));
    }
    put(body, "storageProfile.osDisk.osType", Json::from(os.word()));
    put(body, "storageProfile.osDisk.createOption", Json::from("FromImage"));
    let keys = ssh_keys(args);
    if !keys.is_empty() {
        put(body, "osProfile.linuxConfiguration.ssh.publicKeys", Json::Array(keys));
    }
    if args.contains_key("admin_username") {
        path::fill(body, &format!("{at}.osProfile.{computer_name}"), subject.name);
    }
    let unattend = format!("{at}.osProfile.windowsConfiguration.additionalUnattendContent");
    for content in path::borrow_mut(body, &unattend).and_then(Json::as_array_mut).into_iter().flatten() {
        path::put(content, "passName", Json::from("OobeSystem"));
        path::put(content, "componentName", Json::from("Microsoft-Windows-Shell-Setup"));
    }
    crate::providers::azure::kinds::identity::encode(subject, body);
}

/// The operating system of a profile. Azure always returns `osType`, but a client may leave it out: then the
/// configuration decides, the disk or image by its id, and at last the publisher of the image.
pub(super) fn os_of<'a>(body: &Json, at: &str, others: &dyn Fn(&ObjectId) -> Option<&'a Json>) -> Os {
    let inner = |inner: &str| path::borrow(body, &format!("{at}.{inner}"));
    let text = |within: &str| inner(within).and_then(Json::as_str);
    let named = |word: &str| if word.eq_ignore_ascii_case(Os::Windows.word()) { Os::Windows } else { Os::Linux };
    if let Some(type_) = text("storageProfile.osDisk.osType") {
        return named(type_);
    }
    match (inner("osProfile.linuxConfiguration"), inner("osProfile.windowsConfiguration")) {
        (Some(_), None) => return Os::Linux,
        (None, Some(_)) => return Os::Windows,
        _ => {}
    }
    let sources = ["storageProfile.osDisk.managedDisk.id", "storageProfile.imageReference.id"];
    let source = sources.iter().filter_map(|at| text(at)).find_map(|id| {
        let id = ObjectId::new(id);
        // A version of an image has its operating system in the image above it.
        os_of_source(others(&id)?).or_else(|| os_of_source(others(&id.parent()?)?))
    });
    let publisher = text("storageProfile.imageReference.publisher").unwrap_or_default().to_ascii_lowercase();
    match source {
        Some(type_) => named(type_),
        None if WINDOWS_PUBLISHERS.contains(&publisher.as_str()) => Os::Windows,
        None => Os::Linux,
    }
}

/// Publishers whose Marketplace images run Windows (source: Microsoft's lists of Windows images).
const WINDOWS_PUBLISHERS: &[&str] =
    &["microsoftwindowsserver", "microsoftwindowsdesktop", "microsoftsqlserver", "microsoftvisualstudio"];

/// The operating system of a disk or an image.
fn os_of_source(body: &Json) -> Option<&str> {
    ["properties.osType", "properties.storageProfile.osDisk.osType"].iter().find_map(|at| path::text(body, at))
}

/// The security type that the arguments imply, if any.
fn security_type(args: &JsonMap<String, Json>) -> Option<&'static str> {
    let on = |name: &str| args.get(name).and_then(Json::as_bool).unwrap_or(false);
    let confidential = args.get("os_disk").is_some_and(|disk| disk.get("security_encryption_type").is_some());
    match (confidential, on("secure_boot_enabled") || on("vtpm_enabled")) {
        (true, _) => Some("ConfidentialVM"),
        (false, true) => Some("TrustedLaunch"),
        (false, false) => None,
    }
}

fn ssh_keys(args: &JsonMap<String, Json>) -> Vec<Json> {
    let key = |block: &Json| {
        let user = block.get("username").and_then(Json::as_str)?;
        Some(json!({ "path": format!("/home/{user}/.ssh/authorized_keys"), "keyData": block.get("public_key") }))
    };
    args.get("admin_ssh_key").and_then(Json::as_array).into_iter().flatten().filter_map(key).collect()
}

/// Reads back the values that [`encode`] wrote.
pub(super) fn decode(body: &Json, at: &str, args: &mut JsonMap<String, Json>) {
    let inner = |inner: &str| path::borrow(body, &format!("{at}.{inner}"));
    if inner("diagnosticsProfile.bootDiagnostics.enabled") == Some(&Json::Bool(true)) {
        args.entry("boot_diagnostics").or_insert_with(|| json!({}));
    }
    if let Some(Json::Object(image)) = inner("storageProfile.imageReference")
        && image.contains_key("publisher")
    {
        let names = ["publisher", "offer", "sku", "version"];
        let reference: JsonMap<String, Json> =
            names.iter().filter_map(|name| Some(((*name).to_owned(), image.get(*name)?.clone()))).collect();
        args.insert("source_image_reference".to_owned(), Json::Object(reference));
    }
    let keys = inner("osProfile.linuxConfiguration.ssh.publicKeys").and_then(Json::as_array);
    let keys: Vec<Json> = keys.into_iter().flatten().filter_map(ssh_key).collect();
    if !keys.is_empty() {
        args.insert("admin_ssh_key".to_owned(), Json::Array(keys));
    }
    crate::providers::azure::kinds::identity::decode(body, args);
}

fn ssh_key(key: &Json) -> Option<Json> {
    let user = path::text(key, "path")?.strip_prefix("/home/")?.strip_suffix("/.ssh/authorized_keys")?;
    Some(json!({ "username": user, "public_key": key.get("keyData")? }))
}

/// Paths that [`encode`] writes, for a profile at this path.
macro_rules! accepts {
    ($under:literal) => {
        &[
            crate::providers::azure::kinds::identity::ACCEPTS,
            concat!($under, ".diagnosticsProfile.bootDiagnostics.enabled"),
            concat!($under, ".scheduledEventsProfile.osImageNotificationProfile.enable"),
            concat!($under, ".securityProfile.securityType"),
            concat!($under, ".storageProfile.imageReference.publisher"),
            concat!($under, ".storageProfile.imageReference.offer"),
            concat!($under, ".storageProfile.imageReference.sku"),
            concat!($under, ".storageProfile.imageReference.version"),
            concat!($under, ".storageProfile.osDisk.osType"),
            concat!($under, ".storageProfile.osDisk.createOption"),
            concat!($under, ".storageProfile.osDisk.deleteOption"),
            concat!($under, ".storageProfile.osDisk.managedDisk.id"),
            concat!($under, ".osProfile.linuxConfiguration.ssh"),
            concat!($under, ".osProfile.windowsConfiguration.additionalUnattendContent[].passName"),
            concat!($under, ".osProfile.windowsConfiguration.additionalUnattendContent[].componentName"),
            concat!($under, ".extensionProfile.extensions[].properties.settings"),
            concat!($under, ".extensionProfile.extensions[].properties.protectedSettings"),
            "properties.networkProfile.networkInterfaces[].properties",
            "sku.tier",
        ]
    };
}

pub(super) use accepts;

/// A finding without a reason.
pub(in crate::providers::azure::kinds) fn finding(argument: &'static str, summary: &str, help: &str) -> Finding {
    Finding { argument, summary: summary.to_owned(), why: String::new(), help: help.to_owned() }
}

/// Rules for every machine.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    let spot = subject.text("priority") == Some("Spot");
    if spot && !has("eviction_policy") {
        let help = "Set `eviction_policy` to \"Deallocate\" or \"Delete\".";
        findings.push(finding("priority", "a Spot machine needs an `eviction_policy`", help));
    }
    for argument in ["eviction_policy", "max_bid_price"] {
        if has(argument) && !spot {
            let summary = format!("`{argument}` requires priority `Spot`");
            findings.push(finding(argument, &summary, "Set `priority = \"Spot\"`, or remove the argument."));
        }
    }
    crate::providers::azure::kinds::identity::check(subject, findings);
}

/// Requires exactly one of these arguments as the source of the image.
pub(super) fn check_image(subject: &Subject<'_>, sources: &[&'static str], findings: &mut Vec<Finding>) {
    // A managed image serves its own region only. Versions in galleries have copies in several.
    let far = |image: &Subject<'_>| {
        let is_managed = image.kind.type_.name == "Microsoft.Compute/images";
        (is_managed && !same_region(image.location, subject.location))
            .then(|| (image.address.to_string(), image.location.to_owned()))
    };
    if let Some(Some((image, region))) = subject.with("source_image", far) {
        findings.push(Finding {
            argument: "source_image",
            summary: format!("`{image}` is in {region}, and the machine is in {}", subject.location),
            why: "Azure starts machines from a managed image of their own region only.".to_owned(),
            help: format!(
                "Write an image in {}, or a version in a gallery that is replicated there.",
                subject.location
            ),
        });
    }
    let given: Vec<&'static str> = sources.iter().copied().filter(|name| subject.args.contains_key(*name)).collect();
    let listed = sources.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match given.as_slice() {
        [_] => {}
        [] => findings.push(finding("source_image", "the image is not set", &format!("Set one of {listed}."))),
        [first, ..] => {
            let summary = format!("{} image sources are set, but only one is allowed", given.len());
            findings.push(finding(first, &summary, &format!("Set one of {listed}.")));
        }
    }
}

/// Admits a profile whose image is usable in its region: a gallery's version where it is replicated, a managed image
/// in its own region.
pub(super) fn admit_image(cloud: &dyn SimulatedWorld, body: &Json, at: &str) -> Result<(), Refusal> {
    let Some(id) = path::text(body, &format!("{at}.storageProfile.imageReference.id")).map(ObjectId::new) else {
        return Ok(());
    };
    let (Some(image), Some(location)) = (cloud.get(&id), path::text(body, "location")) else { return Ok(()) };
    let type_ = id.arm_type().unwrap_or_default().to_ascii_lowercase();
    let present = match type_.as_str() {
        "microsoft.compute/galleries/images/versions" => is_replicated_to(image, location),
        "microsoft.compute/galleries/images" => {
            cloud.below(&id).iter().filter_map(|version| cloud.get(version)).any(|v| is_replicated_to(v, location))
        }
        "microsoft.compute/images" => path::text(image, "location").is_none_or(|of| same_region(of, location)),
        _ => true,
    };
    if present {
        return Ok(());
    }
    Err(Refusal {
        status: 404,
        code: "GalleryImageNotFound",
        message: format!(
            "The gallery image {id} is not available in {location} region. Please contact image owner to replicate to this region, or change your requested region."
        ),
    })
}

fn is_replicated_to(version: &Json, location: &str) -> bool {
    path::items(version, "properties.publishingProfile.targetRegions")
        .iter()
        .filter_map(|region| path::text(region, "name"))
        .any(|name| same_region(name, location))
}

/// Refuses a reference to a resource of another region, with Azure's message.
pub(in crate::providers::azure::kinds) fn admit_region(
    cloud: &dyn SimulatedWorld,
    from: &ObjectId,
    body: &Json,
    to: &ObjectId,
) -> Result<(), Refusal> {
    // A child has the region of its parent: a subnet its network's.
    let owner = to.as_str().split('/').take(9).collect::<Vec<_>>().join("/");
    let there = cloud.get(&ObjectId::new(owner)).and_then(|owner| path::text(owner, "location"));
    match (path::text(body, "location"), there) {
        (Some(here), Some(there)) if !same_region(here, there) => Err(Refusal {
            status: 400,
            code: "InvalidResourceReference",
            message: format!(
                "Resource {to} referenced by resource {from} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
            ),
        }),
        _ => Ok(()),
    }
}
