//! Keys and secrets at the site that they must outlive.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "vault-at-protected-site",
    about: "The recovery site has its keys and secrets in a vault that does not go down with the other site.",
    weight: Weight::Warning,
    why: "Azure copies a vault to the paired region and serves it from there, read-only, once it has failed the vault \
          over by itself, which takes minutes and is its decision. A region without a pair has no such copy. What must \
          start in the outage should not wait for either.",
    instead: include_str!("../../templates/check/vault-at-protected-site.hcl"),
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
    for group in stack.failover_groups.values().filter(|group| vaults_at(&group.to).is_empty()) {
        for vault in vaults_at(&group.from) {
            found.push(
                RULE.finding(format!(
                    "`{}` is at `{}`, and `{}` has no vault of its own",
                    vault.address, vault.site, group.to
                ))
                .at(vault.span)
                .and(group.span, format!("leaves `{}`", group.from))
                .help(format!("Keep what the recovery site needs in a vault at `site.{}`.", group.to)),
            );
        }
    }
}
