//! A failover resource at the site that is lost.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::Place;
use crate::stack::{Presence, Stack};

pub(super) static RULE: Rule = Rule {
    name: "failover-at-from",
    about: "What stands only while a failover group is up is not at the site which that group leaves.",
    weight: Weight::Stops,
    why: "A failover resource is there for the day on which its group's own site is gone. At that very site it could not be made on that day.",
    instead: include_str!("../../templates/check/failover-at-from.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let groups = stack
        .resources
        .values()
        .filter(|resource| resource.presence == Presence::Failover && resource.kind.place == Place::Subscription);
    for resource in groups {
        let leaving = stack.failover_groups.values().find(|group| group.from == resource.site);
        let comes = stack.failover_groups.values().any(|group| group.to == resource.site);
        let Some(group) = leaving.filter(|_| !comes) else { continue };
        found.push(
            Diagnostic::error(
                RULE.name,
                format!("`{}` is to stand up at `{}`, the site that is lost", resource.address, group.from),
            )
            .at(super::span(resource, "site"))
            .and(group.span, format!("`{}` fails over from `{}`", group.name, group.from))
            .why("It would be needed exactly when that site is gone.")
            .help(format!("Put it at `site.{}`, or make it permanent.", group.to)),
        );
    }
}
