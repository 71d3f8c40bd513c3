//! Sites that may accept writes after a failover.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "no-fence",
    about: "A failover group that promotes data blocks writes at the source.",
    weight: Weight::Warning,
    cause: "A failover group promotes replicas, but has no `fence`.",
    consequence: "A lost site may return during the failover. If users can reach it, both sites accept writes (split \
                  brain), and the data cannot be merged. A forced run without a fence needs `--accept-split-brain`, \
                  unless the source is known to be down.",
    fix: "Add a `fence` with the resource that lets users reach the source, such as its Traffic Manager endpoint.",
    breaks: include_str!("../../templates/check/no-fence/breaks.hcl"),
    keeps: include_str!("../../templates/check/no-fence/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for group in stack.failover_groups.values().filter(|group| group.fence.is_empty() && !group.promote.is_empty()) {
        found.push(
            RULE.finding(format!("failover group `{}` promotes data without a `fence`", group.name))
                .at(group.span)
                .help("Add `fence` with the resource that lets users reach the source, such as its Traffic Manager endpoint."),
        );
    }
}
