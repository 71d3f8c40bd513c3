//! Simulation of single virtual machines of both operating systems: their disks, interfaces and power.
//!
//! Independent of kinds.

use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::machine_power::{self, DISK_STATE, is_running};
use crate::providers::azure::kinds::compute::machine_profile::{self, Os, admit_image, admit_region};
use crate::providers::azure::kinds::compute::single_machine::{AT, NICS, OS_DISK_CACHING, OS_DISK_ID};
use crate::providers::azure::kinds::compute::{data_disks, machine_login};
use crate::providers::azure::kinds::{identity, machine_launch};

/// Path of the machine in its interface.
const OWNER: &str = "properties.virtualMachine.id";

/// The answer of a command that runs on a machine: it wrote nothing.
const RUN_COMMAND: &[ImmediateAnswer] = &[
    says("runCommand", "value[0].code", "ProvisioningState/succeeded"),
    says("runCommand", "value[0].level", "Info"),
    says("runCommand", "value[0].displayStatus", "Provisioning succeeded"),
    says("runCommand", "value[0].message", "Enable succeeded: \n[stdout]\n\n[stderr]\n"),
];

/// Simulation of both.
pub(super) const SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    admit: Some(admit),
    settle: Some(settle),
    removed: Some(removed),
    leads: Some(leads),
    actions: machine_power::ACTIONS,
    tells: RUN_COMMAND,
    expands: &[("instanceView", machine_power::view)],
    notes: Some(machine_launch::notes),
    told: &[("userData", "properties.userData")],
    accepts: machine_profile::accepts!("properties"),
    // Azure has a default, and drplan none.
    spared: &[OS_DISK_CACHING],
    ..SimulatedBehaviour::NONE
};

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    admit_image(cloud, body, AT)?;
    machine_login::admit_keys(body, AT)?;
    for nic in nics(body) {
        admit_region(cloud, id, body, &nic)?;
        let owner = cloud.get(&nic).and_then(|nic| path::text(nic, OWNER));
        if let Some(owner) = owner.map(ObjectId::new).filter(|owner| owner != id) {
            return Err(Refusal {
                status: 400,
                code: "NicInUse",
                message: format!(
                    "Network Interface {nic} is used by existing resource {owner}. In order to delete the network interface, it must be dissociated from the resource."
                ),
            });
        }
    }
    data_disks::admit(cloud, id, body)?;
    let Some(disk) = path::text(body, OS_DISK_ID).map(ObjectId::new) else { return Ok(()) };
    admit_region(cloud, id, body, &disk)?;
    let owner = cloud.get(&disk).and_then(|disk| path::text(disk, "managedBy")).map(ObjectId::new);
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

/// Creates the operating system disk as a separate object, and records the machine in its interfaces.
fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    if cloud.noted(id, machine_launch::STARTED).is_none() {
        machine_launch::start(cloud, id);
    }
    let nics = cloud.get(id).map(nics).unwrap_or_default();
    for nic in nics {
        if let Some(nic) = cloud.get_mut(&nic) {
            path::put(nic, OWNER, Json::from(id.as_str()));
        }
    }
    let unique = cloud.guid(&format!("{}#disk", id.folded())).replace('-', "");
    let Some(os) = cloud.get(id).map(|body| machine_profile::os_of(body, AT, &|other| cloud.get(other))) else {
        return;
    };
    let Some(body) = cloud.get_mut(id) else { return };
    path::fill(body, "properties.storageProfile.osDisk.osType", os.word());
    path::fill(body, OS_DISK_CACHING, machine_profile::OS_DISK_CACHING);
    let linux = os == Os::Linux;
    if path::borrow(body, "properties.osProfile").is_some() {
        path::fill(body, "properties.osProfile.allowExtensionOperations", true);
        let configuration = if linux { "linuxConfiguration" } else { "windowsConfiguration" };
        path::fill(body, &format!("properties.osProfile.{configuration}.provisionVMAgent"), true);
    }
    if linux {
        machine_login::settle_linux_sign_in(body, AT);
    }
    path::fill(body, "properties.storageProfile.osDisk.name", format!("{}_OsDisk_1_{unique}", id.name()));
    path::fill(body, "properties.storageProfile.osDisk.diskSizeGB", if linux { 30 } else { 127 });
    path::fill(body, "properties.storageProfile.osDisk.managedDisk.storageAccountType", "Premium_LRS");
    let name = path::text(body, "properties.storageProfile.osDisk.name").unwrap_or_default();
    let group = id.as_str().split('/').take(5).collect::<Vec<_>>().join("/");
    let made = ObjectId::new(format!("{group}/providers/Microsoft.Compute/disks/{name}"));
    path::fill(body, OS_DISK_ID, made.as_str());
    let disk = path::text(body, OS_DISK_ID).map_or(made, ObjectId::new);
    let standing = disk_of(id, &disk, body);
    match cloud.get_mut(&disk) {
        Some(disk) => attach(disk, Some(id)),
        None => cloud.put(&disk, standing),
    }
    data_disks::settle(cloud, id);
}

fn nics(body: &Json) -> Vec<ObjectId> {
    path::items(body, NICS).iter().filter_map(|nic| path::text(nic, "id")).map(ObjectId::new).collect()
}

fn disk_of(id: &ObjectId, disk: &ObjectId, body: &Json) -> Json {
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

/// Shows on a disk that it is attached to this machine, or to none.
pub(super) fn attach(disk: &mut Json, to: Option<&ObjectId>) {
    let owner = path::text(disk, "managedBy").map(ObjectId::new);
    if to.is_some() && owner.as_ref() == to {
        // A write of the machine does not start it.
        return;
    }
    match to {
        Some(machine) => path::put(disk, "managedBy", Json::from(machine.as_str())),
        None => path::remove(disk, "managedBy"),
    }
    path::put(disk, DISK_STATE, Json::from(if to.is_some() { "Attached" } else { "Unattached" }));
}

fn removed(cloud: &mut dyn SimulatedWorld, id: &ObjectId, body: &Json) {
    data_disks::release(cloud, id, &data_disks::ids(body));
    for nic in nics(body) {
        if let Some(nic) = cloud.get_mut(&nic) {
            path::remove(nic, "properties.virtualMachine");
        }
    }
    let Some(disk) = path::text(body, OS_DISK_ID).map(ObjectId::new) else { return };
    if path::text(body, "properties.storageProfile.osDisk.deleteOption") == Some("Delete") {
        cloud.remove(&disk);
    } else if let Some(disk) = cloud.get_mut(&disk) {
        attach(disk, None);
    }
}

fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &str) -> Lead {
    let Some(body) = cloud.get(id) else { return Lead::Nowhere("its machine does not exist") };
    let location = path::text(body, "location").unwrap_or_default().to_owned();
    Lead::Serves(location, u32::from(cloud.working(id).is_some() && is_running(cloud, id)))
}
