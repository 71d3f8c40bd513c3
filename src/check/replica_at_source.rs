//! Replicas in the region of their source.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "replica-at-source",
    about: "A replica is in another region than its source.",
    weight: Weight::Stops,
    cause: "A replica and its source are in the same region.",
    consequence: "An outage of that region affects both. No copy is left to fail over to.",
    fix: "Place the replica at another site.",
    breaks: include_str!("../../templates/check/replica-at-source/breaks.hcl"),
    keeps: include_str!("../../templates/check/replica-at-source/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values() {
        let Some(replicates) = resource.kind.recovery.replicates.filter(|replicates| !replicates.image) else {
            continue;
        };
        let (from, to) =
            (super::region_of(stack, resource, replicates.from), super::region_of(stack, resource, replicates.to));
        if let (Some(from), Some(to)) = (from, to)
            && from.eq_ignore_ascii_case(&to)
        {
            let mut problem =
                Diagnostic::error(RULE.name, format!("`{}` replicates from {from} to {from}", resource.address))
                    .at(super::span(resource, replicates.to))
                    .why("An outage of the region affects both.")
                    .help(format!("Set `{}` to another site, or to a resource at another site.", replicates.to));
            if let Some(source) = super::referred(stack, resource, replicates.from) {
                problem = problem.and(source.span, format!("the source, in {from}"));
            }
            found.push(problem);
        }
    }
}
