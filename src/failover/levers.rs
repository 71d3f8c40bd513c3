//! Routes: the arguments to set, in order, to switch traffic to one site of the group.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json};

use super::draft::wanted;
use crate::address::{Address, ArmId};
use crate::kinds::{DurationEstimate, Ty};
use crate::stack::{FailoverGroup, Resource, Route, Stack};
use crate::state::State;
use crate::steps::{FrontWatch, LateArgument, RouteSwitch};
use crate::value::Value;

/// The resource that an argument of a route refers to.
pub(super) fn referred<'a>(stack: &'a Stack, route: &Route, argument: &str) -> Option<&'a Resource> {
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
    let ends = route.values.values().filter_map(|value| resource(stack, value));
    ends.chain(referred(stack, route, "record")).map(|resource| resource.address.clone()).collect()
}

/// The endpoint of a route at a site of its group.
pub(super) fn endpoint_at<'a>(stack: &'a Stack, route: &Route, site: &str) -> Option<&'a Resource> {
    resource(stack, route.value_at(site)?)
}

/// The endpoints of a group's routes at a site.
pub(super) fn endpoints_at<'a>(stack: &'a Stack, group: &FailoverGroup, site: &str) -> Vec<&'a Resource> {
    group.routes.iter().filter_map(|route| endpoint_at(stack, route, site)).collect()
}

/// The configured value of an end on failback: an end that always takes traffic, such as an active second site, takes
/// it again.
fn on_return(resource: &Resource, argument: &str, back: bool) -> Option<Json> {
    back.then(|| wanted(resource, argument)).flatten()
}

/// The changes of a route that switch users from one site of its group to another. The target is enabled before the
/// source is disabled, so that traffic always has an endpoint.
pub(crate) fn lever(
    stack: &Stack,
    group: &FailoverGroup,
    route: &Route,
    (leaving, arriving): (&str, &str),
) -> RouteSwitch {
    let back = *arriving == *group.from;
    let mut lever = RouteSwitch {
        name: route.name.to_string(),
        moves: Vec::new(),
        late: Vec::new(),
        fallback_for: route.fallback_for.as_deref().map(str::to_owned),
        lingers: Duration::ZERO,
        front: None,
        watch: None,
    };
    let lingers = |resource: &Resource| {
        let seconds = resource.kind.moves.lingers.map_or(0, |lingers| stack.with_known(resource, lingers));
        Duration::from_secs(u64::from(seconds))
    };
    if let Some(record) = referred(stack, route, "record")
        && let (Some(argument), Some(value)) = (record.kind.moves.record, route.value_at(arriving))
    {
        lever.lingers = lever.lingers.max(lingers(record));
        match (value.unknown_within(), record_value(record, argument, value)) {
            (Some(unknown), _) => lever.late.push(LateArgument {
                resource: record.address.clone(),
                argument: argument.to_owned(),
                site: arriving.to_owned(),
                waits_for: unknown.waits_for.iter().map(ToString::to_string).collect(),
            }),
            (None, Some(value)) => lever.moves.push(one(record, argument, value)),
            (None, None) => {}
        }
    }
    if let Some(resource) = endpoint_at(stack, route, arriving)
        && let Some((argument, open)) = resource.kind.moves.open
    {
        lever.lingers = lever.lingers.max(lingers(resource));
        lever.moves.push(one(resource, argument, on_return(resource, argument, back).unwrap_or(open.json())));
    }
    if let Some(resource) = endpoint_at(stack, route, leaving)
        && let Some(closed) = closed(resource, back)
    {
        lever.lingers = lever.lingers.max(lingers(resource));
        lever.moves.push(closed);
    }
    lever.watch = endpoint_at(stack, route, arriving).and_then(|endpoint| front(stack, endpoint));
    lever
}

/// The change that closes an endpoint.
fn closed(resource: &Resource, back: bool) -> Option<(Address, JsonMap<String, Json>)> {
    let (argument, closed) = resource.kind.moves.fence?;
    Some(one(resource, argument, on_return(resource, argument, back).unwrap_or(closed.json())))
}

/// The changes that close the endpoints of a route at further sites.
pub(super) fn close(
    stack: &Stack,
    group: &FailoverGroup,
    route: &Route,
    (sites, arriving): (&[Arc<str>], &str),
) -> Vec<(Address, JsonMap<String, Json>)> {
    let ends = sites.iter().filter_map(|site| endpoint_at(stack, route, site));
    ends.filter_map(|end| closed(end, *arriving == *group.from)).collect()
}

/// One argument of a resource to write.
fn one(resource: &Resource, argument: &str, value: Json) -> (Address, JsonMap<String, Json>) {
    (resource.address.clone(), JsonMap::from_iter([(argument.to_owned(), value)]))
}

/// The value that leads a record to a destination.
pub(crate) fn record_value(record: &Resource, argument: &str, to: &Value) -> Option<Json> {
    let value = to.reveal().ok()?;
    let is_list = matches!(record.kind.arg(argument).map(|arg| arg.ty), Some(Ty::List(_) | Ty::Set(_)));
    Some(if is_list && !value.is_array() { serde_json::json!([value]) } else { value })
}

/// The destination that a route leads to at a site, as far as it is configured. Two routes that lead to the same one
/// move the same users by two ways.
pub(super) fn destinations(stack: &Stack, route: &Route, site: &str) -> BTreeSet<String> {
    let Some(end) = route.value_at(site) else { return BTreeSet::new() };
    let value = match resource(stack, end) {
        Some(endpoint) => endpoint.kind.moves.target.and_then(|argument| endpoint.args.get(argument)),
        None => Some(end),
    };
    let Some(value) = value else { return BTreeSet::new() };
    match (value.unknown_within(), value.as_str()) {
        (Some(unknown), _) => unknown.waits_for.iter().map(ToString::to_string).collect(),
        (None, Some(text)) => BTreeSet::from([text.to_ascii_lowercase()]),
        (None, None) => BTreeSet::new(),
    }
}

/// The public URLs of a site: the destination of each route there.
pub(super) fn fronts(stack: &Stack, group: &FailoverGroup, state: &State, site: &str) -> Vec<(Address, String)> {
    let one = |route: &Route| {
        let end = route.value_at(site)?;
        let value = match resource(stack, end) {
            Some(endpoint) => endpoint.args.get(endpoint.kind.moves.target?)?,
            None => end,
        };
        let host = host(stack, state, value)?;
        Some((Address::new("route", &route.name), format!("https://{host}/")))
    };
    group.routes.iter().filter_map(one).collect()
}

/// The host name or address that a value names: itself, or that of the resource with this id.
fn host(stack: &Stack, state: &State, value: &Value) -> Option<String> {
    let text = match value.reveal().ok()? {
        Json::String(text) => text,
        Json::Array(items) => items.first()?.as_str()?.to_owned(),
        _ => return None,
    };
    let Some(owner) = stack.by_id(&ArmId::new(text.as_str())) else { return (!text.starts_with('/')).then_some(text) };
    let attributes = &state.resources.get(&owner.address)?.attributes;
    let known = |name: &str| attributes.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    known("fqdn").or_else(|| known("ip_address"))
}

/// An endpoint as its front watches it; `None` where no front probes it.
pub(super) fn front(stack: &Stack, endpoint: &Resource) -> Option<FrontWatch> {
    let notices = endpoint.kind.moves.front?.notices;
    let DurationEstimate { typical, worst } = stack.with_known(endpoint, notices)?;
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    Some(FrontWatch { endpoint: endpoint.address.clone(), expect: seconds(typical), within: seconds(worst) })
}
