//! Protection debt: reduced replication or redundancy, its start, and its remediation.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{GroupDebt, is_moving};
use crate::address::Address;
use crate::kinds::{ReplicaStatus, body};
use crate::plan::Observed;
use crate::roles::{Health, ProtectionDebt};
use crate::stack::{FailoverGroup, Stack};
use crate::state::{ActiveSite, RecordedDebt, Roles};

/// The roles with protection debt updated from a read: remedied debt is removed, the rest keeps its start. Replicas
/// that were not read stay as recorded.
pub(in crate::plan) fn reckoned(stack: &Stack, roles: &Roles, observed: &Observed) -> Roles {
    let Some(at) = observed.at else { return roles.clone() };
    let mut now = roles.clone();
    for group in stack.failover_groups.values().filter(|group| !is_moving(roles, group)) {
        let name = group.name.to_string();
        let own = now.owed.remove(&name).unwrap_or_default();
        match now.groups.get_mut(&name) {
            Some(role) => role.owed = still_owed(&role.owed, (stack, group), observed, at),
            None => {
                let still = still_owed(&own, (stack, group), observed, at);
                now.owed.extend((!still.is_empty()).then_some((name, still)));
            }
        }
    }
    now
}

/// The protection debt of a group now, given its earlier debt.
fn still_owed(
    before: &[RecordedDebt],
    (stack, group): (&Stack, &FailoverGroup),
    observed: &Observed,
    at: Timestamp,
) -> Vec<RecordedDebt> {
    let seen: Vec<(&Address, &ReplicaStatus)> = group
        .promote
        .iter()
        .filter_map(|store| observed.standings.get_key_value(store))
        .filter(|(_, standing)| !matches!(standing.health, Health::Unseen(_)))
        .collect();
    let looked_at: BTreeSet<&Address> = seen.iter().map(|(store, _)| *store).collect();
    let is_left = |owed: &&RecordedDebt| !looked_at.contains(&owed.of) && !is_stopped(stack, observed, &owed.of);
    let mut owed: Vec<RecordedDebt> = before.iter().filter(is_left).cloned().collect();
    for (store, standing) in seen {
        for debt in debts(standing) {
            let known = before.iter().find(|owed| owed.of == *store && owed.debt.what == debt.what);
            owed.push(RecordedDebt { of: store.clone(), since: known.map_or(at, |owed| owed.since), debt });
        }
    }
    owed
}

/// True for a workload that was read and has the size of an inactive site.
fn is_stopped(stack: &Stack, observed: &Observed, address: &Address) -> bool {
    let Some(resource) = stack.resources.get(address).filter(|resource| resource.kind.moves.idle.is_some()) else {
        return false;
    };
    let sights = resource.objects.iter().map(|object| observed.objects.get(&object.id));
    let bodies: Option<Vec<Json>> = sights.map(|sight| Some(sight?.as_ref()?.body.clone())).collect();
    let read = bodies.map(|bodies| body::read(resource.kind, &bodies)).unwrap_or_default();
    resource.stopped().is_some_and(|(argument, value)| read.get(argument) == Some(&value))
}

/// The protection debt of a replica: reported by its kind, or else that it does not replicate.
fn debts(standing: &ReplicaStatus) -> Vec<ProtectionDebt> {
    let behind = match &standing.health {
        Health::Following | Health::Unseen(_) => None,
        Health::Behind(words) => Some((words, "wait: the replica catches up by itself")),
        Health::Broken(words) => Some((words, "repair the replication")),
    };
    match behind {
        Some((words, pays)) if standing.debts.is_empty() => {
            vec![ProtectionDebt { what: format!("the replica {words}"), pays: pays.to_owned() }]
        }
        _ => standing.debts.clone(),
    }
}

/// All protection debt, by group. The first entry of a group that is away: it has one standby site less.
pub fn owed(roles: &Roles) -> Vec<GroupDebt> {
    let listed = |group: &str, RecordedDebt { of, debt, since }: &RecordedDebt| GroupDebt {
        group: group.to_owned(),
        of: of.clone(),
        what: debt.what.clone(),
        pays: debt.pays.clone(),
        since: *since,
    };
    let mut all = Vec::new();
    for (name, role) in &roles.groups {
        let itself = Address::new("failover_group", name);
        if role.active == ActiveSite::Away && !role.owed.iter().any(|owed| owed.of == itself) {
            all.push(GroupDebt {
                group: name.clone(),
                of: itself,
                what: format!("{} is a standby site: while it is active, there is one standby site less", role.site),
                pays: "run `drplan failover-group down` to fail back".to_owned(),
                since: role.since,
            });
        }
        all.extend(role.owed.iter().map(|owed| listed(name, owed)));
    }
    all.extend(roles.owed.iter().flat_map(|(name, owed)| owed.iter().map(move |owed| listed(name, owed))));
    all
}
