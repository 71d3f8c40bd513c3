//! Preflight checks of the sites: they respond, or are lost, fenced and left alone.

use super::course::{Course, Question, command, is_forced};
use super::verdicts::{passes, refuses, warns};
use super::{PreflightCheck, in_prose};
use crate::shell::quoted;
use crate::state::{ActiveSite, RunKind};
use crate::steps::{Act, Stage, Step, StepGraph, Task, Touch, WebAnswer};

/// The control planes that the run needs respond.
pub(super) fn reachable(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let course = &question.course;
    let both = [&course.leaving, &course.arriving];
    let sites = if course.leaving == course.arriving { &both[..1] } else { &both[..] };
    for site in sites.iter().copied() {
        let Some(region) = question.stack.sites.get(site).map(|site| &site.location) else { continue };
        let given_up = question.is_lost(site);
        let silent = question.seen.silent.iter().find(|(other, _)| other.eq_ignore_ascii_case(region));
        found.push(match (given_up, silent) {
            (true, _) => passes("reachable", match leaving(graph, region).as_slice() {
                [] => format!("{site} is lost; no step sends a request to {region}"),
                some => format!(
                    "{site} is lost; its control plane responds, and only the promotion of {} sends a request there",
                    some.join(", ")
                ),
            }),
            (false, None) => passes("reachable", format!("the control plane of {site} ({region}) responds")),
            (false, Some((_, why))) => {
                let help = match question.verb {
                    RunKind::Up | RunKind::Down if *site == course.leaving => {
                        let verb = question.verb.as_str();
                        let forced = command(question, &format!("{verb} --forced --lost {}", quoted(site)));
                        format!("To move without {site}: {forced}.")
                    }
                    _ => elsewhere(question, site),
                };
                refuses("reachable", format!("the control plane of {site} ({region}) does not respond: {why}"), help)
            }
        });
    }
}

/// The moves that need the silent destination no more.
fn elsewhere(question: &Question<'_>, silent: &str) -> String {
    let group = question.group;
    let course = &question.course;
    let later = "Run the same command again after the outage.".to_owned();
    let is_mixed = question.state.roles.active(&group.name) == ActiveSite::Between;
    let other = group.standbys().iter().find(|site| ***site != *silent && **site != course.leaving);
    match (question.verb, other) {
        // Users and data of a group in a mixed state are at none of its sites as a whole.
        (RunKind::Up | RunKind::Down, _) if is_mixed => {
            let verb = if *silent == *group.from { "up" } else { "down" };
            let forced = command(question, &format!("{verb} --forced --lost {}", quoted(silent)));
            format!("{later} To move without {silent}: {forced}.")
        }
        (RunKind::Up, Some(other)) => {
            let planned = command(question, &format!("up --planned --to {}", quoted(other)));
            format!("{later} To move to {other}: {planned}.")
        }
        _ => later,
    }
}

/// The promotions that ask the control plane of a lost region.
fn leaving<'g>(graph: &'g StepGraph, region: &str) -> Vec<&'g str> {
    let asks =
        |step: &&Step| step.touches.iter().any(|touch| touch.leaves && touch.region.eq_ignore_ascii_case(region));
    graph.steps.iter().filter(asks).map(|step| step.address.as_str()).collect()
}

/// A lost site does not serve users any more. A planned move from one that does would lose nothing.
pub(super) fn alive(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    found.extend(abandoned(question));
    question.lost.iter().for_each(|lost| is_alive(question, lost, found));
}

fn is_alive(question: &Question<'_>, lost: &str, found: &mut Vec<PreflightCheck>) {
    let seen = question.seen;
    let serving = seen.fronts.iter().find_map(|((site, front), answer)| match answer {
        Ok(WebAnswer::Status(status) | WebAnswer::Marked(status, _)) if *status < 500 && site == lost => {
            Some((front, status))
        }
        _ => None,
    });
    let verb = question.verb.as_str();
    let planned = if question.verb == RunKind::Up { " --planned" } else { "" };
    let planned = command(question, &format!("{verb}{planned}"));
    match (serving, seen.lost_answers.get(lost)) {
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

/// A forced move leaves the lost site. From a site that responds, a planned move loses no data.
fn abandoned(question: &Question<'_>) -> Option<PreflightCheck> {
    let Course { leaving, arriving, .. } = &question.course;
    let region = &question.stack.sites.get(leaving)?.location;
    let is_silent = question.seen.is_silent(region);
    let is_mixed = question.state.roles.active(&question.group.name) == ActiveSite::Between;
    if question.lost.is_empty() || question.is_lost(leaving) || is_silent || is_mixed {
        return None;
    }
    let lost: Vec<&str> = question.lost.iter().map(String::as_str).collect();
    let (lost, are) = (in_prose(&lost), if lost.len() == 1 { "is" } else { "are" });
    let what = format!("{} is active at {leaving}, which responds; {lost} {are} lost", question.group.name);
    if question.accepted.split_brain {
        return Some(warns("alive", what, "You accepted this with --accept-split-brain."));
    }
    let planned = match question.verb {
        RunKind::Down => command(question, "down"),
        RunKind::Up | RunKind::Drill | RunKind::Restore => {
            command(question, &format!("up --planned --to {}", quoted(arriving)))
        }
    };
    let help = format!(
        "A planned move loses no data: {planned}. To abandon writes at {leaving} that are not replicated, add \
         --accept-split-brain."
    );
    Some(refuses("alive", what, help))
}

/// A forced promotion needs the lost site fenced, or down.
pub(super) fn fenced(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if !is_forced(question) {
        return;
    }
    let fences = graph.steps.iter().filter(|step| step.stage == Stage::Fence);
    let fences: Vec<&str> = fences
        .filter(|step| matches!(step.act, Act::Task(Task::Move { .. })))
        .map(|step| step.address.as_str())
        .collect();
    let course = &question.course;
    let leaving = question.lost.iter().find(|site| **site == *course.leaving).or(question.lost.first());
    let site = leaving.map_or(&*course.leaving, String::as_str);
    let mut fronts = question.seen.fronts.iter().filter(|((of, _), _)| of == site).map(|(_, answer)| answer).peekable();
    let dead = fronts.peek().is_some() && fronts.all(Result::is_err);
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
            format!(
                "Add resources that block writes at {site} to `fence`, or accept the risk with --accept-split-brain."
            ),
        )
    });
}

/// No step of a forced run touches a lost site.
pub(super) fn touches_lost(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    for site in question.lost_sites() {
        let mut clean = true;
        for step in &graph.steps {
            let there = |touch: &&Touch| !touch.leaves && touch.region.eq_ignore_ascii_case(&site.location);
            for touch in step.touches.iter().filter(there) {
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
            let what = match leaving(graph, &site.location).as_slice() {
                [] => what,
                some => format!(
                    "{what}, but for the request that promotes {}, to a control plane that responds",
                    some.join(", ")
                ),
            };
            found.push(passes("touches-lost-site", what));
        }
    }
}
