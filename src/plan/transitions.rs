//! Changes that the provider refuses in place, by the tables of the kinds: some replace the object, others block the
//! plan.

use serde_json::{Map as JsonMap, Value as Json};

use super::decide::{Decision, Decisions};
use crate::address::Address;
use crate::kinds::rules::{self, Way};
use crate::kinds::{Catalog, Exclusive, ExclusiveWithin, Holder, Kind, NameScope, near, path};
use crate::object::ObjectId;
use crate::plan::refresh::kind_of;
use crate::plan::room::Displaced;
use crate::plan::{Action, ArgumentChange, BlockedResource, Observed};
use crate::stack::{Resource, Stack};
use crate::state::Recorded;

/// Marks the changes that replace the object. An import replaces nothing: every change that the provider refuses stands
/// in its way.
pub(super) fn mark(
    kind: &Kind,
    old: &JsonMap<String, Json>,
    new: &JsonMap<String, Json>,
    changes: &mut [ArgumentChange],
    is_import: bool,
) {
    let replacing = kind.transitions.iter().filter(|transition| is_import || transition.way == Way::Replace);
    for transition in replacing.filter(|transition| transition.applies(old, new)) {
        for change in changes.iter_mut().filter(|change| is_within(&change.path, transition.argument)) {
            change.forces_replace = true;
        }
    }
}

fn is_within(path: &str, argument: &str) -> bool {
    path.strip_prefix(argument).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        || argument.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
}

/// Takes the changes that the provider refuses out of the decisions, with the reason for each.
pub(super) fn refuse(stack: &Stack, observed: &Observed, decisions: &mut Decisions) -> Vec<BlockedResource> {
    let mut blocked = Vec::new();
    let mut stays = Vec::new();
    for (address, decision) in decisions.iter() {
        let Some(resource) = stack.resources.get(address) else { continue };
        let why = refused(resource, decision)
            .or_else(|| used(stack, resource, decision, decisions))
            .or_else(|| kept_name(resource, decision))
            .or_else(|| reserved_name(stack, resource, decision, observed))
            .or_else(|| exchanged(stack, resource, decision, decisions));
        if let Some(why) = why {
            blocked.push(BlockedResource { address: address.clone(), why });
            stays.push(address.clone());
        }
    }
    for address in stays {
        if let Some(decision) = decisions.get_mut(&address) {
            let is_renamed = decision.change.was.is_some();
            decision.change.action = if is_renamed { Action::Rename } else { Action::Keep };
            decision.change.arguments.clear();
            decision.change.loses_data = false;
        }
    }
    blocked
}

/// A change of the table that is refused.
fn refused(resource: &Resource, decision: &Decision) -> Option<String> {
    let recorded = decision.recorded.as_deref().filter(|_| decision.change.action == Action::Update)?;
    let transition = resource
        .kind
        .transitions
        .iter()
        .filter(|transition| transition.way != Way::Replace)
        .find(|transition| transition.applies(&recorded.arguments, &resource.known_arguments()))?;
    let Way::Refuse(instead) = transition.way else { return None };
    let shown = |args: &JsonMap<String, Json>| value_at(args, transition.argument);
    let change = match (shown(&recorded.arguments), shown(&resource.known_arguments())) {
        (Some(old), Some(new)) => format!(" from {old} to {new}"),
        _ => String::new(),
    };
    Some(format!("`{}` cannot change{change} in place. {} {instead}", transition.argument, transition.why))
}

fn value_at(args: &JsonMap<String, Json>, argument: &str) -> Option<String> {
    let (first, rest) = argument.split_once('.').unwrap_or((argument, ""));
    match path::borrow(args.get(first)?, rest)? {
        Json::Object(_) | Json::Array(_) | Json::Null => None,
        scalar => Some(scalar.to_string()),
    }
}

/// An argument that other resources need as it is: the range of a subnet with addresses in use.
fn used(stack: &Stack, resource: &Resource, decision: &Decision, decisions: &Decisions) -> Option<String> {
    let argument = held_argument(resource, decision)?;
    let recorded = decision.recorded.as_deref()?;
    let id = resource.id.folded();
    let holds = |other: &&Resource| {
        let uses = referred(other.kind, &other.known_arguments()).contains(&id);
        decisions.get(&other.address).is_some_and(|decision| {
            let Some(old) = &decision.recorded else { return false };
            let stays = !matches!(decision.change.action, Action::Delete | Action::Replace(_));
            // It leaves for a resource that takes the range, which is free only afterwards.
            let waits = || {
                let taker =
                    |used: &Address| stack.resources.get(used).is_some_and(|used| takes(used, resource, recorded));
                referred(other.kind, &old.arguments).contains(&id) && other.uses.iter().any(taker)
            };
            stays && (uses || waits())
        })
    };
    let user = stack.resources.values().find(holds)?;
    Some(format!(
        "`{argument}` cannot change while {} uses it. {} keeps ranges with addresses in use. Declare another {} and move \
         {} there first.",
        user.address,
        resource.kind.provider().title,
        resource.kind.name,
        user.address
    ))
}

/// True if a resource takes values that another one has according to the state.
fn takes(one: &Resource, other: &Resource, recorded: &Recorded) -> bool {
    one.address != other.address && excludes(one, &one.known_arguments(), other, &recorded.arguments)
}

/// The argument that an update changes although the cloud keeps it while addresses in it are in use.
pub(super) fn held_argument(resource: &Resource, decision: &Decision) -> Option<&'static str> {
    if decision.change.action != Action::Update || resource.kind.held.is_empty() {
        return None;
    }
    let recorded = decision.recorded.as_deref()?;
    let wanted = resource.known_arguments();
    let lost = |old: &Json, new: Option<&Json>| match (old, new) {
        (Json::Array(old), Some(Json::Array(new))) => old.iter().any(|item| !new.contains(item)),
        (old, new) => Some(old) != new,
    };
    let changes = |argument: &&&'static str| {
        recorded.arguments.get(**argument).is_some_and(|old| lost(old, wanted.get(**argument)))
    };
    resource.kind.held.iter().find(changes).copied()
}

/// The folded ids of the objects from which these arguments take addresses.
pub(super) fn referred(kind: &Kind, args: &JsonMap<String, Json>) -> Vec<String> {
    near::references(kind, args).into_iter().map(|(_, id)| ObjectId::new(id).folded()).collect()
}

/// A replacement under a name that stays reserved after the deletion.
fn kept_name(resource: &Resource, decision: &Decision) -> Option<String> {
    let soft = resource.kind.soft_delete?;
    let recorded = decision.recorded.as_deref()?;
    let same = resource.kind.names.unique == NameScope::Globally && resource.name.eq_ignore_ascii_case(&recorded.name);
    let replaced = matches!(decision.change.action, Action::Replace(_));
    (same && replaced).then(|| {
        format!(
            "it would be replaced under its own name: {}. {} keeps the name of a deleted {} for days, so the new one \
             could not be created. Write another `name`, or take the change back. {}",
            decision.change.reason,
            resource.kind.provider().title,
            resource.kind.name,
            soft.advice
        )
    })
}

/// A name that the provider keeps for a deleted object elsewhere.
fn reserved_name(stack: &Stack, resource: &Resource, decision: &Decision, observed: &Observed) -> Option<String> {
    let soft = resource.kind.soft_delete.filter(|_| decision.change.action == Action::Create)?;
    let kept = soft.id(stack.account_at(resource), &resource.location, &resource.name);
    let kept = &observed.objects.get(&kept)?.as_ref()?.body;
    let origin = ObjectId::new(path::text(kept, soft.origin)?);
    (origin != resource.id).then(|| {
        let until = path::text(kept, soft.until).map(|until| format!(" until {until}")).unwrap_or_default();
        format!(
            "its name is reserved{until} for a deleted {}, {origin}. Write another `name`. {}",
            resource.kind.name, soft.advice
        )
    })
}

/// Two resources that exchange a value without a free one for an intermediate write.
fn exchanged(stack: &Stack, resource: &Resource, decision: &Decision, decisions: &Decisions) -> Option<String> {
    let old = decision.recorded.as_deref().filter(|_| decision.change.action == Action::Update)?;
    let other = clash(stack, resource, &old.arguments, decisions)?;
    let recorded = decisions.get(&other.address)?.recorded.as_deref()?;
    vacant(stack, other, &recorded.arguments, resource).is_none().then(|| {
        format!(
            "it takes a value of {} while that takes one of its own, and no free value is left for an intermediate write. \
             Change one of them first.",
            other.address
        )
    })
}

/// A resource whose recorded values a resource takes, while it takes those of the other.
fn clash<'a>(
    stack: &'a Stack,
    resource: &Resource,
    old: &JsonMap<String, Json>,
    decisions: &Decisions,
) -> Option<&'a Resource> {
    if resource.kind.apart.is_empty() {
        return None;
    }
    let new = resource.known_arguments();
    let changing = decisions
        .iter()
        .filter(|(address, other)| **address != resource.address && other.change.action == Action::Update);
    changing.filter_map(|(address, other)| stack.resources.get(address).zip(other.recorded.as_deref())).find_map(
        |(other, recorded)| {
            let takes = excludes(resource, &new, other, &recorded.arguments);
            (takes && excludes(other, &other.known_arguments(), resource, old)).then_some(other)
        },
    )
}

fn excludes(one: &Resource, args: &JsonMap<String, Json>, other: &Resource, theirs: &JsonMap<String, Json>) -> bool {
    shares_values(one, other) && one.kind.excludes(holder(one, args), other.kind, holder(other, theirs))
}

/// A resource with these arguments, as a holder of exclusive values.
pub(super) fn holder<'a>(resource: &'a Resource, args: &'a JsonMap<String, Json>) -> Holder<'a> {
    Holder { id: &resource.id, location: &resource.location, args }
}

/// A recorded resource, as a holder of exclusive values.
pub(super) fn recorded_holder(recorded: &Recorded) -> Holder<'_> {
    Holder { id: &recorded.id, location: &recorded.location, args: &recorded.arguments }
}

/// The arguments of a recorded resource, which is to be deleted, without the labels that it has in common with one that
/// is written before; `None` where they have none in common.
pub fn unlabelled(
    catalog: &Catalog,
    resource: &Resource,
    args: &JsonMap<String, Json>,
    address: &Address,
    recorded: &Recorded,
) -> Option<JsonMap<String, Json>> {
    let kind = kind_of(catalog, address, recorded)?;
    let (ours, theirs) = (holder(resource, args), recorded_holder(recorded));
    let is_shared = |rule: &&Exclusive| kind.is_removable(rule) && kind.shares(rule, theirs, resource.kind, ours);
    let mut free = recorded.arguments.clone();
    for label in kind.apart.iter().filter(is_shared).filter_map(|rule| rule.by.last()) {
        free.remove(*label);
    }
    (free != recorded.arguments).then_some(free)
}

/// True if values of two resources can exclude each other.
pub(super) fn shares_values(one: &Resource, other: &Resource) -> bool {
    one.kind.apart.iter().any(|ours| other.kind.apart.iter().any(|theirs| shares(one, ours, other, theirs)))
}

fn shares(one: &Resource, ours: &Exclusive, other: &Resource, theirs: &Exclusive) -> bool {
    let are_beside = match ours.within {
        ExclusiveWithin::Parent => one.parent() == other.parent(),
        ExclusiveWithin::Region => one.location == other.location,
        ExclusiveWithin::Everywhere | ExclusiveWithin::Resource => true,
    };
    are_beside && ours.concerns(theirs)
}

/// The resources with recorded values that a resource takes, and that are to give them away.
pub fn in_the_way<'a>(
    stack: &'a Stack,
    resource: &Resource,
    args: &JsonMap<String, Json>,
    recorded: &dyn Fn(&Resource) -> Option<JsonMap<String, Json>>,
) -> Vec<Displaced<'a>> {
    if resource.kind.apart.is_empty() {
        return Vec::new();
    }
    let others = stack.resources.values().filter(|other| other.address != resource.address);
    others
        .filter(|other| shares_values(resource, other))
        .filter_map(|other| {
            let theirs = recorded(other)?;
            let is_taken = excludes(resource, args, other, &theirs);
            let free = is_taken.then(|| vacant(stack, other, &theirs, resource)).flatten()?;
            Some((other, theirs, free))
        })
        .collect()
}

/// The arguments of a resource with free values in place of those that another one takes: for the time in which both
/// exchange their values. `None` where there is no free value.
fn vacant(
    stack: &Stack,
    resource: &Resource,
    args: &JsonMap<String, Json>,
    taker: &Resource,
) -> Option<JsonMap<String, Json>> {
    let wanted = taker.known_arguments();
    let meets = |rule: &&'static Exclusive| {
        let rows = rule.rows(&resource.name, args);
        let theirs = taker.kind.apart.iter().filter(|theirs| shares(resource, rule, taker, theirs));
        let theirs: Vec<_> = theirs.flat_map(|theirs| theirs.rows(&taker.name, &wanted)).collect();
        rows.iter().any(|row| theirs.iter().any(|other| rule.meet(row, other)))
    };
    let mut free = args.clone();
    for rule in resource.kind.apart.iter().filter(meets) {
        let mut taken = rule.rows(&resource.name, args);
        for other in stack.resources.values() {
            let shared = other.kind.apart.iter().filter(|theirs| shares(resource, rule, other, theirs));
            taken.extend(shared.flat_map(|theirs| theirs.rows(&other.name, &other.known_arguments())));
        }
        let pool = |id: &str, inner: &str| -> Vec<String> {
            let outer = stack.by_id(&ObjectId::new(id)).map(Resource::known_arguments);
            let ranges = outer.as_ref().and_then(|args| args.get(inner)).and_then(Json::as_array);
            ranges.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let is_taken = |row: &[Json]| taken.iter().any(|other| rule.meet(row, other));
        free = rules::vacate(resource.kind, rule, &free, &is_taken, &pool)?;
    }
    Some(free)
}
