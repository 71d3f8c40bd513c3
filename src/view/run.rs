//! A failover run as text: its status, with the commands to resume, abort or take it over.

use std::collections::BTreeMap;

use anstyle::Style;
use jiff::Timestamp;

use super::deed::{MoveSites, Numbers, act_word, how_word};
use super::overdue::{self, OverdueAdvice};
use super::procedure::debt;
use super::{BOLD, CYAN, DIM, GREEN, Layout, MANY, RED, YELLOW, fit, styled, visible};
use crate::duration::spoken;
use crate::failover::{in_prose, moment};
use crate::stack::CloudName;
use crate::state::RunKind;
use crate::steps::{Act, Condition, Phase, Step, StepHistory, StepId, Timeline, Undo, between};

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
    /// The command that takes the run over, by the site that is lost.
    pub take_over: BTreeMap<String, String>,
    /// The objects of its steps, for steps that take far too long.
    pub advice: OverdueAdvice,
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
    sections.extend(overdue_steps(run, now, holder, commands, layout));
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
pub(super) fn numbers(run: &Timeline) -> Numbers {
    Numbers::of(&run.graph, run.undertaking.steps.len())
}

pub(super) fn head(run: &Timeline, cloud: CloudName) -> String {
    let Timeline { started, undertaking, report, .. } = run;
    let what = match undertaking.verifies.is_empty() {
        false => visible(&super::forecast::verification(&undertaking.verifies)),
        true => format!(
            "{} of failover group {}, {}",
            undertaking.verb.as_str(),
            visible(&undertaking.group),
            how_word(undertaking.how)
        ),
    };
    let lost = match undertaking.lost.as_slice() {
        [] => String::new(),
        lost => format!(", {} lost", visible(&in_prose(lost))),
    };
    format!(
        "{} {} on {}: {what}{lost}\n{}\n",
        styled(BOLD, &started.run),
        visible(&started.stack),
        cloud.as_str(),
        styled(DIM, &format!("started {} by {}", moment(report.began), visible(&started.by)))
    )
}

/// The headline: the state of the run, and its recovery time.
pub(super) fn standing(run: &Timeline, now: Timestamp, holder: Option<&str>) -> String {
    let length = spoken(run.report.length);
    let since = spoken(between(run.report.began, now));
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
            RunKind::Restore => " The data are not restored yet.".to_owned(),
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

pub(super) fn section(title: &str, lines: &str) -> Option<String> {
    (!lines.is_empty()).then(|| format!("{title}\n{lines}"))
}

/// Steps of a run as lines, in the order of their numbers.
pub(super) struct Lines<'a> {
    /// The run.
    pub(super) run: &'a Timeline,
    /// Numbers of its steps.
    pub(super) numbers: Numbers,
    /// The form of the text.
    pub(super) layout: Layout,
}

impl<'a> Lines<'a> {
    /// The steps in order; in a summary many that do the same to resources of one kind are a group.
    pub(super) fn groups(&self, steps: impl Iterator<Item = &'a Step>) -> Vec<Vec<&'a Step>> {
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
    pub(super) fn line(&self, group: &[&Step], more: &str) -> String {
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
                let spent = run.running_for(step.id, now).unwrap_or_default();
                (step.expect.saturating_sub(spent), spent, step.worst)
            };
            let (rest, spent, worst) = group.iter().map(time).max().unwrap_or_default();
            let rest = if rest.is_zero() { String::new() } else { format!(", about {} left", spoken(rest)) };
            let mut out = self.line(group, &format!(", for {}{rest} (P95 {})", spoken(spent), spoken(worst)));
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
pub(super) fn do_the_same(a: &Step, b: &Step) -> bool {
    let is_task = |step: &Step| matches!(step.act, Act::Task(_));
    !is_task(a) && !is_task(b) && (act_word(&a.act), a.address.kind()) == (act_word(&b.act), b.address.kind())
}

/// `create 10 lb_rule`.
pub(super) fn of_several(steps: &[&Step]) -> String {
    let Some(first) = steps.first() else { return String::new() };
    format!("{} {} {}", act_word(&first.act).replace('_', " "), steps.len(), first.address.kind())
}

/// Remaining time, and the RTO with the time to spare.
fn rest(run: &Timeline, now: Timestamp, holder: Option<&str>, layout: Layout) -> String {
    let rest = run.rest(now);
    let once = if holder.is_some() { "" } else { " once it is resumed" };
    let mut out = format!("Remaining time: about {}{once}.", spoken(rest));
    if let (Some(objective), None) = (run.undertaking.objectives.0, run.arrived) {
        let end = between(run.outage().unwrap_or(run.report.began), now) + rest;
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

/// The running steps that have exceeded their P95 several times, each with the things to check and the commands.
fn overdue_steps(
    run: &Timeline,
    now: Timestamp,
    holder: Option<&str>,
    commands: &RunCommands,
    layout: Layout,
) -> Option<String> {
    let is_overdue = |step: &&Step| run.running_for(step.id, now).is_some_and(|spent| overdue::is_overdue(step, spent));
    let overdue: Vec<&Step> = steps(run, &[Phase::UnderWay]).filter(is_overdue).collect();
    let lines = Lines { run, numbers: numbers(run), layout };
    let groups = lines.groups(overdue.iter().copied());
    let most = if layout.is_full() { groups.len() } else { MANY };
    let mut out = String::new();
    for group in groups.iter().take(most) {
        let Some(step) = group.first() else { continue };
        let learnt = run.course(step.id).and_then(|course| course.learnt.last());
        let one = overdue::OverdueStep {
            step,
            spent: run.running_for(step.id, now).unwrap_or_default(),
            is_running: holder.is_some(),
            learnt: learnt.map(|(_, learnt)| learnt.what.as_str()),
            more: group.len() - 1,
        };
        out += &overdue::text(&overdue::lines(one, &commands.advice), layout);
    }
    let left: usize = groups.iter().skip(most).map(Vec::len).sum();
    if left > 0 {
        out += &format!("  and {left} more are overdue (-v shows them)\n");
    }
    let (Some(holder), false) = (holder, overdue.is_empty()) else { return (!out.is_empty()).then_some(out) };
    let mut lines = vec![
        overdue::AdviceLine::Words(format!(
            "To stop waiting, end {}: press Ctrl-C there twice. Then abort the run:",
            visible(holder)
        )),
        overdue::AdviceLine::Command(commands.abort.clone()),
    ];
    let touched = |region: &str| overdue.iter().any(|step| step.touches.iter().any(|touch| touch.region == region));
    for (site, command) in &commands.take_over {
        if run.undertaking.regions.get(site).is_some_and(|region| touched(region)) {
            lines.push(overdue::AdviceLine::Words(format!("Or, if {} is lost, take the run over:", visible(site))));
            lines.push(overdue::AdviceLine::Command(command.clone()));
        }
    }
    Some(out + &overdue::text(&lines, layout))
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
    let repeated = steps(run, begun).filter(|step| step.repeats_unchecked());
    let repeated: Vec<&str> = repeated.map(|step| step.address.as_str()).collect();
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
pub(super) fn owed(run: &Timeline, layout: Layout) -> Option<String> {
    let owed = run.role.as_ref().map(|role| role.owed.as_slice()).unwrap_or_default();
    section(
        "Protection debt (reduced redundancy or replication):",
        &owed.iter().map(|one| debt(one, layout)).collect::<String>(),
    )
}
