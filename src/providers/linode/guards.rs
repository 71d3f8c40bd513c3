//! Lists of Linode that preflight checks read: locks of the account, and plans that a region has.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::account::Account;
use crate::kinds::looks::{Capacity, Finding, Guards, ListRequest, Lock, Locks, Severity};
use crate::object::{Object, ObjectId};

pub(super) static GUARDS: Guards = Guards { rights: None, locks: Some(&LOCKS), capacity: Some(&CAPACITY) };

pub(super) static CAPACITY: Capacity = Capacity { lists, judge };

/// The list of all locks, as the client makes it.
const ALL: &str = "linode:locks";

static LOCKS: Locks = Locks {
    list: |_| locks(),
    whole: Some(locks),
    is_list: |id| id.as_str() == ALL,
    read,
    removal: "linode-cli locks delete",
};

fn list(id: String) -> ListRequest {
    ListRequest { object: Object::whole(ObjectId::new(id), "4"), query: Vec::new() }
}

fn locks() -> ListRequest {
    list(ALL.to_owned())
}

/// A lock forbids the deletion of its object.
fn read(id: &ObjectId, body: &Json) -> Option<Lock> {
    let text = |name: &str| body.get(name).and_then(Json::as_str);
    let level = match text("lock_type")? {
        "cannot_delete_with_subresources" => "cannot_delete_with_subresources",
        _ => "cannot_delete",
    };
    Some(Lock { id: id.clone(), scope: ObjectId::new(text("scope")?), read_only: false, level })
}

fn lists(_: &Account, location: &str) -> Vec<ListRequest> {
    vec![list(format!("linode:regions/{location}/availability"))]
}

/// Linode lists no numbers: a plan is available in a region or not. One that it does not list has no limit there.
fn judge(location: &str, needed: &BTreeMap<String, u32>, answers: &[&Json]) -> Vec<Finding> {
    let plans = answers.first().and_then(|answer| answer.get("value")?.as_array()).map(Vec::as_slice);
    let plans = plans.unwrap_or_default();
    let text = |plan: &Json, name: &str| plan.get(name).and_then(Json::as_str).map(str::to_owned);
    let mut found = Vec::new();
    for size in needed.keys() {
        let plan = plans.iter().find(|plan| text(plan, "plan").as_ref() == Some(size));
        if plan.is_some_and(|plan| plan.get("available").and_then(Json::as_bool) == Some(false)) {
            let what = format!("the plan {size} is not available in {location} now");
            let help = "Choose another plan for the machines there, or keep them running (`presence = \"permanent\"`).";
            found.push(Finding::of(Severity::Refuses, what, help));
        }
    }
    if found.is_empty() {
        let all: Vec<&str> = needed.keys().map(String::as_str).collect();
        found.push(Finding::passes(format!("{location} has capacity for {}", all.join(", "))));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plan_that_a_region_does_not_have_is_refused() {
        let needed = BTreeMap::from([("g6-standard-1".to_owned(), 2), ("g6-standard-2".to_owned(), 1)]);
        let plans = |available: bool| {
            json!({ "value": [
                { "region": "us-east", "plan": "g6-standard-1", "available": true },
                { "region": "us-east", "plan": "g6-standard-2", "available": available },
            ] })
        };
        let found = judge("us-east", &needed, &[&plans(false)]);
        assert!(found[0].severity == Severity::Refuses && found[0].what.contains("g6-standard-2"), "{found:?}");
        assert_eq!(found.len(), 1);
        for answer in [plans(true), json!({ "value": [] })] {
            assert_eq!(judge("us-east", &needed, &[&answer])[0].severity, Severity::Passes, "{answer}");
        }
    }
}
