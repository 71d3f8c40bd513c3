//! pgBackRest: full, differential and incremental backups of PostgreSQL, and its log.
//!
//! Reads `pgbackrest info --output=json`, and after it `pgbackrest repo-ls --output=json` of the newest folder of the
//! archive. Its exit codes say nothing: `info` ends with 0 without a stanza, and `verify` with 0 when it finds damage
//! (recorded with 2.45).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use super::log::LogArchive;
use super::point::{Level, PointBytes, PointKind, RecoveryPoint};
use super::tool::{
    Catalogue, Points, RestoreForm, RestoreRequest, RestoreStep, Selection, Tool, ToolWord, Verdict, documents, ended,
    first_line, strange,
};

const TITLE: &str = "pgBackRest";

pub(super) static TOOL: Tool = Tool {
    name: "pgbackrest",
    title: TITLE,
    words: &[
        ToolWord { name: "stanza", required: true },
        ToolWord { name: "increments", required: false },
        ToolWord { name: "log", required: false },
    ],
    chained: true,
    form: RestoreForm::Files,
    whole: PointKind::Full,
    prints: "`pgbackrest info --output=json`, then `pgbackrest repo-ls --output=json` of the archive's newest folder",
    catalogue,
    verdict,
    restore_plan,
};

#[derive(Deserialize)]
struct Stanza {
    name: String,
    status: Status,
    #[serde(default)]
    backup: Vec<Backup>,
    #[serde(default)]
    repo: Vec<Repo>,
}

#[derive(Deserialize)]
struct Status {
    code: i64,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Repo {
    status: Status,
}

#[derive(Deserialize)]
struct Backup {
    label: String,
    #[serde(rename = "type")]
    kind: String,
    timestamp: Interval<i64>,
    #[serde(default)]
    reference: Option<Vec<String>>,
    #[serde(default)]
    archive: Option<Interval<Option<String>>>,
    #[serde(default)]
    info: Option<Info>,
    /// Page checksum errors.
    #[serde(default)]
    error: Option<bool>,
}

#[derive(Deserialize)]
struct Interval<T> {
    start: T,
    stop: T,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    repository: Option<RepositorySize>,
}

#[derive(Deserialize)]
struct RepositorySize {
    /// Absent in repositories with bundles.
    #[serde(default)]
    size: Option<u64>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    size: u64,
    #[serde(default)]
    time: Option<i64>,
}

/// The status of a repository without a backup.
const NO_BACKUP: i64 = 2;
/// The status of several repositories that are not alike: backups of the good ones are listed.
const MIXED: i64 = 4;

fn catalogue(selection: &Selection<'_>, stdout: &str) -> Result<Catalogue, String> {
    let mut catalogue = Catalogue::default();
    for document in documents(TITLE, stdout)? {
        match document {
            Json::Array(_) => {
                let stanzas: Vec<Stanza> = serde_json::from_value(document).map_err(|error| strange(TITLE, &error))?;
                catalogue.points.extend(points(selection, stanzas)?);
            }
            other => {
                let files: BTreeMap<String, Entry> =
                    serde_json::from_value(other).map_err(|error| strange(TITLE, &error))?;
                let timed = files.iter().filter_map(|(name, entry)| {
                    let time = Timestamp::from_second(entry.time?).ok()?;
                    Some((name.as_str(), time, entry.size))
                });
                catalogue.log = LogArchive::of_files(timed).or(catalogue.log);
            }
        }
    }
    Ok(catalogue)
}

fn points(selection: &Selection<'_>, stanzas: Vec<Stanza>) -> Result<Vec<RecoveryPoint>, String> {
    let is_wanted = |stanza: &Stanza| selection.stanza.is_none_or(|wanted| stanza.name == wanted);
    let Some(stanza) = stanzas.into_iter().find(is_wanted) else {
        let wanted = selection.stanza.unwrap_or_default();
        return Err(format!("{TITLE} reports no stanza `{wanted}`"));
    };
    if !matches!(stanza.status.code, 0 | NO_BACKUP | MIXED) {
        let of_repository = stanza.repo.iter().find(|repo| repo.status.code == stanza.status.code);
        let message = of_repository.map_or(&stanza.status.message, |repo| &repo.status.message);
        return Err(format!("{TITLE} reports status {}: {}", stanza.status.code, first_line(message)));
    }
    stanza.backup.into_iter().map(point).collect()
}

/// Data are restored to the end of the backup at the earliest.
fn point(backup: Backup) -> Result<RecoveryPoint, String> {
    let time = |seconds: i64| {
        Timestamp::from_second(seconds).map_err(|_| format!("{TITLE} reports the impossible time {seconds}"))
    };
    let stop = time(backup.timestamp.stop)?;
    let kind = match backup.kind.as_str() {
        "full" => PointKind::Full,
        "diff" => PointKind::Differential,
        "incr" => PointKind::Incremental,
        other => return Err(format!("{TITLE} reports a backup of the unknown type `{}`", first_line(other))),
    };
    let info = backup.info.as_ref();
    let repository = info.and_then(|info| info.repository.as_ref()?.size);
    Ok(RecoveryPoint {
        finished: Some(stop),
        needs: backup.reference.unwrap_or_default(),
        bytes: PointBytes { repository, restored: info.and_then(|info| info.size) },
        level: if backup.error == Some(true) { Level::Listed } else { Level::Complete },
        log_from: backup.archive.and_then(|archive| archive.start.or(archive.stop)),
        ..RecoveryPoint::new(backup.label, kind, stop)
    })
}

/// Judges `verify --output=text --verbose`, and the output of `restore`.
fn verdict(stdout: &str, code: Option<i32>) -> Verdict {
    let (mut sound, mut damaged) = (Vec::new(), Vec::new());
    let mut is_error = false;
    for line in stdout.lines().map(str::trim) {
        is_error |= line == "status: error";
        if let Some((label, rest)) = line.strip_prefix("backup: ").and_then(|rest| rest.split_once(", status: ")) {
            let status = rest.split(',').next().unwrap_or_default().trim();
            if status == "valid" { &mut sound } else { &mut damaged }.push(label.to_owned());
        }
    }
    let log_damage = stdout.contains("archiveId:") && is_error && damaged.is_empty();
    match (sound.is_empty(), damaged.is_empty()) {
        (_, false) => {
            let why = format!("damaged: {}", damaged.join(", "));
            Verdict::Judged { sound: Points::These(sound), damaged: Points::These(damaged), why: Some(why) }
        }
        _ if log_damage => Verdict::Undecided("verify reports an error in the archive of the log".to_owned()),
        (false, true) if !is_error => {
            Verdict::Judged { sound: Points::These(sound), damaged: Points::These(Vec::new()), why: None }
        }
        _ => of_restore(stdout, code),
    }
}

/// The codes with which a restore ends at a damaged file: of its checksum, its format, its encryption.
const DAMAGE: [&str; 3] = ["[026]", "[029]", "[095]"];

fn of_restore(stdout: &str, code: Option<i32>) -> Verdict {
    let restored = stdout.lines().find_map(|line| line.split_once("restore backup set ").map(|(_, rest)| rest));
    let label = restored.and_then(|rest| rest.split([',', ' ']).next()).map(str::to_owned);
    let Some(label) = label else {
        return match (stdout.trim().is_empty(), code) {
            (true, Some(0)) => Verdict::Undecided(
                "nothing was printed: run `pgbackrest verify --output=text --verbose`, whose exit code is no verdict"
                    .to_owned(),
            ),
            _ => ended(TITLE, code, stdout),
        };
    };
    if DAMAGE.iter().any(|code| stdout.contains(code)) {
        return Verdict::damaged(Points::These(vec![label]), "a file of the backup could not be read");
    }
    if stdout.contains("restore command end: completed successfully") {
        return Verdict::Judged { sound: Points::These(vec![label]), damaged: Points::These(Vec::new()), why: None };
    }
    let error = stdout.lines().find(|line| line.starts_with("ERROR:")).unwrap_or(stdout);
    ended(TITLE, code, error)
}

fn restore_plan(request: &RestoreRequest<'_>) -> Vec<RestoreStep> {
    let mut arguments = Vec::new();
    arguments.extend(request.selection.stanza.map(|stanza| format!("--stanza={stanza}")));
    arguments.push(format!("--set={}", request.point.id));
    arguments.push(format!("--pg1-path={}", request.target));
    if let Some(until) = request.until {
        let micros = until.subsec_nanosecond().max(0) / 1000;
        let time = until.strftime("%Y-%m-%d %H:%M:%S");
        arguments.push("--type=time".to_owned());
        arguments.push(format!("--target={time}.{micros:06}+00"));
    }
    arguments.extend(["--target-action=promote", "--delta", "restore"].map(str::to_owned));
    // Without a time the log is replayed to its end, and the option would be refused.
    if request.until.is_none() {
        arguments.retain(|argument| argument != "--target-action=promote");
    }
    vec![RestoreStep::Run { program: "pgbackrest", arguments }]
}
