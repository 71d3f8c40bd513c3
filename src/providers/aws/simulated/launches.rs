//! Machines that restore backups at their launch: their reports, at the address that their user data name.
//!
//! Nothing is kept for them: a report follows from the time of the launch, the manifest and the released key.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::s3;
use super::store::{Place, text};
use super::types::{INSTANCE, OBJECT};
use crate::backup::launch::{self, Manifest, ManifestItem, ReportedPhase, SimulatedLaunch};
use crate::simulator::world::World;

/// An object in an address: its region, bucket and key.
fn object_of(address: &str) -> Option<(&str, &str, &str)> {
    let (path, query) = address.split_once("://")?.1.split_once('/')?.1.split_once('?')?;
    let (bucket, key) = path.split_once('/')?;
    let scope = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
    let region = scope.split("%2F").nth(2)?;
    Some((region, bucket, key))
}

/// The content of an object that an address names, and the time of its last change.
fn content(world: &World, address: &str) -> Option<(String, Timestamp)> {
    let (region, bucket, key) = object_of(address)?;
    let body = Place { of: &OBJECT, region, within: Some(bucket) }.body(world, key)?;
    if body["DeleteMarker"] == true {
        return None;
    }
    let bytes = s3::content::read(&body["Content"]);
    Some((String::from_utf8(bytes).ok()?, text(body, "LastModified").parse().ok()?))
}

/// The user data of a machine; none where they are no text.
fn user_data(machine: &Json) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text(machine, "UserData")).ok()?).ok()
}

/// The report of a machine now, with the address that it would be written to.
fn of_machine(world: &World, machine: &Json) -> Option<(String, launch::RestoreReport)> {
    let data = user_data(machine)?;
    let places = launch::settings(&data)?;
    let (manifest, _) = content(world, places.manifest)?;
    let manifest: Manifest = serde_json::from_str(&manifest).ok()?;
    let launch = SimulatedLaunch {
        run: places.run,
        machine: text(machine, INSTANCE.id),
        at: text(machine, "LaunchTime").parse().ok()?,
        released: content(world, places.key).map(|(_, at)| at),
    };
    let is_damaged =
        |item: &ManifestItem| world.rest.faults.damages(&item.name, item.select.backup.as_deref().unwrap_or_default());
    let rates = |item: &ManifestItem| world.rest.faults.rates(&item.name);
    Some((places.status.to_owned(), launch::report(&manifest, &launch, world.now, is_damaged, rates)?))
}

/// The report that a machine has written to this object by now.
pub(super) fn report(world: &World, region: &str, (bucket, key): (&str, &str)) -> Option<String> {
    if !key.starts_with("drplan-") {
        return None;
    }
    let machines = world.objects().filter(|object| object.type_ == INSTANCE.name);
    let reports = machines.filter_map(|machine| of_machine(world, &machine.body));
    let mut here = reports.filter(|(address, _)| object_of(address) == Some((region, bucket, key)));
    serde_json::to_string(&here.next()?.1).ok()
}

/// True for a machine that has not restored everything yet, so that nothing serves on it.
pub(super) fn is_restoring(world: &World, machine: &Json) -> bool {
    let data = user_data(machine);
    let Some(places) = data.as_deref().and_then(launch::settings) else { return false };
    // A run deletes the manifest once the machine is ready.
    let is_open = content(world, places.manifest).is_some();
    is_open && of_machine(world, machine).is_none_or(|(_, report)| report.phase != ReportedPhase::Ready)
}
