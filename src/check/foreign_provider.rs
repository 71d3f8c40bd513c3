//! Resources at a site of another provider.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "foreign-provider",
    about: "Resources are at sites of their own provider.",
    weight: Weight::Stops,
    cause: "A resource is at a site of another provider.",
    consequence: "The location of that site is no region of the resource's provider, so it cannot be created there.",
    fix: "Place it at a site whose `provider` is that of its kind.",
    breaks: include_str!("../../templates/check/foreign-provider/breaks.hcl"),
    keeps: include_str!("../../templates/check/foreign-provider/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values().filter(|resource| resource.kind.place.is_root()) {
        let own = resource.kind.provider();
        let Some(site) = stack.sites.get(&resource.site).filter(|site| site.provider != own) else {
            continue;
        };
        found.push(
            Diagnostic::error(
                RULE.name,
                format!(
                    "`{}` of {} is at `site.{}`, a site of {}",
                    resource.address, own.title, site.name, site.provider.title
                ),
            )
            .at(super::span(resource, "site"))
            .and(site.span, "declared here")
            .help(format!("Place it at a site with `provider = \"{}\"`.", own.name)),
        );
    }
}
