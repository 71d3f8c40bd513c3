//! Failover-only resources at the site that their failover group leaves.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::{Presence, Stack};

pub(super) static RULE: Rule = Rule {
    name: "failover-at-from",
    about: "Failover-only resources are not at the home site of their failover group.",
    weight: Weight::Stops,
    cause: "A failover-only resource group is at the `from` site of a failover group, and no other group fails over to \
            that site.",
    consequence: "drplan creates failover-only resources during an outage of that site. Nothing can be created in a \
                  region that is down, so the failover fails.",
    fix: "Place the resource group at the `to` site of the failover group, or remove `presence = \"failover\"`.",
    breaks: include_str!("../../templates/check/failover-at-from/breaks.hcl"),
    keeps: include_str!("../../templates/check/failover-at-from/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let roots = stack
        .resources
        .values()
        .filter(|resource| resource.presence == Presence::Failover && resource.kind.place.is_root());
    for resource in roots {
        let leaving = stack.failover_groups.values().find(|group| group.from == resource.site);
        let comes = stack.failover_groups.values().any(|group| group.is_standby(&resource.site));
        let Some(group) = leaving.filter(|_| !comes) else { continue };
        found.push(
            Diagnostic::error(
                RULE.name,
                format!(
                    "failover-only {} `{}` is at `{}`, the home site of its failover group",
                    resource.kind.name.replace('_', " "),
                    resource.address,
                    group.from
                ),
            )
            .at(super::span(resource, "site"))
            .and(group.span, format!("`{}` fails over from `{}`", group.name, group.from))
            .why(format!("{} cannot create it there during an outage of that site.", resource.kind.provider().title))
            .help(format!("Place it at `site.{}`, or remove `presence = \"failover\"`.", group.first_standby())),
        );
    }
}
