//! A copy of data that no failover group promotes.

use super::{Rule, Weight, regions};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "replica-not-promoted",
    about: "Every replica from a group's site to its recovery site is promoted by the group.",
    weight: Weight::Warning,
    why: "Without a promotion the copy stays read-only: users arrive at the recovery site, and what they write is \
          refused. A group promotes all replicas between its sites unless it lists them, so that a replica added later \
          is easily left out of the list.",
    instead: include_str!("../../templates/check/replica-not-promoted.hcl"),
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
        let group = stack.failover_groups.values().find(|group| is_at(&group.from, &from) && is_at(&group.to, &to));
        let finding = RULE.finding(format!("no failover group promotes `{}`", resource.address)).at(resource.span);
        found.push(match group {
            Some(group) => finding
                .and(group.span, "moves users between the same sites")
                .help(format!("Add it to `promote` of `{}`, or leave `promote` out.", group.name)),
            None => finding.help(format!("Write a `failover_group` from {from} to {to}.")),
        });
    }
}
