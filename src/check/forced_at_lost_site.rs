//! A store that cannot be failed over without the site that is lost.

use super::{Rule, Weight, promoted};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "forced-at-lost-site",
    about: "No store that a group promotes is promoted by the region that is lost.",
    weight: Weight::Warning,
    why: "The failover of a storage account is a request to the control plane of its primary region. While that region is \
          silent altogether, `up --forced` refuses the whole group because of it, and Microsoft decides when the account \
          fails over. What need not move with it should be in a group of its own.",
    instead: include_str!("../../templates/check/forced-at-lost-site.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for (group, replica, _) in promoted(stack).filter(|(_, _, promotion)| promotion.asks_source) {
        found.push(
            RULE.finding(format!(
                "failover group `{}` cannot be forced while {} is silent: `{}` is failed over by that region",
                group.name,
                stack.sites.get(&group.from).map_or("its site", |site| site.location.as_str()),
                replica.address
            ))
            .at(group.span)
            .and(replica.span, "is asked of its primary region")
            .help("Promote it in a failover group of its own, or accept that this one waits for the region or for Microsoft."),
        );
    }
}
