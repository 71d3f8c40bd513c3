//! restic: snapshots of files in any store, 0.14 and the newer dialect.
//!
//! Reads `restic snapshots --json`, and after it the output of `restic stats --json` for the newest snapshot. A flipped
//! byte in a pack of data passes `restic check`, unless it reads the data as well (recorded with 0.14).

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::point::{PointBytes, PointKind, RecoveryPoint};
use super::tool::{
    Catalogue, Points, RestoreForm, RestoreRequest, RestoreStep, Selection, Tool, ToolWord, Verdict, documents, ended,
    first_line, strange,
};

const TITLE: &str = "restic";

pub(super) static TOOL: Tool = Tool {
    name: "restic",
    title: TITLE,
    words: &[ToolWord { name: "tag", required: false }],
    chained: true,
    form: RestoreForm::Files,
    whole: PointKind::Snapshot,
    prints: "`restic snapshots --json --no-lock`, then `restic stats --json latest`",
    catalogue,
    verdict,
    restore_plan,
};

#[derive(Deserialize)]
struct Snapshot {
    time: Timestamp,
    id: String,
    #[serde(default)]
    tags: Option<Vec<String>>,
    /// Since 0.17, and only of snapshots that such a version wrote.
    #[serde(default)]
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(default)]
    backup_end: Option<Timestamp>,
    #[serde(default)]
    total_bytes_processed: Option<u64>,
}

/// Sizes from `restic stats`.
#[derive(Deserialize)]
struct Stats {
    total_size: u64,
    /// In the mode that counts the bytes of the repository.
    #[serde(default)]
    total_blob_count: u64,
}

fn catalogue(selection: &Selection<'_>, stdout: &str) -> Result<Catalogue, String> {
    let mut points: Vec<RecoveryPoint> = Vec::new();
    let mut sizes = PointBytes::default();
    for document in documents(TITLE, stdout)? {
        match document {
            Json::Array(entries) => {
                for entry in entries {
                    points.extend(snapshots(selection, entry)?);
                }
            }
            Json::Object(ref map) if map.contains_key("total_size") => {
                let stats: Stats = serde_json::from_value(document).map_err(|error| strange(TITLE, &error))?;
                match stats.total_blob_count {
                    0 => sizes.restored = Some(stats.total_size),
                    _ => sizes.repository = Some(stats.total_size),
                }
            }
            other => {
                let said = other.get("message").and_then(Json::as_str).map(first_line);
                return Err(said.map_or_else(
                    || format!("{TITLE} printed no list of snapshots"),
                    |said| format!("{TITLE} reports: {said}"),
                ));
            }
        }
    }
    if let Some(newest) = points.iter_mut().max_by_key(|point| point.at) {
        newest.bytes.restored = newest.bytes.restored.or(sizes.restored);
        newest.bytes.repository = newest.bytes.repository.or(sizes.repository);
    }
    Ok(Catalogue { points, log: None })
}

/// The points of an entry: a snapshot, or a group of them.
fn snapshots(selection: &Selection<'_>, mut entry: Json) -> Result<Vec<RecoveryPoint>, String> {
    let group = entry.get_mut("snapshots").map(Json::take);
    let list = match group {
        Some(Json::Array(list)) => list,
        Some(_) => Vec::new(),
        None => vec![entry],
    };
    let mut points = Vec::new();
    for one in list {
        let snapshot: Snapshot = serde_json::from_value(one).map_err(|error| strange(TITLE, &error))?;
        let has = |tag: &str| snapshot.tags.iter().flatten().any(|own| own == tag);
        if selection.tag.is_none_or(has) {
            points.push(point(snapshot));
        }
    }
    Ok(points)
}

/// A snapshot is written last, so that one that is listed is complete.
fn point(snapshot: Snapshot) -> RecoveryPoint {
    let (finished, restored) = match snapshot.summary {
        Some(summary) => (summary.backup_end, summary.total_bytes_processed),
        None => (None, None),
    };
    RecoveryPoint {
        finished,
        bytes: PointBytes { repository: None, restored },
        ..RecoveryPoint::new(snapshot.id, PointKind::Snapshot, snapshot.time)
    }
}

/// Words of a damaged repository, in the output of `check` and `restore`.
const DAMAGE: &[&str] = &[
    "Pack ID does not match",
    "ciphertext verification failed",
    "repository contains errors",
    "ignoring error for",
    "Fatal: There were ",
];

fn verdict(stdout: &str, code: Option<i32>) -> Verdict {
    let damage = stdout.lines().find(|line| DAMAGE.iter().any(|words| line.contains(words)));
    // Snapshots share packs: the output does not say which of them a damaged pack belongs to.
    if let Some(line) = damage {
        return Verdict::damaged(Points::All, first_line(line));
    }
    let summary = stdout.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let mut summary = summary.filter(|one| one.get("message_type").and_then(Json::as_str) == Some("summary"));
    let errors = summary.find_map(|one| one.get("num_errors").and_then(Json::as_u64));
    if errors.is_some_and(|errors| errors > 0) {
        let errors = errors.unwrap_or_default();
        return Verdict::damaged(Points::All, format!("{errors} errors in the repository"));
    }
    match code {
        Some(0) if stdout.lines().any(|line| line.trim() == "read all data") => {
            Verdict::Judged { sound: Points::All, damaged: Points::These(Vec::new()), why: None }
        }
        Some(0) => Verdict::Undecided("the data were not read: run `restic check --read-data`".to_owned()),
        code => ended(TITLE, code, stdout),
    }
}

fn restore_plan(request: &RestoreRequest<'_>) -> Vec<RestoreStep> {
    let arguments = ["restore", request.point.id.as_str(), "--target", request.target, "--verify"];
    vec![RestoreStep::Run { program: "restic", arguments: arguments.map(str::to_owned).to_vec() }]
}
