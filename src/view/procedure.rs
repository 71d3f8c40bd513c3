//! A procedure as text: direction, forecast, preflight checks, every step, and the verdict last.

use std::fmt::Write;
use std::time::Duration;

use super::deed::{Numbers, PhaseRows, Row, begins, direct, how_word, phases, regions};
use super::forecast::{self, ObjectiveMark, of_amount, of_time, places};
use super::{BOLD, CYAN, DIM, GREEN, Layout, RED, YELLOW, count, fit, short, styled, table, wrap};
use crate::duration::spoken;
use crate::failover::{Avoidance, PreflightCheck, PreflightStatus, Procedure};
use crate::stack::CloudName;
use crate::state::RecordedDebt;
use crate::steps::Step;

/// Width of the times of a step, with the margin of a line.
const TIMES: usize = 20;
/// Column of the text of a step.
const INDENT: usize = 9;

/// The whole procedure.
pub fn text(procedure: &Procedure, cloud: CloudName, layout: Layout) -> String {
    let Procedure { stack, basis, .. } = procedure;
    let head = format!("{} on {}: {}", styled(BOLD, stack), cloud.as_str(), forecast::title(procedure));
    let basis = format!("state serial {}, role epoch {}", basis.serial, basis.role_epoch);
    let mut sections =
        vec![format!("{head}\n{}\n{}\n", layout.wrap(&forecast::direction(procedure), 0), styled(DIM, &basis))];
    let noted = |note: &String| format!("{} {}\n", styled(CYAN, "note:"), layout.wrap(note, 6));
    sections.extend(procedure.notes.iter().map(noted));
    if procedure.idle.is_none() {
        sections.extend((!forecast::is_blocked(procedure)).then(|| prediction(procedure, layout)));
        sections.extend(checks(procedure, layout));
        sections.extend(super::ladder::text(procedure, layout));
        sections.extend(boundary(procedure, layout));
        sections.extend(steps(procedure, layout));
        sections.extend(afterwards(procedure, layout));
    }
    let style = if forecast::is_blocked(procedure) { RED } else { BOLD };
    sections.push(styled(style, &forecast::verdict(procedure)) + "\n");
    fit(&sections.join("\n"), layout.width)
}

/// Several procedures in one view: a line for each, and the checks that failed or warn, each once.
pub fn overview(procedures: &[Procedure], cloud: CloudName, layout: Layout) -> String {
    let Some(first) = procedures.first() else { return String::new() };
    let head = format!(
        "{} on {}: {} of {}, {}\n",
        styled(BOLD, &first.stack),
        cloud.as_str(),
        first.verb.as_str(),
        count(procedures.len(), "failover group", "failover groups"),
        how_word(first.how)
    );
    let mut rows = vec![["group", "move", ""].map(str::to_owned).to_vec()];
    rows.extend(
        procedures
            .iter()
            .map(|one| vec![one.group.clone(), format!("{} → {}", one.leaving, one.arriving), forecast::verdict(one)]),
    );
    let mut found: Vec<(&PreflightCheck, Vec<&str>)> = Vec::new();
    let open = procedures.iter().filter(|one| one.idle.is_none());
    for (one, check) in open.flat_map(|one| one.guards.iter().map(move |check| (one, check))) {
        match found.iter_mut().find(|(known, _)| *known == check) {
            _ if check.verdict == PreflightStatus::Passes => {}
            Some((_, groups)) => groups.push(&one.group),
            None => found.push((check, vec![&one.group])),
        }
    }
    found.sort_by_key(|(check, _)| check.verdict);
    let mut checks = String::new();
    for (check, groups) in found {
        let (style, word) = match check.verdict {
            PreflightStatus::Refuses => (RED, "FAILED"),
            PreflightStatus::Warns | PreflightStatus::Passes => (YELLOW, "warning"),
        };
        let what = layout.wrap(&format!("{}: {} ({})", check.rule, check.what, groups.join(", ")), 10);
        checks += &format!("  {}{}{what}\n", styled(style, word), " ".repeat(8 - word.len()));
        if !check.help.is_empty() {
            checks += &format!("          {}\n", layout.wrap(&check.help, 10));
        }
    }
    let sections = [Some(head), Some(table(&rows, 2, layout.width)), (!checks.is_empty()).then_some(checks)];
    fit(&sections.into_iter().flatten().collect::<Vec<_>>().join("\n"), layout.width)
}

/// The failed checks of a blocked procedure. `dry_run` is the command that shows the whole procedure.
pub fn refused(procedure: &Procedure, cloud: CloudName, dry_run: &str, layout: Layout) -> String {
    let head = format!("{} on {}: {}\n", styled(BOLD, &procedure.stack), cloud.as_str(), forecast::title(procedure));
    let see = format!("To see the whole procedure:\n    {dry_run}\n");
    let verdict = styled(RED, &forecast::verdict(procedure)) + "\n";
    let sections = [
        Some(head),
        boundary(procedure, layout).filter(|_| forecast::touching_lost(procedure).count() > 0),
        checks(procedure, layout),
        Some(verdict + &see),
    ];
    fit(&sections.into_iter().flatten().collect::<Vec<_>>().join("\n"), layout.width)
}

fn mark(mark: ObjectiveMark) -> String {
    let style = match mark {
        ObjectiveMark::Met => GREEN,
        ObjectiveMark::AtRisk | ObjectiveMark::Unknown => YELLOW,
        ObjectiveMark::Missed => RED,
        ObjectiveMark::None => DIM,
    };
    styled(style, mark.words())
}

/// `, objective 30m: met`, or empty.
fn against(objective: Option<Duration>, how: ObjectiveMark) -> String {
    let words = |objective| match how {
        // The value before it is unknown, which says enough.
        ObjectiveMark::Unknown => format!(", objective {}", spoken(objective)),
        _ => format!(", objective {}: {}", spoken(objective), mark(how)),
    };
    objective.map(words).unwrap_or_default()
}

fn prediction(procedure: &Procedure, layout: Layout) -> String {
    let mut lines: Vec<(&str, String)> =
        forecast::times(procedure).into_iter().map(|(name, time)| (name, forecast::span(time))).collect();
    if let Some((_, first)) = lines.first_mut() {
        *first += &against(procedure.objectives.rto, of_time(procedure));
    }
    lines.extend(forecast::clock(procedure).map(|clock| ("declare by", clock)));
    let loss = |loss: &crate::failover::LossEstimate| {
        let mark = of_amount(loss.amount, procedure.objectives.rpo);
        let against = against(procedure.objectives.rpo, mark);
        (
            "data loss (RPO)",
            format!("{}: {}{against}; {}", loss.replica, forecast::loss(procedure.verb, loss), loss.source),
        )
    };
    lines.extend(procedure.losses.iter().map(loss));
    lines.extend(critical_path(procedure).map(|path| ("critical path", path)));
    lines.push(("accuracy", forecast::calibration(procedure.calibration)));
    let width = lines.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
    let line =
        |(word, words): &(&str, String)| format!("  {:<width$}  {}\n", capital(word), layout.wrap(words, width + 4));
    format!("Forecast:\n{}", lines.iter().map(line).collect::<String>())
}

/// `lag: replication lag 40s, …`, wrapped, and indented behind a word of seven letters.
fn labelled(label: &str, text: &str, layout: Layout) -> String {
    let text = layout.wrap(&format!("{label}: {text}"), 10);
    // A label has no spaces, so that no line break is within.
    text.replacen(label, &styled(BOLD, label), 1)
}

/// Text with a capital first letter.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// Length of the critical path, and its longest step.
fn critical_path(procedure: &Procedure) -> Option<String> {
    let all = &procedure.critical.steps;
    let longest = all.iter().filter_map(|id| procedure.steps.step(*id)).max_by_key(|step| step.expect)?;
    let words = super::deed::act_word(&longest.act).replace('_', " ");
    let number = numbers(procedure).get(longest.id);
    Some(format!(
        "{} of {}; longest: step {number}, {words} {} ({})",
        all.len(),
        count(procedure.steps.steps.len(), "step", "steps"),
        longest.address,
        spoken(longest.expect)
    ))
}

fn numbers(procedure: &Procedure) -> Numbers {
    Numbers::of(&procedure.steps, procedure.steps.steps.len())
}

/// The accepted risks, the proof that nothing touches the lost site, and the regions touched.
fn boundary(procedure: &Procedure, layout: Layout) -> Option<String> {
    let mut out = String::new();
    let mut say = |words: &str| out += &format!("{}\n", layout.wrap(words, 0));
    forecast::accepted(procedure).iter().for_each(|words| say(words));
    forecast::proof(places(procedure), &procedure.lost, &procedure.steps).iter().for_each(|words| say(words));
    if !procedure.steps.steps.is_empty() {
        say(&forecast::touched_words(places(procedure), &procedure.steps));
    }
    for Avoidance { address, what } in &procedure.avoided {
        out += &format!("  {} {}\n", styled(DIM, "skipped"), labelled(address.as_str(), what, layout));
    }
    (!out.is_empty()).then_some(out)
}

/// Preflight checks: failures and warnings with their fix; a summary shows those that passed in one line.
fn checks(procedure: &Procedure, layout: Layout) -> Option<String> {
    let mut out = String::new();
    for PreflightCheck { rule, verdict, what, help } in &procedure.guards {
        let word = match verdict {
            PreflightStatus::Refuses => styled(RED, "FAILED "),
            PreflightStatus::Warns => styled(YELLOW, "warning"),
            PreflightStatus::Passes if layout.is_full() => styled(GREEN, "passed "),
            PreflightStatus::Passes => continue,
        };
        out += &format!("  {word} {}\n", labelled(rule, what, layout));
        if !help.is_empty() {
            out += &format!("          {}\n", layout.wrap(help, 10));
        }
    }
    let passed = forecast::passed(procedure);
    if !passed.is_empty() && !layout.is_full() {
        out += &format!("  {} {}\n", styled(GREEN, "passed "), layout.wrap(&passed.join(", "), 10));
    }
    let number = |verdict| forecast::guards(procedure, verdict).count();
    let (failed, warnings) = (number(PreflightStatus::Refuses), number(PreflightStatus::Warns));
    let counts = [
        (failed, format!("{} failed", count(failed, "preflight check", "preflight checks"))),
        (warnings, count(warnings, "warning", "warnings")),
        (number(PreflightStatus::Passes), format!("{} passed", number(PreflightStatus::Passes))),
    ];
    let counts: Vec<String> = counts.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect();
    (!out.is_empty()).then(|| format!("Checked: {}\n{out}", counts.join(", ")))
}

/// The steps by phase.
fn steps(procedure: &Procedure, layout: Layout) -> Option<String> {
    let graph = &procedure.steps;
    if graph.steps.is_empty() {
        return None;
    }
    let (begins, numbers) = (begins(graph), numbers(procedure));
    let times = layout.width.saturating_sub(TIMES);
    let mut out = format!("{:<times$}{:>8} {:>8}\n", "Steps (* critical path):", "P50", "P95");
    for phase in phases(graph, &procedure.critical.steps) {
        out += &heading(&phase);
        for row in &phase.rows {
            match row {
                Row::Several(ids) if !layout.is_full() => {
                    let steps: Vec<&Step> = ids.iter().filter_map(|id| graph.step(*id)).collect();
                    out += &several(&steps, &numbers, layout);
                }
                row => {
                    let steps = row.ids().iter().filter_map(|id| graph.step(*id));
                    out.extend(steps.map(|step| one(procedure, step, &begins, &numbers, layout)));
                }
            }
        }
    }
    Some(out)
}

fn heading(phase: &PhaseRows) -> String {
    let begins = match phase.begins.is_zero() {
        true => "from the start".to_owned(),
        false => format!("after about {}", spoken(phase.begins)),
    };
    let steps = count(phase.steps(), "step", "steps");
    format!("\n  {} {}\n", styled(BOLD, &phase.title()), styled(DIM, &format!("({steps}, {begins})")))
}

/// `    * 12 promote …          35s   2m 10s`, and below it the steps it waits for, the regions it touches and its
/// rollback.
fn one(procedure: &Procedure, step: &Step, begins: &[Duration], numbers: &Numbers, layout: Layout) -> String {
    let places = places(procedure);
    let star = if procedure.critical.steps.contains(&step.id) { styled(YELLOW, "*") } else { " ".to_owned() };
    let width = layout.width.saturating_sub(TIMES + INDENT);
    let deed = wrap(&places.deed(step), width - 2);
    let (first, rest) = deed.split_once('\n').map_or((deed.as_str(), None), |(first, rest)| (first, Some(rest)));
    let times = format!("{:>8} {:>8}", spoken(step.expect), spoken(step.worst));
    let mut out = format!("  {star} {:>4} {first:<width$}{times}\n", numbers.get(step.id));
    if let Some(rest) = rest {
        out += &format!("{:INDENT$}{}\n", "", super::hang(rest, INDENT));
    }
    let mut more = Vec::new();
    if !step.needs.is_empty() {
        let needs = numbers.list(&direct(&procedure.steps, step));
        let begin = begins.get(step.id.index()).copied().unwrap_or_default();
        more.push(format!("after {needs} (about {})", spoken(begin)));
    }
    let regions: Vec<String> = regions(step).into_iter().map(|region| places.region(region)).collect();
    if !regions.is_empty() {
        more.push(format!("touches {}", regions.join(", ")));
    }
    more.extend(places.undo(step));
    if !more.is_empty() {
        let more = layout.wrap(&more.join("; "), INDENT);
        let _ = writeln!(out, "{:INDENT$}{}", "", styled(DIM, &more));
    }
    out
}

/// Steps with the same action on resources of one kind.
fn several(steps: &[&Step], numbers: &Numbers, layout: Layout) -> String {
    let Some(first) = steps.first() else { return String::new() };
    let word = super::deed::act_word(&first.act).replace('_', " ");
    let head = format!("{word} {} {} (-v shows each)", steps.len(), first.address.kind());
    let longest = |of: fn(&Step) -> Duration| spoken(steps.iter().map(|step| of(step)).max().unwrap_or_default());
    let times = format!("{:>8} {:>8}", longest(|step| step.expect), longest(|step| step.worst));
    let ids: Vec<_> = steps.iter().map(|step| step.id).collect();
    let names: Vec<&str> = steps.iter().map(|step| short(&step.address)).collect();
    let names = layout.wrap(&names.join(", "), INDENT);
    // Short ranges stand in the column of numbers; a long list begins further left.
    let (number, width) = (numbers.list(&ids), layout.width.saturating_sub(TIMES + INDENT));
    format!("  {number:>6} {head:<width$}{times}\n{:INDENT$}{}\n", "", styled(DIM, &names))
}

/// Primary replicas before and after, and the protection debt that the run leaves.
fn afterwards(procedure: &Procedure, layout: Layout) -> Option<String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for change in &procedure.roles {
        let from = change.from.clone().unwrap_or_else(|| "unknown".to_owned());
        let words = if change.from.as_ref() == Some(&change.to) { "(unchanged)".to_owned() } else { change.to.clone() };
        rows.push(vec![format!("  {}", change.replica), from, "->".to_owned(), words]);
    }
    if let Some(becomes) = &procedure.becomes {
        let active = becomes.site.clone();
        rows.push(vec![
            format!("  active site of group {}", procedure.group),
            procedure.leaving.clone(),
            "->".to_owned(),
            active,
        ]);
    }
    let mut out = String::new();
    if !rows.is_empty() {
        out = format!("Primary replica, before and after:\n{}", table(&rows, 4, layout.width));
    }
    let owed = procedure.becomes.iter().flat_map(|becomes| &becomes.owed);
    let owed: String = owed.map(|one| debt(one, layout)).collect();
    if !owed.is_empty() {
        out += &format!("Protection debt afterwards (reduced redundancy or replication):\n{owed}");
    }
    (!out.is_empty()).then_some(out)
}

/// Protection debt in two lines.
pub(super) fn debt(RecordedDebt { of, debt, since: _ }: &RecordedDebt, layout: Layout) -> String {
    let what = layout.wrap(&format!("{of}: {}", debt.what), 4);
    format!("  {what}\n    {}\n", styled(DIM, &layout.wrap(&format!("remediation: {}", debt.pays), 4)))
}
