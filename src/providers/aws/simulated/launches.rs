//! Machines that restore backups at their launch, and the objects that hold their documents.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::s3;
use super::store::{Place, text};
use super::types::{INSTANCE, OBJECT};
use crate::backup::launch::settings;
use crate::simulator::launches;
use crate::simulator::machine_launch::MachineLaunch;
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
pub(super) fn content(world: &World, address: &str) -> Option<(String, Timestamp)> {
    let (region, bucket, key) = object_of(address)?;
    let body = Place { of: &OBJECT, region, within: Some(bucket) }.body(world, key)?;
    if body["DeleteMarker"] == true {
        return None;
    }
    let bytes = s3::content::read(&body["Content"]);
    Some((String::from_utf8(bytes).ok()?, text(body, "LastModified").parse().ok()?))
}

/// The launch of a machine that restores.
pub(super) fn launched(machine: &Json) -> Option<MachineLaunch> {
    let data = String::from_utf8(BASE64_STANDARD.decode(text(machine, "UserData")).ok()?).ok()?;
    let at = text(machine, "LaunchTime").parse().ok()?;
    Some(MachineLaunch::new(text(machine, INSTANCE.id), at, settings(&data)?))
}

/// The report that a machine has written to this object by now.
pub(super) fn report(world: &World, region: &str, (bucket, key): (&str, &str)) -> Option<String> {
    launches::report(world, key, |address| object_of(address) == Some((region, bucket, key)))
}

/// True for a machine that has not restored everything yet, so that nothing serves on it.
pub(super) fn is_restoring(world: &World, machine: &Json) -> bool {
    launched(machine).is_some_and(|launched| launches::is_restoring(world, &launched))
}
