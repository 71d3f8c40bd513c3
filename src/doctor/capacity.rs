//! Whether each site sells the machines that are to stand there, and the quota allows them: those that always stand, and those of a failover.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answers, Check, Finding, Patient, Verdict, why};
use crate::failover::{Guard, List, Verdict as Of, machines_of, offered, sizes, usages};

const NAME: &str = "capacity";

pub(super) const CHECK: Check = Check { lists, judge };

/// How many machines of each size are still to stand in each region.
fn needed(patient: Patient<'_>) -> BTreeMap<String, BTreeMap<String, u32>> {
    let mut needed: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    let stands = |address| patient.state.is_some_and(|state| state.resources.contains_key(address));
    for resource in patient.stack.resources.values().filter(|resource| !stands(&resource.address)) {
        if let Some(machines) = machines_of(patient.stack, resource) {
            *needed.entry(resource.location.clone()).or_default().entry(machines.size).or_default() += machines.count;
        }
    }
    needed
}

fn lists(patient: Patient<'_>) -> Vec<List> {
    let regions: BTreeSet<String> = needed(patient).into_keys().collect();
    regions.iter().flat_map(|region| [sizes(patient.stack, region), usages(patient.stack, region)]).collect()
}

fn judge(patient: Patient<'_>, answers: &Answers, found: &mut Vec<Finding>) {
    for (region, machines) in needed(patient) {
        let lists = [sizes(patient.stack, &region), usages(patient.stack, &region)];
        let [sizes, usages] = lists.each_ref().map(|list| answers.get(list));
        let (Some(Ok(sizes)), Some(Ok(usages))) = (sizes, usages) else {
            let unread = [sizes, usages].into_iter().find(|answer| !matches!(answer, Some(Ok(_)))).flatten();
            let what = format!("what {region} sells cannot be looked at{}", why(unread));
            found.push(Finding::of(NAME, Verdict::Unseen, what, "Capacity may be refused."));
            continue;
        };
        for Guard { rule: _, verdict, what, help } in offered(&region, &machines, sizes, usages) {
            let verdict = match verdict {
                Of::Refuses => Verdict::Fails,
                Of::Warns => Verdict::Warns,
                Of::Passes => Verdict::Passes,
            };
            found.push(Finding::of(NAME, verdict, what, help));
        }
    }
}
