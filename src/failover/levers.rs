//! Routes: the arguments to set, in order, to switch traffic to one end or back.

use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json};

use super::draft::wanted;
use crate::address::Address;
use crate::kinds::Subject;
use crate::stack::{Knowledge, Resource, Route, Stack};
use crate::steps::RouteSwitch;
use crate::value::Value;

/// Calls `f` with a resource as its kind sees it, as far as its arguments are known.
pub(super) fn with_subject<T>(stack: &Stack, resource: &Resource, f: impl FnOnce(&Subject<'_>) -> T) -> T {
    stack.with_subject(resource, &plain(resource), &Knowledge::default(), f)
}

/// The known arguments of a resource, in plain text.
pub(super) fn plain(resource: &Resource) -> JsonMap<String, Json> {
    resource.args.iter().filter_map(|(name, value)| Some((name.to_string(), value.reveal().ok()?))).collect()
}

/// The resource that an argument of a route refers to.
fn referred<'a>(stack: &'a Stack, route: &Route, argument: &str) -> Option<&'a Resource> {
    resource(stack, route.args.get(argument)?)
}

/// The resource that a value refers to.
pub(super) fn resource<'a>(stack: &'a Stack, value: &Value) -> Option<&'a Resource> {
    match value {
        Value::Block(address) => stack.resources.get(address),
        _ => None,
    }
}

/// The resources that a route changes.
pub(super) fn ends(stack: &Stack, route: &Route) -> Vec<Address> {
    let ends = ["from", "to", "record"].into_iter().filter_map(|argument| referred(stack, route, argument));
    ends.map(|resource| resource.address.clone()).collect()
}

/// The configured value of an end on failback: an end that always takes traffic, such as an active second site, takes
/// it again.
fn on_return(resource: &Resource, argument: &str, back: bool) -> Option<Json> {
    back.then(|| wanted(resource, argument)).flatten()
}

/// The changes of a route; `back` if traffic returns to its `from`. The target is enabled before the source is
/// disabled, so that traffic always has an endpoint.
pub(crate) fn lever(stack: &Stack, route: &Route, back: bool) -> RouteSwitch {
    let (to, from) = if back { ("from", "to") } else { ("to", "from") };
    let mut lever =
        RouteSwitch { name: route.name.to_string(), moves: Vec::new(), lingers: Duration::ZERO, front: None };
    let mut write = |resource: &Resource, argument: &str, value: serde_json::Value| {
        let arguments = JsonMap::from_iter([(argument.to_owned(), value)]);
        lever.moves.push((resource.address.clone(), arguments));
        let lingers = resource.kind.moves.lingers.map_or(0, |lingers| with_subject(stack, resource, lingers));
        lever.lingers = lever.lingers.max(Duration::from_secs(u64::from(lingers)));
    };
    if let Some(record) = referred(stack, route, "record")
        && let (Some(argument), Some(value)) = (record.kind.moves.record, route.args.get(to))
        && let Ok(value) = value.reveal()
    {
        let is_list = matches!(
            record.kind.arg(argument).map(|arg| arg.ty),
            Some(crate::kinds::Ty::List(_) | crate::kinds::Ty::Set(_))
        );
        write(record, argument, if is_list && !value.is_array() { serde_json::json!([value]) } else { value });
    }
    if let Some(resource) = referred(stack, route, to)
        && let Some((argument, open)) = resource.kind.moves.open
    {
        write(resource, argument, on_return(resource, argument, back).unwrap_or(open.json()));
    }
    if let Some(resource) = referred(stack, route, from)
        && let Some((argument, closed)) = resource.kind.moves.fence
    {
        write(resource, argument, on_return(resource, argument, back).unwrap_or(closed.json()));
    }
    let profile = referred(stack, route, "profile");
    lever.front = profile.and_then(|profile| {
        with_subject(stack, profile, |subject| profile.kind.moves.front.and_then(|front| front(subject)))
    });
    lever
}
