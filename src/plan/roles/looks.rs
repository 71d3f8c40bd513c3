//! Which objects say where a replica takes writes, and what they say.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::kinds::{Look, Promotion, Seen, Standing, Subject, What};
use crate::stack::{Knowledge, Resource, Stack};
use crate::state::State;

/// What to look at to know the role of every recorded replica that a failover group promotes. Metrics are left out: how far a copy is behind is not
/// a role.
pub fn looks(stack: &Stack, state: &State) -> Vec<(Address, Look)> {
    let mut all = Vec::new();
    for (store, promotion) in stores(stack).filter(|(store, _)| state.resources.contains_key(&store.address)) {
        let looks = with_subject(stack, store, promotion.looks);
        let roles = looks.into_iter().filter(|look| !matches!(look.what, What::Metric(_)));
        all.extend(roles.map(|look| (store.address.clone(), look)));
    }
    all
}

/// Where each replica stands that was looked at.
pub fn standings(stack: &Stack, seen: &BTreeMap<Address, Seen>) -> BTreeMap<Address, Standing> {
    let looked_at = stores(stack).filter_map(|(store, promotion)| Some((store, promotion, seen.get(&store.address)?)));
    looked_at
        .map(|(store, promotion, seen)| {
            let standing = with_subject(stack, store, |subject| (promotion.standing)(subject, seen));
            (store.address.clone(), standing)
        })
        .collect()
}

/// The replicas of all failover groups.
fn stores(stack: &Stack) -> impl Iterator<Item = (&Resource, &'static Promotion)> {
    let promoted = stack.failover_groups.values().flat_map(|group| &group.promote);
    promoted.filter_map(|store| {
        let store = stack.resources.get(store)?;
        Some((store, store.kind.promotion?))
    })
}

/// Calls `f` with a resource as its kind sees it, as far as its arguments are known.
fn with_subject<T>(stack: &Stack, resource: &Resource, f: impl FnOnce(&Subject<'_>) -> T) -> T {
    let known = resource.args.iter().filter_map(|(name, value)| Some((name.to_string(), value.reveal().ok()?)));
    stack.with_subject(resource, &known.collect(), &Knowledge::default(), f)
}
