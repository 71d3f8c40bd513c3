//! Image copies in the region of their source.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "image-at-source",
    about: "An image copy is in a gallery at another site than its source.",
    weight: Weight::Stops,
    cause: "The target gallery of an image copy is at the same site or in the same region as the source image.",
    consequence: "A gallery is a regional resource. While its region is down, none of its images can be read, so the \
                  copy does not help the recovery site.",
    fix: "Copy the image to a gallery at the recovery site.",
    breaks: include_str!("../../templates/check/image-at-source/breaks.hcl"),
    keeps: include_str!("../../templates/check/image-at-source/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values() {
        let Some(replicates) = resource.kind.recovery.replicates.filter(|replicates| replicates.image) else {
            continue;
        };
        let (Some(source), Some(target)) =
            (super::referred(stack, resource, replicates.from), super::referred(stack, resource, replicates.to))
        else {
            continue;
        };
        if source.site == target.site || source.location.eq_ignore_ascii_case(&target.location) {
            found.push(
                Diagnostic::error(
                    RULE.name,
                    format!(
                        "`{}` copies `{}` into `{}`, which is at the same site",
                        resource.address, source.address, target.address
                    ),
                )
                .at(super::span(resource, replicates.to))
                .and(source.span, format!("the source, in {}", source.location))
                .and(target.span, format!("the gallery, in {}", target.location))
                .why("A gallery is a regional resource: an outage of the region affects source and copy.")
                .help("Set `gallery` to one at the recovery site."),
            );
        }
    }
}
