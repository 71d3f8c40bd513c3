//! Protection debt: what is not replicated or redundant right now, since when, and what pays it back.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{GroupDebt, is_moving};
use crate::address::Address;
use crate::kinds::{Debt, Health, Standing};
use crate::plan::Observed;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{Active, Owed, Roles};

/// The roles with what is owed reckoned anew from a look: what is paid has gone, what is not is owed since it was first. What was not seen stays as
/// recorded.
pub(in crate::plan) fn reckoned(stack: &Stack, roles: &Roles, observed: &Observed) -> Roles {
    let Some(at) = observed.at else { return roles.clone() };
    let mut now = roles.clone();
    for group in stack.failover_groups.values().filter(|group| !is_moving(roles, group)) {
        let name = group.name.to_string();
        let own = now.owed.remove(&name).unwrap_or_default();
        match now.groups.get_mut(&name) {
            Some(role) => role.owed = still_owed(&role.owed, group, observed, at),
            None => {
                let still = still_owed(&own, group, observed, at);
                now.owed.extend((!still.is_empty()).then_some((name, still)));
            }
        }
    }
    now
}

/// What a group owes now, given what it owed.
fn still_owed(before: &[Owed], group: &FailoverGroup, observed: &Observed, at: Timestamp) -> Vec<Owed> {
    let seen: Vec<(&Address, &Standing)> = group
        .promote
        .iter()
        .filter_map(|store| observed.standings.get_key_value(store))
        .filter(|(_, standing)| !matches!(standing.health, Health::Unseen(_)))
        .collect();
    let looked_at: BTreeSet<&Address> = seen.iter().map(|(store, _)| *store).collect();
    let mut owed: Vec<Owed> = before.iter().filter(|owed| !looked_at.contains(&owed.of)).cloned().collect();
    for (store, standing) in seen {
        for debt in debts(standing) {
            let known = before.iter().find(|owed| owed.of == *store && owed.debt.what == debt.what);
            owed.push(Owed { of: store.clone(), since: known.map_or(at, |owed| owed.since), debt });
        }
    }
    owed
}

/// What a replica owes: what its kind says, or else that it does not follow.
fn debts(standing: &Standing) -> Vec<Debt> {
    let behind = match &standing.health {
        Health::Following | Health::Unseen(_) => None,
        Health::Behind(words) => Some((words, "time, for it catches up by itself")),
        Health::Broken(words) => Some((words, "a repair of the replication")),
    };
    match behind {
        Some((words, pays)) if standing.debts.is_empty() => {
            vec![Debt { what: format!("the copy {words}"), pays: pays.to_owned() }]
        }
        _ => standing.debts.clone(),
    }
}

/// All that is owed, by group; first, of a group that is away, that it has no other site left.
pub fn owed(roles: &Roles) -> Vec<GroupDebt> {
    let listed = |group: &str, Owed { of, debt, since }: &Owed| GroupDebt {
        group: group.to_owned(),
        of: of.clone(),
        what: debt.what.clone(),
        pays: debt.pays.clone(),
        since: *since,
    };
    let mut all = Vec::new();
    for (name, role) in &roles.groups {
        let itself = Address::new("failover_group", name);
        if role.active == Active::Away && !role.owed.iter().any(|owed| owed.of == itself) {
            all.push(GroupDebt {
                group: name.clone(),
                of: itself,
                what: format!("{} is the only site that serves users, and there is none to fail over to", role.site),
                pays: "`drplan failover-group down`, which brings the group back".to_owned(),
                since: role.since,
            });
        }
        all.extend(role.owed.iter().map(|owed| listed(name, owed)));
    }
    all.extend(roles.owed.iter().flat_map(|(name, owed)| owed.iter().map(move |owed| listed(name, owed))));
    all
}
