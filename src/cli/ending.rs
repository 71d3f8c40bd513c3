//! The outcome of a run, as text and as JSON: what was done, what failed and why, and how to continue.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::ExitCode;
use super::progress::verb;
use crate::apply::ApplyOutcome;
use crate::duration::spoken;
use crate::plan::Plan;
use crate::run::{Report, StepOutcome};
use crate::stack::CloudName;
use crate::steps::{Act, RunEnd, Step, StepGraph, StepId, is_interruption};
use crate::view::{self, count, hang, wrap};

/// The longest critical path that is shown whole.
const MOST_OF_PATH: usize = 12;

/// The exit code of an apply. It fails where an output has an error.
pub fn exit(applied: &ApplyOutcome) -> ExitCode {
    match applied.report.ended {
        Some(RunEnd::Done) if applied.output_errors.has_errors() => ExitCode::Failed,
        Some(RunEnd::Done) => ExitCode::Done,
        Some(RunEnd::Failed) => ExitCode::Failed,
        Some(RunEnd::Stopped) | None => ExitCode::Stopped,
    }
}

/// The length of a run, with its clock where that is not the wall clock.
pub fn in_time(length: std::time::Duration, cloud: CloudName) -> String {
    match cloud {
        CloudName::Local => format!("{} (simulated time)", spoken(length)),
        CloudName::Providers(_) => spoken(length),
    }
}

/// The outcome of a run in lines of this width; `again` is the command that continues it.
pub fn text(command: &str, graph: &StepGraph, report: &Report, cloud: CloudName, again: &str, width: usize) -> String {
    let Report { began: _, length, ended, fates, critical } = report;
    let title = if command == "destroy" { "Destroy" } else { "Apply" };
    let done = done_in_words(graph, fates);
    let is_any_done = fates.iter().any(|fate| matches!(fate, StepOutcome::Done(_)));
    let left = fates.iter().filter(|fate| !matches!(fate, StepOutcome::Done(_))).count();
    let steps = count(graph.steps.len(), "step", "steps");
    let mut out = match ended {
        Some(RunEnd::Done) => format!("{title} complete: {done} in {}.\n", in_time(*length, cloud)),
        Some(RunEnd::Failed) if !is_any_done => format!("{title} failed: 0 of {steps} completed.\n"),
        Some(RunEnd::Failed) => format!("{title} failed: {done}; {left} of {steps} not completed.\n"),
        Some(RunEnd::Stopped) | None if !is_any_done => format!("{title} stopped: 0 of {steps} completed.\n"),
        Some(RunEnd::Stopped) | None => format!("{title} stopped: {done}; {left} of {steps} not completed.\n"),
    };
    if *ended == Some(RunEnd::Done) && critical.steps.len() > 1 {
        out += &critical_path(graph, report, width);
    }
    out += &failures(graph, fates, width);
    let recorded = if is_any_done { "Completed steps are recorded in the state. " } else { "" };
    match ended {
        Some(RunEnd::Done) => {}
        Some(RunEnd::Failed) => {
            out += &format!("\n{recorded}Fix the cause, then continue with:\n    {again}\n");
        }
        Some(RunEnd::Stopped) | None => out += &format!("\n{recorded}Continue with:\n    {again}\n"),
    }
    view::fit(&out, width)
}

/// The outcome of `apply` or `destroy` for scripts; `applied` is `None` where the plan has no changes.
///
/// ```json
/// {
///   "format_version": 1,
///   "command": "apply | destroy",
///   "run": "…", "outcome": "unchanged | done | failed | stopped", "seconds": 92.5,
///   "steps": [{
///     "step": 0, "address": "lb.web", "action": "create", "outcome": "done", "seconds": 4.2, "reason": "…"
///   }],
///   "outputs": { "front_door": "…" },
///   "plan": { … as `drplan plan --format json` … }
/// }
/// ```
pub fn json(command: &str, plan: &Plan, cloud: CloudName, applied: Option<&ApplyOutcome>) -> Json {
    let report = applied.map(|applied| &applied.report);
    let outcome = match report.map(|report| report.ended) {
        None => "unchanged",
        Some(Some(RunEnd::Done)) if applied.is_some_and(|applied| applied.output_errors.has_errors()) => "failed",
        Some(Some(RunEnd::Done)) => "done",
        Some(Some(RunEnd::Failed)) => "failed",
        Some(Some(RunEnd::Stopped) | None) => "stopped",
    };
    let fates = report.map(|report| report.fates.as_slice()).unwrap_or_default();
    json!({
        "format_version": 1,
        "command": command,
        "run": applied.map(|applied| &applied.run),
        "outcome": outcome,
        "seconds": report.map(|report| report.length.as_secs_f64()),
        "steps": plan.steps.steps.iter().zip(fates).map(|(step, fate)| step_json(&plan.steps, step, fate)).collect::<Vec<_>>(),
        "outputs": applied.map(|applied| view::state::outputs_json(&applied.state.outputs)),
        "plan": view::plan_json::json(plan, cloud),
    })
}

fn step_json(graph: &StepGraph, step: &Step, fate: &StepOutcome) -> Json {
    let action = match &step.act {
        Act::Create => "create",
        Act::Update => "update",
        Act::Rename => "rename",
        Act::Adopt => "adopt",
        Act::SetAside(_) => "set_aside",
        Act::Delete(_) => "delete",
        Act::Forget => "forget",
        Act::Task(_) => "task",
    };
    let (outcome, reason) = match fate {
        StepOutcome::Done(_) => ("done", None),
        StepOutcome::Failed(_, why) => ("failed", Some(why.clone())),
        StepOutcome::Unknown(_, why) => ("unknown", Some(why.clone())),
        StepOutcome::Paused(_, why) => ("waiting", Some(why.clone())),
        StepOutcome::LeftOut(why) => ("skipped", Some(why.clone())),
        StepOutcome::CutOff(_) => ("interrupted", None),
        StepOutcome::Skipped(cause) => {
            ("not_started", graph.step(*cause).map(|cause| format!("depends on {}", cause.address)))
        }
        StepOutcome::NotBegun => ("not_started", None),
    };
    json!({
        "step": step.id.0,
        "address": step.address,
        "action": action,
        "outcome": outcome,
        "seconds": fate.took().map(|took| took.length().as_secs_f64()),
        "reason": reason,
    })
}

/// `12 created, 1 deleted`, in the order of the plan.
fn done_in_words(graph: &StepGraph, fates: &[StepOutcome]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (step, fate) in graph.steps.iter().zip(fates) {
        let word = verb(&step.act).done;
        match counts.iter_mut().find(|(known, _)| *known == word) {
            _ if !matches!(fate, StepOutcome::Done(_)) => {}
            Some((_, number)) => *number += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.iter().map(|(word, number)| format!("{number} {word}")).collect::<Vec<_>>().join(", ")
}

fn critical_path(graph: &StepGraph, report: &Report, width: usize) -> String {
    let critical = &report.critical;
    let took = |id: &StepId| {
        report.fates.get(id.index()).and_then(StepOutcome::took).map(|took| took.length()).unwrap_or_default()
    };
    let line = |id: &StepId| Some(format!("{} {}", graph.step(*id)?.address, spoken(took(id))));
    let mut shown: Vec<String> = critical.steps.iter().filter_map(line).collect();
    if shown.len() > MOST_OF_PATH {
        let left = shown.len() - MOST_OF_PATH;
        shown.truncate(MOST_OF_PATH);
        shown.push(count(left, "more", "more"));
    }
    let path = hang(&broken_at_arrows(&shown, width.saturating_sub(10)), 4);
    format!("Critical path, {}:\n    {path}\n", spoken(critical.total))
}

/// `a 1m -> b 2m -> …`, each line ending in an arrow.
fn broken_at_arrows(links: &[String], width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for link in links {
        match lines.last_mut() {
            Some(line) if line.chars().count() + link.chars().count() < width => line.push_str(&format!(" -> {link}")),
            Some(line) => {
                line.push_str(" ->");
                lines.push(link.clone());
            }
            None => lines.push(link.clone()),
        }
    }
    lines.join("\n")
}

/// Each step that was not completed, with the steps that depend on it.
fn failures(graph: &StepGraph, fates: &[StepOutcome], width: usize) -> String {
    let mut held_up: BTreeMap<StepId, Vec<&str>> = BTreeMap::new();
    for (step, fate) in graph.steps.iter().zip(fates) {
        if let StepOutcome::Skipped(cause) = fate {
            held_up.entry(*cause).or_default().push(step.address.as_str());
        }
    }
    let one = |(step, fate): (&Step, &StepOutcome)| {
        let (head, why) = failure(step, fate)?;
        let mut out = format!("\n  {head}\n");
        if !why.is_empty() {
            out += &format!("      {}\n", hang(&wrap(why, width.saturating_sub(6)), 6));
        }
        if let Some(behind) = held_up.get(&step.id) {
            out += &format!(
                "    not started, depends on it: {}\n",
                hang(&wrap(&behind.join(", "), width.saturating_sub(32)), 32)
            );
        }
        Some(out)
    };
    graph.steps.iter().zip(fates).filter_map(one).collect()
}

/// The headline and the reason of a step that was not completed; `None` for one that was, or was never started.
pub fn failure<'a>(step: &Step, fate: &'a StepOutcome) -> Option<(String, &'a str)> {
    let doing = verb(&step.act).doing;
    let address = &step.address;
    let next = match step.repeats_unchecked() {
        true => "check what it has done: the next run repeats it",
        false => "the next run checks it first",
    };
    Some(match fate {
        StepOutcome::Failed(_, why) => (format!("FAILED  {doing} {address}"), why.as_str()),
        StepOutcome::Unknown(_, why) => (format!("UNKNOWN  {doing} {address}; {next}"), why.as_str()),
        StepOutcome::Paused(_, why) if is_interruption(why) => {
            (format!("INTERRUPTED  {doing} {address}"), why.as_str())
        }
        StepOutcome::Paused(_, why) => (format!("WAITING  {doing} {address}: an operator must answer"), why.as_str()),
        StepOutcome::LeftOut(why) => (format!("SKIPPED  {doing} {address}"), why.as_str()),
        StepOutcome::CutOff(_) => (format!("INTERRUPTED  {doing} {address}; {next}"), ""),
        StepOutcome::Done(_) | StepOutcome::Skipped(_) | StepOutcome::NotBegun => return None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::steps::tests::step;
    use crate::steps::{INTERRUPTED, StepTime, Task};

    #[test]
    fn headline_of_a_failed_step_says_its_state_first() {
        let step = step(3, &[]);
        let took = StepTime { begun: Timestamp::UNIX_EPOCH, ended: Timestamp::UNIX_EPOCH };
        let head = |fate: &StepOutcome| failure(&step, fate).map(|(head, why)| (head, why.to_owned()));
        let why = || "QuotaExceeded".to_owned();
        assert_eq!(head(&StepOutcome::Done(took)), None);
        assert_eq!(head(&StepOutcome::Failed(took, why())), Some(("FAILED  creating kind.s3".to_owned(), why())));
        let (waiting, _) = head(&StepOutcome::Paused(took, "Continue?".to_owned())).unwrap();
        assert_eq!(waiting, "WAITING  creating kind.s3: an operator must answer");
        let (unknown, _) = head(&StepOutcome::Unknown(took, why())).unwrap();
        assert_eq!(unknown, "UNKNOWN  creating kind.s3; the next run checks it first");
        let (interrupted, _) = head(&StepOutcome::Paused(took, INTERRUPTED.to_owned())).unwrap();
        assert_eq!(interrupted, "INTERRUPTED  creating kind.s3");
    }

    #[test]
    fn request_or_program_that_may_have_acted_is_never_called_checked() {
        let took = StepTime { begun: Timestamp::UNIX_EPOCH, ended: Timestamp::UNIX_EPOCH };
        let actions = ["http", "command", "wait", "approval", "storage_failover", "sync", "kubernetes_scale"];
        for action in actions {
            let act = Act::Task(Task::Custom { action: action.to_owned() });
            let step = Step { act, ..step(3, &[]) };
            for fate in [StepOutcome::Unknown(took, "no answer".to_owned()), StepOutcome::CutOff(took.begun)] {
                let (head, _) = failure(&step, &fate).unwrap();
                let repeats = matches!(action, "http" | "command");
                assert_eq!(head.ends_with("; check what it has done: the next run repeats it"), repeats, "{head}");
                assert_eq!(head.ends_with("; the next run checks it first"), !repeats, "{head}");
            }
        }
    }
}
