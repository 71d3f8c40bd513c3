//! Machines that restore backups at their launch, by the notes of their kind.

use jiff::Timestamp;

use crate::backup::launch::LaunchPlaces;
use crate::kinds::SimulatedWorld as _;
use crate::providers::azure::kinds::machine_launch::{RESTORE, STARTED};
use crate::simulator::machine_launch::MachineLaunch;
use crate::simulator::world::{SimulatedObject, World};

/// The launch of a machine that restores.
pub(super) fn launched(world: &World, object: &SimulatedObject) -> Option<MachineLaunch> {
    let settings = world.noted(&object.id, RESTORE)?;
    let text = |name: &str| settings[name].as_str();
    let at = Timestamp::from_second(world.noted(&object.id, STARTED)?.as_i64()?).ok()?;
    let places =
        LaunchPlaces { run: text("run")?, manifest: text("manifest")?, status: text("status")?, key: text("key")? };
    Some(MachineLaunch::new(object.id.as_str(), at, places))
}
