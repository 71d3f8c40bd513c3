//! Common parts of single virtual machines of both operating systems: arguments, bodies, and simulation.
//!
//! Both have one provider type. Independent of kinds.

use crate::providers::azure::forms;
use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::machine_profile::{self, Os, finding, profile};
use crate::providers::azure::kinds::identity;

/// Path of the profile.
pub(super) const AT: &str = "properties";
/// Path of the network interfaces.
pub(super) const NICS: &str = "properties.networkProfile.networkInterfaces";
/// Path of the id of the operating system disk.
pub(super) const OS_DISK_ID: &str = "properties.storageProfile.osDisk.managedDisk.id";
/// Path of the caching of the operating system disk.
pub(super) const OS_DISK_CACHING: &str = "properties.storageProfile.osDisk.caching";

/// Path of the data disks.
pub(super) const DATA_DISKS: &str = "properties.storageProfile.dataDisks";

/// Provider type and API version of virtual machines.
pub(super) const TYPE: KindType = KindType { name: "Microsoft.Compute/virtualMachines", version: "2026-04-01" };
/// Typical durations in seconds (source: the project's durations sheet).
pub(super) const DURATIONS: Durations = Durations { create: 60, update: 30, delete: 60 };
/// Name rule of virtual machines.
pub(super) const NAMES: NameRule = crate::providers::azure::kinds::compute::scale_set::NAMES;

/// Attributes of a virtual machine.
pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("virtual_machine_id", "properties.vmId", FakeValue::Guid, "ID that Azure assigns to the machine."),
    identity::PRINCIPAL_ID,
    identity::TENANT_ID,
];

/// Arguments of both that scale sets share.
pub(super) const PROFILE: &[Arg] = &frozen(profile!("properties"));

/// The image of a single machine is fixed. A scale set creates new instances from a new image.
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

/// Further arguments of both, which scale sets lack or define differently.
pub(super) const MACHINE: &[Arg] = &[
    RESOURCE_GROUP,
    arg("size", Ty::String, "properties.hardwareProfile.vmSize", "Size of the machine, as in `Standard_D2s_v5`.")
        .required()
        .any_case(),
    arg(
        "network_interfaces",
        Ty::List(&Ty::Ref(&["network_interface"])),
        "properties.networkProfile.networkInterfaces[].id",
        "Network interfaces of the machine. The first one is the primary interface.",
    )
    .near()
    .required(),
    arg(
        "admin_username",
        Ty::String,
        "properties.osProfile.adminUsername",
        "Username of the administrator. Leave it out for a specialised image.",
    )
    .replace(),
    arg(
        "computer_name",
        Ty::String,
        "properties.osProfile.computerName",
        "Host name. Defaults to the name of the machine.",
    )
    .chosen(),
    arg(
        "custom_data",
        Ty::String,
        "properties.osProfile.customData",
        "Custom data in base64 (cloud-init), run at the first start.",
    )
    .form(&forms::BASE64)
    .secret()
    .replace(),
    arg(
        "source_image_reference",
        Ty::Block(&SOURCE_IMAGE_REFERENCE),
        "",
        "Marketplace image. Conflicts with `source_image` and `os_managed_disk`.",
    )
    .wire(Wire::Odd)
    .replace(),
    arg(
        "os_managed_disk",
        Ty::Ref(&["managed_disk"]),
        OS_DISK_ID,
        "Existing disk with an operating system to attach, for a machine that is restored from a copy.",
    )
    .near()
    .replace(),
    arg("os_disk", Ty::Block(&OS_DISK), "properties.storageProfile.osDisk", "Operating system disk."),
    arg("zone", Ty::String, "zones[0]", "Availability zone of the machine.").form(&forms::ZONE).replace(),
    arg(
        "allow_extension_operations",
        Ty::Bool,
        "properties.osProfile.allowExtensionOperations",
        "Allow the installation of extensions.",
    )
    .kept(Kept::Chosen),
    arg(
        "extensions_time_budget",
        Ty::Duration,
        "properties.extensionsTimeBudget",
        "Maximum time for the installation of all extensions, 15 minutes to 2 hours.",
    )
    .form(&forms::minutes::EXTENSIONS)
    .default(Lit::Str("1h30m")),
    arg(
        "gallery_application",
        Ty::Block(&GALLERY_APPLICATION),
        "properties.applicationProfile.galleryApplications",
        "Gallery application to install.",
    ),
    arg(
        "additional_capabilities",
        Ty::Block(&ADDITIONAL_CAPABILITIES),
        "properties.additionalCapabilities",
        "Additional capabilities of the machine.",
    ),
    arg(
        "os_image_notification",
        Ty::Block(&OS_IMAGE_NOTIFICATION),
        "properties.scheduledEventsProfile.osImageNotificationProfile",
        "Notification of the machine before its operating system is replaced.",
    ),
    arg(
        "disk_controller_type",
        Ty::Enum(&["SCSI", "NVMe"]),
        "properties.storageProfile.diskControllerType",
        "Disk controller type.",
    ),
    arg(
        "availability_set",
        Ty::Ref(&[]),
        "properties.availabilitySet.id",
        "Availability set, whose machines run on different hosts.",
    )
    .replace(),
    arg(
        "virtual_machine_scale_set",
        Ty::Ref(&[]),
        "properties.virtualMachineScaleSet.id",
        "Scale set of the machine, in flexible orchestration mode.",
    ),
    arg(
        "platform_fault_domain",
        Ty::Integer(-1, 5),
        "properties.platformFaultDomain",
        "Fault domain in that scale set. -1: Azure chooses.",
    )
    .filled(Lit::Int(-1))
    .replace(),
    arg(
        "capacity_reservation_group",
        Ty::Ref(&[]),
        "properties.capacityReservation.capacityReservationGroup.id",
        "Capacity reservation group with the reserved capacity.",
    ),
    arg("dedicated_host", Ty::Ref(&[]), "properties.host.id", "Dedicated host of the machine."),
    arg(
        "dedicated_host_group",
        Ty::Ref(&[]),
        "properties.hostGroup.id",
        "Dedicated host group. Azure chooses one of its hosts.",
    ),
    arg(
        "proximity_placement_group",
        Ty::Ref(&[]),
        "properties.proximityPlacementGroup.id",
        "Proximity placement group, which places machines close together.",
    )
    .near(),
];

/// Patching of the operating system, at its part of the profile.
macro_rules! patches {
    ($under:literal, $modes:expr) => {
        [
            arg(
                "patch_mode",
                Ty::Enum($modes),
                concat!($under, ".patchSettings.patchMode"),
                "Patch mode: the party that installs operating system updates.",
            ),
            arg(
                "patch_assessment_mode",
                Ty::Enum(&["AutomaticByPlatform", "ImageDefault"]),
                concat!($under, ".patchSettings.assessmentMode"),
                "Patch assessment mode: the party that searches for operating system updates.",
            ),
            arg(
                "reboot_setting",
                Ty::Enum(&["Always", "IfRequired", "Never"]),
                concat!($under, ".patchSettings.automaticByPlatformSettings.rebootSetting"),
                "Restarts after updates by the platform.",
            ),
            arg(
                "bypass_platform_safety_checks_on_user_schedule_enabled",
                Ty::Bool,
                concat!($under, ".patchSettings.automaticByPlatformSettings.bypassPlatformSafetyChecksOnUserSchedule"),
                "Skip updates on the platform's schedule and follow a schedule of your own only.",
            ),
            arg(
                "provision_vm_agent",
                Ty::Bool,
                concat!($under, ".provisionVMAgent"),
                "Install the Azure VM agent, which extensions need.",
            )
            .chosen(),
        ]
    };
}

pub(super) use patches;

static SOURCE_IMAGE_REFERENCE: Block = Block::one(&[
    arg("publisher", Ty::String, "publisher", "Publisher of the image, as in `Canonical`.").required().replace(),
    arg("offer", Ty::String, "offer", "Offer, as in `ubuntu-24_04-lts`.").required().replace(),
    arg("sku", Ty::String, "sku", "SKU, as in `server`.").required().replace(),
    arg(
        "version",
        Ty::String,
        "version",
        "Version of the image. `latest` makes the machine depend on the day of its creation.",
    )
    .required()
    .replace(),
]);

static OS_DISK: Block = Block::one(&concat::<{ machine_profile::OS_DISK.len() + 4 }>(&[
    machine_profile::OS_DISK,
    &[
        arg("name", Ty::String, "name", "Name of the disk. Azure generates one if absent.").chosen(),
        arg(
            "storage_account_type",
            machine_profile::OS_STORAGE,
            "managedDisk.storageAccountType",
            "Storage type of the disk.",
        )
        .chosen(),
        machine_profile::disk_encryption_set("disk_encryption_set", "managedDisk.diskEncryptionSet.id"),
        machine_profile::diff_disk_settings(&DIFF_DISK_SETTINGS),
    ],
]))
.at_least_one();

static DIFF_DISK_SETTINGS: Block = Block::one(&[
    arg("option", Ty::Enum(&["Local"]), "option", "Ephemeral disk option. Azure has one.").required().replace(),
    arg(
        "placement",
        Ty::Enum(&["CacheDisk", "ResourceDisk", "NvmeDisk"]),
        "placement",
        "Placement of the disk on the host.",
    )
    .default(Lit::Str("CacheDisk"))
    .replace(),
]);

static GALLERY_APPLICATION: Block = Block::many(
    "",
    &[
        arg("version", Ty::Ref(&[]), "packageReferenceId", "Version of the application.").required(),
        arg("automatic_upgrade_enabled", Ty::Bool, "enableAutomaticUpgrade", "Install new versions automatically.")
            .default(Lit::Bool(false)),
        arg(
            "configuration_blob_uri",
            Ty::String,
            "configurationReference",
            "URL of a blob with the application's configuration.",
        ),
        arg("order", Ty::Integer(0, 2_147_483_647), "order", "Position in the installation order.")
            .default(Lit::Int(0)),
        arg("tag", Ty::String, "tags", "Text to store with the application."),
        arg(
            "treat_failure_as_deployment_failure_enabled",
            Ty::Bool,
            "treatFailureAsDeploymentFailure",
            "Fail the deployment of the machine if the application fails.",
        )
        .default(Lit::Bool(false)),
    ],
);

static ADDITIONAL_CAPABILITIES: Block = Block::one(&[
    arg("hibernation_enabled", Ty::Bool, "hibernationEnabled", "Enable hibernation."),
    arg("ultra_ssd_enabled", Ty::Bool, "ultraSSDEnabled", "Enable disks of type `UltraSSD_LRS`.")
        .default(Lit::Bool(false)),
]);

static OS_IMAGE_NOTIFICATION: Block = Block::one(&[arg(
    "timeout",
    Ty::Duration,
    "notBeforeTimeout",
    "Time for the machine to finish. Azure accepts 15 minutes only.",
)
.form(&forms::minutes::IMAGE_NOTIFICATION)
.default(Lit::Str("15m"))]);

/// Values of a machine that no other machine has.
pub(super) const APART: &[Exclusive] = &[
    Exclusive::among_siblings("NicInUse", "network interface", "machines of an interface", &["network_interfaces"])
        .within(ExclusiveWithin::Everywhere),
    Exclusive::among_siblings("AttachDiskWhileBeingAttached", "disk", "machines of a disk", &["os_managed_disk"])
        .within(ExclusiveWithin::Everywhere),
];

/// Changes of a machine that Azure refuses in place.
pub(super) const TRANSITIONS: &[Transition] = &[Transition::refuse(
    "ResizeDiskError",
    "os_disk.disk_size_gb",
    ChangeTest::Shrinks,
    "Azure cannot shrink a disk.",
    "Write the old size, or replace the machine with one of another name.",
)];

/// Arguments of azurerm that both leave out.
pub(super) const LEFT_OUT: &[(&str, &str)] =
    &[("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery")];

/// Completes the body.
pub(super) fn encode(subject: &Subject<'_>, bodies: &mut [Json], os: Os) {
    let Some(body) = bodies.first_mut() else { return };
    machine_profile::encode(subject, body, AT, os, "computerName");
    // A disk that Azure creates is deleted with the machine. An attached disk is a resource of its own.
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
            summary: "`admin_username` conflicts with `os_managed_disk`".to_owned(),
            why: "The users are on the disk already, and Azure rejects an operating system profile with it.".to_owned(),
            help: "Remove `admin_username` and the related arguments.".to_owned(),
        });
    }
    let name = subject.text("computer_name").unwrap_or(subject.name);
    if name.chars().count() > longest_name && !attached {
        let summary = format!("the host name would be `{name}`, which is longer than {longest_name} characters");
        findings.push(finding("computer_name", &summary, "Set a shorter `computer_name`."));
    }
    let none = subject.args.get("network_interfaces").and_then(Json::as_array).is_some_and(Vec::is_empty);
    if none {
        findings.push(finding(
            "network_interfaces",
            "`network_interfaces` is empty",
            "Set at least one network interface.",
        ));
    }
}

/// The machine as a capacity requirement.
pub(super) fn machines(subject: &Subject<'_>) -> Option<Machines> {
    Some(Machines { size: subject.text("size")?.to_owned(), count: 1, image: None })
}

/// True if a machine runs this operating system.
pub(super) fn is_of(found: &CloudObject<'_>, os: Os) -> bool {
    machine_profile::os_of(found.body, AT, &|id| found.all.get(id)) == os
}

/// Settings that no argument of either has.
pub(super) const UNCOVERED: &[&str] = &[
    "extendedLocation",
    "placement",
    "plan.promotionCode",
    "properties.additionalCapabilities.enableFips1403Encryption",
    "properties.capacityReservation.disableCapacityReservationAssignment",
    "properties.hardwareProfile.processorMode",
    "properties.hardwareProfile.vmSizeProperties",
    "properties.interconnectBlockProfile",
    "properties.networkProfile.interconnectGroupProfile",
    "properties.networkProfile.networkApiVersion",
    "properties.networkProfile.networkInterfaceConfigurations",
    "properties.networkProfile.networkInterfaces[].properties.deleteOption",
    "properties.osProfile.linuxConfiguration.enableVMAgentPlatformUpdates",
    "properties.osProfile.linuxConfiguration.ssh",
    "properties.osProfile.requireGuestProvisionSignal",
    "properties.resiliencyProfile",
    "properties.scheduledEventsPolicy",
    "properties.securityProfile.encryptionIdentity",
    "properties.securityProfile.proxyAgentSettings",
    "properties.securityProfile.securityType",
    "properties.storageProfile.alignRegionalDisksToVMZone",
    "properties.storageProfile.dataDisks",
    "properties.storageProfile.diskApiVersion",
    "properties.storageProfile.imageReference.communityGalleryImageId",
    "properties.storageProfile.imageReference.sharedGalleryImageId",
    "properties.storageProfile.osDisk.deleteOption",
    "properties.storageProfile.osDisk.diffDiskSettings.enableFullCaching",
    "properties.storageProfile.osDisk.encryptionSettings",
    "properties.storageProfile.osDisk.image",
    "properties.storageProfile.osDisk.managedDisk.additionalDiskProperties",
    "properties.storageProfile.osDisk.storageFaultDomainAlignment",
    "properties.storageProfile.osDisk.vhd",
];

/// The disk that Azure creates from an image belongs to the machine.
pub(super) const ADOPTION: Adoption = Adoption {
    arguments: Some(adopt),
    brings: Some(|found| {
        path::text(found.body, OS_DISK_ID).filter(|_| has_own_disk(found.body)).map(ObjectId::new).into_iter().collect()
    }),
    chosen: &[
        ("properties.osProfile.requireGuestProvisionSignal", Lit::Bool(true)),
        ("properties.networkProfile.networkInterfaces[].properties.deleteOption", Lit::Str("Detach")),
        ("properties.securityProfile.securityType", Lit::Str("Standard")),
        ("properties.storageProfile.dataDisks[].deleteOption", Lit::Str("Detach")),
    ],
    ..Adoption::BY_TABLE
};

/// Removes what follows from the rest.
pub(super) fn adopt(found: &CloudObject<'_>, args: &mut JsonMap<String, Json>) {
    if has_own_disk(found.body) {
        args.remove("os_managed_disk");
    }
}

fn has_own_disk(body: &Json) -> bool {
    path::text(body, "properties.storageProfile.osDisk.createOption") == Some("FromImage")
}
