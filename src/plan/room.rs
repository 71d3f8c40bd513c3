//! Ranges of a network that leave it: its subnets move out first, into ranges that the network gains in the same plan.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::{ExclusiveWithin, Kind};
use crate::plan::Action;
use crate::stack::{Resource, Stack};
use crate::state::Recorded;

/// The argument of the containing resource whose ranges contain those of this kind.
pub(super) fn argument(kind: &Kind) -> Option<&'static str> {
    kind.apart.iter().filter(|rule| rule.within == ExclusiveWithin::Parent).find_map(|rule| rule.pool)
}

/// True if an update takes an element away from an argument.
pub(super) fn is_lost(action: Action, old: Option<&Recorded>, resource: &Resource, argument: &str) -> bool {
    if action != Action::Update {
        return false;
    }
    let old = old.and_then(|old| old.arguments.get(argument)).and_then(Json::as_array);
    let wanted = resource.known_arguments();
    let Some(new) = wanted.get(argument).and_then(Json::as_array) else { return false };
    old.is_some_and(|old| old.iter().any(|item| !new.contains(item)))
}

/// A resource that gives a value away, its recorded arguments, and those that it has meanwhile.
pub type Displaced<'a> = (&'a Resource, JsonMap<String, Json>, JsonMap<String, Json>);

/// The resource that contains this one and is still to gain the ranges for it, its arguments, and those with the old
/// and the new ranges. `recorded` returns the arguments of a resource that the plan is still to update.
pub fn too_narrow<'a>(
    stack: &'a Stack,
    resource: &Resource,
    recorded: &dyn Fn(&Resource) -> Option<JsonMap<String, Json>>,
) -> Option<Displaced<'a>> {
    let argument = argument(resource.kind)?;
    let outer = stack.by_id(&resource.parent()?)?;
    let old = recorded(outer)?;
    let mut all = old.get(argument)?.as_array()?.clone();
    let wanted = outer.known_arguments();
    let new: Vec<Json> = wanted.get(argument)?.as_array()?.iter().filter(|item| !all.contains(item)).cloned().collect();
    if new.is_empty() {
        return None;
    }
    all.extend(new);
    let mut wide = old.clone();
    wide.insert(argument.to_owned(), Json::Array(all));
    Some((outer, old, wide))
}
