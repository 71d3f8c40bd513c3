//! The resources that procedures of a group change.

use std::collections::BTreeSet;

use super::ProcedureInput;
use crate::address::Address;
use crate::stack::{FailoverGroup, Resource, Stack};

/// The resources that a procedure of this group changes: failover-only resources, quiesced and fenced ones, and ends
/// of routes.
pub(super) fn written(stack: &Stack, group: &FailoverGroup) -> BTreeSet<Address> {
    let stood_up = stack.resources.values().filter(|resource| stands_up(group, resource));
    stood_up
        .map(|resource| resource.address.clone())
        .chain(group.quiesce.iter().chain(&group.fence).cloned())
        .chain(lever_ends(stack, group))
        .collect()
}

/// The resources that routes of this group change.
pub fn lever_ends(stack: &Stack, group: &FailoverGroup) -> BTreeSet<Address> {
    let ends = group.routes.iter().flat_map(|route| (route.kind.ends)(stack, route));
    ends.map(|resource| resource.address.clone()).collect()
}

/// True for a failover-only resource of this group.
pub(super) fn stands_up(group: &FailoverGroup, resource: &Resource) -> bool {
    group.stands_up(resource)
}

/// True for a failover-only resource of a group at a site.
pub(super) fn is_at(stack: &Stack, group: &FailoverGroup, resource: &Resource, site: &str) -> bool {
    let of = resource.group.as_ref().and_then(|of| stack.resources.get(of));
    stands_up(group, resource) && of.is_none_or(|of| *of.site == *site)
}

/// The workloads of a group at a site: those of its `quiesce`, and its failover-only resources that can be stopped.
pub(super) fn workloads<'a>(question: &ProcedureInput<'a>, site: &str) -> Vec<&'a Resource> {
    let ProcedureInput { stack, group, .. } = *question;
    let configured = group.quiesce.iter().filter_map(|address| stack.resources.get(address));
    let failover_only = stack.resources.values().filter(|resource| {
        stands_up(group, resource) && resource.kind.moves.stops() && !group.quiesce.contains(&resource.address)
    });
    configured.chain(failover_only).filter(|resource| *resource.site == *site).collect()
}

/// True for a workload whose size follows from the role of its site.
pub(super) fn is_idle(resource: &Resource) -> bool {
    resource.kind.moves.idle.is_some()
}
