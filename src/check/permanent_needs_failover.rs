//! Something permanent that needs what stands only during a failover.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::{Presence, Stack};

pub(super) static RULE: Rule = Rule {
    name: "permanent-needs-failover",
    about: "What always stands needs nothing that stands only while a failover group is up.",
    weight: Weight::Stops,
    why: "What stands only during a failover is not there on an ordinary day, so that nothing permanent that needs it can be made, or stay when the failover is over.",
    instead: include_str!("../../templates/check/permanent-needs-failover.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values().filter(|resource| resource.presence == Presence::Permanent) {
        let needed = resource
            .needs
            .iter()
            .filter_map(|address| stack.resources.get(address))
            .find(|needed| needed.presence == Presence::Failover);
        let Some(needed) = needed else { continue };
        found.push(
            Diagnostic::error(
                RULE.name,
                format!("`{}` always stands and needs `{}`, which does not", resource.address, needed.address),
            )
            .at(resource.span)
            .and(needed.span, "stands only while a failover group is up")
            .why("It could not be made on an ordinary day, nor stay when the failover group comes down.")
            .help("Put it into a failover resource group too, or let it name something permanent."),
        );
    }
}
