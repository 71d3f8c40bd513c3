//! What a plan leaves alone because it belongs to runs, and what becomes of resources that stand only while a group is up.

use std::collections::{BTreeMap, BTreeSet};

use super::{Left, drift, is_moving, members};
use crate::address::Address;
use crate::plan::decide::top;
use crate::plan::{Drift, Observed};
use crate::stack::{FailoverGroup, Presence, Resource, Stack};
use crate::state::{Active, Recorded, Roles, State};
use crate::value::{Sealed, Value};

/// Arguments, by resource.
pub(super) type Arguments = BTreeMap<Address, BTreeSet<String>>;

/// The arguments that a plan leaves as they are.
#[derive(Debug, Default)]
pub(in crate::plan) struct Held {
    /// Those that a run has moved, or may have: what is observed is as it should be.
    moved: Arguments,
    /// Those that hang on a role which has moved without a run: until that is settled, nobody knows what they should be.
    unsettled: Arguments,
    /// The groups of which that is so.
    drifting: BTreeSet<String>,
}

impl Held {
    /// What is held in these groups.
    pub(in crate::plan) fn of(stack: &Stack, roles: &Roles, observed: &Observed) -> Self {
        let drift = drift(stack, roles, observed);
        let mut held = Self::default();
        for (name, role) in roles.groups.iter().filter(|(_, role)| role.active != Active::Home) {
            for (address, arguments) in &role.moved {
                held.moved.entry(address.clone()).or_default().extend(arguments.iter().cloned());
            }
            if let Some(group) = stack.failover_groups.get(name.as_str()) {
                hold(&mut held.moved, stack, group, role.active == Active::Between);
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

    /// Takes what is held as it stands, whatever the stack says; returns what the stack says otherwise and is not settled.
    pub(in crate::plan) fn pin(&self, stack: &mut Stack, state: Option<&State>, now: Option<&State>) -> Vec<Left> {
        let recorded = |address: &Address| -> Option<Recorded> {
            [now, state].into_iter().flatten().find_map(|state| state.resources.get(address)).cloned()
        };
        let mut left = BTreeSet::new();
        for (held, is_settled) in [(&self.moved, true), (&self.unsettled, false)] {
            for (address, arguments) in held {
                let Some(recorded) = recorded(address) else { continue };
                for argument in arguments {
                    let value = recorded.arguments.get(argument);
                    // What a run moves is never secret, so that this says only that it was not known yet.
                    if value.is_some_and(|json| Sealed::is_sensitive(json) || Sealed::waits_for(json).is_some()) {
                        continue;
                    }
                    if stack.pin(address, argument, value.map(Value::from_json)) && !is_settled {
                        left.insert(Left { address: address.clone(), argument: argument.clone() });
                    }
                }
            }
        }
        left.into_iter().collect()
    }

    /// What becomes of this failover resource: it is left alone while a role of its group has moved by itself, for it may be in use.
    pub(in crate::plan) fn upkeep(&self, stack: &Stack, roles: &Roles, resource: &Resource) -> Upkeep {
        let unsettled = standing_up(stack, resource).any(|group| self.drifting.contains(&*group.name));
        if unsettled { Upkeep::Unsettled } else { upkeep(stack, roles, resource) }
    }

    /// Takes out of the drift what a run has moved.
    pub(in crate::plan) fn expect(&self, drift: &mut Vec<Drift>) {
        for one in drift.iter_mut() {
            if let Some(moved) = self.moved.get(&one.address) {
                one.arguments.retain(|change| !moved.contains(top(&change.path)));
            }
        }
        drift.retain(|one| one.gone || !one.arguments.is_empty());
    }
}

/// Holds the arguments of a group's resources that runs may move. What stands up with the group is in use while it is away: how much of it there is
/// follows the stack again, unless a run was cut short while it worked on it.
pub(super) fn hold(held: &mut Arguments, stack: &Stack, group: &FailoverGroup, stood_up_too: bool) {
    for address in members(stack, group) {
        let Some(resource) = stack.resources.get(&address) else { continue };
        let moves = resource.kind.run_moves;
        if !moves.is_empty() && (stood_up_too || resource.presence == Presence::Permanent) {
            held.entry(address).or_default().extend(moves.iter().map(|argument| (*argument).to_owned()));
        }
    }
}

/// What becomes of a resource that stands only while its failover group is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Upkeep {
    /// The group is up: it is kept as the stack says.
    Up,
    /// A run was given up in between: what stands of it is kept as the stack says, and nothing is added.
    Between,
    /// A run is not finished: it is that run's.
    Moving,
    /// A role has moved without a run: nobody knows whether it is to stand.
    Unsettled,
    /// The group is at home: it is not to stand.
    Home,
}

/// The failover groups that stand this resource up.
fn standing_up<'a>(stack: &'a Stack, resource: &Resource) -> impl Iterator<Item = &'a FailoverGroup> {
    let of = resource.group.clone();
    stack.failover_groups.values().filter(move |group| of.as_ref().is_some_and(|of| group.stand_up.contains(of)))
}

/// What becomes of this failover resource, as far as is recorded.
pub(in crate::plan) fn upkeep(stack: &Stack, roles: &Roles, resource: &Resource) -> Upkeep {
    let groups: Vec<&FailoverGroup> = standing_up(stack, resource).collect();
    let is = |active: Active| groups.iter().any(|group| roles.active(&group.name) == active);
    // A group that the stack has no longer may have stood it up, and a run of it may go on.
    let unknown = |name: &str| !stack.failover_groups.contains_key(name);
    let lost = roles.groups.iter().any(|(name, role)| role.active != Active::Home && unknown(name));
    let open = roles.open.as_ref().is_some_and(|open| unknown(&open.group));
    if groups.iter().any(|group| is_moving(roles, group)) || open {
        Upkeep::Moving
    } else if is(Active::Away) {
        Upkeep::Up
    } else if is(Active::Between) || (groups.is_empty() && lost) {
        Upkeep::Between
    } else {
        Upkeep::Home
    }
}
