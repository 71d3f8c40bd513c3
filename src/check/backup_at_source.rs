//! Data whose backups are all kept at the site that they protect.

use super::{Rule, Weight, backed_up};
use crate::diagnostic::Diagnostics;
use crate::stack::{Site, Stack};

pub(super) static RULE: Rule = Rule {
    name: "backup-at-source",
    about: "A backup is kept at another site than the data.",
    weight: Weight::Error,
    cause: "All backups of a resource are kept in its own region.",
    consequence: "The outage that makes a restore necessary makes every copy unreachable.",
    fix: "Keep one `backup` in a repository at another site. A second one at the same site may stay: it restores faster.",
    breaks: include_str!("../../templates/check/backup-at-source/breaks.hcl"),
    keeps: include_str!("../../templates/check/backup-at-source/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for (resource, backups) in backed_up(stack) {
        let mut places = backups.iter().filter_map(|backup| stack.repository_site(backup));
        let is_own = |site: &Site| site.location.eq_ignore_ascii_case(&resource.location);
        let (Some(first), true) = (backups.first(), places.all(is_own)) else { continue };
        found.push(
            RULE.finding(format!(
                "all backups of `{}` are kept in {}, the region that they protect",
                resource.address, resource.location
            ))
            .at(first.span_of("repository"))
            .and(resource.span, "the data")
            .help("Keep one of them in a repository at another site."),
        );
    }
}
