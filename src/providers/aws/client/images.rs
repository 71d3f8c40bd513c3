//! Images and snapshots: made of machines and volumes, or copied from another region.

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use super::cfn::{copy, picked};
use super::described::tag;
use super::endpoint::{Encoding, Service};
use super::error::CallError;
use super::form;
use super::found::Found;
use super::handle::Aws;
use super::step::Step;
use super::tags;
use super::transport::Call;
use super::xml::{list, text};

/// The volume of a snapshot that is a copy (source: AWS's reference of CopySnapshot).
const NO_VOLUME: &str = "vol-ffffffff";
/// Seconds for which the source region may read the address of a copy.
const PRESIGNED: u32 = 3600;

/// An image as EC2 describes it.
pub(super) fn image(item: &Json) -> Found {
    let mut body = Map::new();
    let names = [
        ("ImageId", "imageId"),
        ("Name", "name"),
        ("Description", "description"),
        ("SourceImageId", "sourceImageId"),
        ("SourceRegion", "sourceImageRegion"),
        ("InstanceId", "sourceInstanceId"),
        ("CreationDate", "creationDate"),
        ("DeprecationTime", "deprecationTime"),
        ("State", "imageState"),
    ];
    copy(item, &names, &mut body);
    // A name of digits is a text all the same.
    if let Some(name) = text(item, "name") {
        body.insert("Name".to_owned(), Json::from(name));
    }
    let volumes: Vec<&Json> =
        list(item, "blockDeviceMapping").into_iter().filter_map(|device| device.get("ebs")).collect();
    if let Some(encrypted) = volumes.iter().find_map(|volume| text(volume, "encrypted")) {
        body.insert("Encrypted".to_owned(), Json::from(encrypted == "true"));
    }
    sourced(item, &mut body, |id| if id.starts_with("i-") { "InstanceId" } else { "SourceImageId" });
    body.insert("Tags".to_owned(), tags::of_item(item));
    let hidden = volumes.iter().filter_map(|volume| text(volume, "snapshotId")).map(Json::from).collect();
    Found { id: text(item, "imageId").unwrap_or_default().to_owned(), body: Json::Object(body), hidden }
}

/// A snapshot as EC2 describes it.
pub(super) fn snapshot(item: &Json) -> Found {
    let mut body = Map::new();
    let names = [
        ("SnapshotId", "snapshotId"),
        ("VolumeId", "volumeId"),
        ("Description", "description"),
        ("Encrypted", "encrypted"),
        ("KmsKeyId", "kmsKeyId"),
        ("VolumeSize", "volumeSize"),
        ("StartTime", "startTime"),
        ("Progress", "progress"),
        ("CompletionDurationMinutes", "completionDurationMinutes"),
        ("State", "status"),
    ];
    copy(item, &names, &mut body);
    if text(item, "volumeId") == Some(NO_VOLUME) {
        body.remove("VolumeId");
    }
    sourced(item, &mut body, |_| "SourceSnapshotId");
    body.insert("Tags".to_owned(), tags::of_item(item));
    Found::new(text(item, "snapshotId").unwrap_or_default(), Json::Object(body))
}

/// Adds the source to the properties of a copy, of which AWS forgets it, from the tag that keeps it.
fn sourced(item: &Json, body: &mut Map<String, Json>, property: impl Fn(&str) -> &'static str) {
    let Some((region, id)) = tag(item, tags::SOURCE).and_then(|source| source.split_once('/')) else { return };
    body.insert(property(id).to_owned(), Json::from(id));
    if !id.starts_with("i-") {
        body.insert("SourceRegion".to_owned(), Json::from(region));
    }
}

/// The tags of a new object, with its source.
fn tagged(kind: &str, wanted: &Json, source: &str, region: &str) -> Json {
    let mut wanted = wanted.clone();
    let tag = wanted
        .get(source)
        .and_then(Json::as_str)
        .map(|id| json!({ "Key": tags::SOURCE, "Value": format!("{region}/{id}") }));
    if let (Some(tag), Some(all)) = (tag, wanted.get_mut("Tags").and_then(Json::as_array_mut)) {
        all.push(tag);
    }
    tags::specification(kind, &wanted)
}

/// The next step of an image; `None` where nothing is left.
pub(super) fn next(found: &Found, wanted: &Json) -> Option<Step> {
    let text = |body: &'_ Json, name: &str| body.get(name).and_then(Json::as_str).map(str::to_owned);
    let form = |name: &str, value: Json| json!({ "ImageId": found.id, (name): value });
    let description = text(wanted, "Description").filter(|new| Some(new) != text(&found.body, "Description").as_ref());
    if let Some(description) = description {
        return Some(Step::Ec2("ModifyImageAttribute", form("Description", json!({ "Value": description }))));
    }
    // AWS rounds the time to minutes.
    let minute = |time: Option<String>| time.map(|time| time.chars().take(16).collect::<String>());
    match (minute(text(&found.body, "DeprecationTime")), text(wanted, "DeprecationTime")) {
        (Some(_), None) => Some(Step::Ec2("DisableImageDeprecation", json!({ "ImageId": found.id }))),
        (now, Some(new)) if now != minute(Some(new.clone())) => {
            Some(Step::Ec2("EnableImageDeprecation", form("DeprecateAt", Json::from(new))))
        }
        _ => None,
    }
}

/// The action that creates an image, with its parameters.
pub(super) fn image_created(region: &str, name: &str, wanted: &Json, token: &str) -> (&'static str, Json) {
    if wanted.get("SourceImageId").is_some() {
        let names = ["SourceImageId", "Description", "Encrypted", "KmsKeyId", "SnapshotCopyCompletionDurationMinutes"];
        let source = wanted.get("SourceRegion").and_then(Json::as_str).unwrap_or(region);
        let mut form = picked(wanted, &names);
        form["Name"] = Json::from(name);
        form["SourceRegion"] = Json::from(source);
        form["ClientToken"] = Json::from(token);
        form["TagSpecification"] = tagged("image", wanted, "SourceImageId", source);
        return ("CopyImage", form);
    }
    let mut form = picked(wanted, &["Description", "NoReboot"]);
    form["Name"] = Json::from(name);
    form["InstanceId"] = wanted.get("InstanceId").cloned().unwrap_or_default();
    form["TagSpecification"] = tagged("image", wanted, "InstanceId", region);
    ("CreateImage", form)
}

impl Aws {
    /// The action that creates a snapshot, with its parameters. A copy has an address by which the other region checks
    /// that the caller may read the source.
    pub(super) async fn snapshot_created(
        &self,
        region: &str,
        wanted: &Json,
    ) -> Result<(&'static str, Json), CallError> {
        if wanted.get("SourceSnapshotId").is_none() {
            let mut form = picked(wanted, &["VolumeId", "Description"]);
            form["TagSpecification"] = tags::specification("snapshot", wanted);
            return Ok(("CreateSnapshot", form));
        }
        let names =
            ["SourceSnapshotId", "SourceRegion", "Description", "Encrypted", "KmsKeyId", "CompletionDurationMinutes"];
        let mut form = picked(wanted, &names);
        let source = wanted.get("SourceRegion").and_then(Json::as_str).unwrap_or(region).to_owned();
        form["SourceRegion"] = Json::from(source.as_str());
        form["DestinationRegion"] = Json::from(region);
        if source != region {
            let Encoding::Query(version) = Service::Ec2.encoding() else {
                return Err(CallError::NotSent("EC2 takes no forms".to_owned()));
            };
            let call = Call {
                service: Service::Ec2,
                region: &source,
                operation: "CopySnapshot",
                method: Method::GET,
                path: "/".to_owned(),
                query: form::pairs("CopySnapshot", version, &form),
                headers: Vec::new(),
                body: Bytes::new(),
                repeats: false,
            };
            let url = self.transport.presigned(&call, (PRESIGNED, None)).await?;
            form["PresignedUrl"] = Json::from(url.as_str());
        }
        form["TagSpecification"] = tagged("snapshot", wanted, "SourceSnapshotId", &source);
        Ok(("CopySnapshot", form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_is_copied_or_made_of_a_machine() {
        let wanted = json!({ "SourceImageId": "ami-1", "SourceRegion": "eu-west-1", "Encrypted": true,
            "Tags": [{ "Key": "a", "Value": "b" }] });
        let (action, form) = image_created("us-east-1", "web", &wanted, "t");
        assert_eq!(
            (action, &form["SourceRegion"], &form["ClientToken"]),
            ("CopyImage", &json!("eu-west-1"), &json!("t"))
        );
        assert_eq!(form["TagSpecification"][0]["Tag"][0]["Key"], "a");
        let (action, form) = image_created("us-east-1", "web", &json!({ "InstanceId": "i-1", "NoReboot": true }), "t");
        assert_eq!((action, &form["InstanceId"], &form["NoReboot"]), ("CreateImage", &json!("i-1"), &json!(true)));
    }
}
