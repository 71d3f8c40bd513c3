//! The power state of a single virtual machine: how it is read, and the actions that stop and start it, in Azure and in
//! the simulator. No code here depends on the arguments of a machine.

use serde_json::{Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::compute::single_machine::OS_DISK_ID;
use crate::providers::azure::kinds::machine_launch;

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

/// The word of the note that a machine was shut down and keeps its host. A deallocated one has none.
const SHUT_DOWN: &str = "shut down";

/// The actions of a machine, in the simulator: those that stop and start it, and those of other clients.
pub(super) const ACTIONS: &[SimulatedAction] = &[
    SimulatedAction { done: |cloud, id, _| switch(cloud, id, false), ..switched(&POWER.stop) },
    SimulatedAction { done: |cloud, id, _| switch(cloud, id, true), allocates: true, ..switched(&POWER.start) },
    SimulatedAction {
        done: |cloud, id, _| {
            if is_running(cloud, id) {
                cloud.note(id, SHUT_DOWN, Some(Json::from(true)));
            }
        },
        ..named("powerOff", 20)
    },
    SimulatedAction { admit: |cloud, id, _| is_on(cloud, id, "restart"), ..named("restart", 30) },
    SimulatedAction { admit: |cloud, id, _| is_on(cloud, id, "redeploy"), ..named("redeploy", 60) },
    SimulatedAction { admit: |cloud, id, _| is_on(cloud, id, "reimage"), ..named("reimage", 60) },
    named("reapply", 20),
    named("generalize", 1),
];

/// An action without an effect that lasts this many seconds.
const fn named(name: &'static str, lasts: u32) -> SimulatedAction {
    SimulatedAction { name, lasts, ..switched(&POWER.stop) }
}

/// Refuses an action that a machine without power cannot carry out.
fn is_on(cloud: &dyn SimulatedWorld, id: &ObjectId, action: &str) -> Result<(), Refusal> {
    if is_running(cloud, id) {
        return Ok(());
    }
    let message = format!("Cannot {action} VM '{}' because it is not running.", id.name());
    Err(Refusal { status: 409, code: "OperationNotAllowed", message })
}

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
fn switch(cloud: &mut dyn SimulatedWorld, id: &ObjectId, on: bool) {
    cloud.note(id, SHUT_DOWN, None);
    if on {
        machine_launch::start(cloud, id);
    }
    if let Some(disk) = disk_id(cloud, id).and_then(|disk| cloud.get_mut(&disk)) {
        path::put(disk, DISK_STATE, Json::from(if on { "Attached" } else { "Reserved" }));
    }
}

/// True unless the machine is shut down or deallocated.
pub(super) fn is_running(cloud: &dyn SimulatedWorld, id: &ObjectId) -> bool {
    power(cloud, id) == "running"
}

/// The power state of a machine: `running`, `stopped` or `deallocated`.
fn power(cloud: &dyn SimulatedWorld, id: &ObjectId) -> &'static str {
    let disk = disk_id(cloud, id).and_then(|disk| cloud.get(&disk));
    match disk.and_then(|disk| path::text(disk, DISK_STATE)) {
        Some("Reserved") => "deallocated",
        _ if cloud.noted(id, SHUT_DOWN).is_some() => "stopped",
        _ => "running",
    }
}

fn disk_id(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<ObjectId> {
    path::text(cloud.get(id)?, OS_DISK_ID).map(ObjectId::new)
}

/// `instanceView` of a machine.
pub(super) fn view(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<Json> {
    let state = cloud.get(id).and_then(|body| path::text(body, "properties.provisioningState"));
    Some(match disk_id(cloud, id) {
        None if state == Some("Failed") => never_allocated(),
        _ => instance_view(power(cloud, id), cloud.get(id)),
    })
}

fn never_allocated() -> Json {
    let failed =
        json!({ "code": "ProvisioningState/failed", "level": "Error", "displayStatus": "Provisioning failed" });
    json!({ "statuses": [failed] })
}

fn instance_view(state: &str, machine: Option<&Json>) -> Json {
    let disks = machine.map_or(Json::Null, |machine| {
        let name = path::text(machine, "properties.storageProfile.osDisk.name");
        json!([{ "name": name, "statuses": [provisioned()] }])
    });
    json!({
        "computerName": machine.and_then(|machine| path::text(machine, "properties.osProfile.computerName")),
        "disks": disks,
        "statuses": [
            provisioned(),
            { "code": format!("PowerState/{state}"), "level": "Info", "displayStatus": format!("VM {state}") },
        ]
    })
}

fn provisioned() -> Json {
    json!({ "code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded" })
}
