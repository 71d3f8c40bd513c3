//! Users that are moved without a look at where to.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "no-probe",
    about: "A group looks whether the recovery site answers before it moves users there.",
    weight: Weight::Warning,
    why: "That resources stand does not mean that an application runs. A probe before the route holds users back until it \
          does, and is what a drill proves.",
    instead: include_str!("../../templates/check/no-probe.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let blind = |group: &&crate::stack::FailoverGroup| {
        !group.routes.is_empty() && !group.probes.iter().any(|probe| probe.before.as_deref() == Some("route"))
    };
    for group in stack.failover_groups.values().filter(blind) {
        found.push(
            RULE.finding(format!("failover group `{}` moves users without a probe before", group.name))
                .at(group.span)
                .help("Write a `probe` with `before = \"route\"`."),
        );
    }
}
