//! Data outside of where it may be kept.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::regions::region;
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "residency",
    about: "Data is kept and replicated only within the geographies of `residency`.",
    weight: Weight::Stops,
    why: "Where data may be kept is a matter of law and contracts. A replica in another geography breaks them as soon as it is made.",
    instead: include_str!("../../templates/check/residency.hcl"),
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
    let Some(region) = region(location) else { return };
    if stack.residency.iter().any(|allowed| allowed.eq_ignore_ascii_case(region.geography)) {
        return;
    }
    let allowed = stack.residency.join(", ");
    found.push(
        Diagnostic::error(
            RULE.name,
            format!("`{}` keeps data in {location}, which is in {}", resource.address, region.geography),
        )
        .at(super::span(resource, argument))
        .why(format!("The stack's `residency` allows {allowed} only."))
        .help(format!("Put it at a site in {allowed}, or add \"{}\" to `residency`.", region.geography)),
    );
}
