//! Matching of the resources of two stacks.
//!
//! By identity first and then by address, as a plan does; then by cloud name and by configuration, each where unique;
//! last by similarity of configuration.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use similar::TextDiff;

use crate::address::Address;
use crate::kinds::Need;
use crate::plan::{Identity, same_objects};
use crate::stack::{Resource, Stack};
use crate::value::Value;

/// Maximum comparisons for similarity within a kind. Beyond that, its resources are reported as removed and added.
const COMPARISONS: usize = 20_000;
/// Minimum similarity of a match: half by arguments, half by labels.
const ALIKE: f64 = 0.7;
/// Minimum number and share of equal arguments with which blocks match whatever their labels.
const SAME: usize = 2;
const HARDLY: f64 = 0.75;

/// One resource in both stacks, or in one of them.
#[derive(Clone, Copy)]
pub(super) struct ResourcePair<'a> {
    pub before: Option<&'a Resource>,
    pub after: Option<&'a Resource>,
}

/// All resources of both, in the order of the stack after, then those that only the stack before has.
pub(super) fn of<'a>(before: Option<&'a Stack>, after: &'a Stack) -> Vec<ResourcePair<'a>> {
    let mut left: Vec<&Resource> = before.iter().flat_map(|stack| stack.resources.values()).collect();
    let mut fresh: Vec<&Resource> = after.resources.values().collect();
    let mut found = by_identity(&left, &fresh);
    let old = |found: &HashMap<&Address, &'a Resource>| found.values().map(|old| &old.address).collect::<BTreeSet<_>>();
    let taken = old(&found);
    let of_old: HashMap<&Address, &'a Resource> = left.iter().map(|old| (&old.address, *old)).collect();
    for new in &fresh {
        let same = of_old.get(&new.address).filter(|old| !taken.contains(&old.address));
        if let (Some(old), false) = (same, found.contains_key(&new.address)) {
            found.insert(&new.address, old);
        }
    }
    let taken = old(&found);
    left.retain(|old| !taken.contains(&old.address));
    fresh.retain(|new| !found.contains_key(&new.address));
    by_key(&mut left, &mut fresh, &mut found, |resource| {
        format!("{} {}", resource.kind.name, resource.name.to_ascii_lowercase())
    });
    by_key(&mut left, &mut fresh, &mut found, written);
    by_likeness(&mut left, &mut fresh, &mut found);
    let pair = |new: &'a Resource| ResourcePair { before: found.get(&new.address).copied(), after: Some(new) };
    let gone = left.into_iter().map(|old| ResourcePair { before: Some(old), after: None });
    after.resources.values().map(pair).chain(gone).collect()
}

/// New addresses of relabelled resources, by old address.
pub(super) fn renamed(pairs: &[ResourcePair<'_>]) -> BTreeMap<Address, Address> {
    let both = pairs.iter().filter_map(|pair| Some((pair.before?, pair.after?)));
    let other = both.filter(|(before, after)| before.address != after.address);
    other.map(|(before, after)| (before.address.clone(), after.address.clone())).collect()
}

/// Matches resources that are the same object.
fn by_identity<'a>(left: &[&'a Resource], fresh: &[&'a Resource]) -> HashMap<&'a Address, &'a Resource> {
    let identities = |all: &[&'a Resource]| {
        let one = |one: &&Resource| (one.address.clone(), Identity::new(one.kind.name, &one.id, &one.name));
        all.iter().map(one).collect::<Vec<_>>().into_iter()
    };
    let same = same_objects(identities(left), identities(fresh));
    let of_old: HashMap<&Address, &'a Resource> = left.iter().map(|old| (&old.address, *old)).collect();
    let pair = |new: &&'a Resource| Some((&new.address, *of_old.get(same.get(&new.address)?)?));
    fresh.iter().filter_map(pair).collect()
}

/// Matches resources whose key is unique in their stack.
fn by_key<'a>(
    left: &mut Vec<&'a Resource>,
    fresh: &mut Vec<&'a Resource>,
    found: &mut HashMap<&'a Address, &'a Resource>,
    key: impl Fn(&Resource) -> String,
) {
    let only = |all: &[&'a Resource]| {
        let mut by_key: HashMap<String, Option<&'a Resource>> = HashMap::new();
        for one in all {
            by_key.entry(key(one)).and_modify(|other| *other = None).or_insert(Some(one));
        }
        by_key
    };
    let (old, new) = (only(left), only(fresh));
    let mut gone = BTreeSet::new();
    for (key, one) in new {
        if let (Some(new), Some(Some(old))) = (one, old.get(&key)) {
            found.insert(&new.address, old);
            gone.insert(&old.address);
        }
    }
    left.retain(|old| !gone.contains(&old.address));
    fresh.retain(|new| !found.contains_key(&new.address));
}

/// Configuration of a resource without label and name, or its unique address if too little is configured.
fn written(resource: &Resource) -> String {
    let args = resource.args.iter().filter(|(name, _)| telling(resource, name));
    let args: Vec<String> = args.map(|(name, value)| format!("{name} {:?}", value.reveal())).collect();
    let all = if args.len() < SAME { resource.address.to_string() } else { args.join("\n") };
    format!("{} {all}", resource.kind.name)
}

/// Matches the most similar resources, kind by kind.
fn by_likeness<'a>(
    left: &mut Vec<&'a Resource>,
    fresh: &mut Vec<&'a Resource>,
    found: &mut HashMap<&'a Address, &'a Resource>,
) {
    let mut kinds: BTreeMap<&str, (Vec<&Resource>, Vec<&Resource>)> = BTreeMap::new();
    left.iter().for_each(|old| kinds.entry(old.kind.name).or_default().0.push(old));
    fresh.iter().for_each(|new| kinds.entry(new.kind.name).or_default().1.push(new));
    let mut taken = BTreeSet::new();
    for (old, new) in kinds.into_values().filter(|(old, new)| old.len() * new.len() <= COMPARISONS) {
        let all = old.iter().flat_map(|old| new.iter().map(move |new| (*old, *new)));
        let mut alike: Vec<(f64, &Resource, &Resource)> =
            all.filter_map(|(old, new)| Some((likeness(old, new)?, old, new))).collect();
        // The sort is stable: of equally similar pairs, the first configured wins.
        alike.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, old, new) in alike {
            if !taken.contains(&old.address) && !found.contains_key(&new.address) {
                taken.insert(&old.address);
                found.insert(&new.address, old);
            }
        }
    }
    left.retain(|old| !taken.contains(&old.address));
    fresh.retain(|new| !found.contains_key(&new.address));
}

/// Similarity of two resources, from 0 to 1; `None` if too low for a match.
fn likeness(old: &Resource, new: &Resource) -> Option<f64> {
    let names: BTreeSet<&str> = old.args.keys().chain(new.args.keys()).map(|name| &**name).collect();
    let says = |name: &&&str| telling(old, name) || telling(new, name);
    let (mut same, mut all) = (0_usize, 0_usize);
    for name in names.iter().filter(says) {
        all += 1;
        same += usize::from(old.args.get(*name) == new.args.get(*name));
    }
    if same == 0 {
        return None;
    }
    let written = same as f64 / all as f64;
    let labels = f64::from(TextDiff::from_chars(old.address.name(), new.address.name()).ratio());
    let both = (written + labels) / 2.0;
    (both >= ALIKE || (same >= SAME && written >= HARDLY)).then_some(both)
}

/// True for an argument with a value other than its default.
fn telling(resource: &Resource, name: &str) -> bool {
    let Some(value) = resource.args.get(name).filter(|value| !value.is_null()) else { return false };
    match resource.kind.arg(name).map(|arg| arg.need) {
        Some(Need::Default(lit)) => *value != Value::from_json(&lit.json()),
        _ => true,
    }
}
