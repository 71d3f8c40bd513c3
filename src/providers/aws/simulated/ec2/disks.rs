//! Volumes: creation, changes, and the machines that have them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::machines::state;
use super::super::store::{Begun, Place, begin, text, time};
use super::super::types::{INSTANCE, VOLUME};
use super::super::volumes::{self, CREATED, NewVolume};
use super::call::Call;
use super::shapes;
use crate::simulator::operations::OperationKind;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{Lifecycle, World};

/// Actions of the operations of a volume.
pub(in super::super) const CREATE: &str = "volume_create";
pub(in super::super) const ATTACH: &str = "volume_attach";
pub(in super::super) const DETACH: &str = "volume_detach";

/// Seconds until a machine has a volume, or has it no more.
const ATTACHED: u32 = 8;
/// Time between two changes of a volume.
const BETWEEN: SignedDuration = SignedDuration::from_hours(6);

/// Filters of the status of volumes.
const STATUS_FILTERS: &[(&str, &str)] =
    &[("availability-zone", "availabilityZone"), ("volume-status.status", "volumeStatus.status")];

fn start(world: &mut World, call: &Call<'_>, id: &str, action: &str, seconds: u32) {
    let begun =
        Begun { action, act: OperationKind::Post, seconds, body: json!({}), fails: call.fails.clone(), before: None };
    begin(world, Place::new(&VOLUME, call.region), id, begun);
}

/// Ends an operation of a volume.
pub(in super::super) fn ended(
    world: &mut World,
    region: &str,
    id: &str,
    action: &str,
    failure: Option<&ErrorResponse>,
) {
    let place = Place::new(&VOLUME, region);
    match (action, failure) {
        (CREATE, Some(_)) => place.change(world, id, |body| body["State"] = json!("error")),
        (CREATE, None) => place.change(world, id, |body| body["State"] = json!("available")),
        (ATTACH, None) | (DETACH, Some(_)) => place.change(world, id, |body| {
            for one in body["Attachments"].as_array_mut().into_iter().flatten() {
                one["State"] = json!("attached");
            }
        }),
        _ => place.change(world, id, |body| {
            body["State"] = json!("available");
            body["Attachments"] = json!([]);
        }),
    }
}

fn shown(world: &World, call: &Call<'_>, id: &str) -> Map<String, Json> {
    let body = Place::new(&VOLUME, call.region).body(world, id);
    let shown = body.map(|body| shapes::volume(world, call.region, body));
    shown.and_then(|shown| shown.as_object().cloned()).unwrap_or_default()
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let zone = call.needs("AvailabilityZone")?.to_owned();
    let ids = call.once(world, |world| {
        let wanted = NewVolume {
            zone,
            size: call.number("Size")?,
            type_: call.text("VolumeType").to_owned(),
            iops: call.number("Iops")?,
            throughput: call.number("Throughput")?,
            snapshot: call.text("SnapshotId").to_owned(),
            encrypted: call.flag("Encrypted"),
            key: call.text("KmsKeyId").to_owned(),
            rate: call.number("VolumeInitializationRate")?,
            tags: call.tags("volume")?,
        };
        let body = volumes::new(world, call.region, wanted)?;
        let id = text(&body, "VolumeId").to_owned();
        Place::new(&VOLUME, call.region).insert(world, &id, body, Lifecycle::Standing);
        start(world, call, &id, CREATE, CREATED);
        Ok(vec![id])
    })?;
    Ok(shown(world, call, ids.first().map(String::as_str).unwrap_or_default()))
}

pub(super) fn modify(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let id = call.needs("VolumeId")?.to_owned();
    let place = Place::new(&VOLUME, call.region);
    let before = place.get(world, &id)?.body.to_json();
    let last: Option<Timestamp> = text(&before, "ModifiedAt").parse().ok();
    if last.is_some_and(|last| world.now < last + BETWEEN) {
        let why = "You've reached the maximum modification rate per volume limit. Wait at least 6 hours between \
            modifications.";
        return Err(Refused::bad("VolumeModificationRateExceeded", why));
    }
    let of = |name: &str| before[name].as_u64();
    let size = call.number("Size")?.or(of("Size")).unwrap_or_default();
    if Some(size) < of("Size") {
        return Err(Refused::bad("InvalidParameterValue", "New size cannot be smaller than existing size"));
    }
    let type_ = if call.text("VolumeType").is_empty() { text(&before, "VolumeType") } else { call.text("VolumeType") };
    let (iops, throughput) = (call.number("Iops")?, call.number("Throughput")?);
    volumes::check(type_, size, iops.or_else(|| of("Iops").filter(|_| type_.starts_with("io"))), throughput)?;
    // Another type has other operations; those of `gp2` follow from the size.
    let (usual_iops, usual_throughput) = volumes::usual(type_, size);
    let is_same = type_ == text(&before, "VolumeType");
    let kept = |name: &str| of(name).filter(|_| is_same && type_ != "gp2" || name == "Iops" && type_.starts_with("io"));
    let iops = iops.or(kept("Iops")).or(usual_iops);
    let throughput = throughput.or(kept("Throughput")).or(usual_throughput);
    let now = time(world);
    place.change(world, &id, |body| {
        body["Size"] = json!(size);
        body["VolumeType"] = json!(type_);
        body["ModifiedAt"] = json!(now);
        body["Iops"] = json!(iops);
        body["Throughput"] = json!(throughput);
    });
    let after = place.body(world, &id).map(|body| modification(&before, body));
    Ok(std::iter::once(("volumeModification".to_owned(), after.unwrap_or_default())).collect())
}

fn modification(before: &Json, after: &Json) -> Json {
    json!({
        "volumeId": after["VolumeId"], "modificationState": "completed", "targetSize": after["Size"],
        "targetVolumeType": after["VolumeType"], "targetIops": after["Iops"], "originalSize": before["Size"],
        "originalVolumeType": before["VolumeType"], "originalIops": before["Iops"], "progress": 100,
        "startTime": after["ModifiedAt"], "endTime": after["ModifiedAt"],
    })
}

pub(super) fn modifications(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let ids = call.list("VolumeId");
    let all = Place::new(&VOLUME, call.region).all(world).into_iter().map(|object| &*object.body);
    let changed = all.filter(|body| !text(body, "ModifiedAt").is_empty());
    let own = changed.filter(|body| ids.is_empty() || ids.iter().any(|id| id == text(body, "VolumeId")));
    let shown: Vec<Json> = own.map(|body| modification(body, body)).collect();
    super::list::page(shown, call, "volumeModificationSet", !ids.is_empty())
}

/// AWS's own checks of volumes. One that nobody has damaged is sound.
pub(super) fn status(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let (place, ids) = (Place::new(&VOLUME, call.region), call.list("VolumeId"));
    let mut found = Vec::new();
    match ids.is_empty() {
        true => found.extend(place.all(world)),
        false => {
            for id in &ids {
                found.push(place.get(world, id)?);
            }
        }
    }
    let shown = found.into_iter().map(|object| {
        let status = object.body["VolumeStatus"].as_str().unwrap_or("ok");
        let detail = if status == "ok" { "passed" } else { "failed" };
        json!({
            "volumeId": object.body["VolumeId"],
            "availabilityZone": object.body["AvailabilityZone"],
            "volumeStatus": { "status": status, "details": [{ "name": "io-enabled", "status": detail }] },
        })
    });
    let shown = super::list::filtered(shown.collect(), call, STATUS_FILTERS)?;
    super::list::page(shown, call, "volumeStatusSet", !ids.is_empty())
}

fn attachment(body: &Json, status: &str) -> Map<String, Json> {
    let one = body.pointer("/Attachments/0").cloned().unwrap_or_default();
    let shown = json!({
        "volumeId": body["VolumeId"], "instanceId": one["InstanceId"], "device": one["Device"], "status": status,
        "attachTime": one["AttachTime"], "deleteOnTermination": one["DeleteOnTermination"],
    });
    shown.as_object().cloned().unwrap_or_default()
}

pub(super) fn attach(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let (id, instance, device) = (call.needs("VolumeId")?, call.needs("InstanceId")?, call.needs("Device")?);
    let place = Place::new(&VOLUME, call.region);
    let volume = place.get(world, id)?.body.to_json();
    let machine = Place::new(&INSTANCE, call.region).get(world, instance)?.body.to_json();
    if volume["State"] == "in-use" {
        return Err(Refused::bad("VolumeInUse", format!("{id} is already attached to an instance")));
    }
    if volume["State"] != "available" {
        return Err(Refused::bad("IncorrectState", format!("{id} is not 'available'.")));
    }
    if volume["AvailabilityZone"] != machine["AvailabilityZone"] {
        let why = format!("The volume '{id}' is not in the same availability zone as instance '{instance}'");
        return Err(Refused::bad("InvalidVolume.ZoneMismatch", why));
    }
    if !matches!(state(&machine), "running" | "stopped") {
        return Err(Refused::bad("IncorrectState", format!("Instance '{instance}' is not 'running'.")));
    }
    let others = place.all(world).into_iter().filter_map(|object| object.body["Attachments"].as_array());
    let is_taken = |one: &Json| text(one, "InstanceId") == instance && text(one, "Device") == device;
    if others.flatten().any(is_taken) {
        let why = format!("Invalid value '{device}' for unixDevice. Attachment point {device} is already in use");
        return Err(Refused::bad("InvalidParameterValue", why));
    }
    let now = time(world);
    place.change(world, id, |body| {
        body["State"] = json!("in-use");
        body["Attachments"] = json!([{
            "InstanceId": instance,
            "Device": device,
            "State": "attaching",
            "AttachTime": now,
            "DeleteOnTermination": false,
        }]);
    });
    start(world, call, id, ATTACH, ATTACHED);
    Ok(place.body(world, id).map(|body| attachment(body, "attaching")).unwrap_or_default())
}

pub(super) fn detach(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let id = call.needs("VolumeId")?;
    let place = Place::new(&VOLUME, call.region);
    let volume = place.get(world, id)?.body.to_json();
    let (instance, device) = (call.text("InstanceId"), call.text("Device"));
    let own = volume.pointer("/Attachments/0");
    let is_it = |one: &&Json| {
        (instance.is_empty() || text(one, "InstanceId") == instance)
            && (device.is_empty() || text(one, "Device") == device)
    };
    let Some(one) = own.filter(is_it) else {
        return Err(Refused::bad("IncorrectState", format!("Volume '{id}' is in the 'available' state.")));
    };
    let machine = Place::new(&INSTANCE, call.region).body(world, text(one, "InstanceId"));
    let is_root =
        machine.is_some_and(|machine| machine["RootDeviceName"] == one["Device"] && state(machine) != "stopped");
    if is_root {
        let why = format!("Unable to detach root volume '{id}' from instance '{}'", text(one, "InstanceId"));
        return Err(Refused::bad("OperationNotPermitted", why));
    }
    place.change(world, id, |body| {
        for one in body["Attachments"].as_array_mut().into_iter().flatten() {
            one["State"] = json!("detaching");
        }
    });
    start(world, call, id, DETACH, ATTACHED);
    Ok(attachment(&volume, "detaching"))
}

pub(super) fn delete(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let id = call.needs("VolumeId")?;
    let place = Place::new(&VOLUME, call.region);
    volumes::check_delete(&place.get(world, id)?.body)?;
    place.remove(world, id);
    Ok(std::iter::once(("return".to_owned(), json!(true))).collect())
}
