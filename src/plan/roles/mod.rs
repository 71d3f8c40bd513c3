//! What there is to say of roles: which groups a run has swapped, which roles have moved without one, what is owed, and what a plan leaves alone for it.
//!
//! A plan never moves a role. What a run has moved is as it should be; what moved by itself is told, and settled by a person.

mod accept;
mod debts;
mod held;
mod looks;
mod promoted;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::address::Address;
use crate::kinds::{How, Side};
use crate::plan::Observed;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{Active, OpenRun, Roles, State};
use crate::value::Value;

pub use accept::accepted;
pub use debts::owed;
pub use looks::{looks, standings};

pub(super) use debts::reckoned;
pub(super) use held::{Held, Upkeep, upkeep};
pub(super) use promoted::{Parting, Promoted};

/// What there is to say of roles.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RolesSeen {
    /// The role epoch.
    pub epoch: u64,
    /// The groups that are not at home, because a run has moved them.
    pub swapped: Vec<Swapped>,
    /// The roles that no run has moved, and that are not as recorded.
    pub drift: Vec<RoleDrift>,
    /// The arguments that the stack says otherwise, and that are left as they are until the drift of roles is settled.
    pub left: Vec<Left>,
    /// What is not protected as it should be.
    pub owed: Vec<GroupDebt>,
    /// The failover run that is not finished.
    pub open: Option<OpenRun>,
}

/// A failover group that is not at home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Swapped {
    /// The group.
    pub group: String,
    /// Whether it is away, or was left in between.
    pub active: Active,
    /// The site that is active.
    pub site: String,
    /// Since when.
    pub since: Timestamp,
    /// The run that moved it.
    pub run: String,
    /// How.
    pub how: How,
    /// Who accepted it, where it had moved without a run.
    pub accepted: Option<String>,
}

/// A role that no run has moved, and that is not as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleDrift {
    /// The group.
    pub group: String,
    /// The replica.
    pub store: Address,
    /// The site that took writes, as recorded.
    pub from: String,
    /// The site that takes them.
    pub to: String,
}

/// An argument that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Left {
    /// The resource.
    pub address: Address,
    /// The argument.
    pub argument: String,
}

/// Protection that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupDebt {
    /// The group.
    pub group: String,
    /// Of what.
    pub of: Address,
    /// What is missing, a sentence without its full stop.
    pub what: String,
    /// What pays it back, in the same form.
    pub pays: String,
    /// Since when.
    pub since: Timestamp,
}

impl RolesSeen {
    /// What there is to say, as far as the state and a look say it.
    pub(super) fn of(stack: &Stack, state: &State, observed: &Observed) -> Self {
        let roles = &state.roles;
        let swapped = roles.groups.iter().filter(|(_, role)| role.active != Active::Home);
        Self {
            epoch: roles.epoch,
            swapped: swapped
                .map(|(group, role)| Swapped {
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
            open: roles.open.clone(),
        }
    }
}

/// The roles that are not as recorded. What a run is moving just now is that run's.
pub(super) fn drift(stack: &Stack, roles: &Roles, observed: &Observed) -> Vec<RoleDrift> {
    let mut found = Vec::new();
    for group in stack.failover_groups.values().filter(|group| !is_moving(roles, group)) {
        for store in &group.promote {
            let seen = observed.standings.get(store).and_then(|standing| standing.writer);
            if let (Some(was), Some(now)) = (recorded_writer(roles, group, store), seen)
                && was != now
            {
                found.push(RoleDrift {
                    group: group.name.to_string(),
                    store: store.clone(),
                    from: site(group, was).to_owned(),
                    to: site(group, now).to_owned(),
                });
            }
        }
    }
    found
}

/// The side of a replica that takes writes as far as is recorded; `None` where that is not.
pub(super) fn recorded_writer(roles: &Roles, group: &FailoverGroup, store: &Address) -> Option<Side> {
    let role = roles.groups.get(&*group.name);
    role.and_then(|role| role.stores.get(store).copied()).or_else(|| match roles.active(&group.name) {
        Active::Home => Some(Side::Source),
        Active::Away => Some(Side::Target),
        Active::Between => None,
    })
}

/// Whether a run that is not finished moves this group.
pub(super) fn is_moving(roles: &Roles, group: &FailoverGroup) -> bool {
    roles.open.as_ref().is_some_and(|open| *open.group == *group.name)
}

/// The name of the site on this side.
pub(super) fn site(group: &FailoverGroup, side: Side) -> &str {
    match side {
        Side::Source => &group.from,
        Side::Target => &group.to,
    }
}

/// What a run of this group may write without standing it up: the replicas with what they replicate, what is quiesced and fenced, and the ends of levers.
pub(super) fn members(stack: &Stack, group: &FailoverGroup) -> BTreeSet<Address> {
    let replicated = group.promote.iter().filter_map(|store| stack.resources.get(store));
    let ends = group.routes.iter().flat_map(|route| route.args.values()).filter_map(|value| match value {
        Value::Block(address) => Some(address),
        _ => None,
    });
    replicated
        .flat_map(|store| &store.uses)
        .chain(&group.promote)
        .chain(&group.quiesce)
        .chain(&group.fence)
        .chain(ends)
        .cloned()
        .collect()
}
