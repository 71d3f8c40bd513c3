//! The report of a failover run as HTML or Markdown, for auditors: outage, decisions, recovery time and data loss
//! against the objectives, and every step with its results.
//!
//! This module words the report; `templates/report.*.tera` shape it. The templates escape all text of others.

mod moments;
mod picture;

use serde::Serialize;
use tera::{Context, Tera};

use super::deed::{Numbers, how_word, phases};
use super::forecast::{self, ObjectiveMark, of_amount};
use super::run::places;
use super::run_show::{learnt_during, offset, outcome};
use super::{count, markdown};
use crate::duration::{at_least, spoken};
use crate::failover::{in_prose, moment};
use crate::roles::FailoverMode;
use crate::stack::CloudName;
use crate::state::RunKind;
use crate::steps::{Act, Attempt, Condition, Phase, Step, StepHistory, Task, TimeSpan, Timeline, between};
use jiff::Timestamp;
use moments::{Clock, Moment};

const HTML: &str = include_str!("../../../templates/report.html.tera");
const MARKDOWN: &str = include_str!("../../../templates/report.md.tera");

/// A report that could not be written: a template names a value that the report does not have.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report: {0}")]
pub struct ReportError(#[from] tera::Error);

/// The report as one HTML file without scripts and external resources. `outage` is the time at which the outage began,
/// where the run recorded one; `chain` stands for the whole journal ([`crate::steps::lines::Chain::as_str`]).
///
/// # Errors
/// A template that names a missing value; none is known.
pub fn html(run: &Timeline, outage: Option<Timestamp>, chain: &str, cloud: CloudName) -> Result<String, ReportError> {
    let mut tera = Tera::default();
    tera.set_escape_fn(|text, out| out.write_all(in_html(text).as_bytes()));
    tera.autoescape_on([".html"]);
    let clock = Clock::of(run, outage);
    let mut context = Context::from_serialize(&report(&clock, chain, cloud))?;
    context.insert("picture", &picture::svg(&clock));
    render(tera, "report.html", HTML, &context)
}

/// The report as Markdown; see [`html`].
///
/// # Errors
/// A template that names a missing value; none is known.
pub fn markdown(
    run: &Timeline,
    outage: Option<Timestamp>,
    chain: &str,
    cloud: CloudName,
) -> Result<String, ReportError> {
    let mut tera = Tera::default();
    tera.set_escape_fn(|text, out| out.write_all(markdown::prose(text).as_bytes()));
    tera.autoescape_on([".md"]);
    let context = Context::from_serialize(&report(&Clock::of(run, outage), chain, cloud))?;
    render(tera, "report.md", MARKDOWN, &context)
}

/// Text in which backticks mark code, as HTML.
fn in_html(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return picture::escaped(text);
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        1 => format!("<code>{}</code>", picture::escaped(part)),
        _ => picture::escaped(part),
    };
    parts.iter().enumerate().map(part).collect()
}

fn render(mut tera: Tera, name: &'static str, template: &str, context: &Context) -> Result<String, ReportError> {
    tera.add_raw_template(name, template)?;
    Ok(tera.render(name, context)?)
}

/// Everything that a template shows, as text.
#[derive(Debug, Serialize)]
struct ReportPage<'a> {
    stack: &'a str,
    cloud: &'static str,
    title: String,
    direction: String,
    /// For a forced run: the proof that no step touched the lost site.
    untouched: Option<String>,
    moments: Vec<Moment>,
    verdict: String,
    /// `good`, `bad` or `open`: the colour of the verdict.
    mood: &'static str,
    /// Limits of the run, reported before it began.
    notes: &'a [String],
    simulated: bool,
    facts: Vec<[String; 2]>,
    predictions: Vec<Comparison>,
    roles: Vec<[String; 3]>,
    decisions: Vec<[String; 3]>,
    accepted: Vec<String>,
    checks: Vec<CheckRow<'a>>,
    debts: Vec<DebtRow>,
    phases: Vec<PhaseTable>,
    proof: Vec<[String; 2]>,
}

/// A predicted value and the measured one.
#[derive(Debug, Serialize)]
struct Comparison {
    what: String,
    predicted: String,
    worst: String,
    real: String,
    objective: String,
    mark: &'static str,
    mood: &'static str,
}

#[derive(Debug, Serialize)]
struct CheckRow<'a> {
    rule: &'a str,
    what: &'a str,
    warned: bool,
}

#[derive(Debug, Serialize)]
struct DebtRow {
    of: String,
    what: String,
    remediation: String,
    since: String,
}

#[derive(Debug, Serialize)]
struct PhaseTable {
    title: String,
    steps: Vec<StepRow>,
}

#[derive(Debug, Serialize)]
struct StepRow {
    number: usize,
    action: String,
    critical: bool,
    begun: String,
    took: String,
    expected: String,
    outcome: String,
    mood: &'static str,
    results: Vec<String>,
}

fn report<'a>(clock: &Clock<'a>, chain: &str, cloud: CloudName) -> ReportPage<'a> {
    let run = clock.run;
    let undertaking = &run.undertaking;
    let simulated = cloud == CloudName::Local;
    let (verdict, mood) = verdict(clock);
    ReportPage {
        stack: &run.started.stack,
        cloud: cloud.as_str(),
        title: format!(
            "Failover group {}: {}, {}",
            undertaking.group,
            undertaking.verb.as_str(),
            how_word(undertaking.how)
        ),
        direction: direction(run),
        untouched: untouched(run),
        moments: clock.moments(),
        verdict,
        mood,
        notes: &undertaking.notes,
        simulated,
        facts: facts(clock),
        predictions: predictions(clock),
        roles: roles(run),
        decisions: decisions(run),
        accepted: accepted(run),
        checks: undertaking
            .checks
            .iter()
            .map(|check| CheckRow { rule: &check.rule, what: &check.what, warned: check.warned })
            .collect(),
        debts: debts(run),
        phases: phase_tables(run),
        proof: proof(run, chain),
    }
}

fn direction(run: &Timeline) -> String {
    let places = places(run);
    let (from, to) = (places.site(&run.undertaking.leaving), places.site(&run.undertaking.arriving));
    let moved = match run.undertaking.verb {
        RunKind::Up => format!("Users and data: {from} → {to}."),
        RunKind::Down => format!("Failback of users and data: {from} → {to}."),
        RunKind::Restore => format!("Restore in place at {to}."),
        RunKind::Drill if !run.undertaking.verifies.is_empty() => {
            let what = forecast::verification(&run.undertaking.verifies);
            format!("Restores at {to}: {what}. Production was not moved.")
        }
        RunKind::Drill => format!("Drill of a failover {from} → {to}. Production was not moved."),
    };
    match run.undertaking.lost.as_slice() {
        [] => moved,
        [lost] => format!("{moved} Lost site: {lost}."),
        several => format!("{moved} Lost sites: {}.", in_prose(several)),
    }
}

fn untouched(run: &Timeline) -> Option<String> {
    let proof = forecast::proof(places(run), &run.undertaking.lost, &run.graph)?;
    Some(format!("{proof} {}", forecast::touched_words(places(run), &run.graph)))
}

/// Result of a run of this verb, as text that its time follows.
const fn reached(verb: RunKind) -> &'static str {
    match verb {
        RunKind::Up => "Service restored after",
        RunKind::Down => "Failback completed after",
        RunKind::Drill => "Drill copies answered after",
        RunKind::Restore => "Data restored after",
    }
}

/// The measured time that the RTO limits, as the beginning of a sentence.
fn reached_words(clock: &Clock<'_>, real: std::time::Duration) -> String {
    let undertaking = &clock.run.undertaking;
    match (undertaking.verb, undertaking.how, undertaking.predicted.left_out) {
        (RunKind::Drill, _, Some(left)) => format!(
            "Drill copies answered after {}; with about {} for the steps that a drill leaves out, {}",
            clock.run.recovery().map(spoken).unwrap_or_default(),
            spoken(left.typical),
            spoken(real)
        ),
        (RunKind::Up | RunKind::Down, FailoverMode::Planned, _) => format!("Service interrupted for {}", spoken(real)),
        (verb, ..) => format!("{} {}", reached(verb), spoken(real)),
    }
}

/// The result against the objectives, in sentences, and its colour.
fn verdict(clock: &Clock<'_>) -> (String, &'static str) {
    let run = clock.run;
    let condition = run.condition();
    let ended = match condition {
        Condition::Done if run.has_skipped() => "Run ended without the steps that were skipped.",
        Condition::Done => "Run completed.",
        Condition::Unwound => "Run rolled back.",
        Condition::GivenUp => "Run aborted.",
        Condition::Superseded => "Run taken over by another run.",
        Condition::Open | Condition::Waits | Condition::Stopped | Condition::Failed => "Run unfinished.",
    };
    let verb = run.undertaking.verb;
    let (time, loss) = (clock.time_mark(), clock.loss_mark());
    let (rto, rpo) = run.undertaking.objectives;
    let rto = rto.map(spoken).unwrap_or_default();
    let unsure = || super::service::unconfirmed(run).is_some() || run.moves_nothing();
    let of_time = match (time, clock.recovery()) {
        (_, None) if unsure() => {
            let not_verified = if rto.is_empty() { String::new() } else { format!(" RTO {rto} not verified.") };
            super::service::service(run).unwrap_or_default() + &not_verified
        }
        (_, None) => match verb {
            RunKind::Up => "Service was not restored by this run.".to_owned(),
            RunKind::Down => "Failback was not completed by this run.".to_owned(),
            RunKind::Drill => "The drill copies did not answer.".to_owned(),
            RunKind::Restore => "The data were not restored by this run.".to_owned(),
        },
        (ObjectiveMark::Met, Some(real)) => format!("{}: RTO {rto} met.", reached_words(clock, real)),
        (ObjectiveMark::Missed, Some(real)) => format!("{}: RTO {rto} missed.", reached_words(clock, real)),
        (ObjectiveMark::AtRisk, Some(real)) => format!("{}: RTO {rto} at risk.", reached_words(clock, real)),
        (ObjectiveMark::Unknown, Some(real)) => format!(
            "{} {}, counted from the start of the run. RTO {rto} not verified: the start of the outage was not \
             recorded.",
            reached(verb),
            spoken(real)
        ),
        (ObjectiveMark::None, Some(real)) if verb == RunKind::Down => {
            let recovery = run.recovery().unwrap_or(real);
            format!("{} {}, service interrupted for {}.", reached(verb), spoken(recovery), spoken(real))
        }
        (ObjectiveMark::None, Some(real)) => format!("{}; the stack sets no RTO.", reached_words(clock, real)),
    };
    let rpo = rpo.map(spoken).unwrap_or_default();
    let of_loss = match loss {
        ObjectiveMark::Met => format!(" Data loss {}: RPO {rpo} met.", clock.greatest_loss()),
        ObjectiveMark::Missed => format!(" Data loss {}: RPO {rpo} missed.", clock.greatest_loss()),
        ObjectiveMark::Unknown | ObjectiveMark::AtRisk => {
            format!(" RPO {rpo} not verified: data loss was not measured for at least one data store.")
        }
        ObjectiveMark::None => String::new(),
    };
    let of_production = production(run).map(|words| format!(" {words}")).unwrap_or_default();
    let mood = match condition {
        Condition::Done if run.has_skipped() => "open",
        Condition::Done if [time, loss].iter().all(|mark| matches!(mark, ObjectiveMark::Met | ObjectiveMark::None)) => {
            "good"
        }
        Condition::Done if ![time, loss].contains(&ObjectiveMark::Missed) => "open",
        Condition::Done => "bad",
        _ => "open",
    };
    (format!("{ended} {of_time}{of_loss}{of_production}"), mood)
}

/// Result of comparing production before and after a drill; `None` for other runs.
fn production(run: &Timeline) -> Option<String> {
    if run.undertaking.verb != RunKind::Drill {
        return None;
    }
    let compared = run.graph.steps.iter().find_map(|step| match &step.act {
        Act::Task(Task::Unchanged { before, since: _ }) if run.status.phase(step.id) == Some(Phase::Succeeded) => {
            let facts = run.course(step.id).into_iter().flat_map(|course| &course.learnt);
            let apart: usize = facts.filter_map(|(_, fact)| usize::try_from(fact.apart?).ok()).sum();
            Some((before.len().saturating_sub(apart), apart))
        }
        _ => None,
    });
    let of = |objects| count(objects, "object", "objects");
    Some(match compared {
        Some((objects, 0)) => format!("Production unchanged: {} compared before and after.", of(objects)),
        Some((objects, apart)) => format!(
            "Production unchanged by the drill: {} compared before and after; {} set apart, because other runs worked on \
             them.",
            of(objects),
            of(apart)
        ),
        None => "Not verified that production is unchanged.".to_owned(),
    })
}

const fn mood(mark: ObjectiveMark) -> &'static str {
    match mark {
        ObjectiveMark::Met => "good",
        ObjectiveMark::Missed => "bad",
        ObjectiveMark::AtRisk | ObjectiveMark::Unknown => "open",
        ObjectiveMark::None => "none",
    }
}

/// A data loss as text.
fn lost(amount: std::time::Duration) -> String {
    if amount.is_zero() { "none".to_owned() } else { spoken(at_least(amount)) }
}

/// Key figures: recovery time, data loss, steps, duration.
fn facts(clock: &Clock<'_>) -> Vec<[String; 2]> {
    let run = clock.run;
    let verb = run.undertaking.verb;
    let done = run.status.phases().iter().filter(|phase| **phase == Phase::Succeeded).count();
    let of_data = match verb {
        RunKind::Drill => ["Data loss (RPO)".to_owned(), "not tested".to_owned()],
        RunKind::Up | RunKind::Down | RunKind::Restore => ["Data loss (RPO)".to_owned(), clock.greatest_loss()],
    };
    let repeated: usize = run.courses.iter().map(|course| course.attempts.len().saturating_sub(1)).sum();
    let steps = match repeated {
        0 => "Steps completed".to_owned(),
        _ => format!("Steps completed, {repeated} repeated"),
    };
    let time = match verb {
        RunKind::Up if !clock.has_outage() => "Service interruption",
        RunKind::Up if clock.outage.is_none() => "Recovery time from the start of the run",
        RunKind::Up => "Recovery time (RTO)",
        RunKind::Down => "Service interruption",
        RunKind::Drill => "Recovery time with steps left out",
        RunKind::Restore => "Recovery time from the start of the run",
    };
    let unknown = || match super::service::unconfirmed(run) {
        Some(_) => "not confirmed".to_owned(),
        None => "not reached".to_owned(),
    };
    vec![
        [time.to_owned(), clock.recovery().map_or_else(unknown, spoken)],
        of_data,
        [steps, format!("{done} of {}", run.graph.steps.len())],
        ["Duration of the run".to_owned(), spoken(run.report.length)],
    ]
}

fn predictions(clock: &Clock<'_>) -> Vec<Comparison> {
    let dash = |time: Option<std::time::Duration>| time.map_or_else(|| "–".to_owned(), spoken);
    let run = clock.run;
    let undertaking = &run.undertaking;
    let predicted = undertaking.predicted;
    // The first row is the time that the RTO limits. Predictions count from the start of the run.
    let mark = clock.time_mark();
    let recovery = match undertaking.verb {
        RunKind::Up => "Start of the run to service restored",
        RunKind::Down => "Start of the run to failback complete",
        RunKind::Drill => "Start of the run to copies answering",
        RunKind::Restore => "Start of the run to data restored",
    };
    let row = |what: &str, time: TimeSpan, real: String| Comparison {
        what: what.to_owned(),
        predicted: spoken(time.typical),
        worst: spoken(time.worst),
        real,
        objective: "–".to_owned(),
        mark: "",
        mood: "none",
    };
    let of_recovery = row(recovery, predicted.recovery(), super::service::measured(run).replace('-', "–"));
    let headline = predicted.headline(undertaking.verb, undertaking.how);
    let mut rows = match (undertaking.verb, undertaking.how) {
        (RunKind::Drill, _) => {
            vec![row("With the steps that a drill leaves out", headline, dash(clock.recovery())), of_recovery]
        }
        (RunKind::Restore, _) => vec![of_recovery],
        (_, FailoverMode::Planned) if predicted.interruption.is_some() => {
            vec![row("Service interruption", headline, dash(clock.recovery())), of_recovery]
        }
        _ => vec![of_recovery],
    };
    if let Some(first) = rows.first_mut() {
        first.objective = dash(undertaking.objectives.0);
        first.mark = moments::words(mark);
        first.mood = mood(mark);
    }
    let losses = undertaking.losses.iter().filter(|_| undertaking.verb != RunKind::Drill);
    for (replica, announced) in losses {
        let measured = run.lost(replica);
        let mark = of_amount(measured, undertaking.objectives.1);
        rows.push(Comparison {
            what: format!("Data loss of `{replica}`"),
            predicted: announced.map_or_else(|| "unknown".to_owned(), lost),
            worst: undertaking
                .accepted
                .data_loss
                .map_or_else(|| "–".to_owned(), |most| format!("{} (accepted)", spoken(most))),
            real: measured.map_or_else(|| "not measured".to_owned(), lost),
            objective: dash(undertaking.objectives.1),
            mark: moments::words(mark),
            mood: mood(mark),
        });
    }
    rows
}

/// Sites of the primary replicas before and after the run, and the active site of the group.
fn roles(run: &Timeline) -> Vec<[String; 3]> {
    let undertaking = &run.undertaking;
    let replica = |change: &crate::steps::RoleChange| {
        let now = run.role.as_ref().and_then(|role| role.stores.get(&change.replica));
        let now = now.map_or_else(|| "unchanged".to_owned(), |side| places(run).side(*side).to_owned());
        [format!("primary of `{}`", change.replica), change.from.clone().unwrap_or_else(|| "unknown".to_owned()), now]
    };
    let group = run.role.as_ref().map_or_else(|| "unchanged".to_owned(), |role| role.site.clone());
    let mut rows: Vec<[String; 3]> = undertaking.roles.iter().map(replica).collect();
    rows.push([format!("active site of group {}", undertaking.group), undertaking.leaving.clone(), group]);
    rows
}

fn decisions(run: &Timeline) -> Vec<[String; 3]> {
    let one = |one: &crate::steps::OperatorDecision| [moment(one.at), offset(run, one.at), one.what.clone()];
    run.decisions.iter().map(one).collect()
}

/// Risks that the operator accepted at the start.
fn accepted(run: &Timeline) -> Vec<String> {
    let accepted = run.undertaking.accepted;
    let by = &run.started.by;
    let loss = accepted.data_loss.map(|loss| format!("{by} accepted a data loss of up to {}", spoken(loss)));
    let both = accepted.split_brain.then(|| format!("{by} accepted that both sites may take writes"));
    let warned = run.undertaking.checks.iter().filter(|check| check.warned);
    let warned = warned.map(|check| format!("{by} continued despite the warning of `{}`: {}", check.rule, check.what));
    loss.into_iter().chain(both).chain(warned).collect()
}

fn debts(run: &Timeline) -> Vec<DebtRow> {
    let owed = run.role.as_ref().map(|role| role.owed.as_slice()).unwrap_or_default();
    let row = |owed: &crate::state::RecordedDebt| DebtRow {
        of: owed.of.to_string(),
        what: owed.debt.what.clone(),
        remediation: owed.debt.pays.clone(),
        since: moment(owed.since),
    };
    owed.iter().map(row).collect()
}

/// Every step by phase, none aggregated: a report leaves nothing out.
fn phase_tables(run: &Timeline) -> Vec<PhaseTable> {
    let numbers = Numbers::of(&run.graph, run.undertaking.steps.len());
    let table = |phase: super::deed::PhaseRows| {
        let ids = phase.rows.iter().flat_map(|row| row.ids().to_vec());
        let steps = ids.filter_map(|id| run.graph.step(id)).map(|step| step_row(run, step, &numbers)).collect();
        PhaseTable { title: phase.title(), steps }
    };
    phases(&run.graph, &run.critical).into_iter().map(table).collect()
}

fn step_row(run: &Timeline, step: &Step, numbers: &Numbers) -> StepRow {
    let nothing = StepHistory::default();
    let course = run.course(step.id).unwrap_or(&nothing);
    let phase = run.status.phase(step.id).unwrap_or(Phase::Waiting);
    let mut results = Vec::new();
    for (number, attempt) in course.attempts.iter().enumerate() {
        results.extend(of_attempt(run, course, number, attempt));
    }
    results.extend(course.left_out.iter().map(|(at, why)| format!("{}: left out: {why}", offset(run, *at))));
    let repeated = match course.attempts.len() {
        0 | 1 => String::new(),
        times => format!(", {times} attempts"),
    };
    StepRow {
        number: numbers.get(step.id),
        action: places(run).deed(step),
        critical: run.critical.contains(&step.id),
        begun: course.attempts.first().map_or_else(|| "–".to_owned(), |attempt| offset(run, attempt.begun)),
        took: if course.attempts.is_empty() { "–".to_owned() } else { spoken(course.took()) },
        expected: spoken(step.expect),
        outcome: format!("{}{repeated}", outcome(phase)),
        mood: match phase {
            Phase::Succeeded => "good",
            Phase::Failed => "bad",
            Phase::Waiting | Phase::Ready => "none",
            Phase::UnderWay | Phase::Unknown | Phase::Paused | Phase::Skipped => "open",
        },
        results,
    }
}

/// Results of an attempt, and its outcome unless it succeeded.
fn of_attempt(run: &Timeline, course: &StepHistory, number: usize, attempt: &Attempt) -> Vec<String> {
    let mut results = learnt_during(Some(course), number);
    if attempt.outcome != Phase::Succeeded {
        let at = attempt.ended.unwrap_or(attempt.begun);
        let after =
            attempt.ended.map(|ended| format!(" after {}", spoken(between(attempt.begun, ended)))).unwrap_or_default();
        let why = if attempt.why.is_empty() { String::new() } else { format!(": {}", attempt.why) };
        results.push(format!("{}: {}{after}{why}", offset(run, at), outcome(attempt.outcome)));
    }
    results
}

/// Values that tie the report to its run.
fn proof(run: &Timeline, chain: &str) -> Vec<[String; 2]> {
    let started = &run.started;
    [
        ("Run", started.run.clone()),
        ("Started", moment(run.report.began)),
        ("Last journal entry", moment(run.last())),
        ("Digest of the stack", started.digest.clone()),
        ("State", format!("lineage {}, serial {}", started.lineage, started.serial)),
        ("Digest of the journal, over every line", chain.to_owned()),
        ("Written by", format!("drplan {}", crate::VERSION)),
    ]
    .map(|(what, is)| [what.to_owned(), is])
    .to_vec()
}
