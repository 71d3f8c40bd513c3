//! Azure resources at a site of another provider.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::{Provider, Stack};

pub(super) static RULE: Rule = Rule {
    name: "foreign-provider",
    about: "Azure resources are at sites with `provider = \"azure\"`.",
    weight: Weight::Stops,
    cause: "An Azure resource group is at a site of another provider.",
    consequence: "The location of that site is not an Azure region, so the resource group cannot be created.",
    fix: "Place the resource group at a site with `provider = \"azure\"`.",
    breaks: include_str!("../../templates/check/foreign-provider/breaks.hcl"),
    keeps: include_str!("../../templates/check/foreign-provider/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values().filter(|resource| resource.kind.place.is_root()) {
        let Some(site) = stack.sites.get(&resource.site).filter(|site| site.provider == Provider::Aws) else {
            continue;
        };
        found.push(
            Diagnostic::error(
                RULE.name,
                format!("Azure resource group `{}` is at `site.{}`, an AWS site", resource.address, site.name),
            )
            .at(super::span(resource, "site"))
            .and(site.span, "declared here")
            .help("Place it at a site with `provider = \"azure\"`."),
        );
    }
}
