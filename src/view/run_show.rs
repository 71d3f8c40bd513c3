//! Failover runs as text after they have ended: the history as a table, and one run in full.

use std::time::Duration;

use jiff::Timestamp;

use super::deed::how_word;
use super::forecast;
use super::run::{Lines, do_the_same, head, numbers, of_several, owed, places, section, standing};
use super::{DIM, Layout, MANY, YELLOW, fit, styled, table, table_or_blocks, visible};
use crate::duration::{at_least, spoken};
use crate::failover::moment;
use crate::roles::FailoverMode;
use crate::stack::CloudName;
use crate::state::RunKind;
use crate::steps::{
    Attempt, Condition, Phase, Step, StepHistory, StepId, TimeSpan, Timeline, between, is_interruption,
};

/// All runs, the newest first, as a table.
pub fn history(runs: &[Timeline], unreadable: &[(&str, &str)], width: usize) -> String {
    let unread: String = unreadable
        .iter()
        .map(|(run, why)| format!("Run {} cannot be read: {}\n", visible(run), visible(why)))
        .collect();
    match (runs.is_empty(), unread.is_empty()) {
        (true, true) => return "No failover runs.\n".to_owned(),
        (true, false) => return unread,
        (false, _) => {}
    }
    let head = ["run", "group", "verb", "mode", "started", "duration", "service restored", "result", "by"];
    let row = |run: &Timeline| {
        let undertaking = &run.undertaking;
        vec![
            run.started.run.clone(),
            visible(&undertaking.group),
            undertaking.verb.as_str().to_owned(),
            how_word(undertaking.how).to_owned(),
            moment(run.report.began),
            spoken(run.report.length),
            super::service::measured(run),
            result_word(run),
            visible(&run.started.by),
        ]
    };
    let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
    let table = std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect::<Vec<_>>();
    let gap = if unread.is_empty() { "" } else { "\n" };
    format!("{}{gap}{unread}", table_or_blocks(&table, 9, width))
}

/// The result of a run in a table.
fn result_word(run: &Timeline) -> String {
    match (run.condition(), &run.superseded_by) {
        (Condition::Superseded, Some(other)) => format!("superseded by {}", visible(other)),
        (Condition::Done, _) if run.has_skipped() => "done, with skipped steps".to_owned(),
        (condition, _) => condition_word(condition).to_owned(),
    }
}

/// Name of a condition in text.
pub(super) fn condition_word(condition: Condition) -> &'static str {
    match condition {
        Condition::Open => "unfinished",
        Condition::Waits => "waiting for approval",
        Condition::Stopped => "stopped",
        Condition::Failed => "failed",
        Condition::Done => "done",
        Condition::Unwound => "rolled back",
        Condition::GivenUp => "aborted",
        Condition::Superseded => "superseded",
    }
}

/// One run in full: predicted against actual values, decisions, every step in the order of its start.
pub fn show(run: &Timeline, cloud: CloudName, layout: Layout) -> String {
    let mut sections = vec![head(run, cloud), standing(run, run.last(), None) + "\n", compared(run, layout)];
    let decision = |decision: &crate::steps::OperatorDecision| {
        format!("  {:>8} {}\n", offset(run, decision.at), layout.wrap(&visible(&decision.what), 11))
    };
    sections.extend(section("Decisions:", &run.decisions.iter().map(decision).collect::<String>()));
    let lines = Lines { run, numbers: numbers(run), layout };
    sections.push(course_of(&lines));
    let not_begun: String =
        lines.groups(not_begun(run).into_iter()).iter().map(|group| lines.line(group, "")).collect();
    sections.extend(section("Not started:", &not_begun));
    sections.extend(owed(run, layout));
    fit(&sections.join("\n"), layout.width)
}

/// Time since the start of the run.
pub(super) fn offset(run: &Timeline, at: Timestamp) -> String {
    format!("+{}", spoken(between(run.report.began, at)))
}

/// Predicted and actual values against the objectives, as a table.
fn compared(run: &Timeline, layout: Layout) -> String {
    let known = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), spoken);
    let undertaking = &run.undertaking;
    let mut rows = vec![["", "P50", "P95", "actual", "objective"].map(str::to_owned).to_vec()];
    let rto = known(undertaking.objectives.0);
    let mut row = |name: &str, time: TimeSpan, actual: String, objective: String| {
        rows.push(vec![name.to_owned(), spoken(time.typical), spoken(time.worst), actual, objective]);
    };
    let (predicted, actual) = (undertaking.predicted, super::service::measured(run));
    match (undertaking.verb, undertaking.how, predicted.interruption) {
        (RunKind::Up | RunKind::Down, FailoverMode::Planned, Some(interruption)) => {
            let measured = run.served.and(run.interruption());
            row("service interruption", interruption, known(measured), rto);
            let name = if undertaking.verb == RunKind::Up { "recovery time" } else { "failback time" };
            row(name, predicted.recovery(), actual, "-".to_owned());
        }
        (RunKind::Drill, ..) => {
            let whole = run.recovery().zip(predicted.left_out).map(|(real, left)| real + left.typical);
            row(
                forecast::time_of(RunKind::Drill, undertaking.how),
                predicted.headline(RunKind::Drill, undertaking.how),
                known(whole),
                rto,
            );
            row("recovery time in drill", predicted.recovery(), actual, "-".to_owned());
        }
        (verb, how, _) => {
            row(forecast::time_of(verb, how), predicted.recovery(), actual, rto);
            if run.outage().is_some() {
                let whole = run.without_service();
                rows.push(vec![
                    "  from the outage".to_owned(),
                    "-".to_owned(),
                    "-".to_owned(),
                    known(whole),
                    "-".to_owned(),
                ]);
            }
        }
    }
    let mut out = table(&rows, 1, layout.width);
    if undertaking.losses.is_empty() {
        return out;
    }
    if undertaking.verb == RunKind::Drill {
        return out + "\nData loss (RPO): not tested; a drill promotes no data.\n";
    }
    let or = |loss: Option<Duration>, unknown: &str| loss.map_or_else(|| unknown.to_owned(), spoken);
    let mut rows = vec![["", "predicted", "accepted", "actual", "objective"].map(str::to_owned).to_vec()];
    for (replica, predicted) in &undertaking.losses {
        rows.push(vec![
            format!("data loss (RPO) of {replica}"),
            or(*predicted, "unknown"),
            known(undertaking.accepted.data_loss),
            or(run.lost(replica).map(at_least), "not measured"),
            known(undertaking.objectives.1),
        ]);
    }
    out += &format!("\n{}", table(&rows, 1, layout.width));
    out
}

/// Every attempt in the order of time, with its observations. In a summary many like steps that went well are one line.
fn course_of(lines: &Lines<'_>) -> String {
    let run = lines.run;
    let mut attempts: Vec<(&Step, usize, &Attempt)> = Vec::new();
    for (step, course) in run.graph.steps.iter().zip(&run.courses) {
        attempts.extend(course.attempts.iter().enumerate().map(|(number, attempt)| (step, number, attempt)));
    }
    attempts.sort_by_key(|(step, number, attempt)| (attempt.begun, lines.numbers.get(step.id), *number));
    let plain = |(step, number, attempt): &(&Step, usize, &Attempt)| {
        let is_alone = *number > 0 || run.critical.contains(&step.id) || attempt.outcome != Phase::Succeeded;
        !is_alone && learnt_during(run.course(step.id), *number).is_empty()
    };
    let alike = |a: &(&Step, usize, &Attempt), b: &(&Step, usize, &Attempt)| {
        !lines.layout.is_full() && plain(a) && plain(b) && do_the_same(a.0, b.0)
    };
    let mut out = String::from("Steps in the order of their start (* critical path):\n");
    for chunk in attempts.chunk_by(alike) {
        match chunk.len() >= MANY {
            true => out += &of_attempts(lines, chunk),
            false => out.extend(chunk.iter().map(|(step, number, attempt)| of_attempt(lines, step, *number, attempt))),
        }
    }
    out
}

/// One line for like attempts that went well: the first start, and the longest duration.
fn of_attempts(lines: &Lines<'_>, attempts: &[(&Step, usize, &Attempt)]) -> String {
    let began = attempts.iter().map(|(_, _, attempt)| attempt.begun).min().unwrap_or(lines.run.report.began);
    let took = |(_, _, attempt): &(&Step, usize, &Attempt)| Some(between(attempt.begun, attempt.ended?));
    let took = attempts.iter().filter_map(took).max().unwrap_or_default();
    let (steps, ids): (Vec<&Step>, Vec<StepId>) = attempts.iter().map(|(step, ..)| (*step, step.id)).unzip();
    let (began, took, numbers) = (offset(lines.run, began), spoken(took), lines.numbers.list(&ids));
    format!("  {began:>8} {took:>8} {numbers:>6} {} (-v shows each)\n", of_several(&steps))
}

fn of_attempt(lines: &Lines<'_>, step: &Step, number: usize, attempt: &Attempt) -> String {
    let run = lines.run;
    let star = if run.critical.contains(&step.id) { styled(YELLOW, "*") } else { " ".to_owned() };
    let took = attempt.ended.map(|ended| spoken(between(attempt.begun, ended)));
    let took = took.unwrap_or_else(|| "-".to_owned());
    let again = if number > 0 { format!(", attempt {}", number + 1) } else { String::new() };
    let outcome = match attempt.outcome {
        Phase::Succeeded => String::new(),
        Phase::Paused if is_interruption(&attempt.why) => ": interrupted".to_owned(),
        other => format!(": {}", outcome(other)),
    };
    let deed = format!("{}{again}{outcome}", places(run).deed(step));
    let mut out = format!(
        "{star} {:>8} {took:>8} {:>6} {}\n",
        offset(run, attempt.begun),
        lines.numbers.get(step.id),
        lines.layout.wrap(&deed, 27)
    );
    let mut more = |words: &str| out += &format!("{:27}{}\n", "", styled(DIM, &lines.layout.wrap(&visible(words), 27)));
    if !attempt.why.is_empty() {
        more(&attempt.why);
    }
    for learnt in learnt_during(run.course(step.id), number) {
        more(&learnt);
    }
    out
}

/// Observations of a step during one of its attempts.
pub(super) fn learnt_during(course: Option<&StepHistory>, number: usize) -> Vec<String> {
    let Some(course) = course else { return Vec::new() };
    let Some(begun) = course.attempts.get(number).map(|attempt| attempt.begun) else { return Vec::new() };
    let next = course.attempts.get(number + 1).map(|attempt| attempt.begun);
    let during = course.learnt.iter().filter(|(at, _)| *at >= begun && next.is_none_or(|next| *at < next));
    during.map(|(_, learnt)| learnt.what.clone()).filter(|what| !what.is_empty()).collect()
}

/// Text for the state in which a step ended.
pub(super) const fn outcome(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting | Phase::Ready => "not started",
        Phase::UnderWay => "interrupted",
        Phase::Succeeded => "done",
        Phase::Failed => "failed",
        Phase::Unknown => "outcome unknown",
        Phase::Paused => "waiting for approval",
        Phase::Skipped => "skipped",
    }
}

/// The steps that were never started, and those that were skipped.
fn not_begun(run: &Timeline) -> Vec<&Step> {
    let never = |id: StepId| run.course(id).is_none_or(|course| course.attempts.is_empty());
    run.graph.steps.iter().filter(|step| never(step.id)).collect()
}
