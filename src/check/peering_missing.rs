//! Two sites whose networks do not know of each other.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::address::{Address, ArmId};
use crate::diagnostic::Diagnostics;
use crate::kinds::Ty;
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "peering-missing",
    about: "The networks of two sites between which data is replicated are peered.",
    weight: Weight::Warning,
    why: "Services replicate by themselves, but what runs in your networks does not: during a failover applications of \
          one site talk to data of the other, and on the way back machines catch up over private addresses. Without a \
          peering they would need public ones.",
    instead: include_str!("../../templates/check/peering-missing.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let joints: Vec<(&Resource, &str)> =
        stack.resources.values().filter_map(|resource| Some((resource, resource.kind.recovery.joins?.0))).collect();
    for group in stack.failover_groups.values().filter(|group| !group.promote.is_empty()) {
        let at = |site: &str| networks(stack).filter(|network| *network.site == *site).collect::<Vec<_>>();
        let (from, to) = (at(&group.from), at(&group.to));
        let (Some(first), Some(_)) = (from.first(), to.first()) else { continue };
        let reached = reach(stack, &joints, &from);
        if to.iter().any(|network| reached.contains(&network.address)) {
            continue;
        }
        found.push(
            RULE.finding(format!("no network at `{}` is peered with one at `{}`", group.from, group.to))
                .at(group.span)
                .and(first.span, format!("is at `{}`", group.from))
                .help("Write a peering between them."),
        );
    }
}

/// What can be joined: the resources of the kinds to which the argument of a joining kind refers.
fn networks(stack: &Stack) -> impl Iterator<Item = &Resource> {
    let kinds: BTreeSet<&str> = crate::kinds::ALL
        .iter()
        .filter_map(|kind| match &kind.arg(kind.recovery.joins?.0)?.ty {
            Ty::Ref(kinds) | Ty::List(Ty::Ref(kinds)) | Ty::Set(Ty::Ref(kinds)) => Some(kinds.iter()),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    stack.resources.values().filter(move |resource| kinds.contains(resource.kind.name))
}

/// All that is joined with these, over however many joints.
fn reach(stack: &Stack, joints: &[(&Resource, &str)], from: &[&Resource]) -> BTreeSet<Address> {
    let mut reached: BTreeSet<Address> = from.iter().map(|network| network.address.clone()).collect();
    loop {
        let before = reached.len();
        for (joint, argument) in joints {
            let ends = joint.args.get(*argument).and_then(|value| value.reveal().ok()).unwrap_or_default();
            let ends: Vec<Address> = ends
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|id| Some(stack.by_id(&ArmId::new(id.as_str()?))?.address.clone()))
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
