//! A procedure as Markdown, for a pull request: the verdict first, what is long folded away.

use std::time::Duration;

use super::count;
use super::deed::{Phase, Row, act_word, direct, phases};
use super::forecast::{self, of_amount, of_time, places};
use super::markdown::{code, escaped, folded, prose, table};
use crate::duration::spoken;
use crate::failover::{Guard, Loss, Procedure, Verdict};
use crate::stack::CloudName;
use crate::steps::{Predicted, Step};

/// The whole procedure.
pub fn markdown(procedure: &Procedure, cloud: CloudName) -> String {
    let mut sections = vec![
        format!("### {}: {}\n", escaped(&procedure.stack), escaped(&forecast::title(procedure))),
        format!("**{}**\n", escaped(&forecast::verdict(procedure))),
        format!("{}\n", escaped(&forecast::direction(procedure))),
    ];
    if procedure.idle.is_none() {
        sections.extend(checks(procedure));
        sections.push(prediction(procedure));
        sections.extend(given_up(procedure));
        sections.extend(steps(procedure));
        sections.extend(afterwards(procedure));
    }
    sections.extend(procedure.notes.iter().map(|note| format!("> {}\n", prose(note))));
    let basis = &procedure.basis;
    sections.push(format!(
        "<sub>{} · state serial {}, role epoch {} · stack {}</sub>\n",
        cloud.as_str(),
        basis.serial,
        basis.role_epoch,
        escaped(&basis.stack)
    ));
    sections.join("\n")
}

/// Refusals and warnings in the open, what passed folded away.
fn checks(procedure: &Procedure) -> Option<String> {
    let line = |guard: &Guard, word: &str| {
        let help = if guard.help.is_empty() { String::new() } else { format!(" {}", prose(&guard.help)) };
        format!("- **{word}** {}: {}.{help}\n", code(guard.rule), prose(&guard.what))
    };
    let refused = forecast::guards(procedure, Verdict::Refuses).map(|guard| line(guard, "Refused"));
    let warned = forecast::guards(procedure, Verdict::Warns).map(|guard| line(guard, "Warning"));
    let mut out: String = refused.chain(warned).collect();
    let passed: Vec<&Guard> = forecast::guards(procedure, Verdict::Passes).collect();
    if !passed.is_empty() {
        let lines: String =
            passed.iter().map(|guard| format!("- {}: {}.\n", code(guard.rule), prose(&guard.what))).collect();
        let gap = if out.is_empty() { "" } else { "\n" };
        out += &format!("{gap}{}", folded(&count(passed.len(), "check passed", "checks passed"), &lines));
    }
    (!out.is_empty()).then_some(out)
}

fn objective(objective: Option<Duration>) -> String {
    objective.map_or_else(|| "none".to_owned(), spoken)
}

fn prediction(procedure: &Procedure) -> String {
    let Predicted { typical, worst } = procedure.predicted;
    let (rto, rpo) = (procedure.objectives.rto, procedure.objectives.rpo);
    let time = format!("{} (P50), {} (P95)", spoken(typical), spoken(worst));
    let mark = of_time(procedure.predicted, rto).words().to_owned();
    let mut rows = vec![vec![forecast::time_of(procedure.verb).to_owned(), time, objective(rto), mark]];
    let loss = |loss: &Loss| {
        let mark = of_amount(loss.amount, rpo).words().to_owned();
        vec![format!("loss of {}", code(loss.replica.as_str())), forecast::loss(loss), objective(rpo), mark]
    };
    rows.extend(procedure.losses.iter().map(loss));
    let mut out = table(&["", "predicted", "objective", ""], 0, &rows) + "\n";
    out.extend(forecast::clock(procedure).map(|clock| format!("- Decision clock: {}.\n", escaped(&clock))));
    out += &format!("- Predictions: {}.\n", escaped(&forecast::calibration(procedure.calibration)));
    let source = |loss: &Loss| format!("- {}: {}.\n", code(loss.replica.as_str()), prose(&loss.source));
    out.extend(procedure.losses.iter().map(source));
    out
}

fn given_up(procedure: &Procedure) -> Option<String> {
    if procedure.steps.steps.is_empty() {
        return None;
    }
    let words = [
        forecast::accepted(procedure),
        forecast::proof(places(procedure), procedure.lost.as_deref(), &procedure.steps),
        Some(forecast::touched_words(places(procedure), &procedure.steps)),
    ];
    let mut out: String = words.into_iter().flatten().map(|words| format!("- {}\n", prose(&words))).collect();
    let avoided = procedure.avoided.iter();
    out.extend(avoided.map(|one| format!("- Avoided: {}: {}\n", code(one.address.as_str()), prose(&one.what))));
    Some(out)
}

fn steps(procedure: &Procedure) -> Option<String> {
    if procedure.steps.steps.is_empty() {
        return None;
    }
    let all = phases(&procedure.steps, &procedure.critical.steps);
    let body: Vec<String> = all.iter().map(|phase| of_phase(procedure, phase)).collect();
    let summary = count(procedure.steps.steps.len(), "step", "steps");
    let first = "Bold steps decide how long it takes.\n\n";
    Some(folded(&format!("{summary}, by phase"), &format!("{first}{}", body.join("\n"))))
}

fn of_phase(procedure: &Procedure, phase: &Phase) -> String {
    let begins =
        if phase.begins.is_zero() { "at once".to_owned() } else { format!("after about {}", spoken(phase.begins)) };
    let rows: Vec<Vec<String>> = phase.rows.iter().map(|row| of_row(procedure, row)).collect();
    let head = ["", "does", "after", "taken back", "expected", "at worst"];
    format!("**{}** ({begins})\n\n{}", escaped(&phase.title()), table(&head, 2, &rows))
}

fn of_row(procedure: &Procedure, row: &Row) -> Vec<String> {
    let places = places(procedure);
    let steps: Vec<&Step> = row.ids().iter().filter_map(|id| procedure.steps.step(*id)).collect();
    let longest = |of: fn(&Step) -> Duration| spoken(steps.iter().map(|step| of(step)).max().unwrap_or_default());
    let times = [longest(|step| step.expect), longest(|step| step.worst)];
    let cells = match steps.as_slice() {
        [step] => {
            let bold = if procedure.critical.steps.contains(&step.id) { "**" } else { "" };
            let needs =
                direct(&procedure.steps, step).iter().map(|need| need.0.to_string()).collect::<Vec<_>>().join(", ");
            let undo = places.undo(step).unwrap_or_else(|| "changes nothing".to_owned());
            let undo = undo.strip_prefix("taken back: ").unwrap_or(&undo).to_owned();
            [step.id.0.to_string(), format!("{bold}{}{bold}", escaped(&places.deed(step))), needs, prose(&undo)]
        }
        several => {
            let names: Vec<&str> = several.iter().map(|step| step.address.as_str()).collect();
            let word = several.first().map(|step| act_word(&step.act)).unwrap_or_default();
            [String::new(), format!("{word} {}", escaped(&names.join(", "))), String::new(), String::new()]
        }
    };
    cells.into_iter().chain(times).collect()
}

fn afterwards(procedure: &Procedure) -> Option<String> {
    let unknown = || "not known".to_owned();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for change in &procedure.roles {
        let from = change.from.clone().unwrap_or_else(unknown);
        rows.push(vec![code(change.replica.as_str()), escaped(&from), escaped(&change.to)]);
    }
    if let Some(becomes) = &procedure.becomes {
        rows.push(vec![
            format!("group {}", escaped(&procedure.group)),
            escaped(&procedure.leaving),
            escaped(&becomes.site),
        ]);
    }
    let mut out = String::new();
    if !rows.is_empty() {
        out = table(&["writes go to", "before", "after"], 0, &rows);
    }
    let owed: Vec<_> = procedure.becomes.iter().flat_map(|becomes| &becomes.owed).collect();
    if !owed.is_empty() {
        out += "\nNot protected afterwards, until it is paid:\n\n";
        out.extend(owed.iter().map(|owed| {
            let (what, pays) = (prose(&owed.debt.what), prose(&owed.debt.pays));
            format!("- {}: {what}. Paid by: {pays}.\n", code(owed.of.as_str()))
        }));
    }
    (!out.is_empty()).then_some(out)
}
