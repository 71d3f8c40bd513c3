//! Failover-only resources that no failover group creates.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::{Presence, Stack};

pub(super) static RULE: Rule = Rule {
    name: "failover-without-group",
    about: "Every failover-only resource group is in `stand_up` of a failover group.",
    weight: Weight::Error,
    cause: "A resource group has `presence = \"failover\"`, and no failover group lists it in `stand_up`.",
    consequence: "`drplan apply` skips failover-only resources, and no failover run creates these. They are missing \
                  during an outage.",
    fix: "Add the resource group to `stand_up` of a failover group, or remove `presence = \"failover\"`.",
    breaks: include_str!("../../templates/check/failover-without-group/breaks.hcl"),
    keeps: include_str!("../../templates/check/failover-without-group/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let roots = stack
        .resources
        .values()
        .filter(|resource| resource.kind.place.is_root() && resource.presence == Presence::Failover);
    for resource in roots {
        if stack.failover_groups.values().any(|group| group.stand_up.contains(&resource.address)) {
            continue;
        }
        found.push(
            RULE.finding(format!("no failover group creates `{}`", resource.address))
                .at(resource.span)
                .help("Add it to `stand_up` of a failover group, or remove `presence = \"failover\"`."),
        );
    }
}
