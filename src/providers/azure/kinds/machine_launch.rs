//! Machines that restore backups at their launch, in the simulator.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};

use crate::backup::launch::settings;
use crate::kinds::path;
use crate::kinds::table::SimulatedWorld;
use crate::object::ObjectId;

/// The note with the settings of a restore.
pub(in crate::providers::azure) const RESTORE: &str = "restore";
/// The note with the time of the last start, in seconds since the epoch.
pub(in crate::providers::azure) const STARTED: &str = "started";

/// Notes that a machine starts now.
pub(super) fn start(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let now = cloud.now();
    cloud.note(id, STARTED, Some(Json::from(now)));
}

/// The settings of a restore in the custom data of a machine. Nothing else of them is kept: they may hold secrets.
pub(super) fn notes(body: &Json) -> Vec<(&'static str, Json)> {
    let data = path::text(body, "properties.osProfile.customData").and_then(|data| BASE64_STANDARD.decode(data).ok());
    let data = data.and_then(|data| String::from_utf8(data).ok());
    let places = data.as_deref().and_then(settings);
    let noted = places.map(|places| {
        (
            RESTORE,
            json!({
                "run": places.run, "manifest": places.manifest, "status": places.status, "key": places.key,
            }),
        )
    });
    noted.into_iter().collect()
}
