//! Something that would stand up, and that nothing stands up.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::kinds::Place;
use crate::stack::{Presence, Stack};

pub(super) static RULE: Rule = Rule {
    name: "failover-without-group",
    about: "Every failover resource group is stood up by a failover group.",
    weight: Weight::Error,
    why: "What has `presence = \"failover\"` is never made by `apply`. Without a failover group that stands it up it is \
          made by nothing, and the day on which that is noticed is the wrong one.",
    instead: include_str!("../../templates/check/failover-without-group.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let groups = stack
        .resources
        .values()
        .filter(|resource| resource.kind.place == Place::Subscription && resource.presence == Presence::Failover);
    for resource in groups {
        if stack.failover_groups.values().any(|group| group.stand_up.contains(&resource.address)) {
            continue;
        }
        found.push(
            RULE.finding(format!("no failover group stands up `{}`", resource.address))
                .at(resource.span)
                .help("Add it to `stand_up` of a failover group, or make it permanent."),
        );
    }
}
