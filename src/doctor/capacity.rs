//! Availability and quota of the machine sizes that each site needs, for permanent and failover-only resources.

use std::collections::{BTreeMap, BTreeSet};

use super::{DoctorCheck, DoctorInput, DoctorResult, DoctorStatus, ListAnswers, why};
use crate::failover::{ListRequest, PreflightCheck, PreflightStatus as Of, machines_of, offered, sizes, usages};

const NAME: &str = "capacity";

pub(super) const CHECK: DoctorCheck = DoctorCheck { lists, judge };

/// Number of machines of each size that each region still needs.
fn needed(subject: DoctorInput<'_>) -> BTreeMap<String, BTreeMap<String, u32>> {
    let mut needed: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    let exists = |address| subject.state.is_some_and(|state| state.resources.contains_key(address));
    for resource in subject.stack.resources.values().filter(|resource| !exists(&resource.address)) {
        if let Some(machines) = machines_of(subject.stack, resource) {
            *needed.entry(resource.location.clone()).or_default().entry(machines.size).or_default() += machines.count;
        }
    }
    needed
}

fn lists(subject: DoctorInput<'_>) -> Vec<ListRequest> {
    let regions: BTreeSet<String> = needed(subject).into_keys().collect();
    regions.iter().flat_map(|region| [sizes(subject.stack, region), usages(subject.stack, region)]).collect()
}

fn judge(subject: DoctorInput<'_>, answers: &ListAnswers, found: &mut Vec<DoctorResult>) {
    for (region, machines) in needed(subject) {
        let lists = [sizes(subject.stack, &region), usages(subject.stack, &region)];
        let [sizes, usages] = lists.each_ref().map(|list| answers.get(list));
        let (Some(Ok(sizes)), Some(Ok(usages))) = (sizes, usages) else {
            let unread = [sizes, usages].into_iter().find(|answer| !matches!(answer, Some(Ok(_)))).flatten();
            let what = format!("machine sizes and quota in {region} are unknown{}", why(unread));
            found.push(DoctorResult::of(NAME, DoctorStatus::Unseen, what, "Azure may refuse the capacity."));
            continue;
        };
        for PreflightCheck { rule: _, verdict, what, help } in offered(&region, &machines, sizes, usages) {
            let verdict = match verdict {
                Of::Refuses => DoctorStatus::Fails,
                Of::Warns => DoctorStatus::Warns,
                Of::Passes => DoctorStatus::Passes,
            };
            found.push(DoctorResult::of(NAME, verdict, what, help));
        }
    }
}
