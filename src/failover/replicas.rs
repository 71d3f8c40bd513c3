//! Facts about replicas that an operator should know before an outage: sides that are not alike, and protection that
//! a promotion costs.

use super::PreflightCheck;
use super::course::{Question, is_forced};
use super::sides::{replicas, twins};
use super::verdicts::{passes, refuses, warns};
use crate::kinds::Twins;
use crate::kinds::looks::ListRequest;
use crate::object::Object;
use crate::stack::{FailoverGroup, Resource, Stack};
use crate::state::RunKind;
use crate::steps::{Act, StepGraph, Task};

/// The objects to read: both sides of each replica of which neither is lost.
pub(super) fn lists(stack: &Stack, group: &FailoverGroup, lost: &[String]) -> Vec<ListRequest> {
    let is_lost = |region: &str| {
        let lost = lost.iter().filter_map(|site| stack.sites.get(site.as_str()));
        lost.into_iter().any(|site| site.location.eq_ignore_ascii_case(region))
    };
    let is_whole = |resource: &&Resource| {
        lost.is_empty() || stack.ends(resource).is_some_and(|(source, target)| !is_lost(&source) && !is_lost(&target))
    };
    let replicas = group.promote.iter().filter_map(|address| stack.resources.get(address)).filter(is_whole);
    let read = |object: Object| ListRequest { object, query: Vec::new() };
    let sides = |twins: Twins| [read(twins.source), read(twins.target)];
    replicas.flat_map(|resource| twins(stack, resource)).flat_map(sides).collect()
}

/// Adds a check for each replica whose sides differ.
pub(super) fn alike(question: &Question<'_>, _: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let (mut compared, mut differing) = (0, 0);
    for replica in replicas(question) {
        // A replica that is primary at the destination is not promoted.
        if question.verb != RunKind::Drill && replica.is_there() {
            continue;
        }
        for twins in twins(question.stack, replica.resource) {
            let body = |object: &Object| question.seen.lists.get(&object.id)?.as_ref().ok();
            let Some((source, target)) = body(&twins.source).zip(body(&twins.target)) else { continue };
            compared += 1;
            let differences = twins.differences(source, target);
            if differences.is_empty() {
                continue;
            }
            differing += 1;
            let words: Vec<&str> = differences.iter().map(|(_, words)| words.as_str()).collect();
            let what = format!(
                "{}: {} at the source and {} at the target differ: {}",
                replica.resource.address,
                twins.source.id.name(),
                twins.target.id.name(),
                words.join(", ")
            );
            let needed = differences.iter().any(|(property, _)| property.needed);
            found.push(match needed && !is_forced(question) {
                true => refuses(
                    "alike",
                    what,
                    format!(
                        "{} refuses a planned promotion between them. Give both the same size: the replica first when \
                         the size grows, the source first when it shrinks.",
                        replica.resource.kind.provider().title
                    ),
                ),
                false => warns("alike", what, "The promoted side serves users with its own size."),
            });
        }
    }
    if compared > 0 && differing == 0 {
        found.push(passes("alike", "every replica has the size of its source"));
    }
}

/// Adds a warning for each promotion after which protection is missing.
pub(super) fn costs(question: &Question<'_>, graph: &StepGraph, found: &mut Vec<PreflightCheck>) {
    let nothing = Default::default();
    for step in &graph.steps {
        let Act::Task(Task::Promote { how, .. }) = &step.act else { continue };
        let resource = question.stack.resources.get(&step.address);
        let Some((resource, promotion)) = resource.and_then(|resource| Some((resource, resource.kind.promotion?)))
        else {
            continue;
        };
        let seen = question.seen.replicas.get(&step.address).unwrap_or(&nothing);
        let cost = question.stack.with_known(resource, |subject| (promotion.costs)(subject, seen, *how));
        if let Some(cost) = cost {
            found.push(warns(
                "protection",
                format!("{}: after the promotion, {}", step.address, cost.what),
                format!("Remediation: {}.", cost.pays),
            ));
        }
    }
}
