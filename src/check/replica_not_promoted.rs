//! Replicas that no failover group promotes.

use super::{Rule, Weight, regions};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "replica-not-promoted",
    about: "A failover group promotes every replica from its `from` site to its `to` site.",
    weight: Weight::Warning,
    cause: "A replica is in no failover group. `promote` lists replicas explicitly, so that a replica added later is \
            easily omitted.",
    consequence: "The replica stays read-only during a failover. Users reach the recovery site, and their writes fail.",
    fix: "Add the replica to `promote`, or remove `promote`: a failover group then promotes all replicas between its \
          sites.",
    breaks: include_str!("../../templates/check/replica-not-promoted/breaks.hcl"),
    keeps: include_str!("../../templates/check/replica-not-promoted/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values() {
        let Some((from, to)) = regions(stack, resource).filter(|_| resource.kind.promotion.is_some()) else { continue };
        if stack.failover_groups.values().any(|group| group.promote.contains(&resource.address)) {
            continue;
        }
        let is_at = |site: &str, region: &str| {
            stack.sites.get(site).is_some_and(|site| site.location.eq_ignore_ascii_case(region))
        };
        let group = stack
            .failover_groups
            .values()
            .find(|group| is_at(&group.from, &from) && group.standbys().iter().any(|standby| is_at(standby, &to)));
        let finding = RULE.finding(format!("no failover group promotes `{}`", resource.address)).at(resource.span);
        found.push(match group {
            Some(group) => finding
                .and(group.span, "fails over between the same sites")
                .help(format!("Add it to `promote` of failover group `{}`, or remove `promote`.", group.name)),
            None => finding.help(format!("Add a `failover_group` from {from} to {to}.")),
        });
    }
}
