//! Snapshots of volumes, which a provider keeps and of which it makes volumes.
//!
//! Reads a provider's list: `{"Snapshots": [{"SnapshotId", "StartTime", "State", "VolumeSize"}]}`, with sizes in GiB. A
//! snapshot has the data of its start, and is usable once it is completed.

use jiff::Timestamp;
use serde::Deserialize;

use super::point::{Level, PointBytes, PointKind, RecoveryPoint};
use super::tool::{
    Catalogue, RestoreForm, RestoreRequest, RestoreStep, Selection, Tool, ToolWord, Verdict, documents, ended, strange,
};

const TITLE: &str = "the list of snapshots";

pub(super) static TOOL: Tool = Tool {
    name: "snapshots",
    title: "snapshots",
    words: &[ToolWord { name: "tag", required: false }],
    chained: false,
    form: RestoreForm::Volume,
    whole: PointKind::Snapshot,
    prints: "the provider's list of snapshots as JSON",
    catalogue,
    verdict,
    restore_plan,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    snapshots: Vec<Snapshot>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Snapshot {
    snapshot_id: String,
    start_time: Timestamp,
    state: String,
    #[serde(default)]
    completion_time: Option<Timestamp>,
    #[serde(default)]
    volume_size: Option<u64>,
    #[serde(default)]
    full_snapshot_size_in_bytes: Option<u64>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    value: String,
}

const GIB: u64 = 1 << 30;

fn catalogue(selection: &Selection<'_>, stdout: &str) -> Result<Catalogue, String> {
    let mut points = Vec::new();
    for document in documents(TITLE, stdout)? {
        let list: List = serde_json::from_value(document).map_err(|error| strange(TITLE, &error))?;
        let has = |snapshot: &Snapshot, tag: &str| snapshot.tags.iter().any(|own| own.value == tag);
        let wanted = list.snapshots.into_iter().filter(|one| selection.tag.is_none_or(|tag| has(one, tag)));
        points.extend(wanted.filter(|one| one.state != "error").map(point));
    }
    Ok(Catalogue { points, log: None })
}

fn point(snapshot: Snapshot) -> RecoveryPoint {
    let is_complete = snapshot.state == "completed";
    RecoveryPoint {
        finished: snapshot.completion_time,
        bytes: PointBytes {
            repository: snapshot.full_snapshot_size_in_bytes,
            restored: snapshot.volume_size.map(|gib| gib.saturating_mul(GIB)),
        },
        level: if is_complete { Level::Complete } else { Level::Listed },
        ..RecoveryPoint::new(snapshot.snapshot_id, PointKind::Snapshot, snapshot.start_time)
    }
}

/// No program reads a snapshot: only a volume made of it proves one.
fn verdict(stdout: &str, code: Option<i32>) -> Verdict {
    match code {
        Some(0) => Verdict::Undecided("a snapshot is proven by a volume that is made of it".to_owned()),
        code => ended(TITLE, code, stdout),
    }
}

fn restore_plan(request: &RestoreRequest<'_>) -> Vec<RestoreStep> {
    vec![RestoreStep::Volume { snapshot: request.point.id.clone() }]
}
