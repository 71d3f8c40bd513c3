//! Failover runs as text: how one stands and how to go on, all there were, and one in full.

use std::time::Duration;

use anstyle::Style;
use jiff::Timestamp;

use super::deed::{Places, how_word};
use super::forecast;
use super::procedure::debt;
use super::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, hang, styled, table, visible, wrap};
use crate::duration::spoken;
use crate::failover::moment;
use crate::stack::CloudName;
use crate::state::Verb;
use crate::steps::{Attempt, Condition, Course, Phase, Step, StepId, Timeline, Undo};

/// The greatest width of a line.
const WIDTH: usize = 98;
/// The most steps that are told one by one where nothing has come of them yet.
const MOST: usize = 8;

/// Where a run takes users and data.
pub(super) fn places(run: &Timeline) -> Places<'_> {
    let undertaking = &run.undertaking;
    Places {
        verb: undertaking.verb,
        leaving: &undertaking.leaving,
        arriving: &undertaking.arriving,
        regions: &undertaking.regions,
    }
}

/// The commands that can be given to a run, each as a person copies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// What goes on with it.
    pub resume: String,
    /// What takes it back or gives it up.
    pub abort: String,
    /// What answers a step that waits for a person; the step's address and `--by NAME` follow.
    pub approve: String,
}

/// How a run stands: what runs, waits, has failed and is left, and how to go on. `holder` is who carries it out at this moment; `None` where nobody does.
pub fn status(run: &Timeline, now: Timestamp, holder: Option<&str>, cloud: CloudName, commands: &Commands) -> String {
    let condition = run.condition();
    let mut sections = vec![head(run, cloud), standing(run, now, holder) + "\n"];
    let word = if holder.is_some() { "Under way:" } else { "Begun, and the outcome is not known:" };
    let begun = steps(run, &[Phase::UnderWay]).count();
    let more = begun.checked_sub(MOST).filter(|more| *more > 0).map(|more| format!("       and {more} more\n"));
    let shown = steps(run, &[Phase::UnderWay]).take(MOST).map(|step| under_way(run, step, now));
    sections.extend(section(word, shown.chain(more)));
    let failed = |step| because(run, step);
    sections.extend(section("Failed:", steps(run, &[Phase::Failed]).map(failed)));
    sections.extend(section("The outcome is not known:", steps(run, &[Phase::Unknown]).map(failed)));
    sections.extend(section("Waits for a person:", steps(run, &[Phase::Paused]).map(failed)));
    sections.extend(left(run));
    if condition.is_open() {
        sections.push(rest(run, now, holder));
        sections.push(how_to_go_on(run, holder, commands));
    }
    sections.extend(owed(run));
    sections.join("\n")
}

fn head(run: &Timeline, cloud: CloudName) -> String {
    let Timeline { started, undertaking, report, .. } = run;
    let what = format!(
        "{} of failover group {}, {}",
        undertaking.verb.as_str(),
        visible(&undertaking.group),
        how_word(undertaking.how)
    );
    let lost = undertaking.lost.as_ref().map(|lost| format!("; {} is given up", visible(lost))).unwrap_or_default();
    format!(
        "{} {} on {}: {what}{lost}\n{}\n",
        styled(BOLD, &started.run),
        visible(&started.stack),
        cloud.as_str(),
        styled(DIM, &format!("started {} by {}", moment(report.began), visible(&started.by)))
    )
}

/// What became of it, in one line.
fn standing(run: &Timeline, now: Timestamp, holder: Option<&str>) -> String {
    let length = spoken(run.report.length);
    let since = spoken(crate::steps::between(run.report.began, now));
    let words = match (run.condition(), holder) {
        (Condition::Open, Some(holder)) => format!("It is carried out by {}, for {since} now.", visible(holder)),
        (Condition::Open, None) => format!("Nobody carries it out: it was cut off after {length}."),
        (Condition::Waits, _) => "It waits for a person.".to_owned(),
        (Condition::Stopped, _) => format!("It was stopped after {length}."),
        (Condition::Failed, _) => format!("It stopped after {length} because of a failure."),
        (Condition::Done, _) => format!("It is done, after {length}."),
        (Condition::Unwound, _) => format!("It was taken back, after {length}."),
        (Condition::GivenUp, _) => format!("It was given up after {length}."),
    };
    let served = match run.recovery() {
        Some(recovery) => format!(" {} {}.", forecast::served(run.undertaking.verb), spoken(recovery)),
        None if run.condition().is_open() => match run.undertaking.verb {
            Verb::Up => " Users are not served yet.".to_owned(),
            Verb::Down => " Users are not back yet.".to_owned(),
            Verb::Drill => " The copies have not answered yet.".to_owned(),
        },
        None => String::new(),
    };
    styled(colour(run.condition()), &words) + &served
}

pub(super) const fn colour(condition: Condition) -> Style {
    match condition {
        Condition::Done => GREEN,
        Condition::Failed => RED,
        Condition::Open | Condition::Unwound => CYAN,
        Condition::Waits | Condition::Stopped | Condition::GivenUp => YELLOW,
    }
}

/// The steps in one of these phases.
fn steps<'a>(run: &'a Timeline, phases: &'a [Phase]) -> impl Iterator<Item = &'a Step> {
    let is = |step: &&Step| run.status.phase(step.id).is_some_and(|phase| phases.contains(&phase));
    run.graph.steps.iter().filter(is)
}

fn section(title: &str, lines: impl Iterator<Item = String>) -> Option<String> {
    let lines: String = lines.collect();
    (!lines.is_empty()).then(|| format!("{title}\n{lines}"))
}

fn line(run: &Timeline, step: &Step, more: &str) -> String {
    let deed = format!("{:>4} {}{more}", step.id.0, places(run).deed(step));
    format!("  {}\n", hang(&wrap_after_id(&deed), 7))
}

/// Words broken into lines, of which the spaces at the beginning are kept.
fn wrap_after_id(text: &str) -> String {
    let id = text.get(..5).unwrap_or_default();
    format!("{id}{}", wrap(text.get(5..).unwrap_or(text), WIDTH - 7))
}

fn under_way(run: &Timeline, step: &Step, now: Timestamp) -> String {
    let begun = run.course(step.id).and_then(|course| course.attempts.last()).map_or(now, |attempt| attempt.begun);
    let for_ = crate::steps::between(begun, now);
    let rest = step.expect.checked_sub(for_).filter(|rest| !rest.is_zero());
    let rest = rest.map(|rest| format!(", about {} left", spoken(rest))).unwrap_or_default();
    let mut out = line(run, step, &format!(", for {}{rest}", spoken(for_)));
    if let Some((_, learnt)) = run.course(step.id).and_then(|course| course.learnt.last()) {
        out += &format!("         {}\n", styled(DIM, &hang(&wrap(&visible(&learnt.what), WIDTH - 9), 9)));
    }
    out
}

/// A step with why it is not done.
fn because(run: &Timeline, step: &Step) -> String {
    let why = run.course(step.id).and_then(Course::why).map(visible).unwrap_or_default();
    let why = if why.is_empty() { why } else { format!("         {}\n", hang(&wrap(&why, WIDTH - 9), 9)) };
    line(run, step, "") + &why
}

/// What is left, the first of it by name.
fn left(run: &Timeline) -> Option<String> {
    let left: Vec<&Step> = steps(run, &[Phase::Waiting, Phase::Ready]).collect();
    if left.is_empty() {
        return None;
    }
    let done = steps(run, &[Phase::Succeeded]).count();
    let left_out = steps(run, &[Phase::Skipped]).count();
    let left_out = if left_out > 0 { format!(", {left_out} left out") } else { String::new() };
    let mut out = format!("Left: {} of {} ({done} done{left_out})\n", left.len(), run.graph.steps.len());
    out.extend(left.iter().take(MOST).map(|step| line(run, step, "")));
    if left.len() > MOST {
        out += &format!("       and {} more\n", left.len() - MOST);
    }
    Some(out)
}

/// How long it will go on, and whether the objective can still be reached.
fn rest(run: &Timeline, now: Timestamp, holder: Option<&str>) -> String {
    let rest = run.rest(now);
    let once = if holder.is_some() { "" } else { ", once it goes on" };
    let mut out = format!("Expected rest: {}{once}.", spoken(rest));
    if let (Some(objective), None) = (run.undertaking.objectives.0, run.served) {
        let end = crate::steps::between(run.report.began, now) + rest;
        out += &match objective.checked_sub(end) {
            Some(spare) => {
                format!(" The objective of {} can be met, with {} to spare.", spoken(objective), spoken(spare))
            }
            None => format!(
                " The objective of {} will be missed by {}.",
                spoken(objective),
                spoken(end.saturating_sub(objective))
            ),
        };
    }
    wrap(&out, WIDTH) + "\n"
}

/// The commands, each with what it does and whether that is safe.
fn how_to_go_on(run: &Timeline, holder: Option<&str>, commands: &Commands) -> String {
    let mut out = String::new();
    let mut say = |words: &str, command: Option<&str>| {
        out += &format!("{}\n", wrap(words, WIDTH));
        out.extend(command.map(|command| format!("    {}\n", styled(BOLD, command))));
    };
    for step in steps(run, &[Phase::Paused]) {
        let command = format!("{} {} --by NAME", commands.approve, step.address);
        say("Answer it:", Some(&command));
    }
    match holder {
        Some(_) => say("It goes on by itself.", None),
        None => say(
            "Go on; what was begun is looked at before anything is done again, so this is always safe:",
            Some(&commands.resume),
        ),
    }
    let forward: Vec<&Step> = forward_only(run).collect();
    if forward.is_empty() {
        say("Or take back what was done, all of which can be:", Some(&commands.abort));
    } else {
        let names: Vec<&str> = forward.iter().map(|step| step.address.as_str()).collect();
        let words =
            format!("Or give it up. What cannot be taken back stays: {}. The rest can be unwound:", names.join(", "));
        say(&words, Some(&commands.abort));
    }
    out
}

/// The steps that were done, or may have been, and cannot be taken back.
pub(super) fn forward_only(run: &Timeline) -> impl Iterator<Item = &Step> {
    let begun = &[Phase::Succeeded, Phase::UnderWay, Phase::Failed, Phase::Unknown];
    steps(run, begun).filter(|step| matches!(step.undo, Undo::Impossible(_)))
}

/// What is not protected because of it.
fn owed(run: &Timeline) -> Option<String> {
    let owed = run.role.as_ref().map(|role| role.owed.as_slice()).unwrap_or_default();
    section("Not protected until it is paid:", owed.iter().map(debt))
}

/// All runs, the newest first, as a table.
pub fn history(runs: &[Timeline]) -> String {
    if runs.is_empty() {
        return "No failover run is recorded.\n".to_owned();
    }
    let head = ["run", "group", "verb", "mode", "started", "length", "served after", "end", "by"];
    let row = |run: &Timeline| {
        let undertaking = &run.undertaking;
        vec![
            run.started.run.clone(),
            visible(&undertaking.group),
            undertaking.verb.as_str().to_owned(),
            how_word(undertaking.how).to_owned(),
            moment(run.report.began),
            spoken(run.report.length),
            run.recovery().map_or_else(|| "-".to_owned(), spoken),
            run.condition().as_str().to_owned(),
            visible(&run.started.by),
        ]
    };
    let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
    table(&std::iter::once(head.map(str::to_owned).to_vec()).chain(rows).collect::<Vec<_>>(), 9)
}

/// One run in full: predicted against real, what people decided, every step in the order in which it was begun.
pub fn show(run: &Timeline, cloud: CloudName) -> String {
    let mut sections = vec![head(run, cloud), standing(run, run.last(), None) + "\n", compared(run)];
    let decision = |decision: &crate::steps::Decision| {
        format!("  {:>8} {}\n", offset(run, decision.at), hang(&wrap(&visible(&decision.what), WIDTH - 11), 11))
    };
    sections.extend(section("What people decided:", run.decisions.iter().map(decision)));
    sections.push(course_of(run));
    sections.extend(section("Not done:", not_begun(run).into_iter().map(|step| line(run, step, ""))));
    sections.extend(owed(run));
    sections.join("\n")
}

/// How long after the run began.
pub(super) fn offset(run: &Timeline, at: Timestamp) -> String {
    format!("+{}", spoken(crate::steps::between(run.report.began, at)))
}

/// Predicted, real and wanted, as a table.
fn compared(run: &Timeline) -> String {
    let known = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), spoken);
    let undertaking = &run.undertaking;
    let mut rows = vec![["", "predicted", "at most", "real", "objective"].map(str::to_owned).to_vec()];
    rows.push(vec![
        "recovery time".to_owned(),
        spoken(undertaking.predicted.typical),
        spoken(undertaking.predicted.worst),
        known(run.recovery()),
        known(undertaking.objectives.0),
    ]);
    for (replica, predicted) in &undertaking.losses {
        let measured = run.lost(replica);
        let accepted = undertaking.accepted.data_loss;
        rows.push(vec![
            format!("loss of {replica}"),
            known(*predicted),
            known(accepted),
            known(measured.map(forecast::at_least)),
            known(undertaking.objectives.1),
        ]);
    }
    table(&rows, 1)
}

/// Every attempt in the order of time, with what was learnt meanwhile.
fn course_of(run: &Timeline) -> String {
    let mut attempts: Vec<(&Step, usize, &Attempt)> = Vec::new();
    for (step, course) in run.graph.steps.iter().zip(&run.courses) {
        attempts.extend(course.attempts.iter().enumerate().map(|(number, attempt)| (step, number, attempt)));
    }
    attempts.sort_by_key(|(step, number, attempt)| (attempt.begun, step.id, *number));
    let mut out = String::from("Steps in the order in which they were begun (* decided how long it took):\n");
    for (step, number, attempt) in attempts {
        out += &of_attempt(run, step, number, attempt);
    }
    out
}

fn of_attempt(run: &Timeline, step: &Step, number: usize, attempt: &Attempt) -> String {
    let star = if run.critical.contains(&step.id) { styled(YELLOW, "*") } else { " ".to_owned() };
    let took = attempt.ended.map(|ended| spoken(crate::steps::between(attempt.begun, ended)));
    let took = took.unwrap_or_else(|| "-".to_owned());
    let again = if number > 0 { format!(", again ({})", number + 1) } else { String::new() };
    let outcome = match attempt.outcome {
        Phase::Succeeded => String::new(),
        other => format!(": {}", outcome(other)),
    };
    let deed = format!("{}{again}{outcome}", places(run).deed(step));
    let mut out = format!(
        "{star} {:>8} {took:>8} {:>4} {}\n",
        offset(run, attempt.begun),
        step.id.0,
        hang(&wrap(&deed, WIDTH - 26), 25)
    );
    let mut more =
        |words: &str| out += &format!("{:25}{}\n", "", styled(DIM, &hang(&wrap(&visible(words), WIDTH - 26), 25)));
    if !attempt.why.is_empty() {
        more(&attempt.why);
    }
    for learnt in learnt_during(run.course(step.id), number) {
        more(&learnt);
    }
    out
}

/// What a step learnt during one of its attempts.
pub(super) fn learnt_during(course: Option<&Course>, number: usize) -> Vec<String> {
    let Some(course) = course else { return Vec::new() };
    let Some(begun) = course.attempts.get(number).map(|attempt| attempt.begun) else { return Vec::new() };
    let next = course.attempts.get(number + 1).map(|attempt| attempt.begun);
    let during = course.learnt.iter().filter(|(at, _)| *at >= begun && next.is_none_or(|next| *at < next));
    during.map(|(_, learnt)| learnt.what.clone()).filter(|what| !what.is_empty()).collect()
}

/// The words for where a step ended.
pub(super) const fn outcome(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting | Phase::Ready => "not begun",
        Phase::UnderWay => "no outcome was recorded",
        Phase::Succeeded => "done",
        Phase::Failed => "failed",
        Phase::Unknown => "the outcome is not known",
        Phase::Paused => "waits for a person",
        Phase::Skipped => "left out",
    }
}

/// The steps that were never begun, and those that were left out.
fn not_begun(run: &Timeline) -> Vec<&Step> {
    let never = |id: StepId| run.course(id).is_none_or(|course| course.attempts.is_empty());
    run.graph.steps.iter().filter(|step| never(step.id)).collect()
}
