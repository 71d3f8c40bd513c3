//! Reads of replica roles.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;

use super::around::{Patience, ReadPorts, look};
use super::observe::WIDTH;
use crate::address::Address;
use crate::kinds::{ReadRequest, ReadResults};
use crate::plan::{self, Observed};
use crate::stack::Stack;
use crate::state::State;

/// Adds the status of the recorded replicas of all failover groups to the observed cloud.
pub async fn observe_roles(ports: ReadPorts<'_>, stack: &Stack, state: &State, observed: &mut Observed) {
    let seen = look_at(ports, &plan::looks(stack, state)).await;
    observed.standings = plan::standings(stack, &seen);
    observed.at = Some(ports.clock.now());
}

/// Reads all of these. A replica that does not answer is kept as unread, with the error: a role that cannot be read
/// stops nothing.
pub async fn look_at(ports: ReadPorts<'_>, looks: &[(Address, ReadRequest)]) -> BTreeMap<Address, ReadResults> {
    let mut sights = stream::iter(looks)
        .map(|(address, wanted)| async move { (address, wanted, look(ports, Patience::PROCEDURE, wanted).await) })
        .buffer_unordered(WIDTH);
    let mut seen: BTreeMap<Address, ReadResults> = BTreeMap::new();
    while let Some((address, wanted, sight)) = sights.next().await {
        seen.entry(address.clone()).or_insert_with(|| ReadResults::at(ports.clock.now())).keep(wanted, sight);
    }
    seen
}
