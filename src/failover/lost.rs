//! Preflight checks of the sites: they respond, or are lost, fenced and left alone.

use super::course::{Course, command, is_forced};
use super::guards::{passes, refuses, warns};
use super::{PreflightCheck, ProcedureInput};
use crate::shell::quoted;
use crate::state::RunKind;
use crate::steps::{Act, Stage, StepGraph, Task};

/// The control planes that the run needs respond.
pub(super) fn reachable(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let course = Course::of(question);
    for site in [&course.leaving, &course.arriving] {
        let Some(region) = question.stack.sites.get(site).map(|site| &site.location) else { continue };
        let given_up = question.lost == Some(&**site);
        let silent = question.seen.silent.iter().find(|(other, _)| other.eq_ignore_ascii_case(region));
        found.push(match (given_up, silent) {
            (true, _) => passes("reachable", format!("{site} is lost; no step sends a request to {region}")),
            (false, None) => passes("reachable", format!("the control plane of {site} ({region}) responds")),
            (false, Some((_, why))) => {
                let help = match question.verb {
                    RunKind::Up | RunKind::Down if *site == course.leaving => {
                        let verb = question.verb.as_str();
                        let forced = command(question, &format!("{verb} --forced --lost {}", quoted(site)));
                        format!("To move without {site}: {forced}.")
                    }
                    _ => "Run the same command again after the outage.".to_owned(),
                };
                refuses("reachable", format!("the control plane of {site} ({region}) does not respond: {why}"), help)
            }
        });
    }
}

/// A lost site does not serve users any more. A planned move from one that does would lose nothing.
pub(super) fn alive(question: &ProcedureInput<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let Some(lost) = question.lost else { return };
    let seen = question.seen;
    let serving = seen.fronts.iter().find_map(|(front, answer)| match answer {
        Ok(status) if *status < 500 => Some((front, status)),
        _ => None,
    });
    let verb = question.verb.as_str();
    let planned = if question.verb == RunKind::Up { " --planned" } else { "" };
    let planned = command(question, &format!("{verb}{planned}"));
    match (serving, &seen.lost_answers) {
        (Some((front, status)), Some(true)) => {
            let what = format!(
                "{lost} is not lost: its control plane responds, and {front} still serves users there (HTTP {status})"
            );
            found.push(match question.accepted.split_brain {
                true => warns("alive", what, "You accepted this with --accept-split-brain."),
                false => refuses(
                    "alive",
                    what,
                    format!(
                        "A planned move loses no data: {planned}. To abandon a site that serves users, add --accept-split-brain."
                    ),
                ),
            });
        }
        (Some((front, status)), _) => found.push(warns(
            "alive",
            format!("{front} still serves users at {lost} (HTTP {status})"),
            "Users keep writing there until traffic is switched.",
        )),
        (None, Some(true)) => found.push(warns(
            "alive",
            format!("the control plane of {lost} responds"),
            "If the site works, a planned move loses no data.",
        )),
        (None, Some(false)) => found.push(passes("alive", format!("the control plane of {lost} does not respond"))),
        (None, None) => {}
    }
}

/// A forced promotion needs the lost site fenced, or down.
pub(super) fn fenced(question: &ProcedureInput<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if !is_forced(question) {
        return;
    }
    let fences = graph.steps.iter().filter(|step| step.stage == Stage::Fence);
    let fences: Vec<&str> = fences
        .filter(|step| matches!(step.act, Act::Task(Task::Move { .. })))
        .map(|step| step.address.as_str())
        .collect();
    let fronts = &question.seen.fronts;
    let dead = !fronts.is_empty() && fronts.values().all(Result::is_err);
    let course = Course::of(question);
    let site = question.lost.unwrap_or(&course.leaving);
    found.push(if !fences.is_empty() {
        passes("fenced", format!("{site} is fenced before the promotion: {}", fences.join(", ")))
    } else if dead {
        passes("fenced", format!("{site} is down: none of its public endpoints responds"))
    } else if question.accepted.split_brain {
        warns(
            "fenced",
            format!("{site} is not fenced and can still accept writes"),
            "You accepted this with --accept-split-brain.",
        )
    } else {
        refuses(
            "fenced",
            format!("split brain possible: {site} is not fenced, and its endpoints respond or are unknown"),
            "Add resources that block writes at {site} to `fence`, or accept the risk with --accept-split-brain.",
        )
    });
}

/// No step of a forced run touches the lost site.
pub(super) fn touches_lost(question: &ProcedureInput<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let Some(site) = question.lost.and_then(|lost| question.stack.sites.get(lost)) else { return };
    let mut clean = true;
    for step in &graph.steps {
        for touch in step.touches.iter().filter(|touch| touch.region.eq_ignore_ascii_case(&site.location)) {
            clean = false;
            found.push(refuses(
                "touches-lost-site",
                format!("{} touches {} in {}: {}", step.address, site.name, touch.region, touch.with),
                "Move it to another region: recovery must not depend on the lost site.",
            ));
        }
    }
    if clean {
        let what = format!("no step of {} touches {} ({})", graph.steps.len(), site.name, site.location);
        found.push(passes("touches-lost-site", what));
    }
}
