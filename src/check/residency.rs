//! Data outside the permitted geographies.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "residency",
    about: "Data is stored and replicated only in the geographies that `residency` lists.",
    weight: Weight::Stops,
    cause: "A data store, or the target of a replica, is in a region outside the geographies in `residency`.",
    consequence: "Data leaves the permitted geographies as soon as the resource is created. That may violate laws or \
                  contracts.",
    fix: "Choose a site in a permitted geography, or add the geography to `residency`.",
    breaks: include_str!("../../templates/check/residency/breaks.hcl"),
    keeps: include_str!("../../templates/check/residency/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    if stack.residency.is_empty() {
        return;
    }
    for resource in stack.resources.values().filter(|resource| resource.kind.recovery.holds_data) {
        let mut regions = vec![("site", resource.location.clone())];
        if let Some(replicates) = resource.kind.recovery.replicates {
            regions.extend(super::region_of(stack, resource, replicates.to).map(|region| (replicates.to, region)));
        }
        regions.dedup_by(|a, b| a.1 == b.1);
        for (argument, location) in regions {
            outside(stack, resource, argument, &location, found);
        }
    }
}

fn outside(stack: &Stack, resource: &Resource, argument: &str, location: &str, found: &mut Diagnostics) {
    let Some(region) = resource.kind.provider().region(location) else { return };
    if stack.residency.iter().any(|allowed| allowed.eq_ignore_ascii_case(region.geography)) {
        return;
    }
    let allowed = stack.residency.join(", ");
    found.push(
        Diagnostic::error(
            RULE.name,
            format!("`{}` stores data in {location} (geography: {})", resource.address, region.geography),
        )
        .at(super::span(resource, argument))
        .why(format!("`residency` of the stack permits only these geographies: {allowed}."))
        .help(format!("Place it at a site of a permitted geography, or add \"{}\" to `residency`.", region.geography)),
    );
}
