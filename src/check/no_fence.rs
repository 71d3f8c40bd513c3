//! A site that would take writes again when it comes back.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "no-fence",
    about: "A group that promotes data says what keeps the old side from taking writes.",
    weight: Weight::Warning,
    why: "A site that was given up may come back in the middle. If users still find it, both sites take writes, and no \
          tool puts them together again. A forced run without a fence, and without evidence that the old side is dead, \
          needs `--accept-split-brain`.",
    instead: include_str!("../../templates/check/no-fence.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for group in stack.failover_groups.values().filter(|group| group.fence.is_empty() && !group.promote.is_empty()) {
        found.push(
            RULE.finding(format!("nothing fences the old side of failover group `{}`", group.name))
                .at(group.span)
                .help("Write `fence` with what lets users come to it, as an endpoint of a traffic manager."),
        );
    }
}
