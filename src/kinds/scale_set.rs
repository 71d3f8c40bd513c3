//! What the scale sets of both operating systems have in common: arguments, bodies, and what the simulator does with them.
//!
//! Both are of one provider type and of the uniform mode of orchestration. This module knows no kind.

use serde_json::{Map as JsonMap, Value as Json, json};

use super::machine_profile::{self, Os, admit_image, admit_region, finding, profile};
use super::table::*;
use super::{identity, path};
use crate::address::ArmId;

const AT: &str = "properties.virtualMachineProfile";
const NICS: &str = "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations";
const EXTENSIONS: &str = "properties.virtualMachineProfile.extensionProfile.extensions";

pub(super) const ARM: Arm = Arm { type_: "Microsoft.Compute/virtualMachineScaleSets", api: "2026-04-01" };
pub(super) const FIXED: &[(&str, Lit)] = &[("properties.orchestrationMode", Lit::Str("Uniform"))];
pub(super) const DURATIONS: Durations = Durations { create: 120, update: 60, delete: 120 };
pub(super) const NAMES: NameRule = NameRule::new(
    1,
    64,
    r#"^[^_\\/"\[\]:|<>+=;,?*@&]([^\\/"\[\]:|<>+=;,?*@&]*[^\\/"\[\]:|<>+=;,?*@&.-])?$"#,
    r#"any characters but `\/"[]:|<>+=;,?*@&`, does not start with `_` and does not end with `.` or `-`"#,
);

pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("unique_id", "properties.uniqueId", Fake::Guid, "The id that Azure gives this scale set."),
    identity::PRINCIPAL_ID,
    identity::TENANT_ID,
];

/// Arguments of both.
pub(super) const PROFILE: &[Arg] = &profile!("properties.virtualMachineProfile");

/// Further arguments of both, which a single machine has not or has otherwise.
pub(super) const SET: &[Arg] = &[
    RESOURCE_GROUP,
    arg("sku", Ty::String, "sku.name", "The size of each instance, as in `Standard_D2s_v5`.").required().any_case(),
    arg("admin_username", Ty::String, "properties.virtualMachineProfile.osProfile.adminUsername", "The administrator.")
        .required()
        .replace(),
    arg(
        "computer_name_prefix",
        Ty::String,
        "properties.virtualMachineProfile.osProfile.computerNamePrefix",
        "What the host names of instances begin with; the name of the scale set without it.",
    )
    .replace(),
    arg(
        "custom_data",
        Ty::String,
        "properties.virtualMachineProfile.osProfile.customData",
        "Text in base64 that the first start of each instance runs (cloud-init). A change reaches new instances only.",
    )
    .secret(),
    arg(
        "source_image_reference",
        Ty::Block(&SOURCE_IMAGE_REFERENCE),
        "",
        "An image of the marketplace. Either this or `source_image`.",
    )
    .wire(Wire::Odd),
    arg(
        "os_disk",
        Ty::Block(&OS_DISK),
        "properties.virtualMachineProfile.storageProfile.osDisk",
        "The disk of the system.",
    ),
    arg(
        "data_disk",
        Ty::Block(&DATA_DISK),
        "properties.virtualMachineProfile.storageProfile.dataDisks",
        "A further disk of each instance.",
    ),
    arg("network_interface", Ty::Block(&NETWORK_INTERFACE), NICS, "A network interface of each instance."),
    arg(
        "health_probe",
        Ty::Ref(&["lb_probe"]),
        "properties.virtualMachineProfile.networkProfile.healthProbe.id",
        "The probe of the load balancer that says whether an instance is well.",
    ),
    arg(
        "upgrade_mode",
        Ty::Enum(&["Manual", "Automatic", "Rolling"]),
        "properties.upgradePolicy.mode",
        "Whether a changed model reaches running instances: by hand, all at once, or batch by batch.",
    )
    .default(Lit::Str("Manual"))
    .replace(),
    arg(
        "rolling_upgrade_policy",
        Ty::Block(&ROLLING_UPGRADE_POLICY),
        "properties.upgradePolicy.rollingUpgradePolicy",
        "The batches of a rolling upgrade.",
    )
    .replace(),
    arg(
        "automatic_os_upgrade_policy",
        Ty::Block(&AUTOMATIC_OS_UPGRADE_POLICY),
        "properties.upgradePolicy.automaticOSUpgradePolicy",
        "Whether new versions of the image are taken up without being asked.",
    ),
    arg(
        "automatic_instance_repair",
        Ty::Block(&AUTOMATIC_INSTANCE_REPAIR),
        "properties.automaticRepairsPolicy",
        "What is done about an instance that is not well.",
    ),
    arg("scale_in", Ty::Block(&SCALE_IN), "properties.scaleInPolicy", "Which instances go first."),
    arg(
        "spot_restore",
        Ty::Block(&SPOT_RESTORE),
        "properties.spotRestorePolicy",
        "Whether evicted instances come back.",
    ),
    arg("zones", Ty::Set(&Ty::String), "zones", "The zones over which instances are spread; none can be taken away."),
    arg("zone_balance", Ty::Bool, "properties.zoneBalance", "Whether zones must have equally many instances.")
        .default(Lit::Bool(false))
        .replace(),
    arg(
        "overprovision",
        Ty::Bool,
        "properties.overprovision",
        "Whether more are started than asked for, and the slow ones dropped.",
    )
    .default(Lit::Bool(true)),
    arg(
        "do_not_run_extensions_on_overprovisioned_machines",
        Ty::Bool,
        "properties.doNotRunExtensionsOnOverprovisionedVMs",
        "Whether extensions wait until the surplus is dropped.",
    )
    .default(Lit::Bool(false)),
    arg(
        "single_placement_group",
        Ty::Bool,
        "properties.singlePlacementGroup",
        "Whether all are in one placement group, of at most 100 instances. It can be given up, not taken up again.",
    )
    .default(Lit::Bool(true)),
    arg(
        "platform_fault_domain_count",
        Ty::Integer(1, 5),
        "properties.platformFaultDomainCount",
        "Over how many fault domains instances are spread.",
    )
    .replace(),
    arg(
        "additional_capabilities",
        Ty::Block(&ADDITIONAL_CAPABILITIES),
        "properties.additionalCapabilities",
        "Further abilities of the machines.",
    ),
    arg("extension", Ty::Block(&EXTENSION), EXTENSIONS, "An extension that is installed on each instance."),
    arg(
        "extension_operations_enabled",
        Ty::Bool,
        "properties.virtualMachineProfile.osProfile.allowExtensionOperations",
        "Whether extensions may be installed.",
    )
    .default(Lit::Bool(true))
    .replace(),
    arg(
        "extensions_time_budget",
        Ty::Duration,
        "properties.virtualMachineProfile.extensionProfile.extensionsTimeBudget",
        "How long all extensions together may take to install, 15 minutes to 2 hours.",
    )
    .default(Lit::Str("1h30m")),
    arg(
        "gallery_application",
        Ty::Block(&GALLERY_APPLICATION),
        "properties.virtualMachineProfile.applicationProfile.galleryApplications",
        "An application of a gallery that is installed on each instance.",
    ),
    arg(
        "capacity_reservation_group",
        Ty::Ref(&[]),
        "properties.virtualMachineProfile.capacityReservation.capacityReservationGroup.id",
        "The reserved capacity that instances use.",
    )
    .replace(),
    arg("host_group", Ty::Ref(&[]), "properties.hostGroup.id", "The dedicated hosts that instances run on.").replace(),
    arg(
        "proximity_placement_group",
        Ty::Ref(&[]),
        "properties.proximityPlacementGroup.id",
        "The group of machines that are placed close together.",
    )
    .replace(),
    arg(
        "resilient_vm_creation_enabled",
        Ty::Bool,
        "properties.resiliencyPolicy.resilientVMCreationPolicy.enabled",
        "Whether the creation of an instance that failed is tried again.",
    )
    .default(Lit::Bool(false)),
    arg(
        "resilient_vm_deletion_enabled",
        Ty::Bool,
        "properties.resiliencyPolicy.resilientVMDeletionPolicy.enabled",
        "Whether the deletion of an instance that failed is tried again.",
    )
    .default(Lit::Bool(false)),
];

static SOURCE_IMAGE_REFERENCE: Block = Block::one(&[
    arg("publisher", Ty::String, "publisher", "The publisher, as in `Canonical`.").required().replace(),
    arg("offer", Ty::String, "offer", "The offer, as in `ubuntu-24_04-lts`.").required().replace(),
    arg("sku", Ty::String, "sku", "The variant, as in `server`.").required(),
    arg("version", Ty::String, "version", "The version; `latest` differs from day to day.").required(),
]);

static OS_DISK: Block = Block::one(&concat::<{ machine_profile::OS_DISK.len() + 3 }>(&[
    machine_profile::OS_DISK,
    &[
        arg(
            "storage_account_type",
            machine_profile::OS_STORAGE,
            "managedDisk.storageAccountType",
            "The kind of storage.",
        )
        .required()
        .replace(),
        machine_profile::disk_encryption_set("disk_encryption_set", "managedDisk.diskEncryptionSet.id").replace(),
        machine_profile::diff_disk_settings(&DIFF_DISK_SETTINGS),
    ],
]))
.at_least_one();

static DIFF_DISK_SETTINGS: Block = Block::one(&[
    arg("option", Ty::Enum(&["Local"]), "option", "That it is on the host.").required().replace(),
    arg("placement", Ty::Enum(&["CacheDisk", "ResourceDisk"]), "placement", "Where on the host.")
        .default(Lit::Str("CacheDisk"))
        .replace(),
]);

static DATA_DISK: Block = Block::many(
    "",
    &[
        arg("lun", Ty::Integer(0, 2000), "lun", "The number under which the machine sees it; unique.").required(),
        arg("caching", machine_profile::CACHING, "caching", "What the host caches of it.").required(),
        arg(
            "storage_account_type",
            Ty::Enum(&[
                "Standard_LRS",
                "StandardSSD_LRS",
                "StandardSSD_ZRS",
                "Premium_LRS",
                "PremiumV2_LRS",
                "Premium_ZRS",
                "UltraSSD_LRS",
            ]),
            "managedDisk.storageAccountType",
            "The kind of storage.",
        )
        .required(),
        arg("disk_size_gb", Ty::Integer(1, 32_767), "diskSizeGB", "Its size in GiB.").required(),
        arg("create_option", Ty::Enum(&["Empty", "FromImage"]), "createOption", "Whether it is empty or the image's.")
            .default(Lit::Str("Empty")),
        machine_profile::disk_encryption_set("disk_encryption_set", "managedDisk.diskEncryptionSet.id").replace(),
        arg(
            "disk_iops_read_write",
            Ty::Integer(1, 400_000),
            "diskIOPSReadWrite",
            "Operations per second (Ultra and Premium v2).",
        ),
        arg(
            "disk_mbps_read_write",
            Ty::Integer(1, 10_000),
            "diskMBpsReadWrite",
            "Megabytes per second (Ultra and Premium v2).",
        ),
        arg("name", Ty::String, "name", "Its name."),
        arg(
            "write_accelerator_enabled",
            Ty::Bool,
            "writeAcceleratorEnabled",
            "Whether writes are accelerated (M series).",
        )
        .default(Lit::Bool(false)),
    ],
);

static NETWORK_INTERFACE: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Its name within the scale set.").required().replace(),
        arg("primary", Ty::Bool, "properties.primary", "Whether it is the first one; exactly one is.")
            .default(Lit::Bool(false)),
        arg("ip_configuration", Ty::Block(&IP_CONFIGURATION), "properties.ipConfigurations", "An address of it."),
        arg(
            "dns_servers",
            Ty::List(&Ty::Ip),
            "properties.dnsSettings.dnsServers",
            "DNS servers in place of the network's.",
        ),
        arg(
            "accelerated_networking_enabled",
            Ty::Bool,
            "properties.enableAcceleratedNetworking",
            "Whether packets bypass the host (most sizes can).",
        )
        .default(Lit::Bool(false)),
        arg(
            "ip_forwarding_enabled",
            Ty::Bool,
            "properties.enableIPForwarding",
            "Whether it takes packets meant for others.",
        )
        .default(Lit::Bool(false)),
        arg(
            "network_security_group",
            Ty::Ref(&["network_security_group"]),
            "properties.networkSecurityGroup.id",
            "The rules for what reaches it, beside those of its subnet.",
        ),
        arg(
            "auxiliary_mode",
            Ty::Enum(&["AcceleratedConnections", "Floating"]),
            "properties.auxiliaryMode",
            "How connections are accelerated (preview of Azure's).",
        ),
        arg("auxiliary_sku", Ty::Enum(&["A1", "A2", "A4", "A8"]), "properties.auxiliarySku", "How many of them."),
    ],
)
.at_least_one();

static IP_CONFIGURATION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Its name within the interface.").required(),
        arg("primary", Ty::Bool, "properties.primary", "Whether it is the interface's first one.")
            .default(Lit::Bool(false)),
        arg("subnet", Ty::Ref(&["subnet"]), "properties.subnet.id", "The subnet that addresses are taken from."),
        arg("version", Ty::Enum(&["IPv4", "IPv6"]), "properties.privateIPAddressVersion", "The kind of address.")
            .default(Lit::Str("IPv4")),
        arg(
            "load_balancer_backend_address_pools",
            Ty::Set(&Ty::Ref(&["lb_backend_address_pool"])),
            "properties.loadBalancerBackendAddressPools[].id",
            "The pools of load balancers that instances are in.",
        ),
        arg(
            "load_balancer_inbound_nat_rules",
            Ty::Set(&Ty::Ref(&[])),
            "properties.loadBalancerInboundNatPools[].id",
            "The pools of ports through which single instances are reached.",
        ),
        arg(
            "application_gateway_backend_address_pools",
            Ty::Set(&Ty::Ref(&[])),
            "properties.applicationGatewayBackendAddressPools[].id",
            "The pools of application gateways that instances are in.",
        ),
        arg(
            "application_security_groups",
            Ty::Set(&Ty::Ref(&[])),
            "properties.applicationSecurityGroups[].id",
            "Groups that security rules name in place of addresses.",
        ),
    ],
)
.at_least_one();

static ROLLING_UPGRADE_POLICY: Block = Block::one(&[
    arg(
        "max_batch_instance_percent",
        Ty::Integer(5, 100),
        "maxBatchInstancePercent",
        "The size of a batch, in percent.",
    )
    .required(),
    arg(
        "max_unhealthy_instance_percent",
        Ty::Integer(5, 100),
        "maxUnhealthyInstancePercent",
        "How many instances may be unwell before the upgrade stops, in percent.",
    )
    .required(),
    arg(
        "max_unhealthy_upgraded_instance_percent",
        Ty::Integer(0, 100),
        "maxUnhealthyUpgradedInstancePercent",
        "How many upgraded instances may be unwell before it stops, in percent.",
    )
    .required(),
    arg("pause_time_between_batches", Ty::Duration, "pauseTimeBetweenBatches", "The pause between batches.").required(),
    arg("cross_zone_upgrades_enabled", Ty::Bool, "enableCrossZoneUpgrade", "Whether a batch may be spread over zones."),
    arg("maximum_surge_instances_enabled", Ty::Bool, "maxSurge", "Whether new instances come before old ones go."),
    arg(
        "prioritize_unhealthy_instances_enabled",
        Ty::Bool,
        "prioritizeUnhealthyInstances",
        "Whether instances that are unwell are upgraded first.",
    ),
]);

static AUTOMATIC_OS_UPGRADE_POLICY: Block = Block::one(&[
    arg("automatic_os_upgrade_enabled", Ty::Bool, "enableAutomaticOSUpgrade", "Whether they are taken up.").required(),
    arg("automatic_rollback_enabled", Ty::Bool, "", "Whether a version that makes instances unwell is taken back.")
        .required()
        .wire(Wire::Negated("disableAutomaticRollback")),
]);

static AUTOMATIC_INSTANCE_REPAIR: Block = Block::one(&[
    arg("enabled", Ty::Bool, "enabled", "Whether anything is done.").required(),
    arg("action", Ty::Enum(&["Replace", "Restart", "Reimage"]), "repairAction", "What is done."),
    arg("grace_period", Ty::Duration, "gracePeriod", "How long a new instance is left alone, 10 to 90 minutes."),
]);

static SCALE_IN: Block = Block::one(&[
    arg("rule", Ty::Enum(&["Default", "NewestVM", "OldestVM"]), "rules[0]", "Which go first.")
        .default(Lit::Str("Default")),
    arg("force_deletion_enabled", Ty::Bool, "forceDeletion", "Whether they are deleted without being shut down.")
        .default(Lit::Bool(false)),
]);

static SPOT_RESTORE: Block = Block::one(&[
    arg("enabled", Ty::Bool, "enabled", "Whether they do.").default(Lit::Bool(false)).replace(),
    arg("timeout", Ty::Duration, "restoreTimeout", "For how long it is tried, 15 minutes to 2 hours.")
        .default(Lit::Str("1h"))
        .replace(),
]);

static ADDITIONAL_CAPABILITIES: Block = Block::one(&[arg(
    "ultra_ssd_enabled",
    Ty::Bool,
    "ultraSSDEnabled",
    "Whether disks of the kind `UltraSSD_LRS` can be used.",
)
.default(Lit::Bool(false))
.replace()]);

static EXTENSION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Its name within the scale set.").required(),
        arg("publisher", Ty::String, "properties.publisher", "Its publisher.").required(),
        arg("type", Ty::String, "properties.type", "What it is, as in `ApplicationHealthLinux`.").required(),
        arg("type_handler_version", Ty::String, "properties.typeHandlerVersion", "Its version, as in `1.0`.")
            .required(),
        arg(
            "auto_upgrade_minor_version",
            Ty::Bool,
            "properties.autoUpgradeMinorVersion",
            "Whether the newest minor version is installed.",
        )
        .default(Lit::Bool(true)),
        arg(
            "automatic_upgrade_enabled",
            Ty::Bool,
            "properties.enableAutomaticUpgrade",
            "Whether it is brought up to date while it runs.",
        ),
        arg("force_update_tag", Ty::String, "properties.forceUpdateTag", "A text whose change runs it again."),
        arg(
            "provision_after_extensions",
            Ty::List(&Ty::String),
            "properties.provisionAfterExtensions",
            "The names of extensions that go before it.",
        ),
        arg("settings", Ty::String, "", "Its settings, as JSON text: `jsonencode({ … })`.").wire(Wire::Odd),
        arg("protected_settings", Ty::String, "", "Its secret settings, as JSON text.").wire(Wire::Odd).secret(),
        arg(
            "protected_settings_from_key_vault",
            Ty::Block(&PROTECTED_SETTINGS),
            "properties.protectedSettingsFromKeyVault",
            "Where in a key vault its secret settings are.",
        ),
    ],
);

static PROTECTED_SETTINGS: Block = Block::one(&[
    arg("secret_url", Ty::String, "secretUrl", "The URL of the secret.").required(),
    arg("source_vault", Ty::Ref(&["key_vault"]), "sourceVault.id", "The key vault it is in.").required(),
]);

static GALLERY_APPLICATION: Block = Block::many(
    "",
    &[
        arg("version", Ty::Ref(&[]), "packageReferenceId", "The version of the application.").required().replace(),
        arg("configuration_blob_uri", Ty::String, "configurationReference", "A blob that configures it.").replace(),
        arg("order", Ty::Integer(0, 2_147_483_647), "order", "Its turn among the applications.")
            .default(Lit::Int(0))
            .replace(),
        arg("tag", Ty::String, "tags", "A text that goes with it.").replace(),
    ],
);

/// Left out of both.
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    ("edge_zone", "an edge zone is no site that a system could come back at"),
    (
        "network_interface.ip_configuration.public_ip_address",
        "addresses that come and go with instances; users reach a scale set through its load balancer",
    ),
];

/// Completes the body.
pub(super) fn encode(subject: &Subject<'_>, bodies: &mut [Json], os: Os) {
    let Some(body) = bodies.first_mut() else { return };
    machine_profile::encode(subject, body, AT, os, "computerNamePrefix");
    let blocks = subject.args.get("extension").and_then(Json::as_array).into_iter().flatten();
    let extensions = path::borrow_mut(body, EXTENSIONS).and_then(Json::as_array_mut).into_iter().flatten();
    for (block, extension) in blocks.zip(extensions) {
        for (argument, at) in
            [("settings", "properties.settings"), ("protected_settings", "properties.protectedSettings")]
        {
            if let Some(settings) = path::text(block, argument).and_then(|text| serde_json::from_str(text).ok()) {
                path::put(extension, at, settings);
            }
        }
    }
}

/// Completes the arguments.
pub(super) fn decode(answers: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = answers.first() else { return };
    machine_profile::decode(body, AT, args);
    let blocks = args.get_mut("extension").and_then(Json::as_array_mut).into_iter().flatten();
    for (block, extension) in blocks.zip(path::items(body, EXTENSIONS)) {
        if let Some(settings) = path::borrow(extension, "properties.settings").filter(|settings| !settings.is_null()) {
            path::put(block, "settings", Json::from(sorted(settings).to_string()));
        }
    }
}

/// The same JSON with the keys of objects in order, as `jsonencode` writes it.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        plain => plain.clone(),
    }
}

/// Rules between the arguments of both.
pub(super) fn check(subject: &Subject<'_>, longest_prefix: usize, findings: &mut Vec<Finding>) {
    machine_profile::check(subject, findings);
    machine_profile::check_image(subject, &["source_image", "source_image_reference"], findings);
    let has = |name: &str| subject.args.contains_key(name);
    let prefix = subject.text("computer_name_prefix").unwrap_or(subject.name);
    if prefix.chars().count() > longest_prefix {
        let summary =
            format!("host names would begin with `{prefix}`, which is longer than {longest_prefix} characters");
        findings.push(finding("computer_name_prefix", &summary, "Write a shorter `computer_name_prefix`."));
    }
    let rolling = subject.text("upgrade_mode") == Some("Rolling");
    if rolling && !has("rolling_upgrade_policy") {
        findings.push(finding(
            "upgrade_mode",
            "rolling upgrades have no `rolling_upgrade_policy`",
            "Write the block, or another `upgrade_mode`.",
        ));
    }
    if rolling && !has("health_probe") && !has("extension") {
        findings.push(Finding {
            argument: "upgrade_mode",
            summary: "rolling upgrades cannot tell whether an instance is well".to_owned(),
            why: "Azure waits for each batch to be well before the next.".to_owned(),
            help: "Write `health_probe = lb_probe.…`, or an `extension` of the type `ApplicationHealthLinux` or `ApplicationHealthWindows`."
                .to_owned(),
        });
    }
    if subject.args.get("zone_balance") == Some(&Json::Bool(true)) && !has("zones") {
        findings.push(finding(
            "zone_balance",
            "zones are to be balanced, and none are written",
            "Write `zones = […]`.",
        ));
    }
    let nics = subject.args.get("network_interface").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let primary = nics.iter().filter(|nic| nic.get("primary") == Some(&Json::Bool(true))).count();
    if nics.len() > 1 && primary != 1 {
        let summary = format!("of {} network interfaces, {primary} are primary", nics.len());
        findings.push(finding("network_interface", &summary, "Write `primary = true` into exactly one of them."));
    }
}

/// What the simulator does with both.
pub(super) const SIMULATED: Simulated = Simulated {
    admit: Some(admit),
    settle: Some(settle),
    lasts: Some(lasts),
    accepts: machine_profile::accepts!("properties.virtualMachineProfile"),
    ..Simulated::NONE
};

fn admit(cloud: &dyn Cloudlet, id: &ArmId, body: &Json) -> Result<(), Refusal> {
    admit_image(cloud, body, AT)?;
    let capacity = capacity(body);
    let single = path::borrow(body, "properties.singlePlacementGroup") == Some(&Json::Bool(true));
    let limit = if single { 100 } else { 1000 };
    if capacity > limit {
        return Err(Refusal {
            status: 400,
            code: "InvalidParameter",
            message: format!("The value {capacity} of parameter 'sku.capacity' is greater than {limit}."),
        });
    }
    for nic in path::items(body, NICS) {
        for address in path::items(nic, "properties.ipConfigurations") {
            let pools = path::items(address, "properties.loadBalancerBackendAddressPools");
            let ids = pools.iter().filter_map(|pool| path::text(pool, "id"));
            for to in ids.chain(path::text(address, "properties.subnet.id")) {
                admit_region(cloud, id, body, &ArmId::new(to))?;
            }
        }
    }
    Ok(())
}

fn settle(cloud: &mut dyn Cloudlet, id: &ArmId) {
    identity::settle(cloud, id);
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, "sku.tier", "Standard");
        path::fill(body, "properties.platformFaultDomainCount", 5);
        let disk = "properties.virtualMachineProfile.storageProfile.osDisk.diskSizeGB";
        let linux = path::text(body, "properties.virtualMachineProfile.storageProfile.osDisk.osType") == Some("Linux");
        path::fill(body, disk, if linux { 30 } else { 127 });
        path::fill(body, "properties.virtualMachineProfile.osProfile.secrets", json!([]));
    }
}

/// A scale set without instances is only a record; instances start together, a few seconds apart, and one's own image has to be
/// brought to their hosts first (source: the project's durations sheet, 1 to 4 minutes for ten).
fn lasts(old: Option<&Json>, new: &Json) -> u32 {
    let (before, after) = (old.map_or(0, capacity), capacity(new));
    let image = "properties.virtualMachineProfile.storageProfile.imageReference";
    let own_image = path::borrow(new, image).is_some_and(|image| image.get("id").is_some());
    let model_changed = old.is_some_and(|old| old.get("properties") != new.get("properties"));
    let automatic = path::text(new, "properties.upgradePolicy.mode") != Some("Manual");
    let started = if model_changed && automatic { after } else { after.saturating_sub(before) };
    match (started, before.saturating_sub(after)) {
        (0, 0) => 20,
        (0, stopped) => 30 + 2 * stopped,
        (started, _) => 75 + 6 * started + if own_image { 20 } else { 0 },
    }
}

fn capacity(body: &Json) -> u32 {
    path::borrow(body, "sku.capacity").and_then(Json::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_instances_take_longer_and_none_take_little() {
        let set = |count: u32| json!({ "sku": { "name": "Standard_D2s_v5", "capacity": count } });
        assert!(lasts(None, &set(0)) < 30);
        assert!(lasts(None, &set(10)) < lasts(None, &set(40)));
        assert!((60..=240).contains(&lasts(None, &set(10))));
        assert!(lasts(Some(&set(4)), &set(0)) < lasts(Some(&set(0)), &set(4)));
    }

    #[test]
    fn settings_come_back_as_jsonencode_writes_them() {
        let settings = json!({ "b": { "d": 1, "c": [true] }, "a": "x" });
        assert_eq!(sorted(&settings).to_string(), r#"{"a":"x","b":{"c":[true],"d":1}}"#);
    }
}
