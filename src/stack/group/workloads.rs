//! The workloads of groups without `quiesce`: all that can be stopped at their sites.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::address::Address;
use crate::hcl::eval::{DEPENDENCY_WORK, ELEMENT_WORK};
use crate::stack::near;
use crate::stack::program::Program;
use crate::stack::scope::Facts;
use crate::stack::{FailoverGroup, Presence, Resource};

/// Sets `quiesce` of every group that moves data and does not write it: the permanent workloads at its sites, without
/// the machines between which data is replicated. A workload at a site of several groups belongs to the one whose
/// stores it uses; without such a group, or with several, to none. Where no data moves, the source serves users until
/// traffic has switched.
pub(super) fn fill(program: &Program, facts: &Facts<'_>, groups: &mut IndexMap<Arc<str>, FailoverGroup>) {
    let sides = sides(facts, groups);
    let is_workload = |resource: &&Resource| {
        resource.kind.moves.stops() && resource.presence == Presence::Permanent && !sides.contains(&resource.address)
    };
    let workloads: Vec<&Resource> = facts.resources.values().filter(is_workload).collect();
    let mut found: BTreeMap<Arc<str>, Vec<Address>> = BTreeMap::new();
    for workload in workloads {
        let here: Vec<&FailoverGroup> = groups.values().filter(|group| group.has_site(&workload.site)).collect();
        let compared = here.iter().map(|group| 1 + group.promote.len()).sum::<usize>();
        if facts.charge(compared.saturating_mul(ELEMENT_WORK)).is_err() {
            return;
        }
        let is_idle = workload.kind.moves.idle.is_some();
        let owner = match here.as_slice() {
            [only] => Some(*only),
            several => owner(facts, workload, several),
        };
        // What runs at the active site only is started and stopped by every move.
        let is_moved = |group: &&FailoverGroup| (moves_data(group) || is_idle) && !is_written(program, &group.name);
        if let Some(group) = owner.filter(is_moved) {
            found.entry(Arc::clone(&group.name)).or_default().push(workload.address.clone());
        }
    }
    for (name, quiesce) in found {
        if let Some(group) = groups.get_mut(&name) {
            group.quiesce = quiesce;
        }
    }
    for group in groups.values_mut() {
        let twins = twins(program, facts, group);
        group.quiesce.extend(twins);
    }
}

/// Workloads that mirror one of a group, at its other sites, and that run at the active site only: the group starts
/// them when it arrives there.
fn twins(program: &Program, facts: &Facts<'_>, group: &FailoverGroup) -> Vec<Address> {
    let is_idle = |resource: &&Resource| {
        resource.kind.moves.idle.is_some()
            && resource.presence == Presence::Permanent
            && group.has_site(&resource.site)
            && !group.quiesce.contains(&resource.address)
    };
    let mut found: Vec<Address> = Vec::new();
    for resource in facts.resources.values().filter(is_idle) {
        let known = group.quiesce.len() + found.len();
        if facts.charge((1 + known).saturating_mul(ELEMENT_WORK)).is_err() {
            return found;
        }
        let mut of_group = group.quiesce.iter().chain(&found);
        if of_group.any(|other| near::is_mirror(program, &resource.address, other)) {
            found.push(resource.address.clone());
        }
    }
    found
}

/// The machines between which data is replicated: one that is stopped can neither hand its role over nor follow.
fn sides(facts: &Facts<'_>, groups: &IndexMap<Arc<str>, FailoverGroup>) -> BTreeSet<Address> {
    let promoted = groups.values().flat_map(|group| &group.promote);
    let replicas = promoted.filter_map(|address| facts.resources.get(address));
    let between = replicas.filter(|replica| replica.kind.promotion.is_some_and(|one| one.handover.is_some()));
    between.flat_map(|replica| replica.uses.iter().cloned()).collect()
}

/// True for a group that promotes replicas, or moves data with a step.
fn moves_data(group: &FailoverGroup) -> bool {
    !group.promote.is_empty() || group.steps.iter().any(|step| step.action.moves_data())
}

/// True for a group whose block has `quiesce`.
fn is_written(program: &Program, group: &str) -> bool {
    let block = program.failover_groups.get(group.split('[').next().unwrap_or(group));
    block.is_some_and(|block| block.body.attribute("quiesce").is_some())
}

/// The one of these groups that a workload belongs to.
fn owner<'g>(facts: &Facts<'_>, workload: &Resource, groups: &[&'g FailoverGroup]) -> Option<&'g FailoverGroup> {
    let used = used_by(facts, workload);
    let is_its = |group: &&&FailoverGroup| {
        let stores = group.promote.iter().filter_map(|replica| facts.resources.get(replica));
        group.quiesce.contains(&workload.address)
            || stores.flat_map(|replica| replica.uses.iter().chain([&replica.address])).any(|store| {
                // A resource group or a network is no store: several groups share it.
                used.contains(store) && facts.resources.get(store).is_some_and(|store| store.kind.recovery.loses_data)
            })
    };
    match groups.iter().filter(is_its).collect::<Vec<_>>().as_slice() {
        [only] => Some(**only),
        _ => None,
    }
}

/// All that a resource depends on, directly or not.
fn used_by(facts: &Facts<'_>, resource: &Resource) -> BTreeSet<Address> {
    let mut used = BTreeSet::new();
    let mut open: Vec<&Address> = resource.needs.iter().collect();
    while let Some(address) = open.pop() {
        if used.insert(address.clone()) {
            if facts.charge(DEPENDENCY_WORK).is_err() {
                break;
            }
            open.extend(facts.resources.get(address).into_iter().flat_map(|of| &of.needs));
        }
    }
    used
}
