//! A procedure as text: what is done and given up, what it will cost, what was checked, every step, the verdict last.

use std::fmt::Write;
use std::time::Duration;

use super::deed::{Phase, Row, begins, direct, phases, regions};
use super::forecast::{self, Mark, of_amount, of_time, places};
use super::{BOLD, CYAN, DIM, GREEN, RED, YELLOW, count, hang, styled, table, wrap};
use crate::duration::spoken;
use crate::failover::{Avoided, Guard, Procedure, Verdict};
use crate::stack::CloudName;
use crate::state::Owed;
use crate::steps::{Predicted, Step};

/// The greatest width of a line.
const WIDTH: usize = 98;
/// Where the times of a step stand.
const TIMES: usize = 80;
/// Where the words of a step begin.
const INDENT: usize = 9;

/// The whole procedure.
pub fn text(procedure: &Procedure, cloud: CloudName) -> String {
    let Procedure { stack, basis, .. } = procedure;
    let head = format!("{} on {}: {}", styled(BOLD, stack), cloud.as_str(), forecast::title(procedure));
    let basis = format!("state serial {}, role epoch {}", basis.serial, basis.role_epoch);
    let mut sections =
        vec![format!("{head}\n{}\n{}\n", wrap(&forecast::direction(procedure), WIDTH), styled(DIM, &basis))];
    let noted = |note: &String| format!("{} {}\n", styled(CYAN, "note:"), hang(&wrap(note, 92), 6));
    sections.extend(procedure.notes.iter().map(noted));
    if procedure.idle.is_none() {
        sections.push(prediction(procedure));
        sections.extend(given_up(procedure));
        sections.extend(checks(procedure));
        sections.extend(steps(procedure));
        sections.extend(afterwards(procedure));
    }
    let style = if procedure.is_refused() { RED } else { BOLD };
    sections.push(styled(style, &forecast::verdict(procedure)) + "\n");
    sections.join("\n")
}

/// What refuses, for whoever asked for it to be carried out: the whole of it is what a dry run shows.
pub fn refused(procedure: &Procedure, cloud: CloudName, dry_run: &str) -> String {
    let head = format!("{} on {}: {}\n", styled(BOLD, &procedure.stack), cloud.as_str(), forecast::title(procedure));
    let see = format!("`{dry_run}` shows all of it.\n");
    let verdict = styled(RED, &forecast::verdict(procedure)) + "\n";
    let sections = [
        Some(head),
        given_up(procedure).filter(|_| forecast::touching_lost(procedure).count() > 0),
        checks(procedure),
        Some(verdict + &see),
    ];
    sections.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn mark(mark: Mark) -> String {
    let style = match mark {
        Mark::Met => GREEN,
        Mark::AtRisk | Mark::Unknown => YELLOW,
        Mark::Missed => RED,
        Mark::None => DIM,
    };
    styled(style, mark.words())
}

/// `, objective 30m: met`, or nothing.
fn against(objective: Option<Duration>, how: Mark) -> String {
    objective.map(|objective| format!(", objective {}: {}", spoken(objective), mark(how))).unwrap_or_default()
}

fn prediction(procedure: &Procedure) -> String {
    let Predicted { typical, worst } = procedure.predicted;
    let against_rto = against(procedure.objectives.rto, of_time(procedure.predicted, procedure.objectives.rto));
    let time = format!("{} (P50), at worst {} (P95){against_rto}", spoken(typical), spoken(worst));
    let mut lines = vec![(forecast::time_of(procedure.verb), time)];
    lines.extend(forecast::clock(procedure).map(|clock| ("decision clock", clock)));
    let loss = |loss: &crate::failover::Loss| {
        let mark = of_amount(loss.amount, procedure.objectives.rpo);
        let against = against(procedure.objectives.rpo, mark);
        ("data loss", format!("{}: {}{against}; {}", loss.replica, forecast::loss(loss), loss.source))
    };
    lines.extend(procedure.losses.iter().map(loss));
    lines.push(("predictions", forecast::calibration(procedure.calibration)));
    let line = |(word, words): &(&str, String)| format!("  {word:<15} {}\n", hang(&wrap(words, WIDTH - 18), 18));
    format!("Predicted:\n{}", lines.iter().map(line).collect::<String>())
}

/// What is given up, what was accepted, and the proof that nothing there is touched.
fn given_up(procedure: &Procedure) -> Option<String> {
    let mut out = String::new();
    let mut say = |words: &str| out += &format!("{}\n", wrap(words, WIDTH));
    forecast::accepted(procedure).iter().for_each(|words| say(words));
    forecast::proof(places(procedure), procedure.lost.as_deref(), &procedure.steps).iter().for_each(|words| say(words));
    if !procedure.steps.steps.is_empty() {
        say(&forecast::touched_words(places(procedure), &procedure.steps));
    }
    for Avoided { address, what } in &procedure.avoided {
        out += &format!("  {} {}: {}\n", styled(DIM, "avoided"), address, hang(&wrap(what, WIDTH - 14), 14));
    }
    (!out.is_empty()).then_some(out)
}

/// Refusals and warnings with what to do about them; what passed in one line.
fn checks(procedure: &Procedure) -> Option<String> {
    let mut out = String::new();
    for Guard { rule, verdict, what, help } in &procedure.guards {
        let word = match verdict {
            Verdict::Refuses => styled(RED, "refuses"),
            Verdict::Warns => styled(YELLOW, "warns  "),
            Verdict::Passes => continue,
        };
        out += &format!("  {word} {}: {}\n", styled(BOLD, rule), hang(&wrap(what, WIDTH - 10), 10));
        if !help.is_empty() {
            out += &format!("          {}\n", hang(&wrap(help, WIDTH - 10), 10));
        }
    }
    let passed = forecast::passed(procedure);
    if !passed.is_empty() {
        out += &format!("  {} {}\n", styled(GREEN, "passed "), hang(&wrap(&passed.join(", "), WIDTH - 10), 10));
    }
    (!out.is_empty()).then(|| format!("Checked before the first change:\n{out}"))
}

/// The steps by phase.
fn steps(procedure: &Procedure) -> Option<String> {
    let graph = &procedure.steps;
    if graph.steps.is_empty() {
        return None;
    }
    let begins = begins(graph);
    let mut out = format!("{:<TIMES$}expected at worst\n", "Steps (* decides how long it takes):");
    for phase in phases(graph, &procedure.critical.steps) {
        out += &heading(&phase);
        for row in &phase.rows {
            match row {
                Row::One(id) => out.extend(graph.step(*id).map(|step| one(procedure, step, &begins))),
                Row::Several(ids) => {
                    let steps: Vec<&Step> = ids.iter().filter_map(|id| graph.step(*id)).collect();
                    out += &several(&steps);
                }
            }
        }
    }
    Some(out)
}

fn heading(phase: &Phase) -> String {
    let begins = match phase.begins.is_zero() {
        true => "at once".to_owned(),
        false => format!("after about {}", spoken(phase.begins)),
    };
    let steps = count(phase.steps(), "step", "steps");
    format!("\n  {} {}\n", styled(BOLD, &phase.title()), styled(DIM, &format!("({steps}, {begins})")))
}

/// `    * 12 promote …          35s   2m 10s`, and below it what it needs and touches and what takes it back.
fn one(procedure: &Procedure, step: &Step, begins: &[Duration]) -> String {
    let places = places(procedure);
    let star = if procedure.critical.steps.contains(&step.id) { styled(YELLOW, "*") } else { " ".to_owned() };
    let deed = wrap(&places.deed(step), TIMES - INDENT - 2);
    let (first, rest) = deed.split_once('\n').map_or((deed.as_str(), None), |(first, rest)| (first, Some(rest)));
    let times = format!("{:>8} {:>8}", spoken(step.expect), spoken(step.worst));
    let mut out = format!("  {star} {:>4} {first:<width$}{times}\n", step.id.0, width = TIMES - INDENT);
    if let Some(rest) = rest {
        out += &format!("{:INDENT$}{}\n", "", hang(rest, INDENT));
    }
    let mut more = Vec::new();
    if !step.needs.is_empty() {
        let needs: Vec<String> = direct(&procedure.steps, step).iter().map(|need| need.0.to_string()).collect();
        let begin = begins.get(step.id.index()).copied().unwrap_or_default();
        more.push(format!("after {} (about {})", needs.join(", "), spoken(begin)));
    }
    let regions: Vec<String> = regions(step).into_iter().map(|region| places.region(region)).collect();
    if !regions.is_empty() {
        more.push(format!("touches {}", regions.join(", ")));
    }
    more.extend(places.undo(step));
    if !more.is_empty() {
        let more = hang(&wrap(&more.join("; "), WIDTH - INDENT), INDENT);
        let _ = writeln!(out, "{:INDENT$}{}", "", styled(DIM, &more));
    }
    out
}

/// Steps that do the same to resources of one kind.
fn several(steps: &[&Step]) -> String {
    let Some(first) = steps.first() else { return String::new() };
    let word = super::deed::act_word(&first.act);
    let head = format!("{word} {} {}", steps.len(), first.address.kind());
    let longest = |of: fn(&Step) -> Duration| spoken(steps.iter().map(|step| of(step)).max().unwrap_or_default());
    let times = format!("{:>8} {:>8}", longest(|step| step.expect), longest(|step| step.worst));
    let names: Vec<String> = steps.iter().map(|step| format!("{} ({})", short(step), step.id.0)).collect();
    let names = hang(&wrap(&names.join(", "), WIDTH - INDENT), INDENT);
    let width = TIMES - INDENT;
    format!("{:INDENT$}{head:<width$}{times}\n{:INDENT$}{}\n", "", "", styled(DIM, &names))
}

/// An address without its kind.
fn short(step: &Step) -> &str {
    step.address.as_str().split_once('.').map_or(step.address.as_str(), |(_, name)| name)
}

/// The roles, and what is owed.
fn afterwards(procedure: &Procedure) -> Option<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for change in &procedure.roles {
        let from = change.from.clone().unwrap_or_else(|| "not known".to_owned());
        let words = if change.from.as_ref() == Some(&change.to) { "(stays)".to_owned() } else { change.to.clone() };
        rows.push(vec![format!("  {}", change.replica), from, "->".to_owned(), words]);
    }
    if let Some(becomes) = &procedure.becomes {
        let active = becomes.site.clone();
        rows.push(vec![format!("  group {}", procedure.group), procedure.leaving.clone(), "->".to_owned(), active]);
    }
    let mut out = String::new();
    if !rows.is_empty() {
        out = format!("Where writes go, before and after:\n{}", table(&rows, 4));
    }
    let owed = procedure.becomes.iter().flat_map(|becomes| &becomes.owed);
    let owed: String = owed.map(debt).collect();
    if !owed.is_empty() {
        out += &format!("Not protected afterwards, until it is paid:\n{owed}");
    }
    (!out.is_empty()).then_some(out)
}

/// A debt in two lines.
pub(super) fn debt(Owed { of, debt, since: _ }: &Owed) -> String {
    let what = hang(&wrap(&format!("{of}: {}", debt.what), WIDTH - 4), 4);
    format!("  {what}\n    {}\n", styled(DIM, &hang(&wrap(&format!("paid by: {}", debt.pays), WIDTH - 4), 4)))
}
