//! Traffic that is switched without a probe.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::{FailoverGroup, ProbeBefore, Stack};

pub(super) static RULE: Rule = Rule {
    name: "no-probe",
    about: "A failover group probes the recovery site before it switches traffic.",
    weight: Weight::Warning,
    cause: "A failover group has a `route`, but no `probe` with `before = \"route\"`.",
    consequence: "A deployed application does not necessarily respond. Without a probe, a run switches users to a site \
                  that may not work, and a drill does not test it.",
    fix: "Add a `probe` with `before = \"route\"`.",
    breaks: include_str!("../../templates/check/no-probe/breaks.hcl"),
    keeps: include_str!("../../templates/check/no-probe/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let without_probe = |group: &&FailoverGroup| {
        !group.routes.is_empty() && !group.probes.iter().any(|probe| probe.before == Some(ProbeBefore::Route))
    };
    for group in stack.failover_groups.values().filter(without_probe) {
        found.push(
            RULE.finding(format!("failover group `{}` switches traffic without a probe", group.name))
                .at(group.span)
                .help("Add a `probe` with `before = \"route\"`."),
        );
    }
}
