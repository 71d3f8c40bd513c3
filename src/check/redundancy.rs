//! Storage that is kept in one region.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "redundancy",
    about: "Data at a site that may be lost is kept with copies in another region.",
    weight: Weight::Warning,
    why: "An account with locally or zone-redundant storage has all its copies in one region. When the region is lost \
          there is nothing to fail over to, and nothing to restore from.",
    instead: include_str!("../../templates/check/redundancy.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for group in stack.failover_groups.values() {
        for resource in stack.resources.values().filter(|resource| resource.site == group.from) {
            let Some((argument, spanning)) = resource.kind.recovery.redundancy else { continue };
            let Some(written) = super::plain(resource, argument) else { continue };
            if spanning.contains(&written) {
                continue;
            }
            found.push(
                RULE.finding(format!("`{}` keeps its data at `{}` only ({written})", resource.address, group.from))
                    .at(super::span(resource, argument))
                    .help(format!("Write one of {}, and a replica that the group promotes.", spanning.join(", "))),
            );
        }
    }
}
