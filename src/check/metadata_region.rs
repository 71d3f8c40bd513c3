//! Metadata at the site that what it describes must outlive.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::{Location, Place, RESOURCE_GROUP};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "metadata-region",
    about: "What must outlive a site is in no resource group whose metadata lives at that site.",
    weight: Weight::Stops,
    why: "Resource Manager keeps the metadata of a resource group in the group's region. While that region is down nothing in the group can be changed, wherever it is itself (Microsoft's documentation of resource groups).",
    instead: include_str!("../../templates/check/metadata-region.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let mut told = BTreeSet::new();
    for group in stack.failover_groups.values() {
        let Some(lost) = stack.sites.get(&group.from) else { continue };
        for resource in stack.resources.values().filter(|resource| resource.kind.place == Place::Group) {
            let global = resource.kind.location == Location::Global;
            let outlives = global || resource.site == group.to;
            let in_lost = resource.metadata_location.eq_ignore_ascii_case(&lost.location);
            if !outlives || !in_lost || !told.insert(&resource.address) {
                continue;
            }
            let what = if global { "global".to_owned() } else { format!("at `{}`", group.to) };
            let mut problem = Diagnostic::error(
                RULE.name,
                format!("`{}` is {what}, and its resource group's metadata lives at `{}`", resource.address, group.from),
            )
            .at(super::span(resource, RESOURCE_GROUP.name))
            .why(format!(
                "While {} is down, nothing in a resource group located there can be changed, wherever it is itself: `{}` could not be moved in the outage it is for.",
                lost.location, resource.address
            ))
            .help(format!("Put it into a resource group at `site.{}`.", group.to));
            if let Some(holder) = resource.group.as_ref().and_then(|address| stack.resources.get(address)) {
                problem = problem.and(holder.span, format!("located in {}", holder.location));
            }
            found.push(problem);
        }
    }
}
