//! Nested blocks of scale sets, for both operating systems. Independent of kinds.

use crate::kinds::table::*;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::compute::machine_profile;

/// The block `source_image_reference`.
pub(super) static SOURCE_IMAGE_REFERENCE: Block = Block::one(&[
    arg("publisher", Ty::String, "publisher", "Publisher of the image, as in `Canonical`.").required().replace(),
    arg("offer", Ty::String, "offer", "Offer, as in `ubuntu-24_04-lts`.").required().replace(),
    arg("sku", Ty::String, "sku", "SKU, as in `server`.").required(),
    arg(
        "version",
        Ty::String,
        "version",
        "Version of the image. `latest` makes instances depend on the day of their creation.",
    )
    .required(),
]);

/// The block `os_disk`.
pub(super) static OS_DISK: Block = Block::one(&concat::<{ machine_profile::OS_DISK.len() + 3 }>(&[
    machine_profile::OS_DISK,
    &[
        arg(
            "storage_account_type",
            machine_profile::OS_STORAGE,
            "managedDisk.storageAccountType",
            "Storage type of the disk.",
        )
        .filled(Lit::Str("Premium_LRS"))
        .required()
        .replace(),
        machine_profile::disk_encryption_set("disk_encryption_set", "managedDisk.diskEncryptionSet.id").replace(),
        machine_profile::diff_disk_settings(&DIFF_DISK_SETTINGS),
    ],
]))
.at_least_one();

static DIFF_DISK_SETTINGS: Block = Block::one(&[
    arg("option", Ty::Enum(&["Local"]), "option", "Ephemeral disk option. Azure has one.").required().replace(),
    arg("placement", Ty::Enum(&["CacheDisk", "ResourceDisk"]), "placement", "Placement of the disk on the host.")
        .default(Lit::Str("CacheDisk"))
        .replace(),
]);

/// The block `data_disk`.
pub(super) static DATA_DISK: Block = Block::many(
    "",
    &[
        arg("lun", Ty::Integer(0, 2000), "lun", "Logical unit number of the disk, unique in the scale set.").required(),
        arg("caching", machine_profile::CACHING, "caching", "Host caching.").filled(Lit::Str("None")).required(),
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
            "Storage type of the disk.",
        )
        .filled(Lit::Str("Premium_LRS"))
        .required(),
        arg("disk_size_gb", Ty::Integer(1, 32_767), "diskSizeGB", "Size in GiB.").required(),
        arg(
            "create_option",
            Ty::Enum(&["Empty", "FromImage"]),
            "createOption",
            "Content of a new disk: none, or the image's data disk.",
        )
        .default(Lit::Str("Empty")),
        machine_profile::disk_encryption_set("disk_encryption_set", "managedDisk.diskEncryptionSet.id").replace(),
        arg(
            "disk_iops_read_write",
            Ty::Integer(1, 400_000),
            "diskIOPSReadWrite",
            "I/O operations per second (Ultra and Premium v2).",
        ),
        arg(
            "disk_mbps_read_write",
            Ty::Integer(1, 10_000),
            "diskMBpsReadWrite",
            "Throughput in MB per second (Ultra and Premium v2).",
        ),
        arg("name", Ty::String, "name", "Name of the disk."),
        arg("write_accelerator_enabled", Ty::Bool, "writeAcceleratorEnabled", "Enable Write Accelerator (M series).")
            .default(Lit::Bool(false)),
    ],
);

/// The block `network_interface`.
pub(super) static NETWORK_INTERFACE: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the interface within the scale set.").required().replace(),
        arg("primary", Ty::Bool, "properties.primary", "Primary interface. Exactly one must be.")
            .default(Lit::Bool(false)),
        arg(
            "ip_configuration",
            Ty::Block(&IP_CONFIGURATION),
            "properties.ipConfigurations",
            "IP configuration of the interface.",
        ),
        arg(
            "dns_servers",
            Ty::List(&Ty::Ip),
            "properties.dnsSettings.dnsServers",
            "DNS servers of the interface. Defaults to the network's.",
        ),
        arg(
            "accelerated_networking_enabled",
            Ty::Bool,
            "properties.enableAcceleratedNetworking",
            "Enable accelerated networking, which bypasses the host (most sizes support it).",
        )
        .default(Lit::Bool(false)),
        arg(
            "ip_forwarding_enabled",
            Ty::Bool,
            "properties.enableIPForwarding",
            "Accept traffic for addresses other than its own.",
        )
        .default(Lit::Bool(false)),
        arg(
            "network_security_group",
            Ty::Ref(&["network_security_group"]),
            "properties.networkSecurityGroup.id",
            "Network security group of the interface, in addition to the subnet's.",
        )
        .near(),
        arg(
            "auxiliary_mode",
            Ty::Enum(&["AcceleratedConnections", "Floating"]),
            "properties.auxiliaryMode",
            "Auxiliary mode, for many connections (Azure preview).",
        ),
        arg(
            "auxiliary_sku",
            Ty::Enum(&["A1", "A2", "A4", "A8"]),
            "properties.auxiliarySku",
            "Auxiliary SKU: performance of `auxiliary_mode`.",
        ),
    ],
)
.at_least_one();

static IP_CONFIGURATION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the configuration within the interface.").required(),
        arg("primary", Ty::Bool, "properties.primary", "Primary configuration of the interface.")
            .default(Lit::Bool(false)),
        arg("subnet", Ty::Ref(&["subnet"]), "properties.subnet.id", "Subnet of the instances' addresses.").near(),
        arg("version", Ty::Enum(&["IPv4", "IPv6"]), "properties.privateIPAddressVersion", "IP version.")
            .default(Lit::Str("IPv4")),
        arg(
            "load_balancer_backend_address_pools",
            Ty::Set(&Ty::Ref(&["lb_backend_address_pool"])),
            "properties.loadBalancerBackendAddressPools[].id",
            "Load balancer backend pools of the instances.",
        )
        .near(),
        arg(
            "load_balancer_inbound_nat_rules",
            Ty::Set(&Ty::Ref(&[])),
            "properties.loadBalancerInboundNatPools[].id",
            "Inbound NAT pools, whose ports lead to single instances.",
        ),
        arg(
            "application_gateway_backend_address_pools",
            Ty::Set(&Ty::Ref(&[])),
            "properties.applicationGatewayBackendAddressPools[].id",
            "Application gateway backend pools of the instances.",
        ),
        arg(
            "application_security_groups",
            Ty::Set(&Ty::Ref(&[])),
            "properties.applicationSecurityGroups[].id",
            "Application security groups, which security rules use instead of addresses.",
        )
        .near(),
    ],
)
.at_least_one();

/// The block `rolling_upgrade_policy`.
pub(super) static ROLLING_UPGRADE_POLICY: Block = Block::one(&[
    arg(
        "max_batch_instance_percent",
        Ty::Integer(5, 100),
        "maxBatchInstancePercent",
        "Maximum size of a batch, in percent of the instances.",
    )
    .required(),
    arg(
        "max_unhealthy_instance_percent",
        Ty::Integer(5, 100),
        "maxUnhealthyInstancePercent",
        "Maximum share of unhealthy instances before the upgrade stops, in percent.",
    )
    .required(),
    arg(
        "max_unhealthy_upgraded_instance_percent",
        Ty::Integer(0, 100),
        "maxUnhealthyUpgradedInstancePercent",
        "Maximum share of unhealthy upgraded instances before the upgrade stops, in percent.",
    )
    .required(),
    arg("pause_time_between_batches", Ty::Duration, "pauseTimeBetweenBatches", "Pause between two batches.").required(),
    arg("cross_zone_upgrades_enabled", Ty::Bool, "enableCrossZoneUpgrade", "Allow batches across availability zones."),
    arg("maximum_surge_instances_enabled", Ty::Bool, "maxSurge", "Create new instances before old ones are deleted."),
    arg(
        "prioritize_unhealthy_instances_enabled",
        Ty::Bool,
        "prioritizeUnhealthyInstances",
        "Upgrade unhealthy instances first.",
    ),
]);

/// The block `automatic_os_upgrade_policy`.
pub(super) static AUTOMATIC_OS_UPGRADE_POLICY: Block = Block::one(&[
    arg("automatic_os_upgrade_enabled", Ty::Bool, "enableAutomaticOSUpgrade", "Enable the automatic upgrade.")
        .required(),
    arg("automatic_rollback_enabled", Ty::Bool, "", "Roll back a version that makes instances unhealthy.")
        .required()
        .wire(Wire::Negated("disableAutomaticRollback")),
]);

/// The block `automatic_instance_repair`.
pub(super) static AUTOMATIC_INSTANCE_REPAIR: Block = Block::one(&[
    arg("enabled", Ty::Bool, "enabled", "Enable the automatic repair.").required(),
    arg("action", Ty::Enum(&["Replace", "Restart", "Reimage"]), "repairAction", "Repair action."),
    arg(
        "grace_period",
        Ty::Duration,
        "gracePeriod",
        "Time during which a new instance is not repaired, 10 to 90 minutes.",
    )
    .form(&forms::minutes::REPAIR),
]);

/// The block `scale_in`.
pub(super) static SCALE_IN: Block = Block::one(&[
    arg("rule", Ty::Enum(&["Default", "NewestVM", "OldestVM"]), "rules[0]", "Instances to remove first.")
        .default(Lit::Str("Default")),
    arg("force_deletion_enabled", Ty::Bool, "forceDeletion", "Delete instances without shutting them down.")
        .default(Lit::Bool(false)),
]);

/// The block `spot_restore`.
pub(super) static SPOT_RESTORE: Block = Block::one(&[
    arg("enabled", Ty::Bool, "enabled", "Enable the restoration.").default(Lit::Bool(false)).replace(),
    arg(
        "timeout",
        Ty::Duration,
        "restoreTimeout",
        "Time during which Azure tries the restoration, 15 minutes to 2 hours.",
    )
    .form(&forms::minutes::EXTENSIONS)
    .default(Lit::Str("1h"))
    .replace(),
]);

/// The block `additional_capabilities`.
pub(super) static ADDITIONAL_CAPABILITIES: Block =
    Block::one(&[arg("ultra_ssd_enabled", Ty::Bool, "ultraSSDEnabled", "Enable disks of type `UltraSSD_LRS`.")
        .default(Lit::Bool(false))
        .replace()]);

/// The block `extension`.
pub(super) static EXTENSION: Block = Block::many(
    "name",
    &[
        arg("name", Ty::String, "name", "Name of the extension within the scale set.").required(),
        arg("publisher", Ty::String, "properties.publisher", "Publisher of the extension.").required(),
        arg("type", Ty::String, "properties.type", "Type of the extension, as in `ApplicationHealthLinux`.").required(),
        arg(
            "type_handler_version",
            Ty::String,
            "properties.typeHandlerVersion",
            "Version of the extension, as in `1.0`.",
        )
        .required(),
        arg(
            "auto_upgrade_minor_version",
            Ty::Bool,
            "properties.autoUpgradeMinorVersion",
            "Install the newest minor version.",
        )
        .default(Lit::Bool(true)),
        arg(
            "automatic_upgrade_enabled",
            Ty::Bool,
            "properties.enableAutomaticUpgrade",
            "Upgrade the extension automatically on running instances.",
        ),
        arg("force_update_tag", Ty::String, "properties.forceUpdateTag", "Text whose change runs the extension again."),
        arg(
            "provision_after_extensions",
            Ty::List(&Ty::String),
            "properties.provisionAfterExtensions",
            "Names of the extensions to install before this one.",
        ),
        arg("settings", Ty::String, "", "Settings as JSON text: `jsonencode({ … })`.").wire(Wire::Odd),
        arg("protected_settings", Ty::String, "", "Secret settings as JSON text.").wire(Wire::Odd).secret(),
        arg(
            "protected_settings_from_key_vault",
            Ty::Block(&PROTECTED_SETTINGS),
            "properties.protectedSettingsFromKeyVault",
            "Key vault secret with the secret settings.",
        ),
    ],
);

static PROTECTED_SETTINGS: Block = Block::one(&[
    arg("secret_url", Ty::String, "secretUrl", "URL of the secret.").form(&forms::HTTPS_URL).required(),
    arg("source_vault", Ty::Ref(&["key_vault"]), "sourceVault.id", "Key vault of the secret.").required(),
]);

/// The block `gallery_application`.
pub(super) static GALLERY_APPLICATION: Block = Block::many(
    "",
    &[
        arg("version", Ty::Ref(&[]), "packageReferenceId", "Version of the application.").required().replace(),
        arg(
            "configuration_blob_uri",
            Ty::String,
            "configurationReference",
            "URL of a blob with the application's configuration.",
        )
        .replace(),
        arg("order", Ty::Integer(0, 2_147_483_647), "order", "Position in the installation order.")
            .default(Lit::Int(0))
            .replace(),
        arg("tag", Ty::String, "tags", "Text to store with the application.").replace(),
    ],
);
