//! Data of which there is no copy elsewhere.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "not-replicated",
    about: "Data at a site that may be lost is replicated to the recovery site.",
    weight: Weight::Warning,
    why: "A failover group moves users to a site. What they find there is what was replicated. A database that was \
          added later and never put into a replica is noticed in the outage.",
    instead: include_str!("../../templates/check/not-replicated.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let replicas = stack.resources.values().filter(|resource| resource.kind.promotion.is_some());
    let replicated: BTreeSet<&Address> = replicas.flat_map(|replica| &replica.uses).collect();
    for group in stack.failover_groups.values() {
        for resource in stack.resources.values().filter(|resource| resource.site == group.from) {
            let recovery = &resource.kind.recovery;
            let moves_itself = recovery.replicates.is_some() || recovery.redundancy.is_some() || recovery.keeps_keys;
            if !recovery.holds_data || moves_itself || is_in(stack, resource, &replicated) {
                continue;
            }
            found.push(
                RULE.finding(format!(
                    "nothing replicates `{}` from `{}` to `{}`",
                    resource.address, group.from, group.to
                ))
                .at(resource.span)
                .and(group.span, "moves users away from it")
                .help("Add it to a replica, or say with `accept` why it may be lost."),
            );
        }
    }
}

/// Whether it is among these, or in something that holds its data and is.
fn is_in(stack: &Stack, resource: &Resource, replicated: &BTreeSet<&Address>) -> bool {
    replicated.contains(&resource.address)
        || resource.uses.iter().filter_map(|used| stack.resources.get(used)).any(|used| {
            used.kind.recovery.holds_data && used.address != resource.address && is_in(stack, used, replicated)
                || used.kind.recovery.redundancy.is_some()
        })
}
