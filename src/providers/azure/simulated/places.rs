//! The regions in which objects are, and from which requests about them are served.

use super::target::group_of;
use super::types;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{SimulatedObject, World};

/// The region of an object, or of its nearest ancestor that has one; `None` for a global object.
pub(super) fn own_region(world: &World, id: &str) -> Option<String> {
    let mut at = id;
    loop {
        if let Some((object, location)) = world.object(at).and_then(|object| Some((object, object.location()?))) {
            let own = (!location.eq_ignore_ascii_case("global")).then(|| location.into_owned());
            return serving(world, object).or(own);
        }
        let (cut, _) = at.rmatch_indices('/').nth(1)?;
        at = at.get(..cut)?;
    }
}

/// For an object that several regions serve: a region that is available, or else the first. `None` for
/// any other object.
pub(super) fn serving(world: &World, object: &SimulatedObject) -> Option<String> {
    let served = types::find(&object.type_)?.writers().find_map(|kind| kind.served)?;
    let regions = served(&object.body);
    let answers = regions.iter().find(|region| world.rest.faults.reach(region).is_ok());
    answers.or(regions.first()).cloned()
}

/// The region that serves requests about an object: its own, or that of its resource group.
pub(super) fn region(world: &World, id: &str) -> Option<String> {
    own_region(world, id).or_else(|| own_region(world, group_of(id)?))
}

/// Rejects a write while the object's region is lost, or the region of the resource group that holds its metadata.
pub(super) fn reach_to_write(world: &World, id: &str, location: Option<&str>) -> Result<(), ErrorResponse> {
    let served = world.object(id).and_then(|object| serving(world, object));
    let own = served.or_else(|| location.map(str::to_owned)).or_else(|| own_region(world, id));
    let group = group_of(id).and_then(|group| own_region(world, group));
    own.into_iter().chain(group).try_for_each(|region| world.rest.faults.reach(&region))
}
