//! Failover runs as text: the status of one with the commands to resume or abort it, the history, and one in full.

use std::collections::BTreeMap;
use std::time::Duration;

use anstyle::Style;
use jiff::Timestamp;

use super::deed::{MoveSites, Numbers, act_word, how_word};
use super::forecast;
use super::procedure::debt;
use super::{BOLD, CYAN, DIM, GREEN, Layout, MANY, RED, YELLOW, fit, styled, table, table_or_blocks, visible};
use crate::duration::spoken;
use crate::failover::moment;
use crate::kinds::FailoverMode;
use crate::stack::CloudName;
use crate::state::RunKind;
use crate::steps::{
    Act, Attempt, Condition, Phase, Step, StepHistory, StepId, Task, TimeSpan, Timeline, Undo, is_interruption,
};

/// Maximum number of lines of unfinished steps in a summary.
const MOST: usize = 8;

/// The sites that a run moves users and data between.
pub(super) fn places(run: &Timeline) -> MoveSites<'_> {
    let undertaking = &run.undertaking;
    MoveSites {
        verb: undertaking.verb,
        leaving: &undertaking.leaving,
        arriving: &undertaking.arriving,
        regions: &undertaking.regions,
    }
}

/// The commands for a run, each complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCommands {
    /// Resumes it.
    pub resume: String,
    /// Aborts it.
    pub abort: String,
    /// The command that approves each step that waits for an operator.
    pub approve: BTreeMap<StepId, String>,
}

/// Status of a run: its steps in progress, waiting, failed and remaining, and the commands for it. `holder` is the
/// process that carries it out now; `None` if there is none.
pub fn status(
    run: &Timeline,
    now: Timestamp,
    holder: Option<&str>,
    cloud: CloudName,
    commands: &RunCommands,
    layout: Layout,
) -> String {
    let condition = run.condition();
    let mut sections = vec![head(run, cloud), standing(run, now, holder) + "\n"];
    let lines = Lines { run, numbers: numbers(run), layout };
    let word = if holder.is_some() { "Steps in progress:" } else { "Steps started, outcome unknown:" };
    sections.extend(section(word, &lines.under_way(now)));
    sections.extend(section("Failed:", &lines.with_reasons(steps(run, &[Phase::Failed]))));
    sections.extend(section("Outcome unknown:", &lines.with_reasons(steps(run, &[Phase::Unknown]))));
    sections.extend(section("Waiting for approval:", &lines.with_reasons(steps(run, &[Phase::Paused]))));
    sections.extend(lines.left());
    if condition.is_open() {
        sections.push(rest(run, now, holder, layout));
        sections.push(next_commands(run, holder, commands, layout));
    }
    sections.extend(owed(run, layout));
    fit(&sections.join("\n"), layout.width)
}

/// Numbers of the steps, as the procedure printed them.
fn numbers(run: &Timeline) -> Numbers {
    Numbers::of(&run.graph, run.undertaking.steps.len())
}

fn head(run: &Timeline, cloud: CloudName) -> String {
    let Timeline { started, undertaking, report, .. } = run;
    let what = format!(
        "{} of failover group {}, {}",
        undertaking.verb.as_str(),
        visible(&undertaking.group),
        how_word(undertaking.how)
    );
    let lost = undertaking.lost.as_ref().map(|lost| format!(", {} lost", visible(lost))).unwrap_or_default();
    format!(
        "{} {} on {}: {what}{lost}\n{}\n",
        styled(BOLD, &started.run),
        visible(&started.stack),
        cloud.as_str(),
        styled(DIM, &format!("started {} by {}", moment(report.began), visible(&started.by)))
    )
}

/// The headline: the state of the run, and its recovery time.
fn standing(run: &Timeline, now: Timestamp, holder: Option<&str>) -> String {
    let length = spoken(run.report.length);
    let since = spoken(crate::steps::between(run.report.began, now));
    let words = match (run.condition(), holder) {
        (Condition::Open, Some(holder)) => format!("In progress for {since}, by {}.", visible(holder)),
        (Condition::Open, None) => format!("Interrupted after {length}: no process is running it."),
        (Condition::Waits, _) => "Waiting for approval.".to_owned(),
        (Condition::Stopped, _) => format!("Stopped after {length}."),
        (Condition::Failed, _) => format!("Failed after {length}."),
        (Condition::Done, _) if run.has_skipped() => format!("Ended in {length}, without the skipped steps."),
        (Condition::Done, _) => format!("Done in {length}."),
        (Condition::Unwound, _) => format!("Rolled back after {length}."),
        (Condition::GivenUp, _) => format!("Aborted after {length}."),
        (Condition::Superseded, _) => {
            let other = run.superseded_by.as_deref().map(visible).unwrap_or_default();
            format!("Taken over by run {other} after {length}.")
        }
    };
    let since = super::service::since_outage(run).filter(|_| run.condition().is_open());
    let since = since.map(|time| format!(" Started {time} after the outage began.")).unwrap_or_default();
    let served = match super::service::service(run).filter(|_| run.switched().is_some() || is_over(run)) {
        Some(words) => format!(" {words}"),
        None if run.condition().is_open() => match run.undertaking.verb {
            RunKind::Up => " Service is not restored yet.".to_owned(),
            RunKind::Down => " Failback is not complete yet.".to_owned(),
            RunKind::Drill => " The drill copies have not answered yet.".to_owned(),
        },
        None => String::new(),
    };
    let colour = if run.has_skipped() { YELLOW } else { colour(run.condition()) };
    styled(colour, &words) + &since + &served
}

fn is_over(run: &Timeline) -> bool {
    run.condition() == Condition::Done
}

pub(super) const fn colour(condition: Condition) -> Style {
    match condition {
        Condition::Done => GREEN,
        Condition::Failed => RED,
        Condition::Open | Condition::Unwound => CYAN,
        Condition::Waits | Condition::Stopped | Condition::GivenUp | Condition::Superseded => YELLOW,
    }
}

/// The steps in one of these states.
fn steps<'a>(run: &'a Timeline, phases: &'a [Phase]) -> impl Iterator<Item = &'a Step> {
    let is = |step: &&Step| run.phase(step.id).is_some_and(|phase| phases.contains(&phase));
    run.graph.steps.iter().filter(is)
}

fn section(title: &str, lines: &str) -> Option<String> {
    (!lines.is_empty()).then(|| format!("{title}\n{lines}"))
}

/// Steps of a run as lines, in the order of their numbers.
struct Lines<'a> {
    run: &'a Timeline,
    numbers: Numbers,
    layout: Layout,
}

impl<'a> Lines<'a> {
    /// The steps in order; in a summary many that do the same to resources of one kind are a group.
    fn groups(&self, steps: impl Iterator<Item = &'a Step>) -> Vec<Vec<&'a Step>> {
        let mut steps: Vec<&Step> = steps.collect();
        steps.sort_by_key(|step| self.numbers.get(step.id));
        let alike = |a: &&Step, b: &&Step| !self.layout.is_full() && do_the_same(a, b);
        let chunks = steps.chunk_by(alike);
        let split = |chunk: &[&'a Step]| match chunk.len() >= MANY {
            true => vec![chunk.to_vec()],
            false => chunk.iter().map(|step| vec![*step]).collect(),
        };
        chunks.flat_map(split).collect()
    }

    /// A line for a group.
    fn line(&self, group: &[&Step], more: &str) -> String {
        let ids: Vec<StepId> = group.iter().map(|step| step.id).collect();
        let number = format!("{:>6}", self.numbers.list(&ids));
        let indent = number.chars().count() + 1;
        let deed = match group {
            [step] => places(self.run).deed(step),
            several => of_several(several),
        };
        format!("{number} {}\n", self.layout.wrap(&format!("{deed}{more}"), indent))
    }

    /// The steps in progress, each with its time so far and the time that it is expected to need.
    fn under_way(&self, now: Timestamp) -> String {
        let run = self.run;
        let one = |group: &Vec<&Step>| {
            let time = |step: &&Step| {
                let last = run.course(step.id).and_then(|course| course.attempts.last());
                let spent = crate::steps::between(last.map_or(now, |attempt| attempt.begun), now);
                (step.expect.saturating_sub(spent), spent)
            };
            let (rest, spent) = group.iter().map(time).max().unwrap_or_default();
            let rest = if rest.is_zero() { String::new() } else { format!(", about {} left", spoken(rest)) };
            let mut out = self.line(group, &format!(", for {}{rest}", spoken(spent)));
            let learnt = group.iter().filter_map(|step| run.course(step.id)?.learnt.last());
            for (_, learnt) in learnt {
                out += &format!("         {}\n", styled(DIM, &self.layout.wrap(&visible(&learnt.what), 9)));
            }
            out
        };
        self.some(&self.groups(steps(run, &[Phase::UnderWay])), one)
    }

    /// Steps that are not done, each with the reason.
    fn with_reasons(&self, steps: impl Iterator<Item = &'a Step>) -> String {
        let one = |step: &Step| {
            let why = self.run.course(step.id).and_then(StepHistory::why).map(visible).unwrap_or_default();
            let why = if why.is_empty() { why } else { format!("         {}\n", self.layout.wrap(&why, 9)) };
            self.line(&[step], "") + &why
        };
        steps.map(one).collect()
    }

    /// The remaining steps.
    fn left(&self) -> Option<String> {
        let left: Vec<&Step> = steps(self.run, &[Phase::Waiting, Phase::Ready]).collect();
        if left.is_empty() {
            return None;
        }
        let (number, of) = (left.len(), self.run.graph.steps.len());
        let done = steps(self.run, &[Phase::Succeeded]).count();
        let skipped = steps(self.run, &[Phase::Skipped]).count();
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        let lines = self.some(&self.groups(left.into_iter()), |group| self.line(group, ""));
        Some(format!("Remaining: {number} of {of} steps ({done} done{skipped})\n{lines}"))
    }

    /// A line for each group; in a summary only for the first ones.
    fn some(&self, groups: &[Vec<&Step>], one: impl Fn(&Vec<&Step>) -> String) -> String {
        let most = if self.layout.is_full() { groups.len() } else { MOST };
        let mut out: String = groups.iter().take(most).map(one).collect();
        let more: usize = groups.iter().skip(most).map(Vec::len).sum();
        if more > 0 {
            out += &format!("       and {more} more (-v shows them)\n");
        }
        out
    }
}

/// Same action on resources of one kind.
fn do_the_same(a: &Step, b: &Step) -> bool {
    let is_task = |step: &Step| matches!(step.act, Act::Task(_));
    !is_task(a) && !is_task(b) && (act_word(&a.act), a.address.kind()) == (act_word(&b.act), b.address.kind())
}

/// `create 10 lb_rule`.
fn of_several(steps: &[&Step]) -> String {
    let Some(first) = steps.first() else { return String::new() };
    format!("{} {} {}", act_word(&first.act).replace('_', " "), steps.len(), first.address.kind())
}

/// Remaining time, and the RTO with the time to spare.
fn rest(run: &Timeline, now: Timestamp, holder: Option<&str>, layout: Layout) -> String {
    let rest = run.rest(now);
    let once = if holder.is_some() { "" } else { " once it is resumed" };
    let mut out = format!("Remaining time: about {}{once}.", spoken(rest));
    if let (Some(objective), None) = (run.undertaking.objectives.0, run.arrived) {
        let end = crate::steps::between(run.outage().unwrap_or(run.report.began), now) + rest;
        out += &match objective.checked_sub(end) {
            Some(spare) => {
                format!(" The RTO of {} can be met, with {} to spare.", spoken(objective), spoken(spare))
            }
            None => format!(
                " The RTO of {} will be missed by {}.",
                spoken(objective),
                spoken(end.saturating_sub(objective))
            ),
        };
    }
    layout.wrap(&out, 0) + "\n"
}

/// The commands, each with its effect.
fn next_commands(run: &Timeline, holder: Option<&str>, commands: &RunCommands, layout: Layout) -> String {
    let mut out = String::new();
    let mut say = |words: &str, command: Option<&str>| {
        out += &format!("{}\n", layout.wrap(words, 0));
        out.extend(command.map(|command| format!("    {}\n", styled(BOLD, command))));
    };
    for step in steps(run, &[Phase::Paused]) {
        say("Approve it:", commands.approve.get(&step.id).map(String::as_str));
    }
    match holder {
        Some(_) => say("The run continues by itself.", None),
        None => say(&how_safe(run), Some(&commands.resume)),
    }
    let irreversible: Vec<&str> = forward_only(run).map(|step| step.address.as_str()).collect();
    if irreversible.is_empty() {
        say("Or abort it. Every step can be rolled back.", Some(&commands.abort));
    } else {
        let names = irreversible.join(", ");
        say(&format!("Or abort it. Irreversible: {names}. The other steps can be rolled back."), Some(&commands.abort));
    }
    out
}

/// The effect of resuming. Requests and programs of the group's own steps cannot be checked: they run a second time.
fn how_safe(run: &Timeline) -> String {
    let begun = &[Phase::UnderWay, Phase::Failed, Phase::Unknown];
    let repeats = |step: &&Step| matches!(&step.act, Act::Task(Task::Custom { action }) if matches!(&**action, "http" | "command"));
    let repeated: Vec<&str> = steps(run, begun).filter(repeats).map(|step| step.address.as_str()).collect();
    match repeated.is_empty() {
        true => "Resume it. This is safe: drplan checks each started step before it repeats it.".to_owned(),
        false => format!(
            "Resume it. Check first what {} has done: drplan cannot tell, and runs it again. Every other started step is \
             checked before it is repeated.",
            repeated.join(", ")
        ),
    }
}

/// The irreversible steps that are done, or may be.
pub(super) fn forward_only(run: &Timeline) -> impl Iterator<Item = &Step> {
    let begun = &[Phase::Succeeded, Phase::UnderWay, Phase::Failed, Phase::Unknown];
    steps(run, begun).filter(|step| matches!(step.undo, Undo::Impossible(_)))
}

/// Protection debt that the run has left.
fn owed(run: &Timeline, layout: Layout) -> Option<String> {
    let owed = run.role.as_ref().map(|role| role.owed.as_slice()).unwrap_or_default();
    section(
        "Protection debt (reduced redundancy or replication):",
        &owed.iter().map(|one| debt(one, layout)).collect::<String>(),
    )
}

/// All runs, the newest first, as a table.
pub fn history(runs: &[Timeline], width: usize) -> String {
    if runs.is_empty() {
        return "No failover runs.\n".to_owned();
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
    table_or_blocks(&std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect::<Vec<_>>(), 9, width)
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
    format!("+{}", spoken(crate::steps::between(run.report.began, at)))
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
            or(run.lost(replica).map(forecast::at_least), "not measured"),
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
    let took = |(_, _, attempt): &(&Step, usize, &Attempt)| Some(crate::steps::between(attempt.begun, attempt.ended?));
    let took = attempts.iter().filter_map(took).max().unwrap_or_default();
    let (steps, ids): (Vec<&Step>, Vec<StepId>) = attempts.iter().map(|(step, ..)| (*step, step.id)).unzip();
    let (began, took, numbers) = (offset(lines.run, began), spoken(took), lines.numbers.list(&ids));
    format!("  {began:>8} {took:>8} {numbers:>6} {} (-v shows each)\n", of_several(&steps))
}

fn of_attempt(lines: &Lines<'_>, step: &Step, number: usize, attempt: &Attempt) -> String {
    let run = lines.run;
    let star = if run.critical.contains(&step.id) { styled(YELLOW, "*") } else { " ".to_owned() };
    let took = attempt.ended.map(|ended| spoken(crate::steps::between(attempt.begun, ended)));
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
