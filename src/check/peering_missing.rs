//! Networks of two sites that are not connected.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::kinds::Ty;
use crate::object::ObjectId;
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "peering-missing",
    about: "Networks of two sites that replicate data are peered.",
    weight: Weight::Warning,
    cause: "A failover group promotes replicas, and no network at its `from` site is peered with one at its `to` site.",
    consequence: "During a failover, applications at one site may need data at the other. Without a peering they can \
                  connect over public addresses only.",
    fix: "Add a peering between the networks of the two sites.",
    breaks: include_str!("../../templates/check/peering-missing/breaks.hcl"),
    keeps: include_str!("../../templates/check/peering-missing/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let peerings: Vec<(&Resource, &str)> =
        stack.resources.values().filter_map(|resource| Some((resource, resource.kind.recovery.joins?.0))).collect();
    let groups = stack.failover_groups.values().filter(|group| !group.promote.is_empty());
    for (group, standby) in groups.flat_map(|group| group.standbys().iter().map(move |site| (group, site))) {
        let at = |site: &str| networks(stack).filter(|network| *network.site == *site).collect::<Vec<_>>();
        let (from, to) = (at(&group.from), at(standby));
        let (Some(first), Some(_)) = (from.first(), to.first()) else { continue };
        let reached = reach(stack, &peerings, &from);
        if to.iter().any(|network| reached.contains(&network.address)) {
            continue;
        }
        found.push(
            RULE.finding(format!("no network at `{}` is peered with one at `{}`", group.from, standby))
                .at(group.span)
                .and(first.span, format!("network at `{}`", group.from))
                .help("Add a peering between them."),
        );
    }
}

/// Resources of the kinds that a peering kind can refer to.
fn networks(stack: &Stack) -> impl Iterator<Item = &Resource> {
    let kinds: BTreeSet<&str> = stack
        .catalog()
        .kinds()
        .filter_map(|kind| match &kind.arg(kind.recovery.joins?.0)?.ty {
            Ty::Ref(kinds) | Ty::List(Ty::Ref(kinds)) | Ty::Set(Ty::Ref(kinds)) => Some(kinds.iter()),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    stack.resources.values().filter(move |resource| kinds.contains(resource.kind.name))
}

/// Networks that these reach over any number of peerings.
fn reach(stack: &Stack, peerings: &[(&Resource, &str)], from: &[&Resource]) -> BTreeSet<Address> {
    let mut reached: BTreeSet<Address> = from.iter().map(|network| network.address.clone()).collect();
    loop {
        let before = reached.len();
        for (peering, argument) in peerings {
            let ends = peering.args.get(*argument).and_then(|value| value.reveal().ok()).unwrap_or_default();
            let ends: Vec<Address> = ends
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|id| Some(stack.by_id(&ObjectId::new(id.as_str()?))?.address.clone()))
                .collect();
            if ends.iter().any(|end| reached.contains(end)) {
                reached.extend(ends);
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}
