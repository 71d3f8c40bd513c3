//! Something at the recovery site that needs what is lost.

use super::{Rule, Weight, crossings};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "leans-on-lost-site",
    about: "What is at the recovery site uses nothing that is only at the site it stands in for.",
    weight: Weight::Warning,
    why: "A network, a route table or an identity of the lost region cannot be read or changed while that region is \
          down, and much that points at it cannot be created. Replicas, peerings and image copies are there to join two \
          sites; everything else should be whole at its own.",
    instead: include_str!("../../templates/check/leans-on-lost-site.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let others = crossings(stack).filter(|(_, _, used)| !used.kind.recovery.image);
    for (_, resource, used) in others {
        found.push(
            RULE.finding(format!(
                "`{}` is at `{}` and uses `{}`, which is at `{}`",
                resource.address, resource.site, used.address, used.site
            ))
            .at(resource.span)
            .and(used.span, format!("is lost with {}", used.location))
            .help(format!("Give `site.{}` one of its own.", resource.site)),
        );
    }
}
