//! An image that is only where the outage is.

use super::{Rule, Weight, crossings};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "image-not-copied",
    about: "What starts at the recovery site starts from an image that is there.",
    weight: Weight::Error,
    why: "A gallery is an object of one region: while that region is down, nobody reads its images, wherever the machine \
          is to stand. A managed image is in one region only. So the machines could not be made in the outage they are for.",
    instead: include_str!("../../templates/check/image-not-copied.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for (group, resource, image) in crossings(stack).filter(|(_, _, used)| used.kind.recovery.image) {
        found.push(
            RULE.finding(format!(
                "`{}` is at `{}` and starts from `{}`, which is at `{}`",
                resource.address, resource.site, image.address, image.site
            ))
            .at(resource.span)
            .and(image.span, format!("cannot be read while {} is down", image.location))
            .help(format!("Copy it into a gallery at `site.{}`, ahead of need, and start from the copy.", group.to)),
        );
    }
}
