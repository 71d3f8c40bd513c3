//! What came of a run, as text: what was done, what was not and why, and how to go on.

use std::collections::BTreeMap;

use super::ExitCode;
use super::progress::verb;
use crate::duration::spoken;
use crate::run::{Fate, Report};
use crate::stack::CloudName;
use crate::steps::{Ended, Step, StepGraph, StepId};
use crate::view::{count, hang, wrap};

/// The longest critical path that is shown whole.
const MOST_OF_PATH: usize = 12;

/// The exit code of a run.
pub const fn exit(report: &Report) -> ExitCode {
    match report.ended {
        Some(Ended::Done) => ExitCode::Done,
        Some(Ended::Failed) => ExitCode::Failed,
        Some(Ended::Stopped) | None => ExitCode::Stopped,
    }
}

/// What came of a run; `again` is the command that goes on.
pub fn text(graph: &StepGraph, report: &Report, cloud: CloudName, again: &str) -> String {
    let Report { began: _, length, ended, fates, critical } = report;
    let time = match cloud {
        CloudName::Local => "simulated time",
        CloudName::Azure => "time",
    };
    let length = spoken(*length);
    let done = done_in_words(graph, fates);
    let open = fates.iter().filter(|fate| !matches!(fate, Fate::Done(_))).count();
    let mut out = match ended {
        Some(Ended::Done) => format!("Done: {done} in {length} of {time}.\n"),
        Some(Ended::Failed) => format!("Failed: {done}; {open} of {} steps not done.\n", graph.steps.len()),
        Some(Ended::Stopped) | None => format!("Stopped: {done}; {open} of {} steps left.\n", graph.steps.len()),
    };
    if *ended == Some(Ended::Done) && critical.steps.len() > 1 {
        out += &critical_path(graph, report);
    }
    out += &failures(graph, fates);
    match ended {
        Some(Ended::Done) => {}
        Some(Ended::Failed) => {
            out += &format!("\nWhat was done is recorded. Mend the cause, then go on with:\n    {again}\n");
        }
        Some(Ended::Stopped) | None => out += &format!("\nWhat was done is recorded. Go on with:\n    {again}\n"),
    }
    out
}

/// `12 created, 1 deleted`, in the order in which the plan has them.
fn done_in_words(graph: &StepGraph, fates: &[Fate]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (step, fate) in graph.steps.iter().zip(fates) {
        let word = verb(&step.act).done;
        match counts.iter_mut().find(|(known, _)| *known == word) {
            _ if !matches!(fate, Fate::Done(_)) => {}
            Some((_, number)) => *number += 1,
            None => counts.push((word, 1)),
        }
    }
    if counts.is_empty() {
        return "nothing was done".to_owned();
    }
    counts.iter().map(|(word, number)| format!("{number} {word}")).collect::<Vec<_>>().join(", ")
}

fn critical_path(graph: &StepGraph, report: &Report) -> String {
    let critical = &report.critical;
    let took =
        |id: &StepId| report.fates.get(id.index()).and_then(Fate::took).map(|took| took.length()).unwrap_or_default();
    let line = |id: &StepId| Some(format!("{} {}", graph.step(*id)?.address, spoken(took(id))));
    let mut shown: Vec<String> = critical.steps.iter().filter_map(line).collect();
    if shown.len() > MOST_OF_PATH {
        let left = shown.len() - MOST_OF_PATH;
        shown.truncate(MOST_OF_PATH);
        shown.push(count(left, "more", "more"));
    }
    let path = hang(&broken_at_arrows(&shown), 4);
    format!("The longest chain took {}:\n    {path}\n", spoken(critical.total))
}

/// `a 1m -> b 2m -> …`, each line ending in an arrow.
fn broken_at_arrows(links: &[String]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for link in links {
        match lines.last_mut() {
            Some(line) if line.chars().count() + link.chars().count() < 90 => line.push_str(&format!(" -> {link}")),
            Some(line) => {
                line.push_str(" ->");
                lines.push(link.clone());
            }
            None => lines.push(link.clone()),
        }
    }
    lines.join("\n")
}

/// Each step that failed or was lost sight of, with what was not begun because of it.
fn failures(graph: &StepGraph, fates: &[Fate]) -> String {
    let mut held_up: BTreeMap<StepId, Vec<&str>> = BTreeMap::new();
    for (step, fate) in graph.steps.iter().zip(fates) {
        if let Fate::Skipped(cause) = fate {
            held_up.entry(*cause).or_default().push(step.address.as_str());
        }
    }
    let one = |(step, fate): (&Step, &Fate)| {
        let done = verb(&step.act).done;
        let (head, why) = match fate {
            Fate::Failed(_, why) => (format!("{} was not {done}", step.address), why.as_str()),
            Fate::Unknown(_, why) => {
                (format!("it is not known whether {} was {done}; the next run looks first", step.address), why.as_str())
            }
            Fate::Paused(_, why) => (format!("{} waits for a person", step.address), why.as_str()),
            Fate::LeftOut(why) => (format!("{} was left out", step.address), why.as_str()),
            Fate::CutOff(_) => (format!("{} was begun, and the run was cut off before it ended", step.address), ""),
            Fate::Done(_) | Fate::Skipped(_) | Fate::NotBegun => return None,
        };
        let mut out = format!("\n  {head}\n");
        if !why.is_empty() {
            out += &format!("      {}\n", hang(&wrap(why, 92), 6));
        }
        if let Some(behind) = held_up.get(&step.id) {
            out += &format!("    not begun because of it: {}\n", hang(&wrap(&behind.join(", "), 70), 29));
        }
        Some(out)
    };
    graph.steps.iter().zip(fates).filter_map(one).collect()
}
