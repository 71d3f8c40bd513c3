//! Arguments that a plan leaves unchanged because runs control them, and the upkeep of failover-only resources.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{HeldArgument, drift, is_moving, members};
use crate::address::Address;
use crate::plan::decide::top;
use crate::plan::{Drift, Observed};
use crate::stack::{FailoverGroup, Presence, Resource, Stack};
use crate::state::{ActiveSite, Recorded, Roles, State};
use crate::value::{SealedValue, Value};

/// Arguments, by resource.
pub(super) type ArgumentsByResource = BTreeMap<Address, BTreeSet<String>>;

/// The arguments that a plan leaves unchanged.
#[derive(Debug, Default)]
pub(in crate::plan) struct HeldArguments {
    /// Arguments that a run has moved, or may have: the observed value is correct.
    moved: ArgumentsByResource,
    /// Arguments that depend on a role that moved without a run: their correct value is unknown until the operator
    /// resolves the role drift.
    unsettled: ArgumentsByResource,
    /// The groups with such role drift.
    drifting: BTreeSet<String>,
}

impl HeldArguments {
    /// The arguments held in these groups.
    pub(in crate::plan) fn of(stack: &Stack, roles: &Roles, observed: &Observed) -> Self {
        let drift = drift(stack, roles, observed);
        let mut held = Self::default();
        for (name, role) in roles.groups.iter().filter(|(_, role)| role.active != ActiveSite::Home) {
            for (address, arguments) in &role.moved {
                held.moved.entry(address.clone()).or_default().extend(arguments.iter().cloned());
            }
            if let Some(group) = stack.failover_groups.get(name.as_str()) {
                hold(&mut held.moved, stack, group, role.active == ActiveSite::Between);
            }
        }
        for group in stack.failover_groups.values() {
            if is_moving(roles, group) {
                hold(&mut held.moved, stack, group, true);
            } else if drift.iter().any(|drift| *drift.group == *group.name) {
                hold(&mut held.unsettled, stack, group, true);
                held.drifting.insert(group.name.to_string());
            }
        }
        held
    }

    /// Pins held arguments at their current values, whatever the stack sets; returns those that the stack sets
    /// differently and that are not resolved.
    pub(in crate::plan) fn pin(
        &self,
        stack: &mut Stack,
        state: Option<&State>,
        now: Option<&State>,
    ) -> Vec<HeldArgument> {
        let recorded = |address: &Address| -> Option<Arc<Recorded>> {
            [now, state].into_iter().flatten().find_map(|state| state.resources.get(address)).cloned()
        };
        let mut left = BTreeSet::new();
        for (held, is_settled) in [(&self.moved, true), (&self.unsettled, false)] {
            for (address, arguments) in held {
                let Some(recorded) = recorded(address) else { continue };
                for argument in arguments {
                    let value = recorded.arguments.get(argument);
                    // Arguments that a run moves are never secret; such a value only means that it was not known yet.
                    if value
                        .is_some_and(|json| SealedValue::is_sensitive(json) || SealedValue::waits_for(json).is_some())
                    {
                        continue;
                    }
                    if stack.pin(address, argument, value.map(Value::from_json)) && !is_settled {
                        left.insert(HeldArgument { address: address.clone(), argument: argument.clone() });
                    }
                }
            }
        }
        left.into_iter().collect()
    }

    /// The upkeep of this failover-only resource: unchanged while a role of its group has moved without a run,
    /// because it may be in use.
    pub(in crate::plan) fn upkeep(&self, stack: &Stack, roles: &Roles, resource: &Resource) -> Upkeep {
        let unsettled = standing_up(stack, resource).any(|group| self.drifting.contains(&*group.name));
        if unsettled { Upkeep::Unsettled } else { upkeep(stack, roles, resource) }
    }

    /// Removes from the drift the arguments that a run has moved.
    pub(in crate::plan) fn expect(&self, drift: &mut Vec<Drift>) {
        for one in drift.iter_mut() {
            if let Some(moved) = self.moved.get(&one.address) {
                one.arguments.retain(|change| !moved.contains(top(&change.path)));
            }
        }
        drift.retain(|one| one.gone || !one.arguments.is_empty());
    }
}

/// Holds the arguments of a group's resources that runs may move. Failover-only resources are in use while the group
/// is away: their size then follows the stack, unless a run was cut short while it worked on it.
pub(super) fn hold(held: &mut ArgumentsByResource, stack: &Stack, group: &FailoverGroup, stood_up_too: bool) {
    for address in members(stack, group) {
        let Some(resource) = stack.resources.get(&address) else { continue };
        // While nothing moves, a workload follows the role of its site.
        let idle = resource.kind.moves.idle.filter(|_| !stood_up_too).map(|idle| idle.argument);
        let moves = resource.kind.run_moves.iter().filter(|argument| Some(**argument) != idle);
        let moves: Vec<String> = moves.map(|argument| (*argument).to_owned()).collect();
        if !moves.is_empty() && (stood_up_too || resource.presence == Presence::Permanent) {
            held.entry(address).or_default().extend(moves);
        }
    }
}

/// The upkeep of a failover-only resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Upkeep {
    /// The group is away: the resource is kept as configured.
    Up,
    /// Mixed state: existing resources are kept as configured, and none is added.
    Between,
    /// A run of the group is unfinished: the run controls the resource.
    Moving,
    /// A role has moved without a run: it is unknown whether the resource should exist.
    Unsettled,
    /// The group is at home: the resource should not exist.
    Home,
}

/// The failover groups that create this resource.
fn standing_up<'a>(stack: &'a Stack, resource: &Resource) -> impl Iterator<Item = &'a FailoverGroup> {
    let of = resource.group.clone();
    stack.failover_groups.values().filter(move |group| of.as_ref().is_some_and(|of| group.stand_up.contains(of)))
}

/// The upkeep of this failover-only resource, as far as is recorded.
pub(in crate::plan) fn upkeep(stack: &Stack, roles: &Roles, resource: &Resource) -> Upkeep {
    let groups: Vec<&FailoverGroup> = standing_up(stack, resource).collect();
    let is = |active: ActiveSite| groups.iter().any(|group| roles.active(&group.name) == active);
    // Of several standbys, only the active one has its resources.
    let site = resource.group.as_ref().and_then(|of| stack.resources.get(of)).map_or(&resource.site, |of| &of.site);
    let is_at = |group: &&FailoverGroup| roles.groups.get(&*group.name).is_some_and(|role| *role.site == **site);
    let is_up = |group: &&FailoverGroup| roles.active(&group.name) == ActiveSite::Away && is_at(group);
    // A group that was removed from the stack may have created it, and a run of that group may be in progress.
    let unknown = |name: &str| !stack.failover_groups.contains_key(name);
    let lost = roles.groups.iter().any(|(name, role)| role.active != ActiveSite::Home && unknown(name));
    let open = roles.open.keys().any(|group| unknown(group));
    if groups.iter().any(|group| is_moving(roles, group)) || open {
        Upkeep::Moving
    } else if groups.iter().any(is_up) {
        Upkeep::Up
    } else if is(ActiveSite::Between) || (groups.is_empty() && lost) {
        Upkeep::Between
    } else {
        Upkeep::Home
    }
}
