//! A catalogue judged by the terms of its stack: the newest data, their age, and everything that needs attention.

use std::time::Duration;

use jiff::Timestamp;

use super::age::{DataAge, age, data_age};
use super::findings as further;
use super::point::Level;
use super::set::BackupSet;
use super::terms::{BackupFinding, FindingWeight, Terms};
use crate::duration::spoken;

/// A judged catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement<'a> {
    /// The newest data that a restore brings back.
    pub data: Option<DataAge<'a>>,
    /// Their age.
    pub age: Option<Duration>,
    /// Findings, those with the greatest weight first.
    pub findings: Vec<BackupFinding>,
}

/// Judges a catalogue at this time.
pub fn judge<'a>(set: &'a BackupSet, terms: &Terms, now: Timestamp) -> Judgement<'a> {
    let data = data_age(set, Level::Complete);
    let own_age = data.map(|data| age(now, data.as_of));
    let mut findings: Vec<BackupFinding> = Vec::new();
    let mut find = |code, weight, what: String, help| findings.push(BackupFinding { code, weight, what, help });
    let Some(own_age) = own_age else {
        let what = match set.points().len() {
            0 => "the catalogue has no recovery point".to_owned(),
            number => format!("none of {number} recovery points can be restored"),
        };
        find("no-point", FindingWeight::Error, what, "Run the tool now, and read its log.");
        findings.extend(chains(set));
        return Judgement { data, age: None, findings };
    };
    if let Some(rpo) = terms.rpo.filter(|rpo| own_age > *rpo) {
        let weight = if terms.rpo_accepted { FindingWeight::Accepted } else { FindingWeight::Error };
        let what = format!("the newest data are {} old; the RPO is {}", spoken(own_age), spoken(rpo));
        find("older-than-objective", weight, what, "Make copies more often, archive the log, or set a longer `rpo`.");
    }
    // The newest point counts here, and not the log: a log without new full copies grows until it cannot be replayed.
    let newest = data.map(|data| age(now, data.point.at));
    let interval =
        terms.schedule.map(|schedule| schedule.increments.map_or(schedule.every, |own| own.min(schedule.every)));
    if let Some((newest, interval)) = newest.zip(interval)
        && newest > interval.saturating_add(interval / 2)
    {
        let what = format!("the newest point is {} old; one is made every {}", spoken(newest), spoken(interval));
        find("overdue", FindingWeight::Error, what, "The last run failed or did not start: read the log of the tool.");
    }
    if let (Some(data), Some(log)) = (data, &set.log)
        && data.point.log_from.as_deref().is_some_and(|from| !log.reaches_back_to(from))
    {
        let what = "the archive of the log has a gap after the newest point".to_owned();
        find("log-gap", FindingWeight::Warning, what, "Make a full copy: data after the gap cannot be restored.");
    }
    findings.extend(chains(set));
    findings.extend(data.iter().flat_map(|data| further::all(set, data, terms, now)));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    Judgement { data, age: Some(own_age), findings }
}

/// Points that look complete and cannot be restored, and damaged ones.
fn chains(set: &BackupSet) -> Vec<BackupFinding> {
    let mut findings = Vec::new();
    let broken = set.broken_chains();
    if let Some(newest) = broken.last() {
        // The newest point of all is the one that people expect to restore.
        let is_newest =
            set.points().iter().rev().find(|point| point.is_complete()).is_some_and(|one| one.id == newest.id);
        let lacks = match newest.lacks.as_slice() {
            [] => "its chain comes back to itself".to_owned(),
            lacks => format!("missing or damaged: {}", lacks.join(", ")),
        };
        findings.push(BackupFinding {
            code: "chain-broken",
            weight: if is_newest { FindingWeight::Error } else { FindingWeight::Warning },
            what: format!("{} cannot be restored; {lacks}{}", newest.id, others(broken.len())),
            help: "Make a full copy. Remove rules that expire objects of the repository by age.",
        });
    }
    let damaged: Vec<&str> = set.points().iter().filter(|point| point.damaged).map(|point| point.id.as_str()).collect();
    if let Some(newest) = damaged.last() {
        findings.push(BackupFinding {
            code: "damaged",
            weight: FindingWeight::Warning,
            what: format!("{newest} is damaged{}", others(damaged.len())),
            help: "Make a full copy, and verify the repository.",
        });
    }
    findings
}

fn others(number: usize) -> String {
    match number {
        0 | 1 => String::new(),
        number => format!(" ({} more)", number - 1),
    }
}
