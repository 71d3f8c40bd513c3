//! An age of lost data that the service does not promise.

use std::time::Duration;

use super::{Rule, Weight, promoted};
use crate::diagnostic::Diagnostics;
use crate::duration::spoken;
use crate::stack::scope::plain;
use crate::stack::{Knowledge, Stack};

pub(super) static RULE: Rule = Rule {
    name: "objective-rpo",
    about: "The recovery point objective is not shorter than what a forced promotion of each store may lose.",
    weight: Weight::Warning,
    why: "Replication between regions is asynchronous. What the other region has not received when the first one is \
          lost is gone, and the providers say how much that may be: 5 seconds for Azure SQL, 15 minutes for Azure \
          Storage and for Cosmos DB below strong consistency.",
    instead: include_str!("../../templates/check/objective-rpo.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let Some(rpo) = stack.objectives.rpo else { return };
    for (group, replica, promotion) in promoted(stack) {
        let most = stack.with_subject(replica, &plain(&replica.args), &Knowledge::default(), promotion.most_lost);
        let Some(most) = most.map(|seconds| Duration::from_secs(u64::from(seconds))) else { continue };
        if most <= rpo {
            continue;
        }
        found.push(
            RULE.finding(format!(
                "the objective of {} may be missed: a forced promotion of `{}` may lose {}",
                spoken(rpo),
                replica.address,
                spoken(most)
            ))
            .at(replica.span)
            .and(group.span, "promotes it")
            .why(format!("What the provider says: {}.", promotion.loses))
            .help("Promise no less than the service does, or keep this data in a store that loses less."),
        );
    }
}
