//! The power state of a single virtual machine: how it is read, and the actions that stop and start it, in Azure and in
//! the simulator. No code here depends on the arguments of a machine.

use serde_json::{Value as Json, json};

use super::path;
use super::single_machine::OS_DISK_ID;
use super::table::*;
use crate::address::ArmId;

/// Path of a disk's state.
pub(super) const DISK_STATE: &str = "properties.diskState";

/// A deallocated machine does no work and keeps its disks and addresses.
pub(super) const MOVES: Moves = Moves { power: Some(&POWER), ..Moves::NONE };

/// Stopping a machine includes the shutdown of its operating system; starting it needs capacity, as its creation does
/// (source of both durations: an estimate after the creation of a machine in the project's durations sheet).
const POWER: Power = Power {
    expand: "instanceView",
    state: power_state,
    stop: PowerAction { name: "deallocate", takes: DurationEstimate { typical: 60, worst: 300 } },
    start: PowerAction { name: "start", takes: DurationEstimate { typical: 60, worst: 300 } },
};

/// Power state of a body with `instanceView`. A machine that is shut down from within is `stopped`: it does no work,
/// although it is not deallocated. A machine whose creation failed before it was allocated has no power state.
fn power_state(body: &Json) -> Option<PowerState> {
    let statuses = path::items(body, "properties.instanceView.statuses");
    let code = |of: &str| statuses.iter().find_map(|status| path::text(status, "code")?.strip_prefix(of));
    let Some(power) = code("PowerState/") else {
        return code("ProvisioningState/failed").map(|_| PowerState::Stopped);
    };
    match power {
        "running" => Some(PowerState::Running),
        "stopped" | "deallocated" => Some(PowerState::Stopped),
        "starting" | "stopping" | "deallocating" => Some(PowerState::Changing),
        _ => None,
    }
}

/// The action that stops a machine, in the simulator.
pub(super) const STOPS: SimulatedAction =
    SimulatedAction { done: |cloud, id, _| switch(cloud, id, false), ..switched(&POWER.stop) };

/// The action that starts a machine, in the simulator.
pub(super) const STARTS: SimulatedAction =
    SimulatedAction { done: |cloud, id, _| switch(cloud, id, true), allocates: true, ..switched(&POWER.start) };

/// An action that Azure accepts in any power state, without its effect.
const fn switched(action: &PowerAction) -> SimulatedAction {
    SimulatedAction {
        name: action.name,
        query: None,
        admit: |_, _, _| Ok(()),
        done: |_, _, _| {},
        lasts: action.takes.typical,
        reaches: |_, _| Vec::new(),
        leaves: false,
        allocates: false,
    }
}

/// Stops or starts a machine. Azure shows it on the disk as well, which is where the simulator keeps it: a write of the
/// machine does not change it.
fn switch(cloud: &mut dyn SimulatedWorld, id: &ArmId, on: bool) {
    if let Some(disk) = disk_id(cloud, id).and_then(|disk| cloud.get_mut(&disk)) {
        path::put(disk, DISK_STATE, Json::from(if on { "Attached" } else { "Reserved" }));
    }
}

/// True unless the machine is deallocated.
pub(super) fn is_running(cloud: &dyn SimulatedWorld, id: &ArmId) -> bool {
    let disk = disk_id(cloud, id).and_then(|disk| cloud.get(&disk));
    disk.and_then(|disk| path::text(disk, DISK_STATE)) != Some("Reserved")
}

fn disk_id(cloud: &dyn SimulatedWorld, id: &ArmId) -> Option<ArmId> {
    path::text(cloud.get(id)?, OS_DISK_ID).map(ArmId::new)
}

/// `instanceView` of a machine.
pub(super) fn view(cloud: &dyn SimulatedWorld, id: &ArmId) -> Option<Json> {
    let state = cloud.get(id).and_then(|body| path::text(body, "properties.provisioningState"));
    Some(match disk_id(cloud, id) {
        None if state == Some("Failed") => never_allocated(),
        _ => instance_view(is_running(cloud, id)),
    })
}

fn never_allocated() -> Json {
    let failed =
        json!({ "code": "ProvisioningState/failed", "level": "Error", "displayStatus": "Provisioning failed" });
    json!({ "statuses": [failed] })
}

fn instance_view(running: bool) -> Json {
    let (state, shown) = if running { ("running", "VM running") } else { ("deallocated", "VM deallocated") };
    json!({
        "statuses": [
            { "code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded" },
            { "code": format!("PowerState/{state}"), "level": "Info", "displayStatus": shown },
        ]
    })
}
