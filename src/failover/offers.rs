//! Availability of machine sizes and quota at the target site.
//!
//! Sources are the lists of the provider. A list is no guarantee of capacity, which only a reservation or running
//! machines give.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::course::Question;
use super::members::{is_at, stands_up};
use super::{PreflightCheck, PreflightStatus, ProcedureInput};
use crate::kinds::Machines;
use crate::kinds::looks::{Finding, ListRequest, Severity};
use crate::stack::{FailoverGroup, Resource, Site, Stack};

/// The lists to read: those of the standby sites, if the group creates machines.
pub(super) fn lists(stack: &Stack, group: &FailoverGroup) -> Vec<ListRequest> {
    if machines(stack, group, |_| true).is_empty() {
        return Vec::new();
    }
    let standbys = group.standbys().iter().filter_map(|site| stack.sites.get(site));
    let of = |site: &Site| Some((site.provider.guards.capacity?.lists)(stack.account_of(&site.realm), &site.location));
    standbys.filter_map(of).flatten().collect()
}

/// The size and number of machines of a resource.
pub(crate) fn machines_of(stack: &Stack, resource: &Resource) -> Option<Machines> {
    stack.with_known(resource, resource.kind.machines?)
}

/// Number of machines to create, by size.
fn machines(stack: &Stack, group: &FailoverGroup, counts: impl Fn(&Resource) -> bool) -> BTreeMap<String, u32> {
    let mut machines = BTreeMap::new();
    for resource in stack.resources.values().filter(|resource| stands_up(group, resource) && counts(resource)) {
        if let Some(Machines { size, count, image: _ }) = machines_of(stack, resource) {
            *machines.entry(size).or_default() += count;
        }
    }
    machines
}

/// Adds the checks.
pub(super) fn check(question: &Question<'_>, found: &mut Vec<PreflightCheck>) {
    let ProcedureInput { stack, group, state, seen, .. } = **question;
    // Existing machines need no further capacity.
    let arriving = &question.course.arriving;
    let needed = machines(stack, group, |resource| {
        is_at(stack, group, resource, arriving) && !state.resources.contains_key(&resource.address)
    });
    let Some(site) = stack.sites.get(arriving).filter(|_| !needed.is_empty()) else { return };
    let Some(capacity) = site.provider.guards.capacity else { return };
    let location = site.location.as_str();
    let lists = (capacity.lists)(stack.account_of(&site.realm), location);
    let answers: Option<Vec<&Json>> = lists.iter().map(|list| seen.lists.get(&list.object.id)?.as_ref().ok()).collect();
    let Some(answers) = answers else {
        let what = format!("sizes and quota of {location} could not be read");
        let help = format!("{} can refuse the capacity during the run.", site.provider.title);
        found.push(guard(PreflightStatus::Warns, what, help));
        return;
    };
    for Finding { severity, what, help } in (capacity.judge)(location, &needed, &answers) {
        let verdict = match severity {
            Severity::Refuses => PreflightStatus::Refuses,
            Severity::Unseen | Severity::Warns => PreflightStatus::Warns,
            Severity::Passes => PreflightStatus::Passes,
        };
        found.push(guard(verdict, what, help));
    }
}

fn guard(verdict: PreflightStatus, what: String, help: String) -> PreflightCheck {
    PreflightCheck { rule: "capacity", verdict, what, help }
}
