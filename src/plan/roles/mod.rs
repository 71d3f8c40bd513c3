//! Roles: groups that a run has moved, roles that moved without one, protection debt, and the arguments that a plan
//! therefore leaves unchanged.
//!
//! A plan never moves a role. Moves by runs are correct; moves without a run are reported, and resolved by the
//! operator.

mod accept;
mod debts;
mod frozen;
mod held;
mod idle;
mod looks;
mod promoted;
mod site;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::address::Address;
use crate::object::ObjectId;
use crate::plan::Observed;
use crate::roles::{FailoverMode, Side};
use crate::stack::{FailoverGroup, Resource, Stack};
use crate::state::{ActiveSite, OpenRun, Roles, State};
use crate::value::Value;

pub use accept::accepted;
pub use debts::owed;
pub use looks::{looks, standings};

pub(super) use debts::reckoned;
pub(super) use frozen::frozen;
pub(super) use held::{HeldArguments, Upkeep, upkeep};
pub(super) use idle::settle as settle_idle;
pub(super) use promoted::{Parting, Promoted};
pub(super) use site::site;

/// The roles of a stack.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RoleSummary {
    /// The role epoch.
    pub epoch: u64,
    /// The groups that a run has moved away from home.
    pub swapped: Vec<MovedGroup>,
    /// Role drift: roles that differ from the state, without a run.
    pub drift: Vec<RoleDrift>,
    /// Arguments that differ from the stack and stay unchanged until the role drift is resolved.
    pub left: Vec<HeldArgument>,
    /// Protection debt.
    pub owed: Vec<GroupDebt>,
    /// The unfinished failover runs.
    pub open: Vec<OpenRun>,
}

/// A failover group that is not at home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedGroup {
    /// The group.
    pub group: String,
    /// Away, or in a mixed state.
    pub active: ActiveSite,
    /// The active site.
    pub site: String,
    /// Since when.
    pub since: Timestamp,
    /// The run that moved it.
    pub run: String,
    /// Planned or forced; `None` where unknown.
    pub how: Option<FailoverMode>,
    /// The operator who accepted it, where it had moved without a run.
    pub accepted: Option<String>,
}

/// A role that differs from the state, without a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleDrift {
    /// The group.
    pub group: String,
    /// The replica.
    pub store: Address,
    /// The recorded primary site.
    pub from: String,
    /// The observed primary site.
    pub to: String,
}

/// An argument that stays unchanged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct HeldArgument {
    /// The resource.
    pub address: Address,
    /// The argument.
    pub argument: String,
}

/// Protection debt of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupDebt {
    /// The group.
    pub group: String,
    /// The resource or group.
    pub of: Address,
    /// The reduced protection, a sentence without its full stop.
    pub what: String,
    /// The remediation, in the same form.
    pub pays: String,
    /// Since when.
    pub since: Timestamp,
}

impl RoleSummary {
    /// The roles, as far as the state and a read show them.
    pub(super) fn of(stack: &Stack, state: &State, observed: &Observed) -> Self {
        let roles = &state.roles;
        let swapped = roles.groups.iter().filter(|(_, role)| role.active != ActiveSite::Home);
        Self {
            epoch: roles.epoch,
            swapped: swapped
                .map(|(group, role)| MovedGroup {
                    group: group.clone(),
                    active: role.active,
                    site: role.site.clone(),
                    since: role.since,
                    run: role.run.clone(),
                    how: role.how,
                    accepted: role.accepted.clone(),
                })
                .collect(),
            drift: drift(stack, roles, observed),
            left: Vec::new(),
            owed: owed(&reckoned(stack, roles, observed)),
            open: roles.open.values().cloned().collect(),
        }
    }
}

/// The roles that differ from the state. Roles that a run is moving now are omitted.
pub(super) fn drift(stack: &Stack, roles: &Roles, observed: &Observed) -> Vec<RoleDrift> {
    let mut found = Vec::new();
    for group in stack.failover_groups.values().filter(|group| !is_moving(roles, group)) {
        for store in &group.promote {
            let seen = observed.standings.get(store).and_then(|standing| standing.writer);
            if let (Some(was), Some(now)) = (recorded_writer(stack, roles, group, store), seen)
                && was != now
            {
                found.push(RoleDrift {
                    group: group.name.to_string(),
                    store: store.clone(),
                    from: site(stack, group, store, was).to_owned(),
                    to: site(stack, group, store, now).to_owned(),
                });
            }
        }
    }
    found
}

/// The recorded primary side of a replica; `None` where unknown.
pub(super) fn recorded_writer(stack: &Stack, roles: &Roles, group: &FailoverGroup, store: &Address) -> Option<Side> {
    let Some(role) = roles.groups.get(&*group.name) else { return Some(Side::Source) };
    role.stores.get(store).copied().or_else(|| match role.active {
        ActiveSite::Home => Some(Side::Source),
        ActiveSite::Away => Some(Side::Target).filter(|side| site(stack, group, store, *side) == role.site),
        ActiveSite::Between => None,
    })
}

/// True if an unfinished run moves this group.
pub(super) fn is_moving(roles: &Roles, group: &FailoverGroup) -> bool {
    roles.open.contains_key(&*group.name)
}

/// The permanent resources that a run of this group may write: the replicas with their sources and targets, other
/// replicas in the same priority order, quiesced and fenced resources, and the endpoints of routes.
pub(super) fn members(stack: &Stack, group: &FailoverGroup) -> BTreeSet<Address> {
    let replicated = group.promote.iter().filter_map(|store| stack.resources.get(store));
    let ends = group.routes.iter().flat_map(|route| route.all_values()).filter_map(|value| match value {
        Value::Block(address) => Some(address),
        _ => None,
    });
    replicated
        .flat_map(|store| &store.uses)
        .chain(&group.promote)
        .chain(&group.quiesce)
        .chain(&group.fence)
        .chain(ends)
        .chain(group.promote.iter().flat_map(|store| siblings(stack, store)))
        .cloned()
        .collect()
}

/// The other replicas whose rank a promotion of this one changes.
fn siblings<'s>(stack: &'s Stack, store: &Address) -> impl Iterator<Item = &'s Address> {
    let ranked = stack.resources.get(store).filter(|store| store.kind.promotion.is_some_and(|it| it.order.is_some()));
    let source = ranked.and_then(source_of);
    let same = move |other: &&Resource| source.is_some() && source_of(other) == source;
    stack.resources.values().filter(same).map(|other| &other.address)
}

/// The source of a replica.
pub(crate) fn source_of(store: &Resource) -> Option<ObjectId> {
    let from = store.kind.recovery.replicates?.from;
    store.args.get(from)?.reveal().ok()?.as_str().map(ObjectId::new)
}
