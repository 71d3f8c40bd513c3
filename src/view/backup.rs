//! Recovery points of backups and their judgement, as text, JSON and CSV.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{BOLD, DIM, Layout, RED, YELLOW, count, fit, styled, table, table_or_blocks, visible};
use crate::backup::{
    BackupSet, FindingWeight, Judgement, Level, Prediction, RateSource, Rates, RecoveryPoint, Terms, age,
    image_finding, judge, predict,
};
use crate::duration::spoken;
use crate::failover::{machines_of, restorers};
use crate::stack::{Backup, CloudName, DataClass, Repository, Stack};

/// The version of the JSON format.
const VERSION: u32 = 1;
/// The finding about the RPO, which a stack accepts by the name of the rule of `check` about it.
const RPO_RULE: &str = "objective-rpo";

/// The backups of a stack with their catalogues.
pub struct BackupReport<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The cloud of the command.
    pub cloud: CloudName,
    /// The time of the judgement.
    pub now: Timestamp,
    /// The backups, in the order of the stack.
    pub backups: Vec<ReadBackup<'a>>,
}

/// A backup with its catalogue.
pub struct ReadBackup<'a> {
    /// The backup.
    pub backup: &'a Backup,
    /// Its catalogue, or the reason why it could not be read.
    pub set: Result<BackupSet, String>,
}

/// A backup, judged.
pub struct JudgedBackup<'a> {
    backup: &'a Backup,
    /// Its catalogue was read, and this is its state; otherwise the reason.
    judgement: Result<Judgement<'a>, &'a str>,
    terms: Terms,
    prediction: Option<Prediction>,
    is_simulated: bool,
    /// The points in the chain of the newest one.
    chain: usize,
}

impl JudgedBackup<'_> {
    /// True if a restore would fail, or lose more than the stack permits.
    pub fn fails(&self) -> bool {
        match &self.judgement {
            Ok(judgement) => judgement.findings.iter().any(|finding| finding.weight == FindingWeight::Error),
            Err(_) => true,
        }
    }
}

impl<'a> BackupReport<'a> {
    /// Judges every backup by the terms of the stack.
    pub fn judged(&'a self) -> Vec<JudgedBackup<'a>> {
        self.backups.iter().map(|one| self.judged_one(one)).collect()
    }

    fn judged_one(&'a self, ReadBackup { backup, set }: &'a ReadBackup<'a>) -> JudgedBackup<'a> {
        let terms = Terms {
            schedule: backup.schedule,
            rpo: self.stack.objectives.rpo.filter(|_| backup.class == DataClass::Persistent),
            rpo_accepted: self.stack.accepted.iter().any(|accepted| accepted.rule == RPO_RULE),
            verified: backup.verified,
        };
        let mut judgement = set.as_ref().map(|set| judge(set, &terms, self.now)).map_err(String::as_str);
        let data = judgement.as_ref().ok().and_then(|judgement| judgement.data);
        let machine = restorers(self.stack, &backup.address).first().map(|restorer| restorer.machine);
        let machines = machine.and_then(|machine| machines_of(self.stack, machine));
        let (machine_type, image) = machines.map(|machines| (machines.size, machines.image)).unzip();
        if let (Ok(judged), Ok(set), Some(machine), Some(Some(image))) = (&mut judgement, set, machine, &image) {
            judged.findings.extend(image_finding(set, machine.address.as_str(), image, self.now));
        }
        let records = set.as_ref().map(|set| set.restores.as_slice()).unwrap_or_default();
        let rates = Rates::measured(records, machine_type.as_deref());
        let prediction = data.and_then(|data| predict(&data, backup.tool.form, &rates));
        let chain = set.as_ref().ok().zip(data).map_or(0, |(set, data)| set.chain(&data.point.id).len());
        JudgedBackup { backup, judgement, terms, prediction, is_simulated: self.cloud.is_local(), chain }
    }

    /// The place of a backup's copies: site, provider, region and account.
    fn place(&self, backup: &Backup) -> [String; 4] {
        let Some(site) = self.stack.repository_site(backup) else { return Default::default() };
        let account = self.stack.account_of(&site.realm);
        let known = site.provider.account_texts(account).filter(|(argument, text)| *text != argument.unknown);
        let known: Vec<&str> = known.map(|(_, text)| text).filter(|text| !text.is_empty()).collect();
        let account = known.first().map(|text| (*text).to_owned()).unwrap_or_default();
        [site.name.to_string(), site.provider.name.to_owned(), site.location.clone(), account]
    }

    fn place_json(&self, backup: &Backup) -> Json {
        let [site, provider, region, account] = self.place(backup);
        json!({ "site": site, "provider": provider, "region": region, "account": account })
    }

    fn head(&self, what: &str) -> String {
        let cloud = self.cloud.as_str();
        format!("{what} of {} on {cloud} at {}\n\n", self.stack.name, moment(self.now))
    }
}

/// The repository as a stack refers to it.
fn repository(backup: &Backup) -> String {
    match &backup.repository {
        Repository::Resource(address) => address.to_string(),
        Repository::Site(site) => format!("site.{site}"),
    }
}

/// A time to the second.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Bytes in the largest unit of which there is at least one: `37.3 GiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut unit, mut tenths) = (0, u128::from(bytes) * 10);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths = tenths.div_ceil(1024);
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
    }
}

/// The state of each backup on a line, and under the table what needs attention.
pub fn status(report: &BackupReport<'_>, judged: &[JudgedBackup<'_>], layout: Layout) -> String {
    if judged.is_empty() {
        return NONE.to_owned();
    }
    let head = ["backup", "newest data", "age", "level", "place", "size", "restore time"];
    let rows = judged.iter().map(|one| status_row(report, one).to_vec());
    let all: Vec<Vec<String>> = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect();
    let mut out = report.head("Backups") + &table_or_blocks(&all, head.len(), layout.width);
    let mut lines = String::new();
    for one in judged {
        for (weight, code, what, help) in findings(one) {
            let word = match weight {
                FindingWeight::Error => styled(RED, "FAILED  "),
                FindingWeight::Warning => styled(YELLOW, "warning "),
                FindingWeight::Accepted => styled(DIM, "accepted"),
            };
            let what = format!("{} {code}: {}", styled(BOLD, one.backup.address.as_str()), visible(&what));
            lines += &format!("  {word} {}\n", layout.wrap(&what, INDENT));
            if weight != FindingWeight::Accepted && !help.is_empty() {
                lines += &format!("{:INDENT$}{}\n", "", layout.wrap(help, INDENT));
            }
        }
    }
    if !lines.is_empty() {
        out += &format!("\n{lines}");
    }
    let failed = judged.iter().filter(|one| one.fails()).count();
    out += &match failed {
        0 => "\nNo backup failed.\n".to_owned(),
        failed => format!(
            "\n{failed} of {} failed. A restore would lose more than agreed, or fail.\n",
            count(judged.len(), "backup", "backups")
        ),
    };
    fit(&out, layout.width)
}

/// The column of a finding.
const INDENT: usize = 11;
/// The text of a stack without backups.
const NONE: &str = "The stack has no backups. Declare them with `backup` blocks: `drplan kinds backup`\n";

fn status_row(report: &BackupReport<'_>, one: &JudgedBackup<'_>) -> [String; 7] {
    let unknown = || "-".to_owned();
    let data = one.judgement.as_ref().ok().and_then(|judgement| judgement.data);
    let own_age = one.judgement.as_ref().ok().and_then(|judgement| judgement.age);
    let [site, provider, region, _] = report.place(one.backup);
    let place = if site.is_empty() { unknown() } else { format!("{site} ({provider} {region})") };
    let restore = one.prediction.as_ref().map(|prediction| {
        let limit = prediction.largest().map(|phase| phase.limit);
        let source = prediction.source().map(RateSource::as_str);
        let words: Vec<&str> = limit.into_iter().chain(source).collect();
        let limit = if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
        format!("about {}{limit}", spoken(whole_seconds(prediction)))
    });
    [
        one.backup.address.to_string(),
        data.map_or_else(unknown, |data| moment(data.as_of)),
        own_age.map_or_else(unknown, spoken),
        data.map_or_else(unknown, |data| data.point.level.as_str().to_owned()),
        place,
        data.and_then(|data| data.point.bytes.restored.or(data.point.bytes.repository)).map_or_else(unknown, size),
        restore.unwrap_or_else(unknown),
    ]
}

fn whole_seconds(prediction: &Prediction) -> std::time::Duration {
    crate::duration::at_least(prediction.total())
}

/// Weight, code, text and correction of each finding.
fn findings(one: &JudgedBackup<'_>) -> Vec<(FindingWeight, &'static str, String, &'static str)> {
    match &one.judgement {
        Err(why) => {
            let help = match one.is_simulated {
                true => "Create the repository with `drplan apply`, or clear the faults of the simulator.",
                false => "Run the command of the `catalogue` block by hand: it must print the tool's own JSON.",
            };
            vec![(FindingWeight::Error, "unreadable", format!("the catalogue cannot be read: {why}"), help)]
        }
        Ok(judgement) => {
            let finding = |finding: &crate::backup::BackupFinding| {
                (finding.weight, finding.code, finding.what.clone(), finding.help)
            };
            judgement.findings.iter().map(finding).collect()
        }
    }
}

/// The same for scripts.
pub fn status_json(report: &BackupReport<'_>, judged: &[JudgedBackup<'_>]) -> Json {
    let backups: Vec<Json> = judged.iter().map(|one| status_of(report, one)).collect();
    json!({
        "format_version": VERSION,
        "stack": report.stack.name,
        "cloud": report.cloud.as_str(),
        "at": report.now,
        "failed": judged.iter().any(JudgedBackup::fails),
        "backups": backups,
    })
}

fn status_of(report: &BackupReport<'_>, one: &JudgedBackup<'_>) -> Json {
    let backup = one.backup;
    let judgement = one.judgement.as_ref().ok();
    let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs());
    let newest = judgement.and_then(|judgement| judgement.data).map(|data| {
        json!({
            "id": data.point.id,
            "kind": data.point.kind,
            "level": data.point.level,
            "at": data.point.at,
            "as_of": data.as_of,
            "repository_bytes": data.point.bytes.repository,
            "restored_bytes": data.point.bytes.restored,
            "log_bytes": data.log_bytes,
            "chain": one.chain,
        })
    });
    let restore = one.prediction.as_ref().map(|prediction| {
        json!({
            "seconds": whole_seconds(prediction).as_secs(),
            "source": prediction.source().map(RateSource::as_str),
            "largest": prediction.largest().map(|phase| json!({ "phase": phase.name, "limit": phase.limit })),
        })
    });
    let findings: Vec<Json> = findings(one)
        .into_iter()
        .map(
            |(weight, code, what, help)| json!({ "code": code, "weight": weight.as_str(), "what": what, "help": help }),
        )
        .collect();
    json!({
        "backup": backup.address,
        "tool": backup.tool.name,
        "class": backup.class.as_str(),
        "of": backup.of,
        "repository": repository(backup),
        "place": report.place_json(backup),
        "newest": newest,
        "age": seconds(judgement.and_then(|judgement| judgement.age)),
        "rpo": seconds(one.terms.rpo),
        "interval": seconds(one.terms.schedule.map(|schedule| schedule.interval())),
        "restore": restore,
        "findings": findings,
    })
}

/// The same as a table for spreadsheets.
pub fn status_csv(report: &BackupReport<'_>, judged: &[JudgedBackup<'_>]) -> String {
    let mut rows = vec![
        ["backup", "point", "as_of", "age_seconds", "level", "site", "provider", "region", "account", "restored_bytes"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows[0].extend(["restore_seconds", "largest", "findings"].map(str::to_owned));
    for one in judged {
        let judgement = one.judgement.as_ref().ok();
        let data = judgement.and_then(|judgement| judgement.data);
        let codes: Vec<&str> = findings(one).iter().map(|(_, code, ..)| *code).collect();
        let mut row = vec![
            one.backup.address.to_string(),
            data.map(|data| data.point.id.clone()).unwrap_or_default(),
            data.map(|data| data.as_of.to_string()).unwrap_or_default(),
            number(judgement.and_then(|judgement| judgement.age).map(|age| age.as_secs())),
            data.map(|data| data.point.level.as_str().to_owned()).unwrap_or_default(),
        ];
        row.extend(report.place(one.backup));
        row.push(number(data.and_then(|data| data.point.bytes.restored)));
        row.push(number(one.prediction.as_ref().map(|prediction| whole_seconds(prediction).as_secs())));
        let limit = one.prediction.as_ref().and_then(Prediction::largest).map(|phase| phase.limit);
        row.extend([limit.unwrap_or_default().to_owned(), codes.join(" ")]);
        rows.push(row);
    }
    csv(&rows)
}

/// The recovery points of each backup, newest first.
pub fn list(report: &BackupReport<'_>, width: usize) -> String {
    if report.backups.is_empty() {
        return NONE.to_owned();
    }
    let mut out = report.head("Recovery points");
    for ReadBackup { backup, set } in &report.backups {
        let [site, ..] = report.place(backup);
        let title = format!("{} of {}, by {} at {site}", backup.address, backup.of, backup.tool.title);
        out += &format!("{}\n", styled(BOLD, &title));
        match set {
            Err(why) => {
                let why = format!("The catalogue cannot be read: {}", visible(why));
                out += &format!("  {}\n", Layout { width, ..Layout::default() }.wrap(&why, 2));
            }
            Ok(set) if set.points().is_empty() => out += "  No recovery point.\n",
            Ok(set) => out += &points(set, report.now, width),
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    fit(&(out + "\n"), width)
}

fn points(set: &BackupSet, now: Timestamp, width: usize) -> String {
    let usable = set.usable();
    let row = |point: &RecoveryPoint| {
        let state = match () {
            () if point.damaged => "damaged".to_owned(),
            () if usable.contains(point.id.as_str()) => point.level.as_str().to_owned(),
            () if point.level < Level::Complete => "incomplete".to_owned(),
            () => "chain broken".to_owned(),
        };
        vec![
            format!("  {}", visible(&point.id)),
            point.kind.as_str().to_owned(),
            moment(point.at),
            spoken(age(now, point.at)),
            state,
            point.bytes.restored.or(point.bytes.repository).map_or_else(|| "-".to_owned(), size),
        ]
    };
    let head = ["  point", "kind", "data of", "age", "level", "size"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(set.points().iter().rev().map(row)).collect();
    let mut out = table(&rows, 6, width);
    if let Some(log) = &set.log {
        out += &format!("  The log is archived until {}.\n", moment(log.newest));
    }
    out
}

/// The same for scripts.
pub fn list_json(report: &BackupReport<'_>) -> Json {
    let backups: Vec<Json> = report.backups.iter().map(|one| list_of(report, one)).collect();
    json!({
        "format_version": VERSION,
        "stack": report.stack.name,
        "cloud": report.cloud.as_str(),
        "at": report.now,
        "backups": backups,
    })
}

fn list_of(report: &BackupReport<'_>, ReadBackup { backup, set }: &ReadBackup<'_>) -> Json {
    let points = set.as_ref().ok().map(|set| {
        let usable = set.usable();
        let point = |point: &RecoveryPoint| {
            json!({
                "id": point.id,
                "kind": point.kind,
                "at": point.at,
                "finished": point.finished,
                "level": point.level,
                "damaged": point.damaged,
                "usable": usable.contains(point.id.as_str()),
                "needs": point.needs,
                "repository_bytes": point.bytes.repository,
                "restored_bytes": point.bytes.restored,
            })
        };
        set.points().iter().rev().map(point).collect::<Vec<_>>()
    });
    json!({
        "backup": backup.address,
        "tool": backup.tool.name,
        "of": backup.of,
        "repository": repository(backup),
        "place": report.place_json(backup),
        "error": set.as_ref().err(),
        "log_until": set.as_ref().ok().and_then(|set| set.log.as_ref()).map(|log| log.newest),
        "points": points.unwrap_or_default(),
    })
}

/// The same as a table for spreadsheets.
pub fn list_csv(report: &BackupReport<'_>) -> String {
    let head = ["backup", "point", "kind", "at", "finished", "level", "damaged", "usable", "needs"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows[0].extend(["repository_bytes", "restored_bytes"].map(str::to_owned));
    for ReadBackup { backup, set } in &report.backups {
        let Ok(set) = set else { continue };
        let usable = set.usable();
        for point in set.points().iter().rev() {
            rows.push(vec![
                backup.address.to_string(),
                point.id.clone(),
                point.kind.as_str().to_owned(),
                point.at.to_string(),
                point.finished.map(|time| time.to_string()).unwrap_or_default(),
                point.level.as_str().to_owned(),
                point.damaged.to_string(),
                usable.contains(point.id.as_str()).to_string(),
                point.needs.join(" "),
                number(point.bytes.repository),
                number(point.bytes.restored),
            ]);
        }
    }
    csv(&rows)
}

fn number(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// Rows as RFC 4180 has them. Text of a tool that a spreadsheet would take for a formula begins with an apostrophe.
fn csv(rows: &[Vec<String>]) -> String {
    let cell = |text: &String| {
        let text = visible(text);
        let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text };
        match text.contains([',', '"']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text,
        }
    };
    rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(",") + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_unit_of_their_magnitude() {
        assert_eq!([0, 1023, 1024, 40_000_000_000].map(size), ["0 B", "1023 B", "1.0 KiB", "37.3 GiB"]);
    }

    #[test]
    fn csv_quotes_and_holds_no_formula() {
        let row = ["a,b", "say \"x\"", "=1+1", "plain"].map(str::to_owned).to_vec();
        assert_eq!(csv(&[row]), "\"a,b\",\"say \"\"x\"\"\",'=1+1,plain\n");
    }
}
