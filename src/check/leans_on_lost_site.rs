//! Resources at the recovery site that depend on the primary site.

use super::{Rule, Weight, crossings};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "leans-on-lost-site",
    about: "Resources at the recovery site do not depend on resources at the primary site.",
    weight: Weight::Warning,
    cause: "A resource at the recovery site refers to a regional resource at the primary site, such as a key vault \
            or an identity.",
    consequence: "While the primary region is down, the resource there cannot be read or updated, and resources that \
                  refer to it often cannot be created.",
    fix: "Create a separate resource at the recovery site. Replicas, peerings and image copies are exempt, because \
          they connect two sites.",
    breaks: include_str!("../../templates/check/leans-on-lost-site/breaks.hcl"),
    keeps: include_str!("../../templates/check/leans-on-lost-site/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let others = crossings(stack).filter(|(_, _, used)| !used.kind.recovery.image);
    for (_, resource, used) in others {
        found.push(
            RULE.finding(format!(
                "`{}` at `{}` depends on `{}`, which is at `{}`",
                resource.address, resource.site, used.address, used.site
            ))
            .at(resource.span)
            .and(used.span, format!("unavailable while {} is down", used.location))
            .help(format!("Create a separate resource at `site.{}`.", resource.site)),
        );
    }
}
