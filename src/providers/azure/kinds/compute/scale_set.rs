//! Common parts of scale sets of both operating systems: arguments, bodies, and simulation.
//!
//! Both have one provider type, in uniform orchestration mode. Independent of kinds.

use crate::providers::azure::forms;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::machine_login;
use crate::providers::azure::kinds::compute::machine_profile::{self, Os, admit_image, admit_region, finding, profile};
use crate::providers::azure::kinds::compute::scale_set_blocks::{
    ADDITIONAL_CAPABILITIES, AUTOMATIC_INSTANCE_REPAIR, AUTOMATIC_OS_UPGRADE_POLICY, DATA_DISK, EXTENSION,
    GALLERY_APPLICATION, NETWORK_INTERFACE, OS_DISK, ROLLING_UPGRADE_POLICY, SCALE_IN, SOURCE_IMAGE_REFERENCE,
    SPOT_RESTORE,
};
use crate::providers::azure::kinds::identity;

/// Arguments that azurerm names otherwise.
pub(super) const RENAMED: &[(&str, &str)] = &[(
    "network_interface.ip_configuration.load_balancer_inbound_nat_rules",
    "network_interface.ip_configuration.load_balancer_inbound_nat_rules_ids",
)];

/// Path of the profile of the machines.
pub(super) const AT: &str = "properties.virtualMachineProfile";
const NICS: &str = "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations";
const OS_DISK_CACHING: &str = "properties.virtualMachineProfile.storageProfile.osDisk.caching";
const OS_DISK_TYPE: &str = "properties.virtualMachineProfile.storageProfile.osDisk.managedDisk.storageAccountType";
const EXTENSION_PROFILE: &str = "properties.virtualMachineProfile.extensionProfile";
const EXTENSIONS: &str = "properties.virtualMachineProfile.extensionProfile.extensions";

/// Provider type and API version of scale sets.
pub(super) const TYPE: KindType = KindType { name: "Microsoft.Compute/virtualMachineScaleSets", version: "2026-04-01" };
/// Constant values of the body: uniform orchestration mode.
pub(super) const FIXED: &[(&str, Lit)] = &[("properties.orchestrationMode", Lit::Str("Uniform"))];
/// Typical durations in seconds (source: the project's durations sheet).
pub(super) const DURATIONS: Durations = Durations { create: 120, update: 60, delete: 120 };
/// Name rule of scale sets and single machines.
pub(super) const NAMES: NameRule = NameRule::new(
    1,
    64,
    r#"^[^_\\/"\[\]:|<>+=;,?*@&]([^\\/"\[\]:|<>+=;,?*@&]*[^\\/"\[\]:|<>+=;,?*@&.-])?$"#,
    r#"any characters but `\/"[]:|<>+=;,?*@&`, does not start with `_` and does not end with `.` or `-`"#,
);

/// Attributes of a scale set.
pub(super) const ATTRIBUTES: &[Attribute] = &[
    attribute("unique_id", "properties.uniqueId", FakeValue::Guid, "ID that Azure assigns to the scale set."),
    identity::PRINCIPAL_ID,
    identity::TENANT_ID,
];

/// A scale set with no instances does no work and keeps all its settings.
pub(super) const MOVES: Moves = Moves { quiesce: Some(("instances", Lit::Int(0))), ..Moves::NONE };

/// Arguments of both that single machines share.
pub(super) const PROFILE: &[Arg] = &profile!("properties.virtualMachineProfile");

/// Further arguments of both, which single machines lack or define differently.
pub(super) const SET: &[Arg] = &[
    RESOURCE_GROUP,
    arg("sku", Ty::String, "sku.name", "Size of each instance, as in `Standard_D2s_v5`.").required().any_case(),
    arg(
        "admin_username",
        Ty::String,
        "properties.virtualMachineProfile.osProfile.adminUsername",
        "Username of the administrator.",
    )
    .required()
    .replace(),
    arg(
        "computer_name_prefix",
        Ty::String,
        "properties.virtualMachineProfile.osProfile.computerNamePrefix",
        "Prefix of the instances' host names. Defaults to the name of the scale set.",
    )
    .form(&forms::login::COMPUTER_PREFIX)
    .chosen(),
    arg(
        "custom_data",
        Ty::String,
        "properties.virtualMachineProfile.osProfile.customData",
        "Custom data in base64 (cloud-init), run at the first start of each instance. A change affects new \
         instances only.",
    )
    .form(&forms::BASE64)
    .secret(),
    arg(
        "source_image_reference",
        Ty::Block(&SOURCE_IMAGE_REFERENCE),
        "",
        "Marketplace image. Conflicts with `source_image`.",
    )
    .wire(Wire::Odd),
    arg(
        "os_disk",
        Ty::Block(&OS_DISK),
        "properties.virtualMachineProfile.storageProfile.osDisk",
        "Operating system disk.",
    ),
    arg(
        "data_disk",
        Ty::Block(&DATA_DISK),
        "properties.virtualMachineProfile.storageProfile.dataDisks",
        "Data disk of each instance.",
    ),
    arg("network_interface", Ty::Block(&NETWORK_INTERFACE), NICS, "Network interface of each instance."),
    arg(
        "health_probe",
        Ty::Ref(&["lb_probe"]),
        "properties.virtualMachineProfile.networkProfile.healthProbe.id",
        "Load balancer probe that determines the health of instances.",
    )
    .near(),
    arg(
        "upgrade_mode",
        Ty::Enum(&["Manual", "Automatic", "Rolling"]),
        "properties.upgradePolicy.mode",
        "Update of running instances after a model change: manually, all at once, or batch by batch.",
    )
    .default(Lit::Str("Manual"))
    .replace(),
    arg(
        "rolling_upgrade_policy",
        Ty::Block(&ROLLING_UPGRADE_POLICY),
        "properties.upgradePolicy.rollingUpgradePolicy",
        "Batches of a rolling upgrade.",
    )
    .replace(),
    arg(
        "automatic_os_upgrade_policy",
        Ty::Block(&AUTOMATIC_OS_UPGRADE_POLICY),
        "properties.upgradePolicy.automaticOSUpgradePolicy",
        "Automatic installation of new image versions.",
    ),
    arg(
        "automatic_instance_repair",
        Ty::Block(&AUTOMATIC_INSTANCE_REPAIR),
        "properties.automaticRepairsPolicy",
        "Automatic repair of unhealthy instances.",
    ),
    arg("scale_in", Ty::Block(&SCALE_IN), "properties.scaleInPolicy", "Order in which instances are removed."),
    arg(
        "spot_restore",
        Ty::Block(&SPOT_RESTORE),
        "properties.spotRestorePolicy",
        "Automatic restoration of evicted Spot instances.",
    ),
    arg(
        "zones",
        Ty::Set(&Ty::String),
        "zones",
        "Availability zones of the instances. Zones can be added, but not removed.",
    )
    .form(&forms::ZONE),
    arg("zone_balance", Ty::Bool, "properties.zoneBalance", "Require equal numbers of instances in all zones.")
        .default(Lit::Bool(false))
        .replace(),
    arg(
        "overprovision",
        Ty::Bool,
        "properties.overprovision",
        "Start more instances than requested, and delete the slowest ones.",
    )
    .default(Lit::Bool(true)),
    arg(
        "do_not_run_extensions_on_overprovisioned_machines",
        Ty::Bool,
        "properties.doNotRunExtensionsOnOverprovisionedVMs",
        "Run extensions only after the surplus instances are deleted.",
    )
    .default(Lit::Bool(false)),
    arg(
        "single_placement_group",
        Ty::Bool,
        "properties.singlePlacementGroup",
        "Use one placement group, for at most 100 instances. Can be disabled, but not enabled again.",
    )
    .default(Lit::Bool(true)),
    arg(
        "platform_fault_domain_count",
        Ty::Integer(1, 5),
        "properties.platformFaultDomainCount",
        "Number of fault domains.",
    )
    .chosen(),
    arg(
        "additional_capabilities",
        Ty::Block(&ADDITIONAL_CAPABILITIES),
        "properties.additionalCapabilities",
        "Additional capabilities of the machines.",
    ),
    arg("extension", Ty::Block(&EXTENSION), EXTENSIONS, "Extension to install on each instance."),
    arg(
        "extension_operations_enabled",
        Ty::Bool,
        "properties.virtualMachineProfile.osProfile.allowExtensionOperations",
        "Allow the installation of extensions.",
    )
    .default(Lit::Bool(true))
    .replace(),
    arg(
        "extensions_time_budget",
        Ty::Duration,
        "properties.virtualMachineProfile.extensionProfile.extensionsTimeBudget",
        "Maximum time for the installation of all extensions, 15 minutes to 2 hours.",
    )
    .form(&forms::minutes::EXTENSIONS)
    .default(Lit::Str("1h30m")),
    arg(
        "gallery_application",
        Ty::Block(&GALLERY_APPLICATION),
        "properties.virtualMachineProfile.applicationProfile.galleryApplications",
        "Gallery application to install on each instance.",
    ),
    arg(
        "capacity_reservation_group",
        Ty::Ref(&[]),
        "properties.virtualMachineProfile.capacityReservation.capacityReservationGroup.id",
        "Capacity reservation group with the reserved capacity.",
    )
    .replace(),
    arg("host_group", Ty::Ref(&[]), "properties.hostGroup.id", "Dedicated host group for the instances.").replace(),
    arg(
        "proximity_placement_group",
        Ty::Ref(&[]),
        "properties.proximityPlacementGroup.id",
        "Proximity placement group, which places machines close together.",
    )
    .near()
    .replace(),
    arg(
        "resilient_vm_creation_enabled",
        Ty::Bool,
        "properties.resiliencyPolicy.resilientVMCreationPolicy.enabled",
        "Retry the creation of an instance that failed.",
    )
    .default(Lit::Bool(false)),
    arg(
        "resilient_vm_deletion_enabled",
        Ty::Bool,
        "properties.resiliencyPolicy.resilientVMDeletionPolicy.enabled",
        "Retry the deletion of an instance that failed.",
    )
    .default(Lit::Bool(false)),
];

/// Changes of a scale set that Azure refuses in place (source: azurerm, which replaces a scale set that loses a zone).
pub(super) const TRANSITIONS: &[Transition] = &[
    Transition::replace(
        "PropertyChangeNotAllowed",
        "zones",
        ChangeTest::LosesElement,
        "Zones can be added to a scale set, but not removed.",
    ),
    Transition::replace(
        "PropertyChangeNotAllowed",
        "single_placement_group",
        ChangeTest::Between(&[Lit::Bool(false)], &[Lit::Bool(true)]),
        "A scale set with several placement groups cannot return to one.",
    ),
    Transition::replace(
        "ResizeDiskError",
        "os_disk.disk_size_gb",
        ChangeTest::Shrinks,
        "Azure cannot shrink the disks of a scale set.",
    ),
];

/// Arguments of azurerm that both leave out.
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    ("edge_zone", "an edge zone has neither availability zones nor a paired region for recovery"),
    (
        "network_interface.ip_configuration.public_ip_address",
        "such addresses change with the instances; users reach a scale set through its load balancer",
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

/// The same JSON with sorted object keys, as `jsonencode` writes it.
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
        findings.push(finding("computer_name_prefix", &summary, "Set a shorter `computer_name_prefix`."));
    }
    let rolling = subject.text("upgrade_mode") == Some("Rolling");
    if rolling && !has("rolling_upgrade_policy") {
        findings.push(finding(
            "upgrade_mode",
            "rolling upgrades need a `rolling_upgrade_policy`",
            "Add the block, or set another `upgrade_mode`.",
        ));
    }
    if rolling && !has("health_probe") && !has("extension") {
        findings.push(Finding {
            argument: "upgrade_mode",
            summary: "rolling upgrades need a health check of the instances".to_owned(),
            why: "Azure waits until each batch is healthy before it upgrades the next one.".to_owned(),
            help: "Set `health_probe = lb_probe.…`, or add an `extension` of type `ApplicationHealthLinux` or \
             `ApplicationHealthWindows`."
                .to_owned(),
        });
    }
    if subject.args.get("zone_balance") == Some(&Json::Bool(true)) && !has("zones") {
        findings.push(finding("zone_balance", "`zone_balance` needs `zones`", "Set `zones = […]`."));
    }
    let nics = subject.args.get("network_interface").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let primary = nics.iter().filter(|nic| nic.get("primary") == Some(&Json::Bool(true))).count();
    if nics.len() > 1 && primary != 1 {
        let summary = format!("{primary} of {} network interfaces are primary", nics.len());
        findings.push(finding("network_interface", &summary, "Set `primary = true` in exactly one of them."));
    }
}

/// Machines that the scale set starts.
pub(super) fn machines(subject: &Subject<'_>) -> Option<Machines> {
    let count = subject.args.get("instances").and_then(Json::as_u64).and_then(|count| u32::try_from(count).ok())?;
    Some(Machines { size: subject.text("sku")?.to_owned(), count, image: None })
}

/// True if the machines of a scale set run this operating system.
pub(super) fn is_of(found: &CloudObject<'_>, os: Os) -> bool {
    machine_profile::os_of(found.body, AT, &|id| found.all.get(id)) == os
}

/// Simulation of both.
pub(super) const SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    admit: Some(admit),
    settle: Some(settle),
    leads: Some(leads),
    computed: &[("virtualMachines", instances)],
    expands: &[("instanceView", |cloud, id| Some(view(capacity(cloud.get(id)?))))],
    told: &[("userData", "properties.virtualMachineProfile.userData")],
    actions: ACTIONS,
    accepts: machine_profile::accepts!("properties.virtualMachineProfile"),
    // Azure's command line leaves the disk and its operating system to the service.
    spared: &[OS_DISK_TYPE, OS_DISK_CACHING, "properties.virtualMachineProfile.storageProfile.osDisk.osType"],
    ..SimulatedBehaviour::NONE
};

/// Actions on all instances, or on those that the body names. In the simulator, instances are always up to date and
/// running.
const ACTIONS: &[SimulatedAction] = &[
    on_instances("start"),
    on_instances("restart"),
    on_instances("poweroff"),
    on_instances("deallocate"),
    on_instances("redeploy"),
    on_instances("reimage"),
    on_instances("manualupgrade"),
    SimulatedAction {
        done: |cloud, id, body| {
            let gone = path::items(body, "instanceIds").len() as u64;
            if let Some(scale_set) = cloud.get_mut(id) {
                let left = u64::from(capacity(scale_set)).saturating_sub(gone);
                path::put(scale_set, "sku.capacity", Json::from(left));
            }
        },
        ..on_instances("delete")
    },
];

const fn on_instances(name: &'static str) -> SimulatedAction {
    SimulatedAction {
        name,
        query: None,
        admit: |_, _, _| Ok(()),
        done: |_, _, _| {},
        lasts: 30,
        reaches: |_, _| Vec::new(),
        leaves: false,
        allocates: false,
    }
}

/// The instances of a scale set, numbered from 0.
fn instances(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Vec<(String, Json)> {
    let Some(body) = cloud.get(id) else { return Vec::new() };
    let one = |number: u32| {
        let number = number.to_string();
        let instance = json!({
            "instanceId": number,
            "location": body.get("location"),
            "sku": { "name": path::text(body, "sku.name"), "tier": "Standard" },
            "properties": {
                "latestModelApplied": true,
                "vmId": cloud.guid(&format!("{id}/{number}")),
                "provisioningState": "Succeeded",
                "osProfile": { "computerName": format!("{}{number:0>6}", id.name()) },
            },
        });
        (number, instance)
    };
    (0..capacity(body)).map(one).collect()
}

/// The instance view of a scale set.
fn view(capacity: u32) -> Json {
    json!({
        "virtualMachine": { "statusesSummary": [{ "code": "ProvisioningState/succeeded", "count": capacity }] },
        "statuses": [{
            "code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded",
        }],
    })
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    admit_image(cloud, body, AT)?;
    machine_login::admit_keys(body, AT)?;
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
                admit_region(cloud, id, body, &ObjectId::new(to))?;
            }
        }
    }
    Ok(())
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    let Some(os) = cloud.get(id).map(|body| machine_profile::os_of(body, AT, &|other| cloud.get(other))) else {
        return;
    };
    if let Some(body) = cloud.get_mut(id) {
        path::fill(body, "sku.tier", "Standard");
        path::fill(body, "properties.platformFaultDomainCount", 5);
        path::fill(body, "properties.virtualMachineProfile.storageProfile.osDisk.osType", os.word());
        path::fill(body, OS_DISK_TYPE, "Premium_LRS");
        path::fill(body, OS_DISK_CACHING, machine_profile::OS_DISK_CACHING);
        let disk = "properties.virtualMachineProfile.storageProfile.osDisk.diskSizeGB";
        path::fill(body, disk, if os == Os::Linux { 30 } else { 127 });
        path::fill(body, "properties.virtualMachineProfile.osProfile.secrets", json!([]));
        if os == Os::Linux {
            machine_login::settle_linux_sign_in(body, AT);
        }
        // Terraform's import iterates over the extensions without checking that the list exists.
        if path::borrow(body, EXTENSION_PROFILE).is_some() {
            path::fill(body, EXTENSIONS, json!([]));
        }
    }
}

/// A scale set without instances is only a record. Instances start together, a few seconds apart, and their hosts
/// must download a custom image first (source: the project's durations sheet, 1 to 4 minutes for ten).
pub(super) fn lasts(old: Option<&Json>, new: &Json) -> u32 {
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

/// Starting instances serve once all of them run. Stopping instances no longer serve from the beginning.
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &str) -> Lead {
    let Some(wanted) = cloud.get(id) else { return Lead::Nowhere("its scale set does not exist") };
    let running = cloud.working(id).map_or(0, capacity).min(capacity(wanted));
    Lead::Serves(path::text(wanted, "location").unwrap_or_default().to_owned(), running)
}

fn capacity(body: &Json) -> u32 {
    path::borrow(body, "sku.capacity").and_then(Json::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_grows_with_the_number_of_instances() {
        let set = |count: u32| json!({ "sku": { "name": "Standard_D2s_v5", "capacity": count } });
        assert!(lasts(None, &set(0)) < 30);
        assert!(lasts(None, &set(10)) < lasts(None, &set(40)));
        assert!((60..=240).contains(&lasts(None, &set(10))));
        assert!(lasts(Some(&set(4)), &set(0)) < lasts(Some(&set(0)), &set(4)));
    }

    #[test]
    fn settings_are_read_as_jsonencode_writes_them() {
        let settings = json!({ "b": { "d": 1, "c": [true] }, "a": "x" });
        assert_eq!(sorted(&settings).to_string(), r#"{"a":"x","b":{"c":[true],"d":1}}"#);
    }
}
