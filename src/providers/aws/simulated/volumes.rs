//! Volumes: their types, their sizes, and the snapshots that they are made from.

use serde_json::{Value as Json, json};

use super::answers::Refused;
use super::offers;
use super::store::{Place, give, text};
use super::types::{SNAPSHOT, VOLUME};
use crate::simulator::world::World;

/// A name, sizes, operations and throughput.
type VolumeType = (&'static str, u64, u64, Option<u64>, Option<u64>);

/// Types with their smallest and largest size in GiB, and their usual operations and throughput (source: EBS's
/// documentation of volume types).
const TYPES: &[VolumeType] = &[
    ("gp3", 1, 65_536, Some(3000), Some(125)),
    ("gp2", 1, 16_384, None, None),
    ("io1", 4, 16_384, None, None),
    ("io2", 4, 65_536, None, None),
    ("st1", 125, 16_384, None, None),
    ("sc1", 125, 16_384, None, None),
    ("standard", 1, 1024, None, None),
];

/// The wanted settings of a new volume.
#[derive(Debug, Default)]
pub(super) struct NewVolume {
    pub(super) zone: String,
    pub(super) size: Option<u64>,
    pub(super) type_: String,
    pub(super) iops: Option<u64>,
    pub(super) throughput: Option<u64>,
    pub(super) snapshot: String,
    pub(super) encrypted: bool,
    pub(super) key: String,
    pub(super) rate: Option<u64>,
    pub(super) tags: Json,
}

/// Refuses a size, or operations, that a type of volumes does not have.
pub(super) fn check(type_: &str, size: u64, iops: Option<u64>, throughput: Option<u64>) -> Result<(), Refused> {
    let invalid = |why: String| Refused::bad("InvalidParameterValue", why);
    let found = TYPES.iter().find(|(name, ..)| *name == type_);
    let (_, least, most, ..) = found.ok_or_else(|| invalid(format!("Invalid volume type: '{type_}'")))?;
    if !(least..=most).contains(&&size) {
        return Err(invalid(format!("Volume size {size} GiB is out of the range {least}-{most} for {type_}.")));
    }
    if iops.is_some() && !matches!(type_, "gp3" | "io1" | "io2") {
        return Err(invalid(format!("The parameter iops is not supported for {type_} volumes.")));
    }
    if iops.is_none() && type_.starts_with("io") {
        return Err(Refused::bad(
            "MissingParameter",
            format!("The parameter iops must be specified for {type_} volumes."),
        ));
    }
    if throughput.is_some() && type_ != "gp3" {
        return Err(invalid(format!("The parameter throughput is not supported for {type_} volumes.")));
    }
    Ok(())
}

/// The usual operations and throughput of a volume.
pub(super) fn usual(type_: &str, size: u64) -> (Option<u64>, Option<u64>) {
    let found = TYPES.iter().find(|(name, ..)| *name == type_);
    let iops = found.and_then(|(.., iops, _)| *iops).or((type_ == "gp2").then(|| (3 * size).clamp(100, 16_000)));
    (iops, found.and_then(|(.., throughput)| *throughput))
}

/// The body of a new volume, for both of its APIs and for launches.
pub(super) fn new(world: &mut World, region: &str, wanted: NewVolume) -> Result<Json, Refused> {
    let NewVolume { zone, size, type_, iops, throughput, snapshot, encrypted, key, rate, tags } = wanted;
    let zone = offers::zone(region, &zone, "")?;
    let source = match snapshot.as_str() {
        "" => None,
        id => Some(Place::new(&SNAPSHOT, region).get(world, id)?.body.to_json()),
    };
    if source.as_ref().is_some_and(|source| source["State"] != "completed") {
        return Err(Refused::bad("IncorrectState", format!("Snapshot {snapshot} is not 'completed'.")));
    }
    let least = source.as_ref().and_then(|source| source["VolumeSize"].as_u64());
    let size = size
        .or(least)
        .ok_or_else(|| Refused::bad("MissingParameter", "The request must contain the parameter size/snapshot"))?;
    if least.is_some_and(|least| size < least) {
        let why = format!("The size of a volume can only be greater than or equal to the size of snapshot {snapshot}");
        return Err(Refused::bad("InvalidParameterValue", why));
    }
    let type_ = if type_.is_empty() { "gp2".to_owned() } else { type_ };
    check(&type_, size, iops, throughput)?;
    if rate.is_some_and(|rate| !(100..=300).contains(&rate) || source.is_none()) {
        let why = "VolumeInitializationRate is 100 to 300 MiB/s, for a volume that is made from a snapshot.";
        return Err(Refused::bad("InvalidParameterValue", why));
    }
    let usual = usual(&type_, size);
    let encrypted = encrypted || source.as_ref().is_some_and(|source| source["Encrypted"] == true);
    let id = give(world, VOLUME.prefix);
    let mut body = json!({
        "VolumeId": id,
        "AvailabilityZone": zone,
        "Size": size,
        "VolumeType": type_,
        "Encrypted": encrypted,
        "MultiAttachEnabled": false,
        "State": "creating",
        "Attachments": [],
        "Tags": tags,
    });
    let (iops, throughput) = (iops.or(usual.0), throughput.or(usual.1));
    for (name, number) in [("Iops", iops), ("Throughput", throughput), ("VolumeInitializationRate", rate)] {
        if let Some(number) = number {
            body[name] = json!(number);
        }
    }
    if source.is_some() {
        body["SnapshotId"] = json!(snapshot);
    }
    if !key.is_empty() {
        body["KmsKeyId"] = json!(key);
    }
    Ok(body)
}

/// Seconds until a new volume is available.
pub(super) const CREATED: u32 = 12;

/// Refuses to delete a volume that a machine has.
pub(super) fn check_delete(body: &Json) -> Result<(), Refused> {
    let id = text(body, "VolumeId");
    match body["Attachments"].as_array().and_then(|all| all.first()) {
        Some(one) => {
            let why = format!("Volume {id} is currently attached to {}", text(one, "InstanceId"));
            Err(Refused::bad("VolumeInUse", why))
        }
        None => Ok(()),
    }
}
