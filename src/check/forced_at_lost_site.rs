//! Promotions that need the control plane of the lost region.

use super::{Rule, Weight, promoted};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "forced-at-lost-site",
    about: "Promotions of a failover group do not depend on the region that is lost.",
    weight: Weight::Warning,
    cause: "A failover group promotes a replica whose failover is a request to the primary region, as for a storage \
            account.",
    consequence: "While the control plane of that region is down, `failover-group up --forced` is blocked for the \
                  whole group. The provider then decides when the data fails over.",
    fix: "Promote this replica in a failover group of its own, so that it blocks no other, and accept the finding. Or \
          store this data in a service whose failover does not need the primary region.",
    breaks: include_str!("../../templates/check/forced-at-lost-site/breaks.hcl"),
    keeps: include_str!("../../templates/check/forced-at-lost-site/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for (group, replica, _) in promoted(stack).filter(|(_, _, promotion)| promotion.asks_source) {
        found.push(
            RULE.finding(format!(
                "failover group `{}` cannot be forced while {} is down: the failover of `{}` is a request to that region",
                group.name,
                stack.sites.get(&group.from).map_or("its site", |site| site.location.as_str()),
                replica.address
            ))
            .at(group.span)
            .and(replica.span, "is failed over by its primary region")
            .help("Promote it in a failover group of its own, so that it blocks no other, and accept the finding."),
        );
    }
}
