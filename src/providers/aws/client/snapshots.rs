//! Reads for the recovery of a volume: if AWS finds it sound, and its snapshots.

use serde_json::{Value as Json, json};

use super::described::{Described, tag};
use super::error::CallError;
use super::handle::Aws;
use super::names::{Named, Of};
use super::tags;
use super::xml::{list, text};
use crate::object::Object;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

impl Aws {
    /// A volume with the result of AWS's own checks; `None` where it does not exist.
    pub(super) async fn checked_volume(&self, object: &Object) -> Result<Option<Json>, CloudError> {
        let named = Named::of(&object.id)?;
        let Some(found) = self.look(&named).await? else { return Ok(None) };
        let volume = json!({ "VolumeId": [found.id] });
        let answer = self.ec2(self.region_of(&named.region), "DescribeVolumeStatus", &volume).await;
        let answer = answer.map_err(CallError::of_read)?;
        let first = list(&answer, "volumeStatusSet").into_iter().next();
        let status = first.and_then(|one| one.pointer("/volumeStatus/status")).cloned().unwrap_or_default();
        let mut body = self.seen(named.of, &named.region, found).await?.body;
        body["VolumeStatus"] = status;
        Ok(Some(body))
    }

    /// The snapshots of a volume, in the form of AWS's command line. A volume that was made of a snapshot has those of
    /// the volume that it replaced as well. `tag` asks for every snapshot of the account in the region, also those of a
    /// volume that is gone.
    pub(super) async fn snapshots_of(&self, object: &Object, query: &[(&str, &str)]) -> Result<Json, CloudError> {
        let named = Named::of(&object.id)?;
        let region = self.region_of(&named.region);
        let given = |name: &str| query.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        if given("tag").is_some() {
            let all = match Described::of(Of::Snapshot) {
                Some(by) => self.of_name(by, region, None).await?,
                None => Vec::new(),
            };
            return Ok(listed(region, &all));
        }
        let Some(found) = self.look(&named).await? else {
            let why = format!("`{}` does not exist, and its snapshots are found by it or by a tag", object.id);
            return Err(refused(Reason::Absent, "Absent", why));
        };
        let mut all = self.of_filter(Of::Snapshot, region, "volume-id", &found.id).await?;
        let source = found.body.get("SnapshotId").and_then(Json::as_str);
        if let (Some(source), Some(by)) = (source, Described::of(Of::Snapshot)) {
            let source = self.of_id(by, region, source).await?;
            let replaced = source.as_ref().and_then(|source| text(source, "volumeId")).filter(|id| *id != found.id);
            if let Some(replaced) = replaced {
                all.extend(self.of_filter(Of::Snapshot, region, "volume-id", replaced).await?);
            }
        }
        Ok(listed(region, &all))
    }
}

/// Snapshots in the form of AWS's command line. Those of a stack have the id that the port has for them, by which alone
/// a volume may be made of them.
fn listed(region: &str, all: &[Json]) -> Json {
    let tags_of = |item: &Json| -> Vec<Json> {
        let all = list(item, "tagSet").into_iter();
        all.map(|tag| json!({ "Key": text(tag, "key"), "Value": text(tag, "value").unwrap_or_default() })).collect()
    };
    let id = |item: &Json| match tag(item, tags::NAME).filter(|name| !name.is_empty() && tags::is_marked(item)) {
        Some(name) => Some(Of::Snapshot.id(region, name).to_string()),
        None => text(item, "snapshotId").map(str::to_owned),
    };
    let one = |item: &Json| {
        let mut shown = json!({
            "SnapshotId": id(item),
            "StartTime": text(item, "startTime"),
            "State": text(item, "status"),
            "VolumeSize": text(item, "volumeSize").and_then(|size| size.parse::<u64>().ok()),
            "Tags": tags_of(item),
        });
        if let Some(completed) = text(item, "completionTime") {
            shown["CompletionTime"] = Json::from(completed);
        }
        shown
    };
    json!({ "Snapshots": all.iter().map(one).collect::<Vec<_>>() })
}
