//! A replica at the site of its source.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "replica-at-source",
    about: "A replica is at another site than its source.",
    weight: Weight::Stops,
    why: "A copy in the same region is lost with the region.",
    instead: include_str!("../../templates/check/replica-at-source.hcl"),
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
                    .why("Both would be lost together.")
                    .help(format!("Let `{}` name another site, or something at another site.", replicates.to));
            if let Some(source) = super::referred(stack, resource, replicates.from) {
                problem = problem.and(source.span, format!("the source, at {from}"));
            }
            found.push(problem);
        }
    }
}
