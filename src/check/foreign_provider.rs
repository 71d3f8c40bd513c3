//! A kind of one provider at a site of another.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::Place;
use crate::stack::{Provider, Stack};

pub(super) static RULE: Rule = Rule {
    name: "foreign-provider",
    about: "A kind of Azure is at a site that Azure provides.",
    weight: Weight::Stops,
    why: "A kind of Azure can only be made where Azure has a region.",
    instead: include_str!("../../templates/check/foreign-provider.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values().filter(|resource| resource.kind.place == Place::Subscription) {
        let Some(site) = stack.sites.get(&resource.site).filter(|site| site.provider == Provider::Aws) else {
            continue;
        };
        found.push(
            Diagnostic::error(
                RULE.name,
                format!("`{}` is of Azure, and `site.{}` is of AWS", resource.address, site.name),
            )
            .at(super::span(resource, "site"))
            .and(site.span, "declared here")
            .help("Put it at a site with `provider = \"azure\"`."),
        );
    }
}
