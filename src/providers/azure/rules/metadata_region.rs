//! Resource groups located at the site that their resources must outlive.

use std::collections::BTreeSet;

use crate::check::{self, Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::{Location, Place, RESOURCE_GROUP};
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "metadata-region",
    about: "A resource that must outlive a site is in a resource group located in another region.",
    weight: Weight::Stops,
    cause: "A resource at the recovery site, or a global one such as a Traffic Manager profile, is in a resource group \
            located at the home site of its failover group.",
    consequence: "Azure Resource Manager stores the metadata of a resource group in the region of the group. While \
                  that region is down, no resource in the group can be updated, wherever the resource itself is. A \
                  failover could not change it.",
    fix: "Move the resource to a resource group at the recovery site.",
    breaks: include_str!("../../../../templates/check/metadata-region/breaks.hcl"),
    keeps: include_str!("../../../../templates/check/metadata-region/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let mut told = BTreeSet::new();
    for group in stack.failover_groups.values() {
        let Some(lost) = stack.sites.get(&group.from) else { continue };
        for resource in stack.resources.values() {
            let argument = match resource.kind.place {
                Place::Group => RESOURCE_GROUP.name,
                // A resource whose type is an argument, directly in a resource group.
                Place::Extension(argument) if resource.kind.typed.is_some() && is_in_group(resource) => argument,
                _ => continue,
            };
            let global = resource.kind.location == Location::Global;
            let outlives = global || group.is_standby(&resource.site);
            let in_lost = resource.metadata_location.eq_ignore_ascii_case(&lost.location);
            if !outlives || !in_lost || !told.insert(&resource.address) {
                continue;
            }
            let what = if global { "global".to_owned() } else { format!("at `{}`", resource.site) };
            let mut problem = Diagnostic::error(
                RULE.name,
                format!("`{}` is {what}, but its resource group is located at `{}`", resource.address, group.from),
            )
            .at(check::span(resource, argument))
            .why(format!(
                "While {} is down, no resource in a resource group located there can be updated: `{}` could not be changed during the outage.",
                lost.location, resource.address
            ))
            .help(format!("Move it to a resource group at `site.{}`.", group.first_standby()));
            if let Some(holder) = resource.group.as_ref().and_then(|address| stack.resources.get(address)) {
                problem = problem.and(holder.span, format!("located in {}", holder.location));
            }
            found.push(problem);
        }
    }
}

/// True for a resource directly in a resource group, and not an extension of another resource.
fn is_in_group(resource: &Resource) -> bool {
    resource.scope().is_some_and(|scope| resource.kind.grammar().group(&resource.id) == Some(scope))
}
