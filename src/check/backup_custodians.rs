//! Backups whose key one person or one provider holds.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::{Backup, Stack};

pub(super) static RULE: Rule = Rule {
    name: "backup-custodians",
    about: "Two custodians hold the key of a backup, one of them outside of every provider.",
    weight: Weight::Warning,
    cause: "`custodians` of a backup names fewer than two holders, or providers of the stack only.",
    consequence: "A copy is encrypted, and nobody can read it without the key. A key that one person holds is lost with the \
                  person; a key that only the provider holds is lost with the provider.",
    fix: "Encrypt to several keys, and name their holders in `custodians`: two at least, one of them outside of every \
          provider of the stack.",
    breaks: include_str!("../../templates/check/backup-custodians/breaks.hcl"),
    keeps: include_str!("../../templates/check/backup-custodians/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let providers: Vec<&str> = stack.providers().flat_map(|provider| [provider.name, provider.title]).collect();
    let is_provider = |name: &str| providers.iter().any(|provider| provider.eq_ignore_ascii_case(name.trim()));
    for backup in stack.backups.values().filter(|backup| backup.tool.has_keys()) {
        let Some(problem) = problem(backup, is_provider) else { continue };
        found.push(
            RULE.finding(format!("the key of `{}` {problem}", backup.address)).at(backup.span_of("custodians")).help(
                "Write `custodians = [\"…\", \"…\"]`: who holds a private key, one of them outside of every provider.",
            ),
        );
    }
}

fn problem(backup: &Backup, is_provider: impl Fn(&str) -> bool) -> Option<&'static str> {
    let names: BTreeSet<String> = backup.custodians.iter().map(|name| name.trim().to_lowercase()).collect();
    match names.len() {
        0 => Some("has no custodian"),
        1 => Some("has one custodian"),
        _ if names.iter().all(|name| is_provider(name)) => Some("is held by providers only"),
        _ => None,
    }
}
