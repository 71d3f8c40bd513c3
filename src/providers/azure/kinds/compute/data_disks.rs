//! Data disks of a single virtual machine in the simulator: what Azure refuses to attach, and what the disks show.
//! Independent of kinds.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::machine_profile::admit_region;
use crate::providers::azure::kinds::compute::machine_simulated::attach;
use crate::providers::azure::kinds::compute::single_machine::DATA_DISKS;

const ID: &str = "managedDisk.id";
const OWNER: &str = "managedBy";

/// The ids of the disks in a machine's body.
pub(super) fn ids(body: &Json) -> Vec<ObjectId> {
    path::items(body, DATA_DISKS).iter().filter_map(|disk| path::text(disk, ID)).map(ObjectId::new).collect()
}

/// Refuses a disk that is attached elsewhere, is in another region or zone, or has another's unit number.
pub(super) fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let refused = |status, code, message| Err(Refusal { status, code, message });
    let mut luns = BTreeSet::new();
    for lun in path::items(body, DATA_DISKS).iter().filter_map(|disk| path::borrow(disk, "lun")?.as_i64()) {
        if !luns.insert(lun) {
            let message = format!("Cannot attach two data disks at logical unit number {lun} of VM {}.", id.name());
            return refused(400, "InvalidParameter", message);
        }
    }
    for disk in ids(body) {
        admit_region(cloud, id, body, &disk)?;
        let Some(found) = cloud.get(&disk) else { continue };
        let owner = path::text(found, OWNER).map(ObjectId::new).filter(|owner| owner != id);
        let shares = path::borrow(found, "properties.maxShares").and_then(Json::as_i64).unwrap_or(1);
        if let Some(owner) = owner.filter(|_| shares < 2) {
            let (disk, owner) = (disk.name(), owner.name());
            let message =
                format!("Disk {disk} cannot be attached to the VM because it is already attached to VM {owner}.");
            return refused(409, "AttachDiskWhileBeingAttached", message);
        }
        let spans_zones = path::text(found, "sku.name").is_some_and(|sku| sku.ends_with("_ZRS"));
        let zone = |body: &Json| path::items(body, "zones").first().and_then(Json::as_str).map(str::to_owned);
        if !spans_zones && zone(found) != zone(body) {
            let message = format!(
                "Disk {} cannot be attached to the VM because it is not in the same zone as the VM.",
                disk.name()
            );
            return refused(400, "BadRequest", message);
        }
    }
    Ok(())
}

/// Shows each disk as attached, and those that have left the machine as free.
pub(super) fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(body) = cloud.get(id) else { return };
    // A machine that never had a data disk has no list.
    if path::borrow(body, DATA_DISKS).is_none() {
        return;
    }
    let attached = ids(body);
    let is_left = |disk: &ObjectId| {
        let owner = cloud.get(disk).and_then(|body| path::text(body, OWNER)).map(ObjectId::new);
        owner.as_ref() == Some(id) && !attached.contains(disk) && !is_system_disk(cloud, id, disk)
    };
    let left: Vec<ObjectId> = cloud.below(&ObjectId::new("")).into_iter().filter(is_left).collect();
    release(cloud, id, &left);
    for disk in &attached {
        if let Some(body) = cloud.get_mut(disk) {
            attach(body, Some(id));
        }
    }
    let names: Vec<String> = attached.iter().map(|disk| disk.name().to_owned()).collect();
    let disks = cloud.get_mut(id).and_then(|body| path::borrow_mut(body, DATA_DISKS)).and_then(Json::as_array_mut);
    for (disk, name) in disks.into_iter().flatten().filter(|disk| path::text(disk, ID).is_some()).zip(names) {
        path::fill(disk, "name", name);
        path::fill(disk, "caching", "None");
        path::fill(disk, "deleteOption", "Detach");
    }
}

fn is_system_disk(cloud: &dyn SimulatedWorld, machine: &ObjectId, disk: &ObjectId) -> bool {
    let own = cloud
        .get(machine)
        .and_then(|body| path::text(body, crate::providers::azure::kinds::compute::single_machine::OS_DISK_ID));
    own.is_some_and(|own| ObjectId::new(own) == *disk)
}

/// Shows these disks as free, where they belong to the machine.
pub(super) fn release(cloud: &mut dyn SimulatedWorld, machine: &ObjectId, disks: &[ObjectId]) {
    for disk in disks {
        if let Some(body) = cloud.get_mut(disk)
            && path::text(body, OWNER).map(ObjectId::new).as_ref() == Some(machine)
        {
            attach(body, None);
        }
    }
}
