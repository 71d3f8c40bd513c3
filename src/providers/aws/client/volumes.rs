//! Volumes and addresses: their properties, and the next request that changes them.

use serde_json::{Map, Value as Json, json};

use super::cfn::{copy, picked};
use super::described::tag;
use super::found::Found;
use super::step::Step;
use super::tags;
use super::xml::{list, text};

/// A volume as EC2 describes it.
pub(super) fn volume(item: &Json) -> Found {
    let mut body = Map::new();
    let names = [
        ("VolumeId", "volumeId"),
        ("AvailabilityZone", "availabilityZone"),
        ("Size", "size"),
        ("VolumeType", "volumeType"),
        ("Iops", "iops"),
        ("Throughput", "throughput"),
        ("Encrypted", "encrypted"),
        ("KmsKeyId", "kmsKeyId"),
        ("SnapshotId", "snapshotId"),
        ("VolumeInitializationRate", "volumeInitializationRate"),
        ("State", "status"),
    ];
    copy(item, &names, &mut body);
    if let Some(attachment) = attachment(item) {
        let mut made = Map::new();
        copy(attachment, &[("InstanceId", "instanceId"), ("Device", "device")], &mut made);
        // An attachment that is not complete yet, or that is leaving, is an operation under way.
        if let Some(status @ ("attaching" | "detaching")) = text(attachment, "status") {
            body.insert("State".to_owned(), Json::from(status));
        }
        body.insert("Attachment".to_owned(), Json::Object(made));
    }
    body.insert("Tags".to_owned(), tags::of_item(item));
    Found::new(text(item, "volumeId").unwrap_or_default(), Json::Object(body))
}

/// The attachment of a volume.
pub(super) fn attachment(item: &Json) -> Option<&Json> {
    list(item, "attachmentSet").into_iter().find(|one| text(one, "status") != Some("detached"))
}

/// True for a volume that is a part of its machine, which brought it and takes it along, or which has the only name for
/// it. Volumes of a stack's own are no part of the machine.
pub(super) fn is_part(item: &Json) -> bool {
    let is_named = tag(item, tags::NAME).is_some_and(|name| !name.is_empty());
    let goes = |attachment: &Json| text(attachment, "deleteOnTermination") == Some("true");
    !tags::is_marked(item) && attachment(item).is_some_and(|attachment| goes(attachment) || !is_named)
}

/// An address as EC2 describes it.
pub(super) fn address(item: &Json) -> Found {
    let mut body = Map::new();
    let names = [
        ("PublicIp", "publicIp"),
        ("AllocationId", "allocationId"),
        ("Domain", "domain"),
        ("InstanceId", "instanceId"),
        ("NetworkBorderGroup", "networkBorderGroup"),
        ("PublicIpv4Pool", "publicIpv4Pool"),
    ];
    copy(item, &names, &mut body);
    body.insert("Tags".to_owned(), tags::of_item(item));
    let hidden = json!({ "AssociationId": text(item, "associationId") });
    Found { id: text(item, "allocationId").unwrap_or_default().to_owned(), body: Json::Object(body), hidden }
}

/// The properties of a volume that change in place.
const MODIFIED: [&str; 4] = ["Size", "VolumeType", "Iops", "Throughput"];

/// True for a value that volumes of a type can be given (source: EBS's documentation of volume types). The operations
/// of other types follow from their sizes.
fn takes(type_: &str, parameter: &str, value: &Json) -> bool {
    let least = match (type_, parameter) {
        ("gp3", "Iops") => 3000,
        ("gp3", "Throughput") => 125,
        ("io1" | "io2", "Iops") => 100,
        (_, "Iops" | "Throughput") => return false,
        _ => 0,
    };
    value.as_u64().is_none_or(|value| value >= least)
}

/// The step that gives a volume these properties, where they differ.
pub(super) fn modified(id: &str, now: &Json, wanted: &Json, names: [&'static str; 4]) -> Option<Step> {
    let mut form = json!({ "VolumeId": id });
    let [_, type_, ..] = names;
    let new = wanted.get(type_).or(now.get(type_)).and_then(Json::as_str).unwrap_or_default();
    for (name, parameter) in names.into_iter().zip(MODIFIED) {
        let own = wanted.get(name).filter(|value| !value.is_null() && takes(new, parameter, value));
        if let Some(value) = own.filter(|value| now.get(name) != Some(value)) {
            form[parameter] = value.clone();
        }
    }
    // With another type AWS would choose these anew, and it accepts one change in six hours.
    if form.get("VolumeType").is_some() {
        for (name, parameter) in names.into_iter().zip(MODIFIED).skip(2) {
            if let Some(value) = wanted.get(name).filter(|value| takes(new, parameter, value)) {
                form[parameter] = value.clone();
            }
        }
    }
    form.as_object().is_some_and(|map| map.len() > 1).then_some(Step::Ec2("ModifyVolume", form))
}

/// The next step of a volume; `None` where nothing is left. `made`: the object is new.
pub(super) fn next_of_volume(found: &Found, wanted: &Json, made: bool) -> Option<Step> {
    let machine = |body: &Json| {
        let attachment = body.get("Attachment")?;
        Some((attachment.get("InstanceId")?.as_str()?.to_owned(), attachment.get("Device").cloned()))
    };
    match (machine(&found.body), machine(wanted)) {
        (Some(now), new) if new.as_ref() != Some(&now) && !(made && new.is_none()) => return detach(found),
        (None, Some((machine, device))) => {
            let form = json!({ "VolumeId": found.id, "InstanceId": machine, "Device": device });
            return Some(Step::Ec2("AttachVolume", form));
        }
        _ => {}
    }
    modified(&found.id, &found.body, wanted, MODIFIED)
}

/// The step that takes a volume from its machine.
pub(super) fn detach(found: &Found) -> Option<Step> {
    let machine = found.body.pointer("/Attachment/InstanceId")?;
    Some(Step::Ec2("DetachVolume", json!({ "VolumeId": found.id, "InstanceId": machine })))
}

/// The parameters that create a volume.
pub(super) fn created(wanted: &Json, token: &str) -> Json {
    let names = [
        "AvailabilityZone",
        "Size",
        "VolumeType",
        "Iops",
        "Throughput",
        "Encrypted",
        "KmsKeyId",
        "SnapshotId",
        "VolumeInitializationRate",
    ];
    let mut form = picked(wanted, &names);
    form["ClientToken"] = Json::from(token);
    form["TagSpecification"] = tags::specification("volume", wanted);
    form
}

/// The next step of an address; `None` where nothing is left. `made`: the object is new.
pub(super) fn next_of_address(found: &Found, wanted: &Json, made: bool) -> Option<Step> {
    let machine = |body: &Json| body.get("InstanceId").and_then(Json::as_str).map(str::to_owned);
    match (machine(&found.body), machine(wanted)) {
        (now, Some(new)) if now.as_ref() != Some(&new) => Some(associate(&found.id, &new)),
        (Some(_), None) if !made => disassociate(found),
        _ => None,
    }
}

/// The step that gives an address to a machine, from whichever has it.
pub(super) fn associate(address: &str, machine: &str) -> Step {
    let form = json!({ "AllocationId": address, "InstanceId": machine, "AllowReassociation": true });
    Step::Ec2("AssociateAddress", form)
}

/// The step that takes an address from its machine.
pub(super) fn disassociate(found: &Found) -> Option<Step> {
    let id = found.hidden.get("AssociationId").filter(|id| id.is_string())?;
    Some(Step::Ec2("DisassociateAddress", json!({ "AssociationId": id })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_leaves_its_machine_before_it_goes_to_another() {
        let item = json!({
            "volumeId": "vol-1", "size": "8", "volumeType": "gp3", "status": "in-use",
            "attachmentSet": [{ "instanceId": "i-1", "device": "/dev/sdf", "status": "attached" }],
        });
        let found = volume(&item);
        let wanted = json!({ "Size": 8, "Attachment": { "InstanceId": "i-2", "Device": "/dev/sdf" } });
        assert_eq!(next_of_volume(&found, &wanted, false), detach(&found));
        let grown =
            json!({ "Size": 16, "VolumeType": "gp3", "Attachment": { "InstanceId": "i-1", "Device": "/dev/sdf" } });
        let form = json!({ "VolumeId": "vol-1", "Size": 16 });
        assert_eq!(next_of_volume(&found, &grown, false), Some(Step::Ec2("ModifyVolume", form)));
    }

    #[test]
    fn another_type_takes_the_operations_along_that_it_can_have() {
        let of = |type_: &str, iops: u64| json!({ "VolumeType": type_, "Iops": iops, "Throughput": 125 });
        let form = |now: &Json, wanted: &Json| match modified("vol-1", now, wanted, MODIFIED) {
            Some(Step::Ec2(_, form)) => form,
            _ => Json::Null,
        };
        let changed = |type_: &str| json!({ "VolumeId": "vol-1", "VolumeType": type_ });
        assert_eq!(form(&of("gp3", 3000), &of("gp2", 3000)), changed("gp2"));
        assert_eq!(form(&of("gp2", 100), &of("gp2", 3000)), Json::Null, "AWS has chosen them since");
        let mut faster = changed("gp3");
        faster["Throughput"] = json!(125);
        assert_eq!(form(&of("gp2", 100), &of("gp3", 100)), faster);
        faster["Iops"] = json!(6000);
        assert_eq!(form(&of("gp2", 6000), &of("gp3", 6000)), faster);
    }
}
