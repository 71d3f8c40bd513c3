//! Keys and secrets that are stored at the primary site only.

use crate::check::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "vault-at-protected-site",
    about: "The recovery site has a key vault of its own.",
    weight: Weight::Warning,
    cause: "A key vault is at the `from` site of a failover group, and the `to` site has none.",
    consequence: "Azure replicates a vault to the paired region. It is readable there only after Azure has failed the \
                  vault over, which takes minutes. A region without a pair has no such copy. Applications that read \
                  the vault cannot start until then.",
    fix: "Create a key vault at the recovery site for the keys and secrets that are needed there.",
    breaks: include_str!("../../../../templates/check/vault-at-protected-site/breaks.hcl"),
    keeps: include_str!("../../../../templates/check/vault-at-protected-site/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let vaults_at = |site: &str| {
        stack
            .resources
            .values()
            .filter(|resource| resource.kind.recovery.keeps_keys && *resource.site == *site)
            .collect::<Vec<_>>()
    };
    let groups = stack.failover_groups.values();
    let standbys = groups.flat_map(|group| group.standbys().iter().map(move |site| (group, site)));
    for (group, standby) in standbys.filter(|(_, site)| vaults_at(site).is_empty()) {
        for vault in vaults_at(&group.from) {
            found.push(
                RULE.finding(format!(
                    "key vault `{}` is at `{}`, and `{}` has none",
                    vault.address, vault.site, standby
                ))
                .at(vault.span)
                .and(group.span, format!("fails over from `{}`", group.from))
                .help(format!(
                    "Create a key vault at `site.{standby}` for the keys and secrets that are needed there."
                )),
            );
        }
    }
}
