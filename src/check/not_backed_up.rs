//! Data that a cold site cannot restore.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::stack::{DataClass, FailoverGroup, Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "not-backed-up",
    about: "Data of a failover group with a cold standby have a backup away from home.",
    weight: Weight::Warning,
    cause: "A standby of a failover group is a cold site (`tier = 2`), and a data store at `from` has no persistent backup \
            that is kept at another site.",
    consequence: "A cold site has no replica: it starts from backups alone. A move there comes up without this data.",
    fix: "Declare a `backup` of the store, or of a replica of it, in a repository at another site. If the data may be \
          lost, accept the finding with a reason.",
    breaks: include_str!("../../templates/check/not-backed-up/breaks.hcl"),
    keeps: include_str!("../../templates/check/not-backed-up/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let is_cold = |site: &std::sync::Arc<str>| stack.sites.get(site).is_some_and(|site| site.is_cold());
    for group in stack.failover_groups.values() {
        let Some(cold) = group.to.iter().find(|site| is_cold(site)) else { continue };
        let covered = covered(stack, group);
        for resource in stack.resources.values().filter(|resource| resource.site == group.from) {
            let recovery = &resource.kind.recovery;
            let is_store = recovery.holds_data && recovery.replicates.is_none() && !recovery.keeps_keys;
            if !is_store || is_in(stack, resource, &covered) {
                continue;
            }
            found.push(
                RULE.finding(format!("`{}` has no backup from which `{cold}` could restore it", resource.address))
                    .at(resource.span)
                    .and(group.span, "may move to the cold site")
                    .help("Declare a `backup` of it in a repository at another site, or accept the finding with a reason."),
            );
        }
    }
}

/// Resources of which a backup is away from home, and those that a replica keeps like one of them.
fn covered<'a>(stack: &'a Stack, group: &FailoverGroup) -> BTreeSet<&'a Address> {
    let is_away = |site: &crate::stack::Site| site.name != group.from;
    let counts = stack
        .backups
        .values()
        .filter(|backup| backup.class == DataClass::Persistent && stack.repository_site(backup).is_some_and(is_away));
    let mut covered: BTreeSet<&Address> = counts.map(|backup| &backup.of).collect();
    let replicas = stack.resources.values().filter(|resource| resource.kind.promotion.is_some());
    for replica in replicas {
        if replica.uses.iter().any(|used| covered.contains(used)) {
            covered.extend(&replica.uses);
        }
    }
    covered
}

/// True for a resource that is covered, or lies in one that is.
fn is_in(stack: &Stack, resource: &Resource, covered: &BTreeSet<&Address>) -> bool {
    let mut open = vec![resource];
    let mut seen: BTreeSet<&Address> = BTreeSet::new();
    while let Some(resource) = open.pop() {
        if covered.contains(&resource.address) {
            return true;
        }
        if seen.insert(&resource.address) {
            let used = resource.uses.iter().filter_map(|used| stack.resources.get(used));
            open.extend(used.filter(|used| used.kind.recovery.holds_data || used.kind.recovery.loses_data));
        }
    }
    false
}
