//! Images: public ones, copies from other regions, and those of machines.
//!
//! The simulator does not know every public image: an id that has the form of one, and that it did not give itself, is
//! an image of another account. The id of zeros does not exist.

use serde_json::{Map, Value as Json, json};

use super::super::answers::Refused;
use super::super::machines::state;
use super::super::offers;
use super::super::store::{Begun, Place, begin, give, is_visible, text, time};
use super::super::types::{IMAGE, INSTANCE, SNAPSHOT, VOLUME};
use super::call::{Call, absent};
use super::list::{filtered, page};
use super::shapes;
use super::snapshots::{self, COPIED, copy_seconds};
use crate::simulator::operations::OperationKind;
use crate::simulator::request::ErrorResponse;
use crate::simulator::world::{Lifecycle, World};

/// The action of the operation that completes an image.
pub(in super::super) const ACTION: &str = "image_create";
/// Seconds until an image of a machine is available.
const CREATED: u32 = 300;

/// Public images: the name, the owner, its alias, and the processor.
const PUBLIC: &[(&str, &str, &str, &str)] = &[
    ("al2023-ami-2023.9.20251208.0-kernel-6.1-x86_64", "137112412989", "amazon", "x86_64"),
    ("al2023-ami-2023.9.20251208.0-kernel-6.1-arm64", "137112412989", "amazon", "arm64"),
    ("debian-12-amd64-20251112-2294", "136693071363", "", "x86_64"),
    ("debian-12-arm64-20251112-2294", "136693071363", "", "arm64"),
    ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251126", "099720109477", "", "x86_64"),
    ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20251126", "099720109477", "", "arm64"),
];

const FILTERS: &[(&str, &str)] = &[
    ("image-id", "imageId"),
    ("name", "name"),
    ("state", "imageState"),
    ("architecture", "architecture"),
    ("owner-id", "imageOwnerId"),
    ("owner-alias", "imageOwnerAlias"),
    ("is-public", "isPublic"),
    ("root-device-type", "rootDeviceType"),
    ("virtualization-type", "virtualizationType"),
    ("image-type", "imageType"),
    ("description", "description"),
    ("creation-date", "creationDate"),
    ("source-instance-id", "sourceInstanceId"),
    ("block-device-mapping.snapshot-id", "blockDeviceMapping.ebs.snapshotId"),
];

/// The id of a public image in a region.
fn public_id(world: &World, region: &str, name: &str) -> String {
    let digits = world.seed.guid(&["aws", "public", region, name]).replace('-', "");
    format!("ami-1{}", digits.get(..16).unwrap_or_default())
}

/// A public image.
fn public(id: &str, (name, owner, alias, architecture): (&str, &str, &str, &str)) -> Json {
    let snapshot = id.replacen("ami-", "snap-", 1);
    let disk = json!({
        "SnapshotId": snapshot, "VolumeSize": 8, "DeleteOnTermination": true, "VolumeType": "gp3", "Encrypted": false,
    });
    let alias = if alias.is_empty() { Json::Null } else { json!(alias) };
    json!({
        "ImageId": id,
        "Name": name,
        "Description": name,
        "OwnerId": owner,
        "OwnerAlias": alias,
        "State": "available",
        "CreationDate": "2025-12-15T00:00:00.000Z",
        "Architecture": architecture,
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": disk }],
        "Tags": [],
    })
}

fn all_public(world: &World, region: &str) -> Vec<Json> {
    PUBLIC.iter().map(|image| public(&public_id(world, region, image.0), *image)).collect()
}

/// An image with this id: the account's own, a public one, or one of another account.
fn find(world: &World, region: &str, id: &str) -> Result<Json, Refused> {
    let place = Place::new(&IMAGE, region);
    if let Some(object) = place.find(world, id).filter(|object| is_visible(world, object)) {
        return Ok(object.body.to_json());
    }
    if let Some(image) = all_public(world, region).into_iter().find(|image| image["ImageId"] == id) {
        return Ok(image);
    }
    let digits = id.strip_prefix(IMAGE.prefix).unwrap_or_default();
    let has_form = matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !has_form {
        return Err(Refused::bad("InvalidAMIID.Malformed", format!("Invalid id: \"{id}\"")));
    }
    // Whether the world gave an id follows from its counter, so that what was deregistered stays unknown.
    let is_zero = digits.bytes().all(|byte| byte == b'0');
    if is_zero || was_given(world, id) || place.find(world, id).is_some() {
        return Err(Refused::bad("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist")));
    }
    Ok(public(id, ("image of another account", "999988887777", "", "")))
}

/// True for an id that the world gave.
fn was_given(world: &World, id: &str) -> bool {
    let state: &super::super::state::AwsState = world.parts.get();
    (1..=state.given).any(|number| super::super::store::id_of(world, IMAGE.prefix, number) == id)
}

/// An image from which a machine can be launched.
pub(super) fn usable(world: &World, region: &str, id: &str) -> Result<Json, Refused> {
    if id.is_empty() {
        return Err(absent("ImageId"));
    }
    let image = find(world, region, id)?;
    match text(&image, "State") {
        "available" => Ok(image),
        state => {
            let why = format!("The image ID '{id}' is not available: {state}");
            Err(Refused::bad("InvalidAMIID.Unavailable", why))
        }
    }
}

/// The snapshot of a disk, if it is the account's own: those of other accounts' images are not in this world.
pub(super) fn own_snapshot(world: &World, region: &str, id: &str) -> String {
    let is_own = Place::new(&SNAPSHOT, region).find(world, id).is_some();
    if is_own { id.to_owned() } else { String::new() }
}

pub(super) fn list(world: &World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let ids = call.list("ImageId");
    let owners = call.list("Owner");
    let mut found = Vec::new();
    if ids.is_empty() {
        let own = Place::new(&IMAGE, call.region).all(world).into_iter().filter(|object| is_visible(world, object));
        found.extend(own.map(|object| object.body.to_json()));
        found.extend(all_public(world, call.region));
    } else {
        for id in &ids {
            found.push(find(world, call.region, id)?);
        }
    }
    let is_of = |body: &Json| {
        let (id, alias) = (body["OwnerId"].as_str(), body["OwnerAlias"].as_str());
        owners.is_empty()
            || owners.iter().any(|owner| match owner.as_str() {
                "self" => id.is_none(),
                other => id.unwrap_or(super::super::types::ACCOUNT) == other || alias == Some(other),
            })
    };
    let shown = found.iter().filter(|body| is_of(body)).map(|body| shapes::image(world, call.region, body)).collect();
    page(filtered(shown, call, FILTERS)?, call, "imagesSet", !ids.is_empty())
}

/// Refuses the name of an image that is not valid or taken.
fn name(world: &World, call: &Call<'_>) -> Result<String, Refused> {
    let name = call.needs("Name")?.to_owned();
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "()[] ./-'@_".contains(letter);
    if !(3..=128).contains(&name.len()) || !name.chars().all(is_letter) {
        let why = "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', \
            '.', '-', '/' and '_'";
        return Err(Refused::bad("InvalidAMIName.Malformed", why));
    }
    let taken =
        Place::new(&IMAGE, call.region).all(world).into_iter().find(|object| text(&object.body, "Name") == name);
    match taken {
        Some(object) => {
            let why = format!("AMI name {name} is already in use by AMI {}", text(&object.body, "ImageId"));
            Err(Refused::bad("InvalidAMIName.Duplicate", why))
        }
        None => Ok(name),
    }
}

/// Inserts an image that is pending, and begins its creation.
fn insert(world: &mut World, region: &str, body: Json, seconds: u32, fails: Option<ErrorResponse>) {
    let id = text(&body, "ImageId").to_owned();
    let snapshots: Vec<Json> = body["BlockDeviceMappings"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|disk| disk["Ebs"]["SnapshotId"].clone())
        .collect();
    let place = Place::new(&IMAGE, region);
    place.insert(world, &id, body, Lifecycle::Standing);
    let body = json!({ "snapshots": snapshots });
    begin(world, place, &id, Begun { action: ACTION, act: OperationKind::Post, seconds, body, fails, before: None });
}

/// Ends the creation of an image and of its snapshots.
pub(in super::super) fn ended(world: &mut World, region: &str, id: &str, body: &Json, failure: Option<&ErrorResponse>) {
    Place::new(&IMAGE, region).change(world, id, |image| match failure {
        Some(failure) => {
            image["State"] = json!("failed");
            image["StateReason"] = json!({ "Code": failure.code, "Message": failure.message });
        }
        None => image["State"] = json!("available"),
    });
    for snapshot in body["snapshots"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        snapshots::complete(world, region, snapshot, failure);
    }
}

pub(super) fn copy(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let source = call.needs("SourceRegion")?.to_owned();
    if !offers::is_region(&source) {
        return Err(Refused::bad("InvalidParameterValue", format!("Invalid source region '{source}'")));
    }
    let seconds = copy_seconds(call.number("SnapshotCopyCompletionDurationMinutes")?)?;
    let ids = call.once(world, |world| {
        world.rest.faults.reach_region(super::super::types::NAME, &source).map_err(|failure| Refused::of(&failure))?;
        let image = usable(world, &source, call.text("SourceImageId"))?;
        let name = name(world, call)?;
        snapshots::room_for_copy(world, call.region)?;
        let id = give(world, IMAGE.prefix);
        let encrypted = call.flag("Encrypted");
        let mut disks = image["BlockDeviceMappings"].clone();
        for disk in disks.as_array_mut().into_iter().flatten().filter(|disk| disk["Ebs"].is_object()) {
            let encrypted = encrypted || disk["Ebs"]["Encrypted"] == true;
            let of = json!({
                "VolumeSize": disk["Ebs"]["VolumeSize"],
                "Description": format!("Copied for DestinationAmi {id} from SourceAmi {}", text(&image, "ImageId")),
                "Encrypted": encrypted,
                "KmsKeyId": call.form.get("KmsKeyId"),
            });
            let snapshot = snapshots::insert(world, call.region, of, json!([]));
            disk["Ebs"]["SnapshotId"] = json!(snapshot);
            disk["Ebs"]["Encrypted"] = json!(encrypted);
        }
        // Tags of the source are copied only on request.
        let tags = match call.flag("CopyImageTags") {
            true => image["Tags"].clone(),
            false => call.tags("image")?,
        };
        let body = json!({
            "ImageId": id,
            "Name": name,
            "Description": call.text("Description"),
            "SourceImageId": image["ImageId"],
            "SourceImageRegion": source,
            "State": "pending",
            "CreationDate": time(world),
            "Architecture": image["Architecture"],
            "RootDeviceName": image["RootDeviceName"],
            "BlockDeviceMappings": disks,
            "Encrypted": encrypted,
            "Tags": tags,
        });
        insert(world, call.region, body, seconds.unwrap_or(COPIED), call.fails.clone());
        Ok(vec![id])
    })?;
    Ok(std::iter::once(("imageId".to_owned(), json!(ids.first()))).collect())
}

pub(super) fn create(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    let instance = call.needs("InstanceId")?;
    let machine = Place::new(&INSTANCE, call.region).get(world, instance)?.body.to_json();
    if !matches!(state(&machine), "running" | "stopped") {
        let why = format!("Instance '{instance}' is not in a valid state: {}", state(&machine));
        return Err(Refused::bad("IncorrectState", why));
    }
    let name = name(world, call)?;
    let (tags, snapshot_tags) = (call.tags("image")?, call.tags("snapshot")?);
    let id = give(world, IMAGE.prefix);
    let volumes: Vec<Json> =
        Place::new(&VOLUME, call.region).all(world).into_iter().map(|object| object.body.to_json()).collect();
    let mut disks = Vec::new();
    for volume in volumes {
        let own =
            volume["Attachments"].as_array().and_then(|all| all.iter().find(|one| text(one, "InstanceId") == instance));
        let Some(own) = own else { continue };
        let of = json!({
            "VolumeId": volume["VolumeId"],
            "VolumeSize": volume["Size"],
            "Description": format!("Created by CreateImage({instance}) for {id}"),
            "Encrypted": volume["Encrypted"],
            "KmsKeyId": volume["KmsKeyId"],
        });
        let snapshot = snapshots::insert(world, call.region, of, snapshot_tags.clone());
        disks.push(json!({
            "DeviceName": own["Device"],
            "Ebs": {
                "SnapshotId": snapshot, "VolumeSize": volume["Size"], "VolumeType": volume["VolumeType"],
                "Encrypted": volume["Encrypted"], "DeleteOnTermination": own["DeleteOnTermination"],
            },
        }));
    }
    let body = json!({
        "ImageId": id,
        "Name": name,
        "Description": call.text("Description"),
        "SourceInstanceId": instance,
        "State": "pending",
        "CreationDate": time(world),
        "Architecture": machine["Architecture"],
        "RootDeviceName": machine["RootDeviceName"],
        "BlockDeviceMappings": disks,
        "Tags": tags,
    });
    insert(world, call.region, body, CREATED, call.fails.clone());
    Ok(std::iter::once(("imageId".to_owned(), json!(id))).collect())
}

/// Snapshots of an image stay, unless the call wants them deleted.
pub(super) fn deregister(world: &mut World, call: &Call<'_>) -> Result<Map<String, Json>, Refused> {
    call.at_once()?;
    let id = call.needs("ImageId")?;
    let place = Place::new(&IMAGE, call.region);
    let image = match place.find(world, id) {
        Some(object) => object.body.to_json(),
        None => {
            find(world, call.region, id)?;
            let why = format!("You do not have permission to access the image: {id}");
            return Err(Refused::new(403, "AuthFailure", why));
        }
    };
    place.remove(world, id);
    if call.flag("DeleteAssociatedSnapshots") {
        for disk in image["BlockDeviceMappings"].as_array().into_iter().flatten() {
            Place::new(&SNAPSHOT, call.region).remove(world, text(&disk["Ebs"], "SnapshotId"));
        }
    }
    Ok(std::iter::once(("return".to_owned(), json!(true))).collect())
}
