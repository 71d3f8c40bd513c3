//! Availability of machine sizes and quota at the target site.
//!
//! Sources are two lists of Microsoft.Compute: sizes with their restrictions, and usages with their limits. A list is
//! no guarantee of capacity, which only a reservation or running machines give.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::course::Question;
use super::members::{is_at, stands_up};
use super::reads::ListRequest;
use super::{PreflightCheck, PreflightStatus, ProcedureInput};
use crate::kinds::{Machines, body};
use crate::object::{Object, ObjectId};
use crate::stack::{FailoverGroup, Resource, Stack};

const SIZES_API: &str = "2021-07-01";
const USAGES_API: &str = "2024-07-01";

/// The lists to read: those of the standby sites, if the group creates machines.
pub(super) fn lists(stack: &Stack, group: &FailoverGroup) -> Vec<ListRequest> {
    if machines(stack, group, |_| true).is_empty() {
        return Vec::new();
    }
    let standbys = group.standbys().iter().filter_map(|site| stack.sites.get(site));
    standbys.flat_map(|site| [sizes(stack, &site.location), usages(stack, &site.location)]).collect()
}

/// The list of sizes in a region.
pub(crate) fn sizes(stack: &Stack, location: &str) -> ListRequest {
    let id = ObjectId::new(format!("{}/providers/Microsoft.Compute/skus", body::scope(&stack.account)));
    ListRequest { object: Object::whole(id, SIZES_API), query: vec![("$filter", format!("location eq '{location}'"))] }
}

/// The list of quotas and usage in a region.
pub(crate) fn usages(stack: &Stack, location: &str) -> ListRequest {
    let account = body::scope(&stack.account);
    let id = ObjectId::new(format!("{account}/providers/Microsoft.Compute/locations/{location}/usages"));
    ListRequest { object: Object::whole(id, USAGES_API), query: Vec::new() }
}

/// The size and number of machines of a resource.
pub(crate) fn machines_of(stack: &Stack, resource: &Resource) -> Option<Machines> {
    stack.with_known(resource, resource.kind.machines?)
}

/// Number of machines to create, by size.
fn machines(stack: &Stack, group: &FailoverGroup, counts: impl Fn(&Resource) -> bool) -> BTreeMap<String, u32> {
    let mut machines = BTreeMap::new();
    for resource in stack.resources.values().filter(|resource| stands_up(group, resource) && counts(resource)) {
        if let Some(Machines { size, count }) = machines_of(stack, resource) {
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
    let Some(location) = stack.sites.get(arriving).map(|site| site.location.as_str()).filter(|_| !needed.is_empty())
    else {
        return;
    };
    let list = |list: &ListRequest| seen.lists.get(&list.object.id).and_then(|answer| answer.as_ref().ok());
    let (Some(sizes), Some(usages)) = (list(&sizes(stack, location)), list(&usages(stack, location))) else {
        let what = format!("sizes and quota of {location} could not be read");
        found.push(guard(PreflightStatus::Warns, what, "Azure can refuse the capacity during the run."));
        return;
    };
    found.extend(offered(location, &needed, sizes, usages));
}

fn guard(verdict: PreflightStatus, what: String, help: &str) -> PreflightCheck {
    PreflightCheck { rule: "capacity", verdict, what, help: help.to_owned() }
}

/// Checks of the sizes and quotas of a region for these numbers of machines.
pub(crate) fn offered(
    location: &str,
    needed: &BTreeMap<String, u32>,
    sizes: &Json,
    usages: &Json,
) -> Vec<PreflightCheck> {
    let mut found = Vec::new();
    let mut cores: BTreeMap<&str, u64> = BTreeMap::new();
    for (size, count) in needed {
        let Some(offer) = items(sizes).iter().find(|offer| is_size(offer, size)) else {
            let what = format!("{location} has no size {size}");
            found.push(guard(PreflightStatus::Warns, what, "Check the spelling, and the regions that offer it."));
            continue;
        };
        if offer.get("restrictions").and_then(Json::as_array).is_some_and(|restrictions| !restrictions.is_empty()) {
            let what = format!("{size} is not available in {location} for this subscription");
            found.push(guard(
                PreflightStatus::Refuses,
                what,
                "Choose another size for the failover-only machines, or request access.",
            ));
        }
        let total = vcpus(offer) * u64::from(*count);
        *cores.entry("cores").or_default() += total;
        if let Some(family) = offer.get("family").and_then(Json::as_str) {
            *cores.entry(family).or_default() += total;
        }
    }
    for (name, wanted) in &cores {
        let Some((used, limit)) = usage(usages, name) else { continue };
        if used + wanted > limit {
            let what = format!(
                "quota {name} in {location}: {wanted} cores needed, {} of {limit} free",
                limit.saturating_sub(used)
            );
            found.push(guard(PreflightStatus::Refuses, what, "Request a higher quota, or use fewer machines."));
        }
    }
    if found.is_empty() {
        let all: Vec<String> = needed.iter().map(|(size, count)| format!("{count} {size}")).collect();
        let what = format!("{location} offers {} within the quota", all.join(", "));
        found.push(guard(PreflightStatus::Passes, what, ""));
    }
    found
}

fn items(list: &Json) -> &[Json] {
    list.get("value").and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn is_size(offer: &Json, size: &str) -> bool {
    let text = |name: &str| offer.get(name).and_then(Json::as_str).unwrap_or_default();
    text("resourceType").eq_ignore_ascii_case("virtualMachines") && text("name").eq_ignore_ascii_case(size)
}

fn vcpus(offer: &Json) -> u64 {
    let capabilities = offer.get("capabilities").and_then(Json::as_array).into_iter().flatten();
    let named = |capability: &&Json| capability.get("name").and_then(Json::as_str) == Some("vCPUs");
    let value = capabilities.filter(named).find_map(|capability| capability.get("value")?.as_str()?.parse().ok());
    value.unwrap_or(0)
}

fn usage(usages: &Json, name: &str) -> Option<(u64, u64)> {
    let same = |usage: &&Json| {
        usage.pointer("/name/value").and_then(Json::as_str).is_some_and(|other| other.eq_ignore_ascii_case(name))
    };
    let usage = items(usages).iter().find(same)?;
    Some((usage.get("currentValue")?.as_u64()?, usage.get("limit")?.as_u64()?))
}
