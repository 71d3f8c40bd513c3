//! Data without a copy at another site.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::kinds::Kind;
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "not-replicated",
    about: "Data at the primary site is replicated to the recovery site.",
    weight: Weight::Warning,
    cause: "A data store at the `from` site of a failover group has no replica.",
    consequence: "A failover switches users to a site without this data. The data is unavailable until its region \
                  returns, and lost if the region does not.",
    fix: "Add the store to a replica. If its data may be lost, accept the finding with a reason.",
    breaks: include_str!("../../templates/check/not-replicated/breaks.hcl"),
    keeps: include_str!("../../templates/check/not-replicated/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    // A copy without roles needs no promotion.
    let is_replica = |kind: &Kind| kind.promotion.is_some() || kind.recovery.replicates.is_some();
    let replicas = stack.resources.values().filter(|resource| is_replica(resource.kind));
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
                    "`{}` is not replicated from `{}` to {}",
                    resource.address,
                    group.from,
                    group.standbys_in_prose()
                ))
                .at(resource.span)
                .and(group.span, "switches users to the other site")
                .help("Add it to a replica, or accept the finding with the reason why its data may be lost."),
            );
        }
    }
}

/// Membership of a resource, or of a resource that holds its data, in the replicated ones.
fn is_in(stack: &Stack, resource: &Resource, replicated: &BTreeSet<&Address>) -> bool {
    replicated.contains(&resource.address)
        || resource.uses.iter().filter_map(|used| stack.resources.get(used)).any(|used| {
            used.kind.recovery.holds_data && used.address != resource.address && is_in(stack, used, replicated)
                || used.kind.recovery.redundancy.is_some()
        })
}
