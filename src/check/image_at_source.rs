//! Image copies in the region of their source.

use super::{Rule, Weight};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "image-at-source",
    about: "An image copy is at another site than its source.",
    weight: Weight::Stops,
    cause: "An image copy, or the gallery that it is in, is at the same site or in the same region as the source image.",
    consequence: "Galleries and images are regional. While a region is down, none of its images can be read, so the \
                  copy does not help the recovery site.",
    fix: "Copy the image to the recovery site: to a gallery there, or with `site`.",
    breaks: include_str!("../../templates/check/image-at-source/breaks.hcl"),
    keeps: include_str!("../../templates/check/image-at-source/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values() {
        let Some(replicates) = resource.kind.recovery.replicates.filter(|replicates| replicates.image) else {
            continue;
        };
        let (Some(source), Some(region)) =
            (super::referred(stack, resource, replicates.from), super::region_of(stack, resource, replicates.to))
        else {
            continue;
        };
        // A store at the other site, or the site itself.
        let store = super::referred(stack, resource, replicates.to);
        if store.is_none_or(|store| store.site != source.site) && !source.location.eq_ignore_ascii_case(&region) {
            continue;
        }
        let to = store.map_or_else(|| format!("to {region}"), |store| format!("into `{}`", store.address));
        let copies = format!("`{}` copies `{}` {to}, which is at the same site", resource.address, source.address);
        let mut error = Diagnostic::error(RULE.name, copies)
            .at(super::span(resource, replicates.to))
            .and(source.span, format!("the source, in {}", source.location))
            .why("An outage of the region affects source and copy.");
        if let Some(store) = store {
            error = error.and(store.span, format!("the gallery, in {}", store.location));
        }
        found.push(error.help(format!("Set `{}` to one at the recovery site.", replicates.to)));
    }
}
