//! Whether machines of the sizes that stand up are to be had at the site, and the quota allows so many.
//!
//! Asked of Microsoft.Compute: the list of sizes with their restrictions, and the list of usages with their limits. A list is no promise: capacity
//! can be refused all the same, which only a reservation or machines that stand already rule out.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::levers::with_subject;
use super::survey::{List, stands_up};
use super::{Guard, Question, Verdict};
use crate::address::ArmId;
use crate::kinds::Machines;
use crate::stack::{FailoverGroup, Resource, Stack};

const SIZES_API: &str = "2021-07-01";
const USAGES_API: &str = "2024-07-01";

/// The lists to read: those of the site that stands up, where machines do.
pub(super) fn lists(stack: &Stack, group: &FailoverGroup) -> Vec<List> {
    let location = stack.sites.get(&group.to).map(|site| site.location.clone());
    match location.filter(|_| !machines(stack, group, |_| true).is_empty()) {
        Some(location) => vec![sizes(stack, &location), usages(stack, &location)],
        None => Vec::new(),
    }
}

/// The list of the sizes that a region sells.
pub(crate) fn sizes(stack: &Stack, location: &str) -> List {
    let id = ArmId::new(format!("/subscriptions/{}/providers/Microsoft.Compute/skus", stack.subscription));
    List { id, api: SIZES_API, query: vec![("$filter", format!("location eq '{location}'"))] }
}

/// The list of a region's quotas and what is used of them.
pub(crate) fn usages(stack: &Stack, location: &str) -> List {
    let provider = format!("/subscriptions/{}/providers/Microsoft.Compute", stack.subscription);
    List { id: ArmId::new(format!("{provider}/locations/{location}/usages")), api: USAGES_API, query: Vec::new() }
}

/// The machines that a resource is.
pub(crate) fn machines_of(stack: &Stack, resource: &Resource) -> Option<Machines> {
    with_subject(stack, resource, resource.kind.machines?)
}

/// How many machines of each size stand up.
fn machines(stack: &Stack, group: &FailoverGroup, counts: impl Fn(&Resource) -> bool) -> BTreeMap<String, u32> {
    let mut machines = BTreeMap::new();
    for resource in stack.resources.values().filter(|resource| stands_up(group, resource) && counts(resource)) {
        if let Some(Machines { size, count }) = machines_of(stack, resource) {
            *machines.entry(size).or_default() += count;
        }
    }
    machines
}

/// What was found.
pub(super) fn check(question: &Question<'_>, found: &mut Vec<Guard>) {
    let Question { stack, group, state, seen, .. } = *question;
    // What stands already needs nothing more.
    let needed = machines(stack, group, |resource| !state.resources.contains_key(&resource.address));
    let Some(location) = stack.sites.get(&group.to).map(|site| site.location.as_str()).filter(|_| !needed.is_empty())
    else {
        return;
    };
    let list = |list: &List| seen.lists.get(&list.id).and_then(|answer| answer.as_ref().ok());
    let (Some(sizes), Some(usages)) = (list(&sizes(stack, location)), list(&usages(stack, location))) else {
        let what = format!("whether {location} has the machines that stand up cannot be looked at");
        found.push(guard(Verdict::Warns, what, "Capacity may be refused."));
        return;
    };
    found.extend(offered(location, &needed, sizes, usages));
}

fn guard(verdict: Verdict, what: String, help: &str) -> Guard {
    Guard { rule: "capacity", verdict, what, help: help.to_owned() }
}

/// What a region's sizes and quotas say of so many machines of each size.
pub(crate) fn offered(location: &str, needed: &BTreeMap<String, u32>, sizes: &Json, usages: &Json) -> Vec<Guard> {
    let mut found = Vec::new();
    let mut cores: BTreeMap<&str, u64> = BTreeMap::new();
    for (size, count) in needed {
        let Some(offer) = items(sizes).iter().find(|offer| is_size(offer, size)) else {
            let what = format!("{size} is not in the list of sizes of {location}");
            found.push(guard(Verdict::Warns, what, "Look whether it is spelt right and sold there."));
            continue;
        };
        if offer.get("restrictions").and_then(Json::as_array).is_some_and(|restrictions| !restrictions.is_empty()) {
            let what = format!("{size} is not to be had in {location} for this subscription");
            found.push(guard(Verdict::Refuses, what, "Choose another size for what stands up, or ask for access."));
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
                "{wanted} cores ({name}) are needed in {location}, and {} of {limit} are left",
                limit.saturating_sub(used)
            );
            found.push(guard(Verdict::Refuses, what, "Ask for a higher quota, or for fewer machines."));
        }
    }
    if found.is_empty() {
        let all: Vec<String> = needed.iter().map(|(size, count)| format!("{count} {size}")).collect();
        let what = format!("{location} offers {}, and the quota allows them", all.join(", "));
        found.push(guard(Verdict::Passes, what, ""));
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
