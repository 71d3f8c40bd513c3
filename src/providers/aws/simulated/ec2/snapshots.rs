//! Snapshots of volumes, and their copies in other regions.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::offers;
use super::super::store::{self, Begun, Place, begin, give, text, time};
use super::super::types::{IMAGE, NAME, SNAPSHOT, VOLUME};
use super::call::Call;
use super::shapes;
use crate::simulator::operations::OperationKind;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{Lifecycle, World};

/// The action of the operation that completes a snapshot.
pub(in super::super) const ACTION: &str = "snapshot_create";
/// Seconds until a snapshot is complete.
const CREATED: u32 = 120;
/// Seconds until a copy is complete.
pub(super) const COPIED: u32 = 600;
/// Copies of a region at once (source: EBS's quotas).
const COPIES: usize = 20;
/// Seconds between two snapshots of a volume.
const BETWEEN: i64 = 15;

/// The promised seconds of a copy: steps of 15 minutes, up to two days.
pub(super) fn copy_seconds(minutes: Option<u64>) -> Result<Option<u32>, Refused> {
    match minutes {
        None => Ok(None),
        Some(minutes) if (15..=2880).contains(&minutes) && minutes % 15 == 0 => Ok(u32::try_from(minutes * 60).ok()),
        Some(minutes) => {
            let why = format!("The completion duration {minutes} is not a multiple of 15 minutes up to 2880.");
            Err(Refused::bad("InvalidParameterValue", why))
        }
    }
}

/// Refuses one more copy than a region makes at once.
pub(super) fn room_for_copy(world: &World, region: &str) -> Result<(), Refused> {
    let is_copy = |body: &Json| body["State"] == "pending" && text(body, "VolumeId").is_empty();
    let copies = Place::new(&SNAPSHOT, region).all(world).into_iter().filter(|object| is_copy(&object.body));
    match copies.count() < COPIES {
        true => Ok(()),
        false => Err(Refused::bad("ResourceLimitExceeded", "The maximum number of concurrent snapshot copies is 20.")),
    }
}

/// Inserts a snapshot that is pending.
pub(super) fn insert(world: &mut World, region: &str, of: Json, tags: Json) -> String {
    let id = give(world, SNAPSHOT.prefix);
    let mut body = of;
    body["SnapshotId"] = json!(id);
    body["State"] = json!("pending");
    body["StartTime"] = json!(time(world));
    body["Tags"] = tags;
    Place::new(&SNAPSHOT, region).insert(world, &id, body, Lifecycle::Standing);
    id
}

/// Ends the creation of a snapshot.
pub(in super::super) fn complete(world: &mut World, region: &str, id: &str, failure: Option<&ErrorResponse>) {
    let now = time(world);
    Place::new(&SNAPSHOT, region).change(world, id, |body| match failure {
        Some(failure) => {
            body["State"] = json!("error");
            body["StateMessage"] = json!(failure.message);
        }
        None => {
            body["State"] = json!("completed");
            body["CompletionTime"] = json!(now);
        }
    });
}

fn start(world: &mut World, region: &str, id: &str, (seconds, fails): (u32, Option<ErrorResponse>)) {
    let begun = Begun { action: ACTION, act: OperationKind::Post, seconds, body: json!({}), fails, before: None };
    begin(world, Place::new(&SNAPSHOT, region), id, begun);
}

/// Takes a snapshot of a volume, as a schedule of the account does: its id.
pub(in super::super) fn taken(world: &mut World, key: &str) -> Option<String> {
    let object = world.object(key).filter(|object| object.type_ == VOLUME.name)?;
    let (region, volume) = (store::region(object)?, object.body.to_json());
    let id = insert(world, &region, of_volume(&volume, ""), json!([]));
    start(world, &region, &id, (CREATED, None));
    Some(id)
}

/// The body of a snapshot of a volume.
fn of_volume(volume: &Json, description: &str) -> Json {
    json!({
        "VolumeId": volume["VolumeId"],
        "VolumeSize": volume["Size"],
        "Description": description,
        "Encrypted": volume["Encrypted"],
        "KmsKeyId": volume["KmsKeyId"],
    })
}

fn shown(world: &World, call: &Call<'_>, id: &str) -> Map<String, Json> {
    let body = Place::new(&SNAPSHOT, call.region).body(world, id);
    let shown = body.map(|body| shapes::snapshot(world, call.region, body));
    shown.and_then(|shown| shown.as_object().cloned()).unwrap_or_default()
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let volume = call.needs("VolumeId")?;
    let body = Place::new(&VOLUME, call.region).get(world, volume)?.body.to_json();
    let tags = call.tags("snapshot")?;
    let all = Place::new(&SNAPSHOT, call.region).all(world).into_iter().map(|object| &*object.body);
    let last = all
        .filter(|other| text(other, "VolumeId") == volume)
        .filter_map(|other| text(other, "StartTime").parse::<Timestamp>().ok())
        .max();
    if last.is_some_and(|last| world.now < last + SignedDuration::from_secs(BETWEEN))
        && !world.rest.faults.unthrottled()
    {
        let why = "The maximum per volume CreateSnapshot request rate has been exceeded.";
        return Err(Refused::bad("SnapshotCreationPerVolumeRateExceeded", why));
    }
    let id = insert(world, call.region, of_volume(&body, call.text("Description")), tags);
    start(world, call.region, &id, (CREATED, call.fails.clone()));
    Ok(shown(world, call, &id))
}

pub(super) fn copy(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let source = call.needs("SourceRegion")?.to_owned();
    if !offers::is_region(&source) {
        return Err(Refused::bad("InvalidParameterValue", format!("Invalid source region '{source}'")));
    }
    let seconds = copy_seconds(call.number("CompletionDurationMinutes")?)?;
    world.rest.faults.reach_region(NAME, &source).map_err(|failure| Refused::of(&failure))?;
    let body = Place::new(&SNAPSHOT, &source).get(world, call.text("SourceSnapshotId"))?.body.to_json();
    if body["State"] != "completed" {
        let why = format!("Snapshot {} is in invalid state - {}", text(&body, "SnapshotId"), text(&body, "State"));
        return Err(Refused::bad("IncorrectState", why));
    }
    if body["Encrypted"] == true && call.text("PresignedUrl").is_empty() && source != call.region {
        return Err(super::call::absent("PresignedUrl"));
    }
    room_for_copy(world, call.region)?;
    let tags = call.tags("snapshot")?;
    let of = json!({
        "VolumeSize": body["VolumeSize"],
        "Description": call.text("Description"),
        "Encrypted": body["Encrypted"] == true || call.flag("Encrypted"),
        "KmsKeyId": call.form.get("KmsKeyId"),
        "SourceSnapshotId": body["SnapshotId"],
        "SourceRegion": source,
    });
    let id = insert(world, call.region, of, tags.clone());
    start(world, call.region, &id, (seconds.unwrap_or(COPIED), call.fails.clone()));
    let shown = shapes::tags(&json!({ "Tags": tags }));
    Ok([("snapshotId".to_owned(), json!(id)), ("tagSet".to_owned(), shown)].into_iter().collect())
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let id = call.needs("SnapshotId")?;
    let place = Place::new(&SNAPSHOT, call.region);
    place.get(world, id)?;
    let has = |body: &Json| {
        let disks = body["BlockDeviceMappings"].as_array().into_iter().flatten();
        disks.into_iter().any(|disk| text(&disk["Ebs"], "SnapshotId") == id)
    };
    let images = Place::new(&IMAGE, call.region).all(world);
    if let Some(image) = images.iter().find(|object| has(&object.body)) {
        let why = format!("The snapshot {id} is currently in use by {}", text(&image.body, "ImageId"));
        return Err(Refused::bad("InvalidSnapshot.InUse", why));
    }
    place.remove(world, id);
    Ok(std::iter::once(("return".to_owned(), json!(true))).collect())
}
