//! The nested blocks of scale sets.
//!
//! They are those of both operating systems. This module knows no kind.

use super::machine_profile;
use super::table::*;

pub(super) static SOURCE_IMAGE_REFERENCE: Block = Block::one(&[
    arg("publisher", Ty::String, "publisher", "The publisher, as in `Canonical`.").required().replace(),
    arg("offer", Ty::String, "offer", "The offer, as in `ubuntu-24_04-lts`.").required().replace(),
    arg("sku", Ty::String, "sku", "The variant, as in `server`.").required(),
    arg("version", Ty::String, "version", "The version; `latest` differs from day to day.").required(),
]);

pub(super) static OS_DISK: Block = Block::one(&concat::<{ machine_profile::OS_DISK.len() + 3 }>(&[
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

pub(super) static DATA_DISK: Block = Block::many(
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

pub(super) static NETWORK_INTERFACE: Block = Block::many(
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

pub(super) static ROLLING_UPGRADE_POLICY: Block = Block::one(&[
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

pub(super) static AUTOMATIC_OS_UPGRADE_POLICY: Block = Block::one(&[
    arg("automatic_os_upgrade_enabled", Ty::Bool, "enableAutomaticOSUpgrade", "Whether they are taken up.").required(),
    arg("automatic_rollback_enabled", Ty::Bool, "", "Whether a version that makes instances unwell is taken back.")
        .required()
        .wire(Wire::Negated("disableAutomaticRollback")),
]);

pub(super) static AUTOMATIC_INSTANCE_REPAIR: Block = Block::one(&[
    arg("enabled", Ty::Bool, "enabled", "Whether anything is done.").required(),
    arg("action", Ty::Enum(&["Replace", "Restart", "Reimage"]), "repairAction", "What is done."),
    arg("grace_period", Ty::Duration, "gracePeriod", "How long a new instance is left alone, 10 to 90 minutes."),
]);

pub(super) static SCALE_IN: Block = Block::one(&[
    arg("rule", Ty::Enum(&["Default", "NewestVM", "OldestVM"]), "rules[0]", "Which go first.")
        .default(Lit::Str("Default")),
    arg("force_deletion_enabled", Ty::Bool, "forceDeletion", "Whether they are deleted without being shut down.")
        .default(Lit::Bool(false)),
]);

pub(super) static SPOT_RESTORE: Block = Block::one(&[
    arg("enabled", Ty::Bool, "enabled", "Whether they do.").default(Lit::Bool(false)).replace(),
    arg("timeout", Ty::Duration, "restoreTimeout", "For how long it is tried, 15 minutes to 2 hours.")
        .default(Lit::Str("1h"))
        .replace(),
]);

pub(super) static ADDITIONAL_CAPABILITIES: Block = Block::one(&[arg(
    "ultra_ssd_enabled",
    Ty::Bool,
    "ultraSSDEnabled",
    "Whether disks of the kind `UltraSSD_LRS` can be used.",
)
.default(Lit::Bool(false))
.replace()]);

pub(super) static EXTENSION: Block = Block::many(
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

pub(super) static GALLERY_APPLICATION: Block = Block::many(
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
