//! Recovery time objectives that a promotion may exceed.

use std::time::Duration;

use super::{Rule, Weight, promoted};
use crate::diagnostic::Diagnostics;
use crate::duration::spoken;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "objective-rto",
    about: "The slowest forced promotion fits in the recovery time objective (RTO).",
    weight: Weight::Warning,
    cause: "The forced promotion of a replica may take longer than `rto` in `objectives`.",
    consequence: "Service is restored only after the data is promoted, and the provider determines how long that \
                  takes: from seconds for most databases to an hour for most object storage. A failover may miss the \
                  objective.",
    fix: "Set a longer `rto`, or store this data in a service that is promoted faster.",
    breaks: include_str!("../../templates/check/objective-rto/breaks.hcl"),
    keeps: include_str!("../../templates/check/objective-rto/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let Some(rto) = stack.objectives.rto else { return };
    for (group, replica, promotion) in promoted(stack) {
        let typical = Duration::from_secs(u64::from(promotion.forced.typical));
        let worst = Duration::from_secs(u64::from(promotion.forced.worst));
        if worst <= rto {
            continue;
        }
        let how = if typical > rto { "is missed" } else { "may be missed" };
        found.push(
            RULE.finding(format!(
                "the RTO of {} {how}: a forced promotion of `{}` takes {} (P50), {} (P95)",
                spoken(rto),
                replica.address,
                spoken(typical),
                spoken(worst)
            ))
            .at(replica.span)
            .and(group.span, "promotes it")
            .help("Set a longer `rto`, or store this data in a service that is promoted faster."),
        );
    }
}
