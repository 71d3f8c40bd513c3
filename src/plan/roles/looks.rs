//! The objects that show which side of a replica is primary, and their evaluation.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::kinds::{Promotion, ReadRequest, ReadResults, ReadTarget, ReplicaStatus};
use crate::stack::{Resource, Stack};
use crate::state::State;

/// The reads that show the role of every recorded replica that a failover group promotes. Metrics are omitted:
/// replication lag is not a role.
pub fn looks(stack: &Stack, state: &State) -> Vec<(Address, ReadRequest)> {
    let mut all = Vec::new();
    for (store, promotion) in stores(stack).filter(|(store, _)| state.resources.contains_key(&store.address)) {
        let looks = stack.with_known(store, promotion.looks);
        let roles = looks.into_iter().filter(|look| !matches!(look.what, ReadTarget::Metric(_)));
        all.extend(roles.map(|look| (store.address.clone(), look)));
    }
    all
}

/// The status of each replica that was read.
pub fn standings(stack: &Stack, seen: &BTreeMap<Address, ReadResults>) -> BTreeMap<Address, ReplicaStatus> {
    let looked_at = stores(stack).filter_map(|(store, promotion)| Some((store, promotion, seen.get(&store.address)?)));
    looked_at
        .map(|(store, promotion, seen)| {
            let standing = stack.with_known(store, |subject| (promotion.standing)(subject, seen));
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
