//! Networks that are joined though their ranges overlap.

use std::collections::BTreeMap;

use super::{Rule, Weight};
use crate::address::{Address, ArmId};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::kinds::ranges;
use crate::stack::{Resource, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "overlapping-ranges",
    about: "Networks that are peered with each other, or with the same third one, have no address in common.",
    weight: Weight::Stops,
    why: "Azure refuses to peer networks that share addresses, and networks that are peered with the same third one cannot reach each other where they overlap.",
    instead: include_str!("../../templates/check/overlapping-ranges.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    // What each network is joined with, and by which block.
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
                            format!("`{}` and `{}` are both joined with `{hub}` and overlap: {a} and {b}", one.address, other.address),
                        )
                        .at(super::span(one, argument))
                        .and(super::span(other, argument), format!("{b} is here"))
                        .why("A network could not tell which of the two an address belongs to; Azure refuses the second peering.")
                        .help("Give one of them another range."),
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
            format!("`{}` joins networks whose ranges overlap: {a} and {b}", resource.address),
        )
        .at(resource.span)
        .and(super::span(one, argument), format!("{a}, of `{}`", one.address))
        .and(super::span(other, argument), format!("{b}, of `{}`", other.address))
        .why("An address in both could not be routed; Azure refuses such a peering.")
        .help("Give one of the two networks another range."),
    );
}
