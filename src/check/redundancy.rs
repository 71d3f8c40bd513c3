//! Storage accounts with copies in one region only.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "redundancy",
    about: "Storage at the primary site has copies in another region.",
    weight: Weight::Warning,
    cause: "A storage account at the `from` site of a failover group has locally redundant or zone-redundant storage.",
    consequence: "All copies are in one region. If the region is lost, there is nothing to fail over to and nothing to \
                  restore from.",
    fix: "Choose a replication type that spans regions, such as `RAGZRS`, and add a replica that the failover group \
          promotes.",
    breaks: include_str!("../../templates/check/redundancy/breaks.hcl"),
    keeps: include_str!("../../templates/check/redundancy/keeps.hcl"),
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
                RULE.finding(format!("`{}` stores its data at `{}` only ({written})", resource.address, group.from))
                    .at(super::span(resource, argument))
                    .help(format!(
                        "Set `{argument}` to one of {}, and add a replica that the failover group promotes.",
                        spanning.join(", ")
                    )),
            );
        }
    }
}
