//! Data whose backups are all kept by the provider that runs them.

use super::{Rule, Weight, backed_up};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "backup-same-provider",
    about: "Persistent data have a backup at another provider.",
    weight: Weight::Warning,
    cause: "All backups of a resource are kept at the provider of the site that they protect.",
    consequence: "A provider that closes the account, loses its control plane or is attacked takes the data and every copy \
                  of them at once. Another provider has an account, a payer and credentials of its own.",
    fix: "Keep one `backup` in a repository at a site of another provider. If one provider is enough, accept the finding \
          with a reason.",
    breaks: include_str!("../../templates/check/backup-same-provider/breaks.hcl"),
    keeps: include_str!("../../templates/check/backup-same-provider/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for (resource, backups) in backed_up(stack) {
        let own = resource.kind.provider();
        let mut places = backups.iter().filter_map(|backup| stack.repository_site(backup));
        let (Some(first), true) = (backups.first(), places.all(|site| site.provider == own)) else { continue };
        let title = own.title;
        found.push(
            RULE.finding(format!("all backups of `{}` are kept at {title}, which also runs it", resource.address))
                .at(first.span_of("repository"))
                .and(resource.span, "the data")
                .help("Keep one of them in a repository at a site of another provider."),
        );
    }
}
