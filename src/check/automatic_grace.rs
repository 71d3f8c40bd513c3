//! A failover that begins by itself, and later than users can wait.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::duration::{self, spoken};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "automatic-grace",
    about: "A failover that the provider begins by itself begins within the recovery time objective.",
    weight: Weight::Warning,
    why: "With an automatic policy Azure SQL fails over by itself once the primary has been away for the grace period, \
          which is an hour at the least. Until then nothing happens unless somebody runs `up`, and when it happens no \
          run moves users along with the data.",
    instead: include_str!("../../templates/check/automatic-grace.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let Some(rto) = stack.objectives.rto else { return };
    for resource in stack.resources.values() {
        let Some(argument) = resource.kind.recovery.waits else { continue };
        let grace = super::plain(resource, argument).and_then(|text| duration::parse(text).ok());
        let Some(grace) = grace.filter(|grace| *grace > rto) else { continue };
        found.push(
            RULE.finding(format!(
                "`{}` fails over by itself after {}, and the objective is {}",
                resource.address,
                spoken(grace),
                spoken(rto)
            ))
            .at(super::span(resource, argument))
            .help("Leave the policy manual and let a run move data and users together, or promise a longer recovery time."),
        );
    }
}
