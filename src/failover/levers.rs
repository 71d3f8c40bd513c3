//! Routes: the arguments to set, in order, to switch traffic to one site of the group.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map as JsonMap, Value as Json};

use crate::address::Address;
use crate::kinds::{DurationEstimate, Grammar};
use crate::object::ObjectId;
use crate::stack::{FailoverGroup, Resource, Route, RouteMove, RouteValue, RouteWrite, Stack};
use crate::state::State;
use crate::steps::{FrontWatch, LateArgument, RouteSwitch};
use crate::value::Value;

/// The endpoints of a group's routes at a site.
pub(super) fn endpoints_at<'a>(stack: &'a Stack, group: &FailoverGroup, site: &str) -> Vec<&'a Resource> {
    group.routes.iter().filter_map(|route| route.resource_at(stack, site)).collect()
}

/// The changes of a route that switch users from one site of its group to another.
pub(crate) fn lever(
    stack: &Stack,
    group: &FailoverGroup,
    route: &Route,
    (leaving, arriving): (&str, &str),
) -> RouteSwitch {
    let homeward = *arriving == *group.from;
    let writes = (route.kind.writes)(&RouteMove { stack, route, leaving, arriving, homeward });
    let lingers = |resource: &Resource| resource.kind.moves.lingers.map(|lingers| stack.with_known(resource, lingers));
    let lingers = writes.iter().filter_map(|write| lingers(write.resource)).max().unwrap_or_default();
    let (mut moves, mut late) = (Vec::new(), Vec::new());
    for RouteWrite { resource, argument, value } in writes {
        match value {
            RouteValue::Known(value) => moves.push(one(resource, argument, value)),
            RouteValue::Later(waits_for) => late.push(LateArgument {
                resource: resource.address.clone(),
                argument: argument.to_owned(),
                site: arriving.to_owned(),
                waits_for,
            }),
        }
    }
    RouteSwitch {
        name: route.name.to_string(),
        moves,
        late,
        fallback_for: route.fallback_for.as_deref().map(str::to_owned),
        lingers: Duration::from_secs(u64::from(lingers)),
        front: None,
        watch: route.resource_at(stack, arriving).and_then(|endpoint| front(stack, endpoint)),
    }
}

/// The changes that keep users away from further sites, as far as they are known.
pub(super) fn close(
    stack: &Stack,
    group: &FailoverGroup,
    route: &Route,
    (sites, arriving): (&[Arc<str>], &str),
) -> Vec<(Address, JsonMap<String, Json>)> {
    let to = RouteMove { stack, route, leaving: arriving, arriving, homeward: *arriving == *group.from };
    let writes = sites.iter().filter_map(|site| (route.kind.close)(&to, site));
    writes
        .filter_map(|RouteWrite { resource, argument, value }| match value {
            RouteValue::Known(value) => Some(one(resource, argument, value)),
            RouteValue::Later(_) => None,
        })
        .collect()
}

/// One argument of a resource to write.
fn one(resource: &Resource, argument: &str, value: Json) -> (Address, JsonMap<String, Json>) {
    (resource.address.clone(), JsonMap::from_iter([(argument.to_owned(), value)]))
}

/// The destination that a route leads to at a site, as far as it is configured. Two routes that lead to the same one
/// move the same users by two ways.
pub(super) fn destinations(stack: &Stack, route: &Route, site: &str) -> BTreeSet<String> {
    let Some(end) = route.value_at(site) else { return BTreeSet::new() };
    let value = match stack.referred(end) {
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
        let value = match stack.referred(end) {
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
    let Some(owner) = stack.by_id(&ObjectId::new(text.as_str())) else {
        return (!stack.catalog().is_id(&text)).then_some(text);
    };
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
