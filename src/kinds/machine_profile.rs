//! What single machines and scale sets have in common: the blocks of a machine's profile, and what turns them into bodies and back.
//!
//! A single machine has its profile at `properties`, a scale set at `properties.virtualMachineProfile`; the groups of arguments are
//! macros over that path. This module knows no kind.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::path;
use super::regions::same_region;
use super::table::*;
use crate::address::ArmId;

/// The kinds of image that a machine is made from.
pub(super) const IMAGES: &[&str] = &["shared_image_version", "image_copy", "image", "shared_image"];

/// Caching of a disk by its host.
pub(super) const CACHING: Ty = Ty::Enum(&["None", "ReadOnly", "ReadWrite"]);

/// A disk encryption set, which drplan does not manage.
pub(super) const fn disk_encryption_set(name: &'static str, path: &'static str) -> Arg {
    arg(name, Ty::Ref(&[]), path, "The disk encryption set whose key encrypts it; a key of the platform's without it.")
}

/// The operating system of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Os {
    /// With an SSH key or a password.
    Linux,
    /// With a password.
    Windows,
}

impl Os {
    /// The word in bodies.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Windows => "Windows",
        }
    }
}

/// Arguments that every machine has in its profile.
macro_rules! profile {
    ($under:literal) => {
        [
            arg(
                "admin_password",
                Ty::String,
                concat!($under, ".osProfile.adminPassword"),
                "The password of the administrator.",
            )
            .secret()
            .replace(),
            arg(
                "encryption_at_host_enabled",
                Ty::Bool,
                concat!($under, ".securityProfile.encryptionAtHost"),
                "Whether temporary disks and caches are encrypted on the host too.",
            ),
            arg("priority", Ty::Enum(&["Regular", "Spot"]), concat!($under, ".priority"), "Spot is cheap and may be evicted.")
                .default(Lit::Str("Regular"))
                .replace(),
            arg(
                "eviction_policy",
                Ty::Enum(&["Deallocate", "Delete"]),
                concat!($under, ".evictionPolicy"),
                "What eviction does to a Spot machine.",
            )
            .replace(),
            arg(
                "max_bid_price",
                Ty::Number(-1.0, 100_000.0),
                concat!($under, ".billingProfile.maxPrice"),
                "The price in US dollars per hour up to which a Spot machine runs; -1: up to the price of a regular one.",
            ),
            arg(
                "secure_boot_enabled",
                Ty::Bool,
                concat!($under, ".securityProfile.uefiSettings.secureBootEnabled"),
                "Whether only signed boot loaders start (trusted launch).",
            )
            .replace(),
            arg(
                "vtpm_enabled",
                Ty::Bool,
                concat!($under, ".securityProfile.uefiSettings.vTpmEnabled"),
                "Whether it has a virtual TPM (trusted launch).",
            )
            .replace(),
            arg(
                "user_data",
                Ty::String,
                concat!($under, ".userData"),
                "Text in base64 that programs on the machine can read at any time.",
            )
            .write_only(),
            arg(
                "boot_diagnostics",
                Ty::Block(&crate::kinds::machine_profile::BOOT_DIAGNOSTICS),
                concat!($under, ".diagnosticsProfile.bootDiagnostics"),
                "Keeps what the machine shows on its console; an empty block uses storage of Azure's own.",
            ),
            arg(
                "termination_notification",
                Ty::Block(&crate::kinds::machine_profile::TERMINATION_NOTIFICATION),
                concat!($under, ".scheduledEventsProfile.terminateNotificationProfile"),
                "Tells the machine before it is deleted.",
            ),
            arg(
                "source_image",
                Ty::Ref(crate::kinds::machine_profile::IMAGES),
                concat!($under, ".storageProfile.imageReference.id"),
                "The image it is made from: of this stack, or an id. Either this or `source_image_reference`.",
            ),
            arg(
                "plan",
                Ty::Block(&crate::kinds::machine_profile::PLAN),
                "plan",
                "The plan of an image from the marketplace that is paid for.",
            )
            .replace(),
            crate::kinds::identity::IDENTITY,
            TAGS,
        ]
    };
}

/// Arguments of a Windows machine that never change.
macro_rules! windows_profile {
    ($under:literal) => {
        [
            arg(
                "additional_unattend_content",
                Ty::Block(&crate::kinds::machine_profile::UNATTEND_CONTENT),
                concat!($under, ".osProfile.windowsConfiguration.additionalUnattendContent"),
                "Further parts of the answer file of Windows' setup.",
            )
            .replace(),
            arg(
                "winrm_listener",
                Ty::Block(&crate::kinds::machine_profile::WINRM_LISTENER),
                concat!($under, ".osProfile.windowsConfiguration.winRM.listeners"),
                "How the machine listens for Windows Remote Management.",
            )
            .replace(),
            arg(
                "secret",
                Ty::Block(&crate::kinds::machine_profile::WINDOWS_SECRET),
                concat!($under, ".osProfile.secrets"),
                "Certificates of a key vault that are put onto the machine.",
            ),
            arg(
                "license_type",
                Ty::Enum(&["None", "Windows_Client", "Windows_Server"]),
                concat!($under, ".licenseType"),
                "The licence that is brought along (Azure Hybrid Benefit).",
            ),
        ]
    };
}

pub(super) use {profile, windows_profile};

pub(super) static BOOT_DIAGNOSTICS: Block = Block::one(&[arg(
    "storage_account_uri",
    Ty::String,
    "storageUri",
    "The blob endpoint of the storage account to keep it in; Azure's own storage without it.",
)]);

pub(super) static TERMINATION_NOTIFICATION: Block = Block::one(&[
    arg("enabled", Ty::Bool, "enable", "Whether it is told.").required(),
    arg("timeout", Ty::Duration, "notBeforeTimeout", "How long the machine has to finish, 5 to 15 minutes.")
        .default(Lit::Str("5m")),
]);

pub(super) static PLAN: Block = Block::one(&[
    arg("name", Ty::String, "name", "The name of the plan.").required().replace(),
    arg("product", Ty::String, "product", "The product.").required().replace(),
    arg("publisher", Ty::String, "publisher", "The publisher.").required().replace(),
]);

/// Where the disk of an ephemeral system is.
pub(super) const fn diff_disk_settings(block: &'static Block) -> Arg {
    arg(
        "diff_disk_settings",
        Ty::Block(block),
        "diffDiskSettings",
        "Keeps the system on the host itself: fast, free, and lost when the machine moves.",
    )
    .replace()
}

/// What the disk of a system always has.
pub(super) const OS_DISK: &[Arg] = &[
    arg("caching", CACHING, "caching", "What the host caches of it.").required(),
    arg(
        "disk_size_gb",
        Ty::Integer(1, 4095),
        "diskSizeGB",
        "Its size in GiB; the image's without it. It can only grow.",
    ),
    disk_encryption_set("secure_vm_disk_encryption_set", "managedDisk.securityProfile.diskEncryptionSet.id").replace(),
    arg(
        "security_encryption_type",
        Ty::Enum(&["VMGuestStateOnly", "DiskWithVMGuestState"]),
        "managedDisk.securityProfile.securityEncryptionType",
        "What of a confidential machine is encrypted.",
    )
    .replace(),
    arg(
        "write_accelerator_enabled",
        Ty::Bool,
        "writeAcceleratorEnabled",
        "Whether writes are accelerated (M series with premium disks, without caching).",
    )
    .default(Lit::Bool(false)),
];

/// The kinds of storage of a system's disk.
pub(super) const OS_STORAGE: Ty =
    Ty::Enum(&["Standard_LRS", "StandardSSD_LRS", "Premium_LRS", "StandardSSD_ZRS", "Premium_ZRS"]);

pub(super) static UNATTEND_CONTENT: Block = Block::many(
    "",
    &[
        arg("setting", Ty::Enum(&["AutoLogon", "FirstLogonCommands"]), "settingName", "The setting it is for.")
            .required()
            .replace(),
        arg("content", Ty::String, "content", "The XML of the setting.").required().secret().replace(),
    ],
);

pub(super) static WINRM_LISTENER: Block = Block::many(
    "protocol",
    &[
        arg("protocol", Ty::Enum(&["Http", "Https"]), "protocol", "The protocol.").required().replace(),
        arg("certificate_url", Ty::String, "certificateUrl", "The certificate of the key vault that `Https` uses.")
            .replace(),
    ],
);

const KEY_VAULT: Arg =
    arg("key_vault", Ty::Ref(&["key_vault"]), "sourceVault.id", "The key vault they are in.").required();
const CERTIFICATE_URL: Arg =
    arg("url", Ty::String, "certificateUrl", "The URL of the certificate's secret, with its version.").required();

pub(super) static LINUX_SECRET: Block = Block::many(
    "",
    &[KEY_VAULT, arg("certificate", Ty::Block(&LINUX_CERTIFICATE), "vaultCertificates", "One certificate.")],
);

static LINUX_CERTIFICATE: Block = Block::many("url", &[CERTIFICATE_URL]).at_least_one();

pub(super) static WINDOWS_SECRET: Block = Block::many(
    "",
    &[KEY_VAULT, arg("certificate", Ty::Block(&WINDOWS_CERTIFICATE), "vaultCertificates", "One certificate.")],
);

static WINDOWS_CERTIFICATE: Block = Block::many(
    "",
    &[
        CERTIFICATE_URL,
        arg("store", Ty::String, "certificateStore", "The certificate store of the machine, as in `My`.").required(),
    ],
)
.at_least_one();

/// Completes a profile: what the provider asks for beside what is written. `name` is the computer's, or its prefix, and where that stands.
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
    super::identity::encode(subject, body);
}

/// Whether a profile is one of this system: that of its disk, or of what is configured.
pub(super) fn is_of(body: &Json, at: &str, os: Os) -> bool {
    match path::text(body, &format!("{at}.storageProfile.osDisk.osType")) {
        Some(type_) => type_.eq_ignore_ascii_case(os.word()),
        None => {
            let linux = path::borrow(body, &format!("{at}.osProfile.windowsConfiguration")).is_none();
            linux == (os == Os::Linux)
        }
    }
}

/// The security type that the arguments imply; none of them, none.
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

/// Reads back what [`encode`] wrote.
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
    super::identity::decode(body, args);
}

fn ssh_key(key: &Json) -> Option<Json> {
    let user = path::text(key, "path")?.strip_prefix("/home/")?.strip_suffix("/.ssh/authorized_keys")?;
    Some(json!({ "username": user, "public_key": key.get("keyData")? }))
}

/// Paths that [`encode`] writes, for a profile at this place.
macro_rules! accepts {
    ($under:literal) => {
        &[
            crate::kinds::identity::ACCEPTS,
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

/// A finding without a reason of its own.
pub(super) fn finding(argument: &'static str, summary: &str, help: &str) -> Finding {
    Finding { argument, summary: summary.to_owned(), why: String::new(), help: help.to_owned() }
}

/// Rules that hold for every machine.
pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    let spot = subject.text("priority") == Some("Spot");
    if spot && !has("eviction_policy") {
        let help = "Write `eviction_policy = \"Deallocate\"` or `\"Delete\"`.";
        findings.push(finding("priority", "a Spot machine has no `eviction_policy`", help));
    }
    for argument in ["eviction_policy", "max_bid_price"] {
        if has(argument) && !spot {
            let summary = format!("`{argument}` is only for machines of priority `Spot`");
            findings.push(finding(argument, &summary, "Write `priority = \"Spot\"`, or leave it out."));
        }
    }
    super::identity::check(subject, findings);
}

/// How one signs in to a Linux machine: with a key, or with a password that is allowed and given.
pub(super) fn check_linux_sign_in(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| subject.args.contains_key(name);
    let key_only = subject.args.get("disable_password_authentication") != Some(&Json::Bool(false));
    if key_only && has("admin_password") {
        findings.push(finding(
            "admin_password",
            "a password is given, and signing in with one is switched off",
            "Write `disable_password_authentication = false`, or leave `admin_password` out.",
        ));
    } else if key_only && !has("admin_ssh_key") {
        findings.push(finding(
            "admin_ssh_key",
            "nobody could sign in: there is no SSH key and no password",
            "Write an `admin_ssh_key` block, or `disable_password_authentication = false` with an `admin_password`.",
        ));
    } else if !key_only && !has("admin_password") {
        findings.push(finding(
            "disable_password_authentication",
            "signing in with a password is switched on, and none is given",
            "Write `admin_password`, or leave `disable_password_authentication` out.",
        ));
    }
}

/// The image comes from one of these arguments.
pub(super) fn check_image(subject: &Subject<'_>, sources: &[&'static str], findings: &mut Vec<Finding>) {
    let given: Vec<&'static str> = sources.iter().copied().filter(|name| subject.args.contains_key(*name)).collect();
    let listed = sources.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match given.as_slice() {
        [_] => {}
        [] => findings.push(finding("source_image", "it says no image", &format!("Write one of {listed}."))),
        [first, ..] => {
            let summary = format!("it has {} sources, and takes one", given.len());
            findings.push(finding(first, &summary, &format!("Write one of {listed}.")));
        }
    }
}

/// Whether the image of a profile can be used in its region: a gallery's version where it is replicated to, a managed image where it is.
pub(super) fn admit_image(cloud: &dyn Cloudlet, body: &Json, at: &str) -> Result<(), Refusal> {
    let Some(id) = path::text(body, &format!("{at}.storageProfile.imageReference.id")).map(ArmId::new) else {
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

/// Refuses what refers to something of another region, in Azure's words.
pub(super) fn admit_region(cloud: &dyn Cloudlet, from: &ArmId, body: &Json, to: &ArmId) -> Result<(), Refusal> {
    // A child has the region of what it is in: a subnet its network's.
    let owner = to.as_str().split('/').take(9).collect::<Vec<_>>().join("/");
    let there = cloud.get(&ArmId::new(owner)).and_then(|owner| path::text(owner, "location"));
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
