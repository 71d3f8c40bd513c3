//! Acceptance of a role that moved without a run.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::held::hold;
use super::{reckoned, recorded_writer, site};
use crate::address::Address;
use crate::plan::Observed;
use crate::roles::Side;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{ActiveSite, GroupRole, Roles};

/// The observed role of a failover group, recorded by this run at this time because this operator accepts it. A
/// replica that was not read keeps its recorded side. Where users do not follow the data (`has_users` of its site), the
/// group is in a mixed state.
pub fn accepted(
    stack: &Stack,
    group: &FailoverGroup,
    roles: &Roles,
    observed: &Observed,
    has_users: &dyn Fn(&str) -> bool,
    (run, at, by): (&str, Timestamp, &str),
) -> GroupRole {
    let before = roles.groups.get(&*group.name);
    let stores = group.promote.iter().filter_map(|store| {
        let seen = observed.standings.get(store).and_then(|standing| standing.writer);
        Some((store.clone(), seen.or_else(|| recorded_writer(stack, roles, group, store))?))
    });
    let stores: BTreeMap<Address, Side> = stores.collect();
    let (active, on) = match active_site(stack, group, &stores, before) {
        Some(site) if !has_users(site) => (ActiveSite::Between, site),
        Some(home) if *home == *group.from => (ActiveSite::Home, home),
        Some(standby) => (ActiveSite::Away, standby),
        None => (ActiveSite::Between, before.map_or(&*group.from, |role| role.site.as_str())),
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
        how: None,
        accepted: Some(by.to_owned()),
        stores,
        moved,
        owed,
    }
}

/// The site at which every replica that has a side there is primary; the recorded one where that is so of several.
fn active_site<'r>(
    stack: &Stack,
    group: &'r FailoverGroup,
    stores: &BTreeMap<Address, Side>,
    before: Option<&'r GroupRole>,
) -> Option<&'r str> {
    if stores.values().all(|now| *now == Side::Source) {
        return Some(&group.from);
    }
    let at = |standby: &str| {
        let there = |store: &&Address| site(stack, group, store, Side::Target) == standby;
        let mut there = group.promote.iter().filter(there).peekable();
        there.peek().is_some() && there.all(|store| stores.get(store) == Some(&Side::Target))
    };
    let recorded = before.map(|role| role.site.as_str()).filter(|site| group.is_standby(site));
    recorded.into_iter().chain(group.standbys().iter().map(|site| &**site)).find(|standby| at(standby))
}
