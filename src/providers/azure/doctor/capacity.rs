//! Availability and quota of the machine sizes that each site needs, for permanent and failover-only resources.

use serde_json::Value as Json;

use crate::kinds::looks::{AccountCheck, AccountNeeds, Finding, ListAnswers, ListRequest, Severity, why};
use crate::providers::azure::guards::capacity::CAPACITY;

pub(super) const CHECK: AccountCheck = AccountCheck { name: "capacity", lists, judge };

fn lists(needs: &AccountNeeds<'_>) -> Vec<ListRequest> {
    needs.machines.keys().flat_map(|region| (CAPACITY.lists)(needs.account, region)).collect()
}

fn judge(needs: &AccountNeeds<'_>, answers: &ListAnswers) -> Vec<Finding> {
    let mut found = Vec::new();
    for (region, machines) in &needs.machines {
        let lists = (CAPACITY.lists)(needs.account, region);
        let of_region: Vec<_> = lists.iter().map(|list| answers.get(list)).collect();
        let read: Option<Vec<&Json>> = of_region.iter().map(|answer| answer.as_ref()?.as_ref().ok()).collect();
        let Some(read) = read else {
            let unread = of_region.into_iter().find(|answer| !matches!(answer, Some(Ok(_)))).flatten();
            let what = format!("machine sizes and quota in {region} are unknown{}", why(unread));
            found.push(Finding::of(Severity::Unseen, what, "Azure may refuse the capacity."));
            continue;
        };
        found.extend((CAPACITY.judge)(region, machines, &read));
    }
    found
}
