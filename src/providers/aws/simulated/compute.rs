//! Addresses, volumes and capacity reservations, as Cloud Control has them.

use serde_json::{Map, Value as Json, json};

use super::answers::Refused;
use super::handler::{Handler, Seconds, default, plain, string};
use super::store::{give, text};
use super::types::{ACCOUNT, ADDRESS, RESERVATION, Type, VOLUME};
use super::volumes::{self, NewVolume};
use super::{addresses, offers};
use crate::simulator::world::World;

pub(super) static HANDLERS: &[Handler] = &[
    Handler {
        delete: |_, _, body| addresses::check_release(body),
        ..plain(&ADDRESS, Seconds(6, 6, 6), create_address)
    },
    Handler {
        update: |_, _, before, after| grow(before, after),
        delete: |_, _, body| volumes::check_delete(body),
        ..plain(&VOLUME, Seconds(20, 30, 20), create_volume)
    },
    Handler {
        update: |world, region, before, after| resize(world, region, before, after),
        ..plain(&RESERVATION, Seconds(8, 8, 5), reserve)
    },
];

/// Adds a body of the service to a model.
fn complete(model: &mut Map<String, Json>, body: Json) {
    if let Json::Object(fields) = body {
        fields.into_iter().for_each(|(name, value)| default(model, &name, value));
    }
}

fn create_address(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let instance = string(model, "InstanceId");
    if !instance.is_empty() {
        addresses::check_machine(world, region, &instance)?;
        model.insert("AssociationId".to_owned(), json!(give(world, "eipassoc-")));
    }
    let body = addresses::new(world, region, json!([]))?;
    let id = text(&body, "AllocationId").to_owned();
    complete(model, body);
    Ok(id)
}

fn create_volume(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let number = |name: &str| model.get(name).and_then(Json::as_u64);
    let wanted = NewVolume {
        zone: string(model, "AvailabilityZone"),
        size: number("Size"),
        type_: string(model, "VolumeType"),
        iops: number("Iops"),
        throughput: number("Throughput"),
        snapshot: string(model, "SnapshotId"),
        encrypted: model.get("Encrypted") == Some(&json!(true)),
        key: string(model, "KmsKeyId"),
        rate: number("VolumeInitializationRate"),
        tags: json!([]),
    };
    let body = volumes::new(world, region, wanted)?;
    let id = text(&body, "VolumeId").to_owned();
    complete(model, body);
    // The handler waits for it.
    model.insert("State".to_owned(), json!("available"));
    Ok(id)
}

fn grow(before: &Json, after: &Json) -> Result<(), Refused> {
    if after["Size"].as_u64() < before["Size"].as_u64() {
        return Err(Refused::bad("InvalidParameterValue", "New size cannot be smaller than existing size"));
    }
    let number = |name: &str| after[name].as_u64();
    let type_ = text(after, "VolumeType");
    let iops = number("Iops").filter(|_| type_ != "gp2");
    volumes::check(type_, number("Size").unwrap_or_default(), iops, number("Throughput"))
}

fn reserve(world: &mut World, region: &str, model: &mut Map<String, Json>) -> Result<String, Refused> {
    let type_ = string(model, "InstanceType");
    offers::known_type(&type_)?;
    let zone = offers::zone(region, &string(model, "AvailabilityZone"), &string(model, "AvailabilityZoneId"))?;
    let count = model.get("InstanceCount").and_then(Json::as_u64).unwrap_or_default();
    offers::quota(world, region, &type_, count)?;
    if let Some(failure) = offers::capacity(world, region, (&zone, &type_), count)? {
        return Err(Refused::of(&failure));
    }
    let id = give(world, RESERVATION.prefix);
    let arn = format!("arn:aws:ec2:{region}:{ACCOUNT}:capacity-reservation/{id}");
    model.insert("Id".to_owned(), json!(id));
    model.insert("CapacityReservationArn".to_owned(), json!(arn));
    model.insert("AvailabilityZoneId".to_owned(), json!(offers::zone_id(region, &zone)));
    model.insert("AvailabilityZone".to_owned(), json!(zone));
    model.insert("TotalInstanceCount".to_owned(), json!(count));
    model.insert("AvailableInstanceCount".to_owned(), json!(count));
    model.insert("State".to_owned(), json!("active"));
    model.insert("OwnerId".to_owned(), json!(ACCOUNT));
    default(model, "Tenancy", "default");
    default(model, "EbsOptimized", false);
    default(model, "EphemeralStorage", false);
    default(model, "EndDateType", "unlimited");
    default(model, "InstanceMatchCriteria", "open");
    let tags = tags_of(&Json::Object(model.clone()));
    model.insert("Tags".to_owned(), tags);
    Ok(id)
}

/// The tags in the specification of a reservation, whose type has them in no other place.
fn tags_of(body: &Json) -> Json {
    let specifications = body["TagSpecifications"].as_array().into_iter().flatten();
    let all = specifications.filter_map(|one| one["Tags"].as_array()).flatten().cloned();
    Json::Array(all.collect())
}

/// Sets the tags of an object, in all places in which its type has them.
pub(super) fn set_tags(of: &Type, body: &mut Json, tags: Json) {
    if *of == RESERVATION {
        body["TagSpecifications"] = json!([{ "ResourceType": "capacity-reservation", "Tags": tags }]);
    }
    body["Tags"] = tags;
}

fn resize(world: &World, region: &str, before: &Json, after: &mut Json) -> Result<(), Refused> {
    let count = |body: &Json| body["InstanceCount"].as_u64().unwrap_or_default();
    let more = count(after).saturating_sub(count(before));
    let type_ = text(after, "InstanceType");
    offers::quota(world, region, type_, more)?;
    if more > 0
        && let Some(failure) = offers::capacity(world, region, (text(after, "AvailabilityZone"), type_), count(after))?
    {
        return Err(Refused::of(&failure));
    }
    let whole = json!(count(after));
    after["TotalInstanceCount"] = whole.clone();
    after["AvailableInstanceCount"] = whole;
    after["Tags"] = tags_of(after);
    Ok(())
}
