//! A procedure as Markdown, for a pull request: the verdict first, long parts folded. Nothing is predicted of a blocked
//! one.

use std::time::Duration;

use super::count;
use super::deed::{Numbers, PhaseRows, Row, act_word, direct, phases};
use super::forecast::{self, of_time, places};
use super::markdown::{code, escaped, folded, prose, table};
use crate::duration::spoken;
use crate::failover::{LossEstimate, PreflightCheck, PreflightStatus, Procedure};
use crate::stack::CloudName;
use crate::steps::Step;

/// The whole procedure.
pub fn markdown(procedure: &Procedure, cloud: CloudName) -> String {
    let mut sections = vec![
        format!("### {}: {}\n", escaped(&procedure.stack), escaped(&forecast::title(procedure))),
        format!("**{}**\n", escaped(&forecast::verdict(procedure))),
        format!("{}\n", escaped(&forecast::direction(procedure))),
    ];
    let is_blocked = forecast::is_blocked(procedure);
    if procedure.idle.is_none() {
        sections.extend(checks(procedure));
        sections.extend((!is_blocked).then(|| prediction(procedure)));
        sections.extend(boundary(procedure));
    }
    if procedure.idle.is_none() && !is_blocked {
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

/// Preflight checks: failed ones and warnings, and folded those that passed.
fn checks(procedure: &Procedure) -> Option<String> {
    let line = |guard: &PreflightCheck, word: &str| {
        let help = if guard.help.is_empty() { String::new() } else { format!(" {}", prose(&guard.help)) };
        format!("- **{word}** {}: {}.{help}\n", code(guard.rule), prose(&guard.what))
    };
    let refused = forecast::guards(procedure, PreflightStatus::Refuses).map(|guard| line(guard, "FAILED"));
    let warned = forecast::guards(procedure, PreflightStatus::Warns).map(|guard| line(guard, "Warning"));
    let mut out: String = refused.chain(warned).collect();
    let passed: Vec<&PreflightCheck> = forecast::guards(procedure, PreflightStatus::Passes).collect();
    if !passed.is_empty() {
        let lines: String =
            passed.iter().map(|guard| format!("- {}: {}.\n", code(guard.rule), prose(&guard.what))).collect();
        let gap = if out.is_empty() { "" } else { "\n" };
        out += &format!(
            "{gap}{}",
            folded(&count(passed.len(), "preflight check passed", "preflight checks passed"), &lines)
        );
    }
    (!out.is_empty()).then_some(out)
}

fn objective(objective: Option<Duration>) -> String {
    objective.map_or_else(|| "none".to_owned(), spoken)
}

fn prediction(procedure: &Procedure) -> String {
    let (rto, rpo) = (procedure.objectives.rto, procedure.objectives.rpo);
    let mut rows: Vec<Vec<String>> = forecast::times(procedure)
        .into_iter()
        .map(|(name, time)| vec![name.to_owned(), forecast::span(time), String::new(), String::new()])
        .collect();
    if let Some([.., of_rto, mark]) = rows.first_mut().map(Vec::as_mut_slice) {
        (*of_rto, *mark) = (objective(rto), of_time(procedure).words().to_owned());
    }
    let loss = |loss: &LossEstimate| {
        let (amount, mark) =
            (forecast::loss(procedure.verb, loss), forecast::loss_mark(procedure.verb, loss, rpo).to_owned());
        vec![format!("data loss of {}", code(loss.replica.as_str())), amount, objective(rpo), mark]
    };
    rows.extend(procedure.losses.iter().map(loss));
    let mut out = table(&["forecast", "predicted", "objective", "result"], 0, &rows) + "\n";
    out.extend(forecast::clock(procedure).map(|clock| format!("- Declare by: {}.\n", escaped(&clock))));
    out += &format!("- Accuracy: {}.\n", escaped(&forecast::calibration(procedure.calibration)));
    let source =
        |loss: &LossEstimate| format!("- Data loss of {}: {}.\n", code(loss.replica.as_str()), prose(&loss.source));
    out.extend(procedure.losses.iter().map(source));
    out
}

/// Accepted risks, the proof that nothing touches the lost site, and the regions touched.
fn boundary(procedure: &Procedure) -> Option<String> {
    if procedure.steps.steps.is_empty() {
        return None;
    }
    let words = [
        forecast::accepted(procedure),
        forecast::proof(places(procedure), &procedure.lost, &procedure.steps),
        Some(forecast::touched_words(places(procedure), &procedure.steps)),
    ];
    let mut out: String = words.into_iter().flatten().map(|words| format!("- {}\n", prose(&words))).collect();
    let avoided = procedure.avoided.iter();
    out.extend(avoided.map(|one| format!("- Skipped: {}: {}\n", code(one.address.as_str()), prose(&one.what))));
    Some(out)
}

fn steps(procedure: &Procedure) -> Option<String> {
    if procedure.steps.steps.is_empty() {
        return None;
    }
    let all = phases(&procedure.steps, &procedure.critical.steps);
    let numbers = Numbers::of(&procedure.steps, procedure.steps.steps.len());
    let body: Vec<String> = all.iter().map(|phase| of_phase(procedure, &numbers, phase)).collect();
    let summary = count(procedure.steps.steps.len(), "step", "steps");
    let first = "Steps in bold are on the critical path.\n\n";
    Some(folded(&format!("{summary}, by phase"), &format!("{first}{}", body.join("\n"))))
}

fn of_phase(procedure: &Procedure, numbers: &Numbers, phase: &PhaseRows) -> String {
    let begins = if phase.begins.is_zero() {
        "from the start".to_owned()
    } else {
        format!("after about {}", spoken(phase.begins))
    };
    let rows: Vec<Vec<String>> = phase.rows.iter().map(|row| of_row(procedure, numbers, row)).collect();
    let head = ["step", "action", "rollback", "P50 (P95)"];
    format!("**{}** ({begins})\n\n{}", escaped(&phase.title()), table(&head, 1, &rows))
}

fn of_row(procedure: &Procedure, numbers: &Numbers, row: &Row) -> Vec<String> {
    let places = places(procedure);
    let steps: Vec<&Step> = row.ids().iter().filter_map(|id| procedure.steps.step(*id)).collect();
    let longest = |of: fn(&Step) -> Duration| spoken(steps.iter().map(|step| of(step)).max().unwrap_or_default());
    let times = format!("{} ({})", longest(|step| step.expect), longest(|step| step.worst));
    let cells = match steps.as_slice() {
        [step] => {
            let bold = if procedure.critical.steps.contains(&step.id) { "**" } else { "" };
            let needs = numbers.list(&direct(&procedure.steps, step));
            let after = if needs.is_empty() { String::new() } else { format!(" (after {needs})") };
            let undo = places.undo(step).unwrap_or_else(|| "none needed".to_owned());
            let undo = undo.strip_prefix("rollback: ").unwrap_or(&undo);
            let deed = escaped(&places.deed(step));
            [numbers.get(step.id).to_string(), format!("{bold}{deed}{bold}{after}"), prose(undo)]
        }
        several => {
            let names: Vec<&str> = several.iter().map(|step| step.address.as_str()).collect();
            let word = several.first().map(|step| act_word(&step.act)).unwrap_or_default();
            [numbers.list(row.ids()), format!("{word} {}", escaped(&names.join(", "))), String::new()]
        }
    };
    cells.into_iter().chain([times]).collect()
}

fn afterwards(procedure: &Procedure) -> Option<String> {
    let unknown = || "unknown".to_owned();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for change in &procedure.roles {
        let from = change.from.clone().unwrap_or_else(unknown);
        rows.push(vec![code(change.replica.as_str()), escaped(&from), escaped(&change.to)]);
    }
    if let Some(becomes) = &procedure.becomes {
        rows.push(vec![
            format!("active site of group {}", escaped(&procedure.group)),
            escaped(&procedure.leaving),
            escaped(&becomes.site),
        ]);
    }
    let mut out = String::new();
    if !rows.is_empty() {
        out = table(&["primary replica", "before", "after"], 0, &rows);
    }
    let debts: Vec<_> = procedure.becomes.iter().flat_map(|becomes| &becomes.owed).collect();
    if !debts.is_empty() {
        out += "\nProtection debt afterwards (reduced redundancy or replication):\n\n";
        out.extend(debts.iter().map(|owed| {
            let (what, pays) = (prose(&owed.debt.what), prose(&owed.debt.pays));
            format!("- {}: {what}. Remediation: {pays}.\n", code(owed.of.as_str()))
        }));
    }
    (!out.is_empty()).then_some(out)
}
