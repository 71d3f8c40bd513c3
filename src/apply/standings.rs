//! Looking at where replicas take writes.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;

use super::around::{LIMIT, look};
use super::observe::WIDTH;
use crate::address::Address;
use crate::kinds::{Look, Seen};
use crate::plan::{self, Observed};
use crate::stack::Stack;
use crate::state::State;
use crate::world::{Clock, Cloud};

/// Adds to what was observed where the recorded replicas of all failover groups take writes.
pub async fn observe_roles(
    cloud: &dyn Cloud,
    clock: &dyn Clock,
    stack: &Stack,
    state: &State,
    observed: &mut Observed,
) {
    let seen = look_at(cloud, clock, &plan::looks(stack, state)).await;
    observed.standings = plan::standings(stack, &seen);
    observed.at = Some(clock.now());
}

/// Looks at all of these. What nobody answers for is kept as unseen, with what was said instead: a role that cannot be seen stops nothing.
pub async fn look_at(cloud: &dyn Cloud, clock: &dyn Clock, looks: &[(Address, Look)]) -> BTreeMap<Address, Seen> {
    let mut sights = stream::iter(looks)
        .map(|(address, wanted)| async move { (address, wanted, look(cloud, clock, LIMIT, wanted).await) })
        .buffer_unordered(WIDTH);
    let mut seen: BTreeMap<Address, Seen> = BTreeMap::new();
    while let Some((address, wanted, sight)) = sights.next().await {
        seen.entry(address.clone()).or_insert_with(|| Seen::at(clock.now())).keep(wanted, sight);
    }
    seen
}
