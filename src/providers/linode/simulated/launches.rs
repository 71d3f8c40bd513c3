//! Machines that restore backups at their launch.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::store::{INSTANCES, LAUNCHED, USER_DATA};
use crate::backup::launch::settings;
use crate::simulator::machine_launch::MachineLaunch;
use crate::simulator::world::SimulatedObject;

/// The launch of a machine that restores.
pub(super) fn launched(object: &SimulatedObject) -> Option<MachineLaunch> {
    if object.type_ != INSTANCES {
        return None;
    }
    let data = BASE64_STANDARD.decode(object.body[USER_DATA].as_str()?).ok()?;
    let data = String::from_utf8(data).ok()?;
    let at = object.body[LAUNCHED].as_str()?.parse().ok()?;
    Some(MachineLaunch::new(object.id.name(), at, settings(&data)?))
}
