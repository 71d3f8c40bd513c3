//! A recovery time that the service's own operation does not reach.

use std::time::Duration;

use super::{Rule, Weight, promoted};
use crate::diagnostic::Diagnostics;
use crate::duration::spoken;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "objective-rto",
    about: "The recovery time objective is not shorter than the promotion of each store may take.",
    weight: Weight::Warning,
    why: "Users are served again only once their data is promoted, and how long that takes is the provider's, not \
          yours: half a minute for a failover group of Azure SQL, up to an hour for a storage account. An objective \
          below that is missed in the first outage.",
    instead: include_str!("../../templates/check/objective-rto.hcl"),
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
        let how = if typical > rto { "is not reached" } else { "may be missed" };
        found.push(
            RULE.finding(format!(
                "the objective of {} {how}: a forced promotion of `{}` takes {}, and up to {}",
                spoken(rto),
                replica.address,
                spoken(typical),
                spoken(worst)
            ))
            .at(replica.span)
            .and(group.span, "promotes it")
            .help("Promise a longer recovery time, or keep this data in a store that is promoted faster."),
        );
    }
}
