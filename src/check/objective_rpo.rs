//! Recovery point objectives that a promotion may exceed.

use std::time::Duration;

use super::{Rule, Weight, promoted};
use crate::diagnostic::Diagnostics;
use crate::duration::spoken;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "objective-rpo",
    about: "The data loss of a forced promotion is within the recovery point objective (RPO).",
    weight: Weight::Warning,
    cause: "The forced promotion of a replica may lose more than `rpo` in `objectives` permits.",
    consequence: "Replication between regions is asynchronous. A forced promotion loses the writes that were not \
                  replicated: those of seconds for most databases, and those of a quarter of an hour for most object \
                  storage.",
    fix: "Set a longer `rpo`, or store this data in a service that loses less.",
    breaks: include_str!("../../templates/check/objective-rpo/breaks.hcl"),
    keeps: include_str!("../../templates/check/objective-rpo/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let Some(rpo) = stack.objectives.rpo else { return };
    for (group, replica, promotion) in promoted(stack) {
        let most = stack.with_known(replica, promotion.most_lost);
        let Some(most) = most.map(|seconds| Duration::from_secs(u64::from(seconds))) else { continue };
        if most <= rpo {
            continue;
        }
        found.push(
            RULE.finding(format!(
                "the RPO of {} may be missed: a forced promotion of `{}` may lose {}",
                spoken(rpo),
                replica.address,
                spoken(most)
            ))
            .at(replica.span)
            .and(group.span, "promotes it")
            .why(format!("The provider documents: {}.", promotion.loses))
            .help("Set a longer `rpo`, or store this data in a service that loses less."),
        );
    }
}
