//! Permanent resources that depend on failover-only resources.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::{Presence, Stack};

pub(super) static RULE: Rule = Rule {
    name: "permanent-needs-failover",
    about: "Permanent resources depend on permanent resources only.",
    weight: Weight::Stops,
    cause: "A permanent resource refers to a failover-only resource.",
    consequence: "The failover-only resource does not exist in normal operation, so the permanent resource cannot be \
                  created. After a failover, the failover-only resource could not be deleted.",
    fix: "Move the permanent resource to a failover-only resource group, or refer to a permanent resource instead.",
    breaks: include_str!("../../templates/check/permanent-needs-failover/breaks.hcl"),
    keeps: include_str!("../../templates/check/permanent-needs-failover/keeps.hcl"),
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
                format!(
                    "permanent resource `{}` depends on `{}`, which is failover-only",
                    resource.address, needed.address
                ),
            )
            .at(resource.span)
            .and(needed.span, "failover-only")
            .why(format!(
                "It cannot be created in normal operation, and blocks the deletion of `{}` after a failover.",
                needed.address
            ))
            .help("Move it to a failover-only resource group, or refer to a permanent resource."),
        );
    }
}
