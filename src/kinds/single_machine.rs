//! What single machines of both operating systems have in common: arguments, bodies, and what the simulator does with them.
//!
//! Both are of one provider type. This module knows no kind.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::machine_profile::{self, Os, admit_image, admit_region, finding, profile};
use super::table::*;
use super::{identity, path};
use crate::address::ArmId;

const AT: &str = "properties";
const NICS: &str = "properties.networkProfile.networkInterfaces";
/// Where an interface says which machine has it.
const OWNER: &str = "properties.virtualMachine.id";
const OS_DISK_ID: &str = "properties.storageProfile.osDisk.managedDisk.id";

pub(super) const ARM: Arm = Arm { type_: "Microsoft.Compute/virtualMachines", api: "2026-04-01" };
pub(super) const DURATIONS: Durations = Durations { create: 60, update: 30, delete: 60 };
pub(super) const NAMES: NameRule = super::scale_set::NAMES;

pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("virtual_machine_id", "properties.vmId", Fake::Guid, "The id that Azure gives this machine."),
    identity::PRINCIPAL_ID,
    identity::TENANT_ID,
];

/// Arguments of both.
pub(super) const PROFILE: &[Arg] = &frozen(profile!("properties"));

/// What a machine is made from never changes, while a scale set makes new instances from something else.
const fn frozen<const N: usize>(mut args: [Arg; N]) -> [Arg; N] {
    let mut at = 0;
    while at < N {
        if matches!(args[at].name.as_bytes(), b"source_image") {
            args[at] = args[at].replace();
        }
        at += 1;
    }
    args
}

/// Further arguments of both, which a scale set has not or has otherwise.
pub(super) const MACHINE: &[Arg] = &[
    RESOURCE_GROUP,
    arg("size", Ty::String, "properties.hardwareProfile.vmSize", "The size, as in `Standard_D2s_v5`.")
        .required()
        .any_case(),
    arg(
        "network_interfaces",
        Ty::List(&Ty::Ref(&["network_interface"])),
        "properties.networkProfile.networkInterfaces[].id",
        "Its network interfaces; the first is the primary one.",
    )
    .required(),
    arg(
        "admin_username",
        Ty::String,
        "properties.osProfile.adminUsername",
        "The administrator; none on a specialised image.",
    )
    .replace(),
    arg(
        "computer_name",
        Ty::String,
        "properties.osProfile.computerName",
        "The host name; the name of the machine without it.",
    )
    .replace(),
    arg(
        "custom_data",
        Ty::String,
        "properties.osProfile.customData",
        "Text in base64 that the first start runs (cloud-init).",
    )
    .secret()
    .replace(),
    arg(
        "source_image_reference",
        Ty::Block(&SOURCE_IMAGE_REFERENCE),
        "",
        "An image of the marketplace. One of this, `source_image` and `os_managed_disk`.",
    )
    .wire(Wire::Odd)
    .replace(),
    arg(
        "os_managed_disk",
        Ty::Ref(&["managed_disk"]),
        OS_DISK_ID,
        "A disk with a system on it, which is attached as it is; for a machine that is brought back from a copy.",
    )
    .replace(),
    arg("os_disk", Ty::Block(&OS_DISK), "properties.storageProfile.osDisk", "The disk of the system."),
    arg("zone", Ty::String, "zones[0]", "The zone it is in.").replace(),
    arg(
        "allow_extension_operations",
        Ty::Bool,
        "properties.osProfile.allowExtensionOperations",
        "Whether extensions may be installed.",
    ),
    arg(
        "extensions_time_budget",
        Ty::Duration,
        "properties.extensionsTimeBudget",
        "How long all extensions together may take to install, 15 minutes to 2 hours.",
    )
    .default(Lit::Str("1h30m")),
    arg(
        "gallery_application",
        Ty::Block(&GALLERY_APPLICATION),
        "properties.applicationProfile.galleryApplications",
        "An application of a gallery that is installed.",
    ),
    arg(
        "additional_capabilities",
        Ty::Block(&ADDITIONAL_CAPABILITIES),
        "properties.additionalCapabilities",
        "Further abilities of the machine.",
    ),
    arg(
        "os_image_notification",
        Ty::Block(&OS_IMAGE_NOTIFICATION),
        "properties.scheduledEventsProfile.osImageNotificationProfile",
        "Tells the machine before its system is replaced.",
    ),
    arg(
        "disk_controller_type",
        Ty::Enum(&["SCSI", "NVMe"]),
        "properties.storageProfile.diskControllerType",
        "How disks are attached.",
    ),
    arg(
        "availability_set",
        Ty::Ref(&[]),
        "properties.availabilitySet.id",
        "The set of machines that are not on one host.",
    )
    .replace(),
    arg(
        "virtual_machine_scale_set",
        Ty::Ref(&[]),
        "properties.virtualMachineScaleSet.id",
        "The scale set of flexible orchestration that it is part of.",
    ),
    arg(
        "platform_fault_domain",
        Ty::Integer(-1, 5),
        "properties.platformFaultDomain",
        "The fault domain of that scale set that it is in; -1: Azure chooses.",
    )
    .replace(),
    arg(
        "capacity_reservation_group",
        Ty::Ref(&[]),
        "properties.capacityReservation.capacityReservationGroup.id",
        "The reserved capacity that it uses.",
    ),
    arg("dedicated_host", Ty::Ref(&[]), "properties.host.id", "The dedicated host that it runs on."),
    arg(
        "dedicated_host_group",
        Ty::Ref(&[]),
        "properties.hostGroup.id",
        "The dedicated hosts, one of which it runs on.",
    ),
    arg(
        "proximity_placement_group",
        Ty::Ref(&[]),
        "properties.proximityPlacementGroup.id",
        "The group of machines that are placed close together.",
    ),
];

/// How the system is kept up to date, at the part of the profile that is the operating system's.
macro_rules! patches {
    ($under:literal, $modes:expr) => {
        [
            arg(
                "patch_mode",
                Ty::Enum($modes),
                concat!($under, ".patchSettings.patchMode"),
                "Who installs updates of the system.",
            ),
            arg(
                "patch_assessment_mode",
                Ty::Enum(&["AutomaticByPlatform", "ImageDefault"]),
                concat!($under, ".patchSettings.assessmentMode"),
                "Who looks for updates of the system.",
            ),
            arg(
                "reboot_setting",
                Ty::Enum(&["Always", "IfRequired", "Never"]),
                concat!($under, ".patchSettings.automaticByPlatformSettings.rebootSetting"),
                "Whether updates that the platform installs restart the machine.",
            ),
            arg(
                "bypass_platform_safety_checks_on_user_schedule_enabled",
                Ty::Bool,
                concat!($under, ".patchSettings.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule"),
                "Whether updates follow one's own schedule only.",
            ),
            arg(
                "provision_vm_agent",
                Ty::Bool,
                concat!($under, ".provisionVMAgent"),
                "Whether Azure's agent is installed; extensions need it.",
            )
            .replace(),
        ]
    };
}

pub(super) use patches;

static SOURCE_IMAGE_REFERENCE: Block = Block::one(&[
    arg("publisher", Ty::String, "publisher", "The publisher, as in `Canonical`.").required().replace(),
    arg("offer", Ty::String, "offer", "The offer, as in `ubuntu-24_04-lts`.").required().replace(),
    arg("sku", Ty::String, "sku", "The variant, as in `server`.").required().replace(),
    arg("version", Ty::String, "version", "The version; `latest` differs from day to day.").required().replace(),
]);

static OS_DISK: Block = Block::one(&concat::<{ machine_profile::OS_DISK.len() + 4 }>(&[
    machine_profile::OS_DISK,
    &[
        arg("name", Ty::String, "name", "Its name; Azure makes one up without it.").replace(),
        arg(
            "storage_account_type",
            machine_profile::OS_STORAGE,
            "managedDisk.storageAccountType",
            "The kind of storage.",
        )
        .replace(),
        machine_profile::disk_encryption_set("disk_encryption_set", "managedDisk.diskEncryptionSet.id"),
        machine_profile::diff_disk_settings(&DIFF_DISK_SETTINGS),
    ],
]))
.at_least_one();

static DIFF_DISK_SETTINGS: Block = Block::one(&[
    arg("option", Ty::Enum(&["Local"]), "option", "That it is on the host.").required().replace(),
    arg("placement", Ty::Enum(&["CacheDisk", "ResourceDisk", "NvmeDisk"]), "placement", "Where on the host.")
        .default(Lit::Str("CacheDisk"))
        .replace(),
]);

static GALLERY_APPLICATION: Block = Block::many(
    "",
    &[
        arg("version", Ty::Ref(&[]), "packageReferenceId", "The version of the application.").required(),
        arg(
            "automatic_upgrade_enabled",
            Ty::Bool,
            "enableAutomaticUpgrade",
            "Whether new versions are taken up without being asked.",
        )
        .default(Lit::Bool(false)),
        arg("configuration_blob_uri", Ty::String, "configurationReference", "A blob that configures it."),
        arg("order", Ty::Integer(0, 2_147_483_647), "order", "Its turn among the applications.").default(Lit::Int(0)),
        arg("tag", Ty::String, "tags", "A text that goes with it."),
        arg(
            "treat_failure_as_deployment_failure_enabled",
            Ty::Bool,
            "treatFailureAsDeploymentFailure",
            "Whether the machine has failed where the application has.",
        )
        .default(Lit::Bool(false)),
    ],
);

static ADDITIONAL_CAPABILITIES: Block = Block::one(&[
    arg("hibernation_enabled", Ty::Bool, "hibernationEnabled", "Whether it can hibernate."),
    arg("ultra_ssd_enabled", Ty::Bool, "ultraSSDEnabled", "Whether disks of the kind `UltraSSD_LRS` can be used.")
        .default(Lit::Bool(false)),
]);

static OS_IMAGE_NOTIFICATION: Block = Block::one(&[arg(
    "timeout",
    Ty::Duration,
    "notBeforeTimeout",
    "How long the machine has to finish; 15 minutes is all that Azure takes.",
)
.default(Lit::Str("15m"))]);

/// Left out of both.
pub(super) const LEFT_OUT: &[(&str, &str)] =
    &[("edge_zone", "an edge zone is no site that a system could come back at")];

/// Completes the body.
pub(super) fn encode(subject: &Subject<'_>, bodies: &mut [Json], os: Os) {
    let Some(body) = bodies.first_mut() else { return };
    machine_profile::encode(subject, body, AT, os, "computerName");
    // A disk that Azure makes goes with the machine; one that was attached is another resource's.
    let attached = subject.args.contains_key("os_managed_disk");
    let (create, delete) = if attached { ("Attach", "Detach") } else { ("FromImage", "Delete") };
    path::put(body, "properties.storageProfile.osDisk.createOption", Json::from(create));
    path::put(body, "properties.storageProfile.osDisk.deleteOption", Json::from(delete));
    let nics = path::borrow_mut(body, NICS).and_then(Json::as_array_mut).into_iter().flatten();
    for (at, nic) in nics.enumerate() {
        path::put(nic, "properties.primary", Json::from(at == 0));
    }
    if subject.args.contains_key("os_image_notification") {
        path::put(body, "properties.scheduledEventsProfile.osImageNotificationProfile.enable", Json::from(true));
    }
    if os == Os::Linux && path::borrow(body, "properties.osProfile").is_some() {
        path::fill(body, "properties.osProfile.linuxConfiguration.disablePasswordAuthentication", true);
    }
}

/// Completes the arguments.
pub(super) fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    if let Some(body) = answers.first() {
        machine_profile::decode(body, AT, args);
    }
}

/// Rules between the arguments of both.
pub(super) fn check(subject: &Subject<'_>, longest_name: usize, findings: &mut Vec<Finding>) {
    machine_profile::check(subject, findings);
    let sources = ["source_image", "source_image_reference", "os_managed_disk"];
    machine_profile::check_image(subject, &sources, findings);
    let attached = subject.args.contains_key("os_managed_disk");
    if attached && subject.args.contains_key("admin_username") {
        findings.push(Finding {
            argument: "admin_username",
            summary: "a disk with a system on it takes no administrator".to_owned(),
            why: "Its users are on it already, and Azure refuses a profile of the system with it.".to_owned(),
            help: "Leave `admin_username` and what goes with it out.".to_owned(),
        });
    }
    let name = subject.text("computer_name").unwrap_or(subject.name);
    if name.chars().count() > longest_name && !attached {
        let summary = format!("the host name would be `{name}`, which is longer than {longest_name} characters");
        findings.push(finding("computer_name", &summary, "Write a shorter `computer_name`."));
    }
    let none = subject.args.get("network_interfaces").and_then(Json::as_array).is_some_and(Vec::is_empty);
    if none {
        findings.push(finding("network_interfaces", "it has no network interface", "Write at least one."));
    }
}

/// The machine it is.
pub(super) fn machines(subject: &Subject<'_>) -> Option<Machines> {
    Some(Machines { size: subject.text("size")?.to_owned(), count: 1 })
}

/// Whether a machine runs this system.
pub(super) fn is_of(body: &Json, os: Os) -> bool {
    machine_profile::is_of(body, AT, os)
}

/// The disk that Azure makes of an image goes with the machine.
pub(super) const ADOPTION: Adoption = Adoption {
    arguments: Some(|found, args| {
        if has_own_disk(found.body) {
            args.remove("os_managed_disk");
        }
    }),
    brings: Some(|found| {
        path::text(found.body, OS_DISK_ID).filter(|_| has_own_disk(found.body)).map(ArmId::new).into_iter().collect()
    }),
    ..Adoption::BY_TABLE
};

fn has_own_disk(body: &Json) -> bool {
    path::text(body, "properties.storageProfile.osDisk.createOption") == Some("FromImage")
}

/// What the simulator does with both.
pub(super) const SIMULATED: Simulated = Simulated {
    admit: Some(admit),
    settle: Some(settle),
    removed: Some(removed),
    leads: Some(leads),
    accepts: machine_profile::accepts!("properties"),
    ..Simulated::NONE
};

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    admit_image(cloud, body, AT)?;
    for nic in nics(body) {
        admit_region(cloud, id, body, &nic)?;
        let owner = cloud.get(&nic).and_then(|nic| path::text(nic, OWNER));
        if let Some(owner) = owner.map(ArmId::new).filter(|owner| owner != id) {
            return Err(Refusal {
                status: 400,
                code: "NicInUse",
                message: format!(
                    "Network Interface {nic} is used by existing resource {owner}. In order to delete the network interface, it must be dissociated from the resource."
                ),
            });
        }
    }
    let Some(disk) = path::text(body, OS_DISK_ID).map(ArmId::new) else { return Ok(()) };
    admit_region(cloud, id, body, &disk)?;
    let owner = cloud.get(&disk).and_then(|disk| path::text(disk, "managedBy")).map(ArmId::new);
    match owner.filter(|owner| owner != id) {
        Some(owner) => Err(Refusal {
            status: 409,
            code: "AttachDiskWhileBeingAttached",
            message: format!(
                "Disk {} cannot be attached to the VM because it is already attached to VM {}.",
                disk.name(),
                owner.name()
            ),
        }),
        None => Ok(()),
    }
}

/// The disk of the system stands beside the machine, as an object of its own, and interfaces say whose they are.
fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    identity::settle(cloud, id);
    let nics = cloud.get(id).map(nics).unwrap_or_default();
    for nic in nics {
        if let Some(nic) = cloud.get_mut(&nic) {
            path::put(nic, OWNER, Json::from(id.as_str()));
        }
    }
    let unique = cloud.guid(&format!("{}#disk", id.folded())).replace('-', "");
    let Some(body) = cloud.get_mut(id) else { return };
    let linux = path::text(body, "properties.storageProfile.osDisk.osType") == Some("Linux");
    if path::borrow(body, "properties.osProfile").is_some() {
        path::fill(body, "properties.osProfile.allowExtensionOperations", true);
        let configuration = if linux { "linuxConfiguration" } else { "windowsConfiguration" };
        path::fill(body, &format!("properties.osProfile.{configuration}.provisionVMAgent"), true);
    }
    path::fill(body, "properties.storageProfile.osDisk.name", format!("{}_OsDisk_1_{unique}", id.name()));
    path::fill(body, "properties.storageProfile.osDisk.diskSizeGB", if linux { 30 } else { 127 });
    path::fill(body, "properties.storageProfile.osDisk.managedDisk.storageAccountType", "Premium_LRS");
    let name = path::text(body, "properties.storageProfile.osDisk.name").unwrap_or_default();
    let group = id.as_str().split('/').take(5).collect::<Vec<_>>().join("/");
    let made = ArmId::new(format!("{group}/providers/Microsoft.Compute/disks/{name}"));
    path::fill(body, OS_DISK_ID, made.as_str());
    let disk = path::text(body, OS_DISK_ID).map_or(made, ArmId::new);
    let standing = disk_of(id, &disk, body);
    match cloud.get_mut(&disk) {
        Some(disk) => attach(disk, Some(id)),
        None => cloud.put(&disk, standing),
    }
}

fn nics(body: &Json) -> Vec<ArmId> {
    path::items(body, NICS).iter().filter_map(|nic| path::text(nic, "id")).map(ArmId::new).collect()
}

fn disk_of(id: &ArmId, disk: &ArmId, body: &Json) -> Json {
    let at = |inner: &str| path::borrow(body, &format!("properties.storageProfile.osDisk.{inner}"));
    json!({
        "id": disk.as_str(),
        "name": disk.name(),
        "type": "Microsoft.Compute/disks",
        "location": body.get("location"),
        "managedBy": id.as_str(),
        "sku": { "name": at("managedDisk.storageAccountType") },
        "properties": {
            "osType": at("osType"),
            "creationData": { "createOption": "FromImage" },
            "diskSizeGB": at("diskSizeGB"),
            "diskState": "Attached",
            "provisioningState": "Succeeded",
        },
    })
}

fn attach(disk: &mut Json, to: Option<&ArmId>) {
    match to {
        Some(machine) => path::put(disk, "managedBy", Json::from(machine.as_str())),
        None => path::remove(disk, "managedBy"),
    }
    path::put(disk, "properties.diskState", Json::from(if to.is_some() { "Attached" } else { "Unattached" }));
}

fn removed(cloud: &mut dyn Cloudlet, _: &ArmId, body: &Json) {
    for nic in nics(body) {
        if let Some(nic) = cloud.get_mut(&nic) {
            path::remove(nic, "properties.virtualMachine");
        }
    }
    let Some(disk) = path::text(body, OS_DISK_ID).map(ArmId::new) else { return };
    if path::text(body, "properties.storageProfile.osDisk.deleteOption") == Some("Delete") {
        cloud.remove(&disk);
    } else if let Some(disk) = cloud.get_mut(&disk) {
        attach(disk, None);
    }
}

fn leads(cloud: &dyn Cloudlet, id: &ArmId) -> Leads {
    let Some(body) = cloud.get(id) else { return Leads::Nowhere("its machine is gone") };
    let location = path::text(body, "location").unwrap_or_default().to_owned();
    Leads::Serves(location, u32::from(cloud.working(id).is_some()))
}
