//! Acceptance of a role that moved without a run.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::held::hold;
use super::{reckoned, recorded_writer, site};
use crate::address::Address;
use crate::kinds::{FailoverMode, Side};
use crate::plan::Observed;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{ActiveSite, GroupRole, Roles};

/// The observed role of a failover group, recorded by this run at this time because this operator accepts it. A
/// replica that was not read keeps its recorded side.
pub fn accepted(
    stack: &Stack,
    group: &FailoverGroup,
    roles: &Roles,
    observed: &Observed,
    (run, at, by): (&str, Timestamp, &str),
) -> GroupRole {
    let before = roles.groups.get(&*group.name);
    let stores = group.promote.iter().filter_map(|store| {
        let seen = observed.standings.get(store).and_then(|standing| standing.writer);
        Some((store.clone(), seen.or_else(|| recorded_writer(roles, group, store))?))
    });
    let stores: BTreeMap<Address, Side> = stores.collect();
    let all = |side: Side| stores.values().all(|now| *now == side);
    let (active, on) = match (all(Side::Source), all(Side::Target)) {
        (true, _) => (ActiveSite::Home, site(group, Side::Source)),
        (false, true) => (ActiveSite::Away, site(group, Side::Target)),
        (false, false) => (ActiveSite::Between, before.map_or(&*group.from, |role| role.site.as_str())),
    };
    let mut moved = before.map(|role| role.moved.clone()).unwrap_or_default();
    if active == ActiveSite::Home {
        moved.clear();
    } else {
        hold(&mut moved, stack, group, active == ActiveSite::Between);
    }
    let mut reckoned = reckoned(stack, roles, observed);
    let owed = match reckoned.groups.remove(&*group.name) {
        Some(role) => role.owed,
        None => reckoned.owed.remove(&*group.name).unwrap_or_default(),
    };
    GroupRole {
        active,
        site: on.to_owned(),
        since: at,
        run: run.to_owned(),
        how: FailoverMode::Forced,
        accepted: Some(by.to_owned()),
        stores,
        moved,
        owed,
    }
}
