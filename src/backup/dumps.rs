//! Dumps in a repository, each with a manifest that is written last: a dump without one is not complete.
//!
//! Reads the manifests, one JSON document after the other, and with them a listing of the repository (`rclone lsjson
//! -R`): then each part has to be in it, with its size.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::point::{Level, Part, PointBytes, PointKind, RecoveryPoint};
use super::tool::{
    Catalogue, Points, RestoreForm, RestoreRequest, RestoreStep, Selection, Tool, ToolWord, Verdict, documents, ended,
    first_line, strange,
};

const TITLE: &str = "the list of dumps";

pub(super) static TOOL: Tool = Tool {
    name: "dumps",
    title: "dumps",
    words: &[ToolWord { name: "tag", required: false }],
    chained: false,
    form: RestoreForm::Files,
    whole: PointKind::Dump,
    prints: "the manifests of the dumps, then `rclone lsjson -R` of the repository",
    catalogue,
    verdict,
    restore_plan,
};

/// The version of the manifest.
const FORMAT: u64 = 1;

#[derive(Deserialize)]
struct Manifest {
    format: u64,
    id: String,
    /// The start of the dump's transaction.
    taken_at: Timestamp,
    #[serde(default)]
    finished_at: Option<Timestamp>,
    #[serde(default)]
    tag: Option<String>,
    files: Vec<File>,
    #[serde(default)]
    restored_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct File {
    key: String,
    bytes: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Path")]
    path: String,
    #[serde(rename = "Size", default)]
    size: i64,
}

fn catalogue(selection: &Selection<'_>, stdout: &str) -> Result<Catalogue, String> {
    let mut manifests: Vec<Manifest> = Vec::new();
    let mut listing: Option<HashMap<String, i64>> = None;
    for document in documents(TITLE, stdout)? {
        match document {
            Json::Array(_) => {
                let files: Vec<Listed> = serde_json::from_value(document).map_err(|error| strange(TITLE, &error))?;
                listing.get_or_insert_default().extend(files.into_iter().map(|file| (file.path, file.size)));
            }
            other => manifests.push(serde_json::from_value(other).map_err(|error| strange(TITLE, &error))?),
        }
    }
    let is_wanted = |manifest: &Manifest| selection.tag.is_none_or(|tag| manifest.tag.as_deref() == Some(tag));
    let points = manifests.into_iter().filter(is_wanted).map(|manifest| point(manifest, listing.as_ref()));
    Ok(Catalogue { points: points.collect::<Result<_, _>>()?, log: None })
}

fn point(manifest: Manifest, listing: Option<&HashMap<String, i64>>) -> Result<RecoveryPoint, String> {
    if manifest.format != FORMAT {
        return Err(format!("the manifest `{}` has the unknown format {}", first_line(&manifest.id), manifest.format));
    }
    let is_digest = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_there = |file: &File| {
        listing.is_none_or(|listing| listing.get(&file.key).is_some_and(|size| u64::try_from(*size) == Ok(file.bytes)))
    };
    let is_complete =
        !manifest.files.is_empty() && manifest.files.iter().all(|file| is_digest(&file.sha256) && is_there(file));
    let stored = manifest.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
    let parts = manifest.files.into_iter().map(|file| Part { key: file.key, bytes: file.bytes, sha256: file.sha256 });
    Ok(RecoveryPoint {
        finished: manifest.finished_at,
        bytes: PointBytes { repository: Some(stored), restored: manifest.restored_bytes },
        level: if is_complete { Level::Complete } else { Level::Listed },
        parts: parts.collect(),
        ..RecoveryPoint::new(manifest.id, PointKind::Dump, manifest.taken_at)
    })
}

/// Judges `rclone check` or `sha256sum --check`: every line names a file.
fn verdict(stdout: &str, code: Option<i32>) -> Verdict {
    let is_damage = |line: &&str| line.ends_with(": FAILED") || line.contains("differ");
    match stdout.lines().find(is_damage) {
        Some(line) => Verdict::damaged(Points::All, first_line(line)),
        None => match code {
            Some(0) if stdout.lines().any(|line| line.ends_with(": OK")) => {
                Verdict::Judged { sound: Points::All, damaged: Points::These(Vec::new()), why: None }
            }
            Some(0) => Verdict::Undecided("no checksum was compared".to_owned()),
            code => ended("the comparison of checksums", code, stdout),
        },
    }
}

fn restore_plan(request: &RestoreRequest<'_>) -> Vec<RestoreStep> {
    let fetch =
        |part: &Part| RestoreStep::Fetch { key: part.key.clone(), bytes: part.bytes, sha256: part.sha256.clone() };
    request.point.parts.iter().map(fetch).collect()
}
