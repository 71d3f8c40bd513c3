//! The report of a run, for whoever has to believe it: what was promised, what came of it, who decided what, and every step with its answers.
//!
//! Its words are made here, its shape stands in `templates/report.*.tera`. What others wrote is escaped by the templates, all of it.

mod picture;

use serde::Serialize;
use tera::{Context, Tera};

use super::deed::{how_word, phases};
use super::forecast::{self, Mark, of_amount};
use super::run::{learnt_during, offset, outcome, places};
use super::{count, markdown};
use crate::duration::spoken;
use crate::failover::moment;
use crate::stack::CloudName;
use crate::state::Verb;
use crate::steps::{Act, Attempt, Condition, Course, Phase, Predicted, Step, Task, Timeline, between};

const HTML: &str = include_str!("../../../templates/report.html.tera");
const MARKDOWN: &str = include_str!("../../../templates/report.md.tera");

/// Why a report could not be written: a template asks for what the report does not have.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be written: {0}")]
pub struct Unwritten(#[from] tera::Error);

/// The report as one HTML file, without scripts and without anything from elsewhere. `chain` stands for the whole journal
/// ([`crate::steps::lines::Chain::as_str`]).
///
/// # Errors
/// Where the template asks for what is not there; none is known.
pub fn html(run: &Timeline, chain: &str, cloud: CloudName) -> Result<String, Unwritten> {
    let mut tera = Tera::default();
    tera.set_escape_fn(|text, out| out.write_all(in_html(text).as_bytes()));
    tera.autoescape_on([".html"]);
    let mut context = Context::from_serialize(&report(run, chain, cloud))?;
    context.insert("picture", &picture::svg(run));
    render(tera, "report.html", HTML, &context)
}

/// The report as Markdown.
///
/// # Errors
/// Where the template asks for what is not there; none is known.
pub fn markdown(run: &Timeline, chain: &str, cloud: CloudName) -> Result<String, Unwritten> {
    let mut tera = Tera::default();
    tera.set_escape_fn(|text, out| out.write_all(markdown::prose(text).as_bytes()));
    tera.autoescape_on([".md"]);
    let context = Context::from_serialize(&report(run, chain, cloud))?;
    render(tera, "report.md", MARKDOWN, &context)
}

/// Words in which backticks mark code, as HTML.
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

fn render(mut tera: Tera, name: &'static str, template: &str, context: &Context) -> Result<String, Unwritten> {
    tera.add_raw_template(name, template)?;
    Ok(tera.render(name, context)?)
}

/// All that a template shows, in words.
#[derive(Debug, Serialize)]
struct Report<'a> {
    stack: &'a str,
    cloud: &'static str,
    title: String,
    direction: String,
    /// For a forced run, that nothing it did touched what was given up.
    untouched: Option<String>,
    verdict: String,
    /// `good`, `bad` or `open`: the colour of the verdict.
    mood: &'static str,
    /// What the reader has to know to judge it.
    notes: &'a [String],
    simulated: bool,
    facts: Vec<[String; 2]>,
    predictions: Vec<Compared>,
    roles: Vec<[String; 3]>,
    decisions: Vec<[String; 3]>,
    accepted: Vec<String>,
    checks: Vec<Checked<'a>>,
    owed: Vec<Debt>,
    phases: Vec<Stage>,
    proof: Vec<[String; 2]>,
}

/// Something that was predicted and measured.
#[derive(Debug, Serialize)]
struct Compared {
    what: String,
    predicted: String,
    worst: String,
    real: String,
    objective: String,
    mark: &'static str,
    mood: &'static str,
}

#[derive(Debug, Serialize)]
struct Checked<'a> {
    rule: &'a str,
    what: &'a str,
    warned: bool,
}

#[derive(Debug, Serialize)]
struct Debt {
    of: String,
    what: String,
    pays: String,
    since: String,
}

#[derive(Debug, Serialize)]
struct Stage {
    title: String,
    steps: Vec<Told>,
}

/// A step as the report tells it.
#[derive(Debug, Serialize)]
struct Told {
    id: u32,
    does: String,
    critical: bool,
    begun: String,
    took: String,
    expected: String,
    outcome: String,
    mood: &'static str,
    answers: Vec<String>,
}

fn report<'a>(run: &'a Timeline, chain: &str, cloud: CloudName) -> Report<'a> {
    let undertaking = &run.undertaking;
    let simulated = cloud == CloudName::Local;
    let (verdict, mood) = verdict(run);
    Report {
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
        verdict,
        mood,
        notes: &undertaking.notes,
        simulated,
        facts: facts(run),
        predictions: predictions(run),
        roles: roles(run),
        decisions: decisions(run),
        accepted: accepted(run),
        checks: undertaking
            .checks
            .iter()
            .map(|one| Checked { rule: &one.rule, what: &one.what, warned: one.warned })
            .collect(),
        owed: owed(run),
        phases: told(run),
        proof: proof(run, chain),
    }
}

fn direction(run: &Timeline) -> String {
    let places = places(run);
    let (from, to) = (places.site(&run.undertaking.leaving), places.site(&run.undertaking.arriving));
    let way = match run.undertaking.verb {
        Verb::Up => format!("Users and data leave {from} for {to}."),
        Verb::Down => format!("Users and data return from {from} to {to}."),
        Verb::Drill => format!("Rehearsed: users and data leave {from} for {to}. Production stays where it is."),
    };
    match &run.undertaking.lost {
        Some(lost) => format!("{way} Given up: {lost}."),
        None => way,
    }
}

fn untouched(run: &Timeline) -> Option<String> {
    let proof = forecast::proof(places(run), run.undertaking.lost.as_deref(), &run.graph)?;
    Some(format!("{proof} {}", forecast::touched_words(places(run), &run.graph)))
}

/// How the recovery time stands to its objective.
fn time_mark(run: &Timeline) -> Mark {
    match (run.recovery(), run.undertaking.objectives.0) {
        (_, None) => Mark::None,
        (None, Some(_)) => Mark::Unknown,
        (Some(real), Some(objective)) => of_amount(Some(real), Some(objective)),
    }
}

/// How the worst of the losses stands to its objective: missed where one misses it, not known where one is not known.
fn loss_mark(run: &Timeline) -> Mark {
    if run.undertaking.verb == Verb::Drill {
        return Mark::None; // It moves no data, so that it shows nothing of what would be lost.
    }
    let objective = run.undertaking.objectives.1;
    let mark = |replica| of_amount(run.lost(replica), objective);
    let marks: Vec<Mark> = run.undertaking.losses.keys().map(mark).collect();
    [Mark::Missed, Mark::Unknown, Mark::Met].into_iter().find(|mark| marks.contains(mark)).unwrap_or(Mark::None)
}

/// Whether it has reached what was promised, in sentences, and their colour.
fn verdict(run: &Timeline) -> (String, &'static str) {
    let condition = run.condition();
    let ended = match condition {
        Condition::Done => "The run is done.",
        Condition::Unwound => "The run was taken back.",
        Condition::GivenUp => "The run was given up.",
        Condition::Open | Condition::Waits | Condition::Stopped | Condition::Failed => "The run is not finished.",
    };
    let (time, loss) = (time_mark(run), loss_mark(run));
    let objective = |objective: Option<std::time::Duration>| objective.map(spoken).unwrap_or_default();
    let (verb, served) = (run.undertaking.verb, forecast::served(run.undertaking.verb));
    let of_time = match (time, run.recovery()) {
        (Mark::Met, Some(real)) => {
            format!("{served} {}, within the objective of {}.", spoken(real), objective(run.undertaking.objectives.0))
        }
        (Mark::Missed, Some(real)) => format!(
            "{served} {}; the objective of {} was missed.",
            spoken(real),
            objective(run.undertaking.objectives.0)
        ),
        (_, Some(real)) if verb == Verb::Down => {
            format!("{served} {}; until they were moved, {} served them.", spoken(real), run.undertaking.leaving)
        }
        (_, Some(real)) => format!("{served} {}; the stack sets no objective for that.", spoken(real)),
        (_, None) => match verb {
            Verb::Up => "Users were not served again by it.".to_owned(),
            Verb::Down => "Users were not brought back by it.".to_owned(),
            Verb::Drill => "The copies did not answer.".to_owned(),
        },
    };
    let of_loss = match loss {
        Mark::Met => {
            format!(" No store lost more than the objective of {} allows.", objective(run.undertaking.objectives.1))
        }
        Mark::Missed => {
            format!(" A store lost more than the objective of {} allows.", objective(run.undertaking.objectives.1))
        }
        Mark::Unknown | Mark::AtRisk => " Of at least one store it was not measured what was lost.".to_owned(),
        Mark::None => String::new(),
    };
    let of_production = production(run).map(|words| format!(" {words}")).unwrap_or_default();
    let mood = match condition {
        Condition::Done if [time, loss].iter().all(|mark| matches!(mark, Mark::Met | Mark::None)) => "good",
        Condition::Done if ![time, loss].contains(&Mark::Missed) => "open",
        Condition::Done => "bad",
        _ => "open",
    };
    (format!("{ended} {of_time}{of_loss}{of_production}"), mood)
}

/// Whether production is known to be as it was, in a sentence; `None` where that is not what the run was about.
fn production(run: &Timeline) -> Option<String> {
    if run.undertaking.verb != Verb::Drill {
        return None;
    }
    let compared = run.graph.steps.iter().find_map(|step| match &step.act {
        Act::Task(Task::Unchanged { before }) if run.status.phase(step.id) == Some(Phase::Succeeded) => {
            Some(before.len())
        }
        _ => None,
    });
    Some(match compared {
        Some(objects) => {
            format!(
                "Production is as it was: {} compared before and after.",
                count(objects, "object was", "objects were")
            )
        }
        None => "It was not shown that production is as it was.".to_owned(),
    })
}

const fn mood(mark: Mark) -> &'static str {
    match mark {
        Mark::Met => "good",
        Mark::Missed => "bad",
        Mark::AtRisk | Mark::Unknown => "open",
        Mark::None => "none",
    }
}

/// How much was lost, in words.
fn lost(amount: std::time::Duration) -> String {
    if amount.is_zero() { "nothing".to_owned() } else { spoken(forecast::at_least(amount)) }
}

/// What stands at the top: recovery time, data loss, how much was done.
fn facts(run: &Timeline) -> Vec<[String; 2]> {
    let done = run.status.phases().iter().filter(|phase| **phase == Phase::Succeeded).count();
    let losses: Vec<_> = run.undertaking.losses.keys().map(|replica| run.lost(replica)).collect();
    let most = match losses.iter().flatten().max() {
        Some(most) if !losses.contains(&None) => lost(*most),
        Some(most) if !most.is_zero() => format!("{} or more", lost(*most)),
        _ => "not measured".to_owned(),
    };
    let drill = run.undertaking.verb == Verb::Drill;
    let of_data = if drill { ["Data that moved", "none"] } else { ["Greatest loss of a store", most.as_str()] };
    let again: usize = run.courses.iter().map(|course| course.attempts.len().saturating_sub(1)).sum();
    let again = if again > 0 { format!("Steps done, {again} of them again") } else { "Steps done".to_owned() };
    vec![
        [
            forecast::served(run.undertaking.verb).to_owned(),
            run.recovery().map_or_else(|| "not reached".to_owned(), spoken),
        ],
        of_data.map(str::to_owned),
        [again, format!("{done} of {}", run.graph.steps.len())],
        ["Whole run".to_owned(), spoken(run.report.length)],
    ]
}

fn predictions(run: &Timeline) -> Vec<Compared> {
    let dash = |time: Option<std::time::Duration>| time.map_or_else(|| "–".to_owned(), spoken);
    let undertaking = &run.undertaking;
    let Predicted { typical, worst } = undertaking.predicted;
    let mark = time_mark(run);
    let mut rows = vec![Compared {
        what: match undertaking.verb {
            Verb::Up => "Time until users were served",
            Verb::Down => "Time until users were back",
            Verb::Drill => "Time until the copies answered",
        }
        .to_owned(),
        predicted: spoken(typical),
        worst: format!("{} (P95)", spoken(worst)),
        real: dash(run.recovery()),
        objective: dash(undertaking.objectives.0),
        mark: mark.words(),
        mood: mood(mark),
    }];
    let losses = undertaking.losses.iter().filter(|_| undertaking.verb != Verb::Drill);
    for (replica, announced) in losses {
        let measured = run.lost(replica);
        let mark = of_amount(measured, undertaking.objectives.1);
        rows.push(Compared {
            what: format!("Writes lost of `{replica}`"),
            predicted: announced.map_or_else(|| "not known".to_owned(), lost),
            worst: undertaking
                .accepted
                .data_loss
                .map_or_else(|| "–".to_owned(), |most| format!("{} (accepted)", spoken(most))),
            real: measured.map_or_else(|| "not measured".to_owned(), lost),
            objective: dash(undertaking.objectives.1),
            mark: mark.words(),
            mood: mood(mark),
        });
    }
    rows
}

/// Where writes went before, where they were to go, and where they go.
fn roles(run: &Timeline) -> Vec<[String; 3]> {
    let undertaking = &run.undertaking;
    let replica = |change: &crate::steps::RoleChange| {
        let now = run.role.as_ref().and_then(|role| role.stores.get(&change.replica));
        let now = now.map_or_else(|| "as before".to_owned(), |side| places(run).side(*side).to_owned());
        [format!("`{}`", change.replica), change.from.clone().unwrap_or_else(|| "not known".to_owned()), now]
    };
    let group = run.role.as_ref().map_or_else(|| "as before".to_owned(), |role| role.site.clone());
    let mut rows: Vec<[String; 3]> = undertaking.roles.iter().map(replica).collect();
    rows.push([format!("group {}", undertaking.group), undertaking.leaving.clone(), group]);
    rows
}

fn decisions(run: &Timeline) -> Vec<[String; 3]> {
    let one = |one: &crate::steps::Decision| [moment(one.at), offset(run, one.at), one.what.clone()];
    run.decisions.iter().map(one).collect()
}

/// What whoever started it has accepted.
fn accepted(run: &Timeline) -> Vec<String> {
    let accepted = run.undertaking.accepted;
    let by = &run.started.by;
    let loss = accepted.data_loss.map(|loss| format!("{by} accepted the loss of writes up to {} old", spoken(loss)));
    let both = accepted.split_brain.then(|| format!("{by} accepted that both sides may take writes"));
    let warned = run.undertaking.checks.iter().filter(|check| check.warned);
    let warned = warned.map(|check| format!("{by} went on although `{}` warned: {}", check.rule, check.what));
    loss.into_iter().chain(both).chain(warned).collect()
}

fn owed(run: &Timeline) -> Vec<Debt> {
    let owed = run.role.as_ref().map(|role| role.owed.as_slice()).unwrap_or_default();
    let one = |owed: &crate::state::Owed| Debt {
        of: owed.of.to_string(),
        what: owed.debt.what.clone(),
        pays: owed.debt.pays.clone(),
        since: moment(owed.since),
    };
    owed.iter().map(one).collect()
}

/// Every step by phase, none told together: a report leaves nothing out.
fn told(run: &Timeline) -> Vec<Stage> {
    let phase = |phase: super::deed::Phase| {
        let ids = phase.rows.iter().flat_map(|row| row.ids().to_vec());
        let steps = ids.filter_map(|id| run.graph.step(id)).map(|step| tell(run, step)).collect();
        Stage { title: phase.title(), steps }
    };
    phases(&run.graph, &run.critical).into_iter().map(phase).collect()
}

fn tell(run: &Timeline, step: &Step) -> Told {
    let nothing = Course::default();
    let course = run.course(step.id).unwrap_or(&nothing);
    let phase = run.status.phase(step.id).unwrap_or(Phase::Waiting);
    let mut answers = Vec::new();
    for (number, attempt) in course.attempts.iter().enumerate() {
        answers.extend(of_attempt(run, course, number, attempt));
    }
    answers.extend(course.left_out.iter().map(|(at, why)| format!("{}: left out: {why}", offset(run, *at))));
    let again = match course.attempts.len() {
        0 | 1 => String::new(),
        times => format!(", {times} attempts"),
    };
    Told {
        id: step.id.0,
        does: places(run).deed(step),
        critical: run.critical.contains(&step.id),
        begun: course.attempts.first().map_or_else(|| "–".to_owned(), |attempt| offset(run, attempt.begun)),
        took: if course.attempts.is_empty() { "–".to_owned() } else { spoken(course.took()) },
        expected: spoken(step.expect),
        outcome: format!("{}{again}", outcome(phase)),
        mood: match phase {
            Phase::Succeeded => "good",
            Phase::Failed => "bad",
            Phase::Waiting | Phase::Ready => "none",
            Phase::UnderWay | Phase::Unknown | Phase::Paused | Phase::Skipped => "open",
        },
        answers,
    }
}

/// What an attempt learnt, and how it ended where that was not well.
fn of_attempt(run: &Timeline, course: &Course, number: usize, attempt: &Attempt) -> Vec<String> {
    let mut answers = learnt_during(Some(course), number);
    if attempt.outcome != Phase::Succeeded {
        let at = attempt.ended.unwrap_or(attempt.begun);
        let after =
            attempt.ended.map(|ended| format!(" after {}", spoken(between(attempt.begun, ended)))).unwrap_or_default();
        let why = if attempt.why.is_empty() { String::new() } else { format!(": {}", attempt.why) };
        answers.push(format!("{}: {}{after}{why}", offset(run, at), outcome(attempt.outcome)));
    }
    answers
}

/// What binds the report to what it is about.
fn proof(run: &Timeline, chain: &str) -> Vec<[String; 2]> {
    let started = &run.started;
    [
        ("Run", started.run.clone()),
        ("Began", moment(run.report.began)),
        ("Last entry of the journal", moment(run.last())),
        ("Digest of the stack", started.digest.clone()),
        ("State", format!("lineage {}, serial {}", started.lineage, started.serial)),
        ("Digest of the journal's last line, which stands for all before it", chain.to_owned()),
        ("Written by", format!("drplan {}", crate::VERSION)),
    ]
    .map(|(what, is)| [what.to_owned(), is])
    .to_vec()
}
