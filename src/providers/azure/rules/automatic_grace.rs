//! Automatic failovers that start too late.

use crate::check::{self, Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::duration::{self, spoken};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "automatic-grace",
    about: "An automatic failover starts within the recovery time objective (RTO).",
    weight: Weight::Warning,
    cause: "The failover policy of a replica is automatic, with a grace period longer than `rto` in `objectives`.",
    consequence: "Azure SQL fails over automatically after the grace period, which is an hour or longer. An automatic \
                  failover promotes the data, but switches no traffic.",
    fix: "Set `policy = \"manual\"`, so that a failover run promotes data and switches traffic together, or set a \
          longer `rto`.",
    breaks: include_str!("../../../../templates/check/automatic-grace/breaks.hcl"),
    keeps: include_str!("../../../../templates/check/automatic-grace/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let Some(rto) = stack.objectives.rto else { return };
    for resource in stack.resources.values() {
        let Some(argument) = resource.kind.recovery.waits else { continue };
        let grace = check::plain(resource, argument).and_then(|text| duration::parse(text).ok());
        let Some(grace) = grace.filter(|grace| *grace > rto) else { continue };
        found.push(
            RULE.finding(format!(
                "`{}` fails over automatically after {}, later than the RTO of {}",
                resource.address,
                spoken(grace),
                spoken(rto)
            ))
            .at(check::span(resource, argument))
            .help("Set `policy = \"manual\"`, so that a run promotes data and switches traffic together, or set a longer `rto`."),
        );
    }
}
