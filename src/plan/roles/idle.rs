//! Arguments whose value follows from the role of a site: a workload runs at the active site of its group, and has
//! another number of pods elsewhere.

use super::is_moving;
use crate::address::Address;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{ActiveSite, Roles};
use crate::value::Value;

/// Gives the workloads at inactive sites the value that they have there. A group in a mixed state, or one that a run
/// moves, is left alone: what was observed counts then.
pub(in crate::plan) fn settle(stack: &mut Stack, roles: Option<&Roles>) {
    let idle: Vec<(Address, &'static str, Value)> = stack
        .failover_groups
        .values()
        .filter_map(|group| Some((group, active(group, roles)?)))
        .flat_map(|(group, active)| {
            let workloads = group.quiesce.iter().filter_map(|address| stack.resources.get(address));
            workloads.filter(move |resource| *resource.site != *active)
        })
        .filter_map(|resource| {
            let (argument, value) = resource.stopped().filter(|_| resource.kind.moves.idle.is_some())?;
            Some((resource.address.clone(), argument, Value::from_json(&value)))
        })
        .collect();
    for (address, argument, value) in idle {
        stack.pin(&address, argument, Some(value));
    }
}

/// The active site of a group, where it has one.
fn active<'a>(group: &'a FailoverGroup, roles: Option<&'a Roles>) -> Option<&'a str> {
    let Some(roles) = roles else { return Some(&group.from) };
    if is_moving(roles, group) {
        return None;
    }
    match roles.groups.get(&*group.name) {
        None => Some(&group.from),
        Some(role) => match role.active {
            ActiveSite::Home => Some(&group.from),
            ActiveSite::Away => Some(&role.site),
            ActiveSite::Between => None,
        },
    }
}
