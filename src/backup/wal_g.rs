//! WAL-G: full and delta backups of PostgreSQL, full ones of MySQL, and their logs.
//!
//! Reads `wal-g backup-list --detail --json`, and after it a listing of the folder of the log (`rclone lsjson`). The
//! name of a delta ends with the segment at which the backup before it began.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::log::LogArchive;
use super::point::{PointBytes, PointKind, RecoveryPoint};
use super::tool::{
    Catalogue, RestoreForm, RestoreRequest, RestoreStep, Selection, Tool, ToolWord, Verdict, documents, ended, strange,
};

const TITLE: &str = "WAL-G";

pub(super) static TOOL: Tool = Tool {
    name: "wal_g",
    title: TITLE,
    words: &[ToolWord { name: "increments", required: false }, ToolWord { name: "log", required: false }],
    chained: true,
    form: RestoreForm::Files,
    whole: PointKind::Full,
    prints: "`wal-g backup-list --detail --json`, then `rclone lsjson` of the folder of the log",
    catalogue,
    verdict,
    restore_plan,
};

#[derive(Deserialize)]
struct Backup {
    backup_name: String,
    /// Without `--detail`: the time of the object in the repository.
    #[serde(default)]
    time: Option<Timestamp>,
    #[serde(default)]
    finish_time: Option<Timestamp>,
    /// Of MySQL.
    #[serde(default)]
    stop_local_time: Option<Timestamp>,
    #[serde(default)]
    modify_time: Option<Timestamp>,
    #[serde(default)]
    wal_file_name: Option<String>,
    #[serde(default)]
    uncompressed_size: Option<u64>,
    #[serde(default)]
    compressed_size: Option<u64>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Path")]
    path: String,
    #[serde(rename = "Size", default)]
    size: i64,
    #[serde(rename = "ModTime")]
    time: Timestamp,
}

/// Between the own segment and that of the backup before, in the name of a delta.
const DELTA: &str = "_D_";
const PREFIX: &str = "base_";

fn catalogue(_: &Selection<'_>, stdout: &str) -> Result<Catalogue, String> {
    let mut backups: Vec<Backup> = Vec::new();
    let mut log = None;
    for document in documents(TITLE, stdout)? {
        let is_listing = document.get(0).is_some_and(|first| first.get("Path").is_some());
        if is_listing {
            let files: Vec<Listed> = serde_json::from_value(document).map_err(|error| strange(TITLE, &error))?;
            let files = files.iter().map(|file| (file.path.as_str(), file.time, u64::try_from(file.size).unwrap_or(0)));
            log = LogArchive::of_files(files).or(log);
        } else if document.is_array() {
            let more: Vec<Backup> = serde_json::from_value(document).map_err(|error| strange(TITLE, &error))?;
            backups.extend(more);
        } else {
            return Err(format!("{TITLE} printed no list of backups"));
        }
    }
    let names: Vec<String> = backups.iter().map(|backup| backup.backup_name.clone()).collect();
    let points = backups.into_iter().map(|backup| point(backup, &names)).collect::<Result<_, _>>()?;
    Ok(Catalogue { points, log })
}

/// Data are restored to the end of the backup at the earliest.
fn point(backup: Backup, names: &[String]) -> Result<RecoveryPoint, String> {
    let end = backup.finish_time.or(backup.stop_local_time);
    let at = end.or(backup.time).or(backup.modify_time);
    let at = at.ok_or_else(|| format!("{TITLE} reports no time of `{}`", backup.backup_name))?;
    let before = backup.backup_name.split_once(DELTA).map(|(_, segment)| format!("{PREFIX}{segment}"));
    let needs = before.map(|before| {
        let is_before = |name: &&String| {
            name.strip_prefix(before.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(DELTA))
        };
        names.iter().find(is_before).cloned().unwrap_or(before)
    });
    let own_segment = backup.backup_name.strip_prefix(PREFIX).and_then(|rest| rest.get(..24)).map(str::to_owned);
    Ok(RecoveryPoint {
        finished: end,
        bytes: PointBytes { repository: backup.compressed_size, restored: backup.uncompressed_size },
        log_from: own_segment.or(backup.wal_file_name),
        needs: needs.iter().cloned().collect(),
        ..RecoveryPoint::new(
            backup.backup_name,
            if needs.is_some() { PointKind::Incremental } else { PointKind::Full },
            at,
        )
    })
}

/// Judges `wal-verify integrity --json` and `wal-show --detailed-json`: they prove the log, not the backups.
fn verdict(stdout: &str, code: Option<i32>) -> Verdict {
    let Ok(all) = documents(TITLE, stdout) else { return ended(TITLE, code, stdout) };
    let status = |one: &Json| one.get("status").and_then(Json::as_str).map(str::to_owned);
    let integrity = all.iter().find_map(|one| status(one.get("integrity")?));
    let timelines = all.iter().filter_map(Json::as_array).flatten().filter_map(status);
    let lost = timelines.into_iter().any(|status| status == "LOST_SEGMENTS");
    match integrity.as_deref() {
        Some("FAILURE") => Verdict::Undecided("segments of the log are lost".to_owned()),
        _ if lost => Verdict::Undecided("segments of the log are lost".to_owned()),
        Some(_) => Verdict::Undecided("the log is complete; the backups themselves were not read".to_owned()),
        None => ended(TITLE, code, stdout),
    }
}

fn restore_plan(request: &RestoreRequest<'_>) -> Vec<RestoreStep> {
    let arguments = ["backup-fetch", request.target, request.point.id.as_str()].map(str::to_owned).to_vec();
    vec![RestoreStep::Run { program: "wal-g", arguments }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::Points;

    #[test]
    fn lost_segments_are_no_proof() {
        let lost = r#"[{"id": 1, "status": "LOST_SEGMENTS"}]"#;
        assert_eq!(verdict(lost, Some(0)), Verdict::Undecided("segments of the log are lost".to_owned()));
        let Verdict::Undecided(why) = verdict(r#"{"integrity": {"status": "OK"}}"#, Some(0)) else { panic!("judged") };
        assert!(why.contains("were not read"), "{why}");
        let none = Points::These(Vec::new());
        assert_ne!(verdict("", Some(0)), Verdict::Judged { sound: Points::All, damaged: none, why: None });
    }
}
