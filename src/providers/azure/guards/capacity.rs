//! Availability of machine sizes, and quotas: two lists of Microsoft.Compute, of sizes with their restrictions and of
//! usages with their limits.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::account::Account;
use crate::kinds::looks::{Capacity, Finding, ListRequest, Severity};
use crate::object::{Object, ObjectId};
use crate::providers::azure::ids::SUBSCRIPTIONS;

const SIZES_API: &str = "2021-07-01";
const USAGES_API: &str = "2024-07-01";

pub(in crate::providers::azure) static CAPACITY: Capacity = Capacity { lists, judge };

/// The sizes in a region, and its quotas and usage.
fn lists(account: &Account, location: &str) -> Vec<ListRequest> {
    let compute = format!("{SUBSCRIPTIONS}{}/providers/Microsoft.Compute", account.id);
    let list = |path: String, api: &str| Object::whole(ObjectId::new(format!("{compute}/{path}")), api);
    let of_region = vec![("$filter", format!("location eq '{location}'"))];
    vec![
        ListRequest { object: list("skus".to_owned(), SIZES_API), query: of_region },
        ListRequest { object: list(format!("locations/{location}/usages"), USAGES_API), query: Vec::new() },
    ]
}

/// Checks of the sizes and quotas of a region for these numbers of machines.
fn judge(location: &str, needed: &BTreeMap<String, u32>, answers: &[&Json]) -> Vec<Finding> {
    let [sizes, usages] = answers else { return Vec::new() };
    let mut found = Vec::new();
    let mut cores: BTreeMap<&str, u64> = BTreeMap::new();
    for (size, count) in needed {
        let Some(offer) = items(sizes).iter().find(|offer| is_size(offer, size)) else {
            let what = format!("{location} has no size {size}");
            found.push(Finding::of(Severity::Warns, what, "Check the spelling, and the regions that offer it."));
            continue;
        };
        if offer.get("restrictions").and_then(Json::as_array).is_some_and(|restrictions| !restrictions.is_empty()) {
            let what = format!("{size} is not available in {location} for this subscription");
            found.push(Finding::of(
                Severity::Refuses,
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
            found.push(Finding::of(Severity::Refuses, what, "Request a higher quota, or use fewer machines."));
        }
    }
    if found.is_empty() {
        let all: Vec<String> = needed.iter().map(|(size, count)| format!("{count} {size}")).collect();
        let what = format!("{location} offers {} within the quota", all.join(", "));
        found.push(Finding::passes(what));
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
