//! Peered networks with overlapping address ranges.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rule, Weight};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, MAX_DIAGNOSTICS};
use crate::object::ObjectId;
use crate::ranges::{self, Range, RangeSet};
use crate::stack::{Resource, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "overlapping-ranges",
    about: "Networks peered with each other, or with the same third network, have no addresses in common.",
    weight: Weight::Stops,
    cause: "Two virtual networks share addresses, and are peered with each other or with the same third network.",
    consequence: "Providers reject a peering between overlapping networks. Two spokes of one hub cannot be routed to \
                  where they overlap.",
    fix: "Give one of the networks another address range.",
    breaks: include_str!("../../templates/check/overlapping-ranges/breaks.hcl"),
    keeps: include_str!("../../templates/check/overlapping-ranges/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    // The peered networks of each network, with the peering.
    let mut joined: BTreeMap<&Address, Vec<(&Resource, &Resource)>> = BTreeMap::new();
    // The addresses of each of them, and how many ranges were compared.
    let mut compared = 0;
    let mut sets: BTreeMap<&Address, RangeSet> = BTreeMap::new();
    for resource in stack.resources.values() {
        let Some((between, ranges_argument)) = resource.kind.recovery.joins else { continue };
        let ends = ends(stack, resource, between);
        if let [one, other] = ends.as_slice() {
            for end in [one, other] {
                let texts = || texts(end, ranges_argument);
                sets.entry(&end.address).or_insert_with(|| RangeSet::of(texts().iter().map(String::as_str)));
            }
            compared += [one, other].iter().filter_map(|end| sets.get(&end.address)).map(RangeSet::len).sum::<usize>();
            if compared > MAX_COMPARED {
                return found.push(too_many(resource));
            }
            let is_clash = sets.get(&one.address).zip(sets.get(&other.address)).is_some_and(|(a, b)| a.overlaps(b));
            if is_clash && !found.is_full() {
                clash(resource, one, other, ranges_argument, found);
            }
            joined.entry(&one.address).or_default().push((resource, other));
            joined.entry(&other.address).or_default().push((resource, one));
        }
    }
    for (hub, spokes) in &joined {
        // A network may be peered more than once with the same hub.
        let mut seen = BTreeSet::new();
        let spokes: Vec<_> = spokes.iter().copied().filter(|(_, spoke)| seen.insert(&spoke.address)).collect();
        compared += spokes.iter().filter_map(|(_, spoke)| sets.get(&spoke.address)).map(RangeSet::len).sum::<usize>();
        if compared > MAX_COMPARED
            && let Some((peering, _)) = spokes.first()
        {
            return found.push(too_many(peering));
        }
        for (before, at) in overlapping(&spokes, &sets) {
            let ((peering, one), (_, other)) = (spokes[at], spokes[before]);
            let Some((_, argument)) = peering.kind.recovery.joins else { continue };
            let Some((a, b)) = overlap(one, other, argument) else { continue };
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
                .why(format!(
                    "Traffic to a shared address cannot be routed; {} rejects the second peering.",
                    peering.kind.provider().title
                ))
                .help("Give one of them another address range."),
            );
        }
    }
}

/// Maximum number of ranges that are compared, each as often as its network is peered.
const MAX_COMPARED: usize = 5_000_000;

fn too_many(peering: &Resource) -> Diagnostic {
    Diagnostic::error(RULE.name, "too many address ranges of peered networks to compare")
        .at(peering.span)
        .why(format!("A range counts for each peering of its network; the maximum is {MAX_COMPARED}."))
        .help("Write fewer and larger ranges.")
}

/// The pairs of spokes with addresses in common, in the order of the second and the first, as far as messages about
/// them are kept.
fn overlapping(spokes: &[(&Resource, &Resource)], sets: &BTreeMap<&Address, RangeSet>) -> BTreeSet<(usize, usize)> {
    let ranges_of = |(at, (_, spoke)): (usize, &(&Resource, &Resource))| {
        sets.get(&spoke.address).into_iter().flat_map(RangeSet::iter).map(move |range| (range, at)).collect::<Vec<_>>()
    };
    let mut all: Vec<(Range, usize)> = spokes.iter().enumerate().flat_map(ranges_of).collect();
    all.sort_by_key(|(range, at)| (range.start(), *at));
    let mut pairs = BTreeSet::new();
    // The ranges that reach to where the next one starts.
    let mut open: Vec<(Range, usize)> = Vec::new();
    for (range, at) in all {
        open.retain(|(before, _)| before.end() >= range.start());
        for (_, before) in &open {
            if spokes[*before].1.address != spokes[at].1.address {
                pairs.insert(((*before).min(at), (*before).max(at)));
            }
        }
        if pairs.len() > MAX_DIAGNOSTICS {
            break;
        }
        open.push((range, at));
    }
    pairs
}

fn ends<'a>(stack: &'a Stack, resource: &Resource, between: &str) -> Vec<&'a Resource> {
    match resource.args.get(between) {
        Some(Value::List(items)) => {
            items.iter().filter_map(|item| stack.by_id(&ObjectId::new(item.as_str()?))).collect()
        }
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
        .why(format!(
            "Traffic to a shared address cannot be routed; {} rejects the peering.",
            resource.kind.provider().title
        ))
        .help("Give one of the networks another address range."),
    );
}
