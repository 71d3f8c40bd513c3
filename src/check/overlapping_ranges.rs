//! Peered networks with overlapping address ranges.

use std::collections::BTreeMap;

use super::{Rule, Weight};
use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::ranges;
use crate::stack::{Resource, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "overlapping-ranges",
    about: "Networks peered with each other, or with the same third network, have no addresses in common.",
    weight: Weight::Stops,
    cause: "Two virtual networks share addresses, and are peered with each other or with the same third network.",
    consequence: "Azure rejects a peering between overlapping networks. Two spokes of one hub cannot be routed to \
                  where they overlap.",
    fix: "Give one of the networks another address range.",
    breaks: include_str!("../../templates/check/overlapping-ranges/breaks.hcl"),
    keeps: include_str!("../../templates/check/overlapping-ranges/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    // The peered networks of each network, with the peering.
    let mut joined: BTreeMap<&Address, Vec<(&Resource, &Resource)>> = BTreeMap::new();
    for resource in stack.resources.values() {
        let Some((between, ranges_argument)) = resource.kind.recovery.joins else { continue };
        let ends = ends(stack, resource, between);
        if let [one, other] = ends.as_slice() {
            clash(resource, one, other, ranges_argument, found);
            joined.entry(&one.address).or_default().push((resource, other));
            joined.entry(&other.address).or_default().push((resource, one));
        }
    }
    for (hub, spokes) in &joined {
        for (at, (peering, one)) in spokes.iter().enumerate() {
            let Some((_, argument)) = peering.kind.recovery.joins else { continue };
            for (_, other) in spokes.iter().take(at).filter(|(_, other)| other.address != one.address) {
                if let Some((a, b)) = overlap(one, other, argument) {
                    found.push(
                        Diagnostic::error(
                            RULE.name,
                            format!(
                                "`{}` and `{}` are peered with `{hub}` and overlap: {a} and {b}",
                                one.address, other.address
                            ),
                        )
                        .at(super::span(one, argument))
                        .and(super::span(other, argument), b.to_string())
                        .why("Traffic to a shared address cannot be routed; Azure rejects the second peering.")
                        .help("Give one of them another address range."),
                    );
                }
            }
        }
    }
}

fn ends<'a>(stack: &'a Stack, resource: &Resource, between: &str) -> Vec<&'a Resource> {
    match resource.args.get(between) {
        Some(Value::List(items)) => items.iter().filter_map(|item| stack.by_id(&ArmId::new(item.as_str()?))).collect(),
        _ => Vec::new(),
    }
}

fn texts(resource: &Resource, argument: &str) -> Vec<String> {
    match resource.args.get(argument) {
        Some(Value::List(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

fn overlap(one: &Resource, other: &Resource, argument: &str) -> Option<(String, String)> {
    let (ours, theirs) = (texts(one, argument), texts(other, argument));
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let theirs: Vec<&str> = theirs.iter().map(String::as_str).collect();
    ranges::overlap(&ours, &theirs).map(|(a, b)| (a.to_owned(), b.to_owned()))
}

fn clash(resource: &Resource, one: &Resource, other: &Resource, argument: &str, found: &mut Diagnostics) {
    let Some((a, b)) = overlap(one, other, argument) else { return };
    found.push(
        Diagnostic::error(
            RULE.name,
            format!("`{}` peers networks whose address ranges overlap: {a} and {b}", resource.address),
        )
        .at(resource.span)
        .and(super::span(one, argument), format!("{a}, of `{}`", one.address))
        .and(super::span(other, argument), format!("{b}, of `{}`", other.address))
        .why("Traffic to a shared address cannot be routed; Azure rejects the peering.")
        .help("Give one of the networks another address range."),
    );
}
