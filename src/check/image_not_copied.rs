//! Images that are stored at the site of the outage only.

use super::{Rule, Weight, crossings};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "image-not-copied",
    about: "Machines at the recovery site start from an image that is stored there.",
    weight: Weight::Error,
    cause: "A machine or scale set at the recovery site starts from an image at the primary site.",
    consequence: "Galleries and images are regional. While the primary region is down, the image cannot be \
                  read and the machines cannot be created.",
    fix: "Copy the image to the recovery site, and start from the copy.",
    breaks: include_str!("../../templates/check/image-not-copied/breaks.hcl"),
    keeps: include_str!("../../templates/check/image-not-copied/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for (_, resource, image) in crossings(stack).filter(|(_, _, used)| used.kind.recovery.image) {
        found.push(
            RULE.finding(format!(
                "`{}` at `{}` starts from `{}`, which is stored at `{}`",
                resource.address, resource.site, image.address, image.site
            ))
            .at(resource.span)
            .and(image.span, format!("cannot be read while {} is down", image.location))
            .help(format!("Copy the image to `site.{}`, and start from the copy.", resource.site)),
        );
    }
}
