//! Machines that restore backups at their launch, at any provider: their reports, at the address that their user data
//! name, in a store of the same provider or of another.
//!
//! Nothing is kept for them: a report follows from the time of the launch, the manifest and the released key.

use jiff::Timestamp;

use super::machine_launch::MachineLaunch;
use super::world::{SimulatedObject, World};
use crate::backup::launch::{self, Manifest, ManifestItem, ReportedPhase, RestoreReport, SimulatedLaunch};

/// The content of the object that a signed address names, and the time of its last change.
fn content(world: &World, address: &str) -> Option<(String, Timestamp)> {
    world.dialects.iter().find_map(|dialect| dialect.signed(world, address))
}

/// The report of a machine now.
fn of_machine(world: &World, launched: &MachineLaunch) -> Option<RestoreReport> {
    let (manifest, _) = content(world, &launched.manifest)?;
    let manifest: Manifest = serde_json::from_str(&manifest).ok()?;
    let launch = SimulatedLaunch {
        run: &launched.run,
        machine: &launched.machine,
        at: launched.at,
        released: content(world, &launched.key).map(|(_, at)| at),
    };
    let is_damaged =
        |item: &ManifestItem| world.rest.faults.damages(&item.name, item.select.backup.as_deref().unwrap_or_default());
    let rates = |item: &ManifestItem| world.rest.faults.rates(&item.name);
    launch::report(&manifest, &launch, world.now, is_damaged, rates)
}

/// The report that a machine has written by now to an object with this name, if its address is that of the object.
pub(crate) fn report(world: &World, name: &str, is_here: impl Fn(&str) -> bool) -> Option<String> {
    if !name.starts_with("drplan-") {
        return None;
    }
    let launched = |object: &SimulatedObject| world.dialect(&object.provider).launched(world, object);
    let mut here = world.objects().filter_map(launched).filter(|launched| is_here(&launched.status));
    serde_json::to_string(&of_machine(world, &here.next()?)?).ok()
}

/// True for a machine that has not restored everything yet, so that nothing serves on it.
pub(crate) fn is_restoring(world: &World, launched: &MachineLaunch) -> bool {
    // A run deletes the manifest once the machine is ready.
    let is_open = content(world, &launched.manifest).is_some();
    is_open && of_machine(world, launched).is_none_or(|report| report.phase != ReportedPhase::Ready)
}
