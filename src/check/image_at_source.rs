//! A copy of an image at the site of its source.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "image-at-source",
    about: "A copy of an image goes into a gallery at another site than the image's.",
    weight: Weight::Stops,
    why: "A gallery is an object of one region: a copy into a gallery of the image's own region cannot be read while that region is down.",
    instead: include_str!("../../templates/check/image-at-source.hcl"),
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
                .and(source.span, format!("the source, at {}", source.location))
                .and(target.span, format!("the gallery, at {}", target.location))
                .why("A gallery is not a global resource: a copy beside its source is lost with it.")
                .help("Name a gallery at the site where the image will be needed."),
            );
        }
    }
}
