//! Preflight check of what somebody else installs: it exists, nobody undoes what the run does, and both sites have the
//! same release.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::PreflightCheck;
use super::course::{Question, is_forced};
use super::members::workloads;
use super::verdicts::{passes, refuses, warns};
use crate::kinds::Installed;
use crate::stack::Resource;
use crate::state::RunKind;
use crate::steps::StepGraph;

/// The object of a resource, as a survey shows it.
enum Shown<'a> {
    There(&'a Json),
    Absent,
    Unread,
}

/// The workloads of both sites, as far as the run needs them.
pub(super) fn check(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    if question.verb == RunKind::Drill {
        return;
    }
    let arriving = installed(question, &question.course.arriving);
    let leaving: Vec<(&Resource, &Installed)> =
        question.course.left.iter().flat_map(|site| installed(question, site)).collect();
    if arriving.is_empty() && leaving.is_empty() {
        return;
    }
    let before = found.len();
    for (resource, of) in arriving.iter().chain(&leaving) {
        let is_needed = resource.site == question.course.arriving;
        match shown(question, resource) {
            Shown::There(body) => rivals(resource, of, body, found),
            Shown::Absent => {
                let what = format!(
                    "{} is not installed: there is nothing to {}",
                    resource.address,
                    if is_needed { "start" } else { "stop" }
                );
                let help = "Install it with the release of the other site, then run `drplan apply`.";
                found.push(if is_needed { refuses("installed", what, help) } else { warns("installed", what, help) });
            }
            Shown::Unread if is_needed => {
                let what = format!("{} cannot be read: it is unknown if it can start", resource.address);
                found.push(refuses("installed", what, "Try again once its API answers."));
            }
            Shown::Unread => {}
        }
    }
    for (resource, of) in &arriving {
        for (other, _) in leaving.iter().filter(|(other, _)| are_twins(question, resource, other)) {
            releases(question, (resource, other), of, found);
        }
    }
    if found.len() == before {
        let names: BTreeSet<&str> = arriving.iter().chain(&leaving).map(|(one, _)| one.address.as_str()).collect();
        found.push(passes("installed", format!("{} workloads are installed, with one release", names.len())));
    }
}

/// The workloads at a site that somebody else installs.
fn installed<'a>(question: &Question<'a>, site: &str) -> Vec<(&'a Resource, &'static Installed)> {
    let lost = question.is_lost(site);
    let all = workloads(question, site).into_iter().filter(|_| !lost);
    all.filter_map(|resource| Some((resource, resource.kind.installed?))).collect()
}

fn shown<'a>(question: &Question<'a>, resource: &Resource) -> Shown<'a> {
    let object = resource.objects.first().map(|object| question.seen.observed.objects.get(&object.id));
    match object.flatten() {
        Some(Some(sight)) => Shown::There(&sight.body),
        Some(None) => Shown::Absent,
        None => Shown::Unread,
    }
}

/// Others that set what the run sets.
fn rivals(resource: &Resource, of: &Installed, body: &Json, found: &mut Vec<PreflightCheck>) {
    for rival in (of.rivals)(body) {
        let what = format!("{}: {}", resource.address, rival.what);
        found.push(match rival.is_fatal {
            true => refuses("installed", what, rival.help),
            false => warns("installed", what, rival.help),
        });
    }
}

/// True for two that stand for each other at two sites: one mirrors the other, or both have one name.
fn are_twins(question: &Question<'_>, one: &Resource, other: &Resource) -> bool {
    let mirrors = question.stack.mirrors(&one.address, &other.address);
    mirrors || question.stack.mirrors(&other.address, &one.address)
}

/// The same release at both sites: data of a newer one may be unreadable for an older one.
fn releases(
    question: &Question<'_>,
    (arriving, leaving): (&Resource, &Resource),
    of: &Installed,
    found: &mut Vec<PreflightCheck>,
) {
    let (Shown::There(here), Shown::There(there)) = (shown(question, arriving), shown(question, leaving)) else {
        return;
    };
    let (here, there) = ((of.release)(here), (of.release)(there));
    if here == there {
        return;
    }
    let what = format!(
        "{} has the release {}, and {} has {}",
        arriving.address,
        here.join(", "),
        leaving.address,
        there.join(", ")
    );
    let help = format!("Install the same release at {} first.", arriving.site);
    found.push(if is_forced(question) { warns("installed", what, help) } else { refuses("installed", what, help) });
}
