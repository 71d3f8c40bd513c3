//! Routes that switch endpoints on and off: a traffic profile leads users to those that are open.

use super::RouteForm;
use super::kind::{Route, RouteKind, RouteMove, RouteSight, RouteTarget, RouteValue, RouteWrite};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Span};
use crate::hcl::ast::HclBlock;
use crate::kinds::Lit;
use crate::language::{Necessity, argument};
use crate::stack::Resource;
use crate::stack::group::GroupReader;
use crate::stack::group::check::{kinds_that, span_of};
use crate::value::Value;

/// How its blocks are read.
pub(super) const FORM: RouteForm = RouteForm { kind: &ENDPOINTS, check, normalise: |_, _| {} };

/// The table.
const ENDPOINTS: RouteKind = RouteKind {
    name: "endpoints",
    arguments: &[argument(
        "profile",
        "reference to a traffic profile",
        Necessity::Optional,
        "The profile that the endpoints belong to.",
    )],
    told_by: None,
    entrance: "profile",
    purpose: "to switch endpoints",
    instead: "write a route of its own for the endpoints of the profile",
    service: |stack, route| Some(route.resource(stack, "profile")?.id.folded()),
    ends: |stack, route| route.values.values().filter_map(|value| stack.referred(value)).collect(),
    writes,
    close,
    late: |_, _, _| None,
    leads,
};

fn check(reader: &mut GroupReader<'_>, route: &Route, block: &HclBlock) {
    let profile = route.args.get("profile");
    let mut endpoints = Vec::new();
    for (name, value) in route.written_values() {
        let span = span_of(block, name);
        let endpoint = match value {
            Value::Block(address) => match reader.kind_of(address) {
                Some((kind, resource)) if kind.moves.open.is_some() && kind.moves.fence.is_some() => resource,
                Some(_) => {
                    no_endpoint(reader, name, &format!("`{address}` cannot be switched on and off"), span);
                    continue;
                }
                None => continue,
            },
            Value::Unknown(unknown) if unknown.is_told() => continue,
            _ => {
                no_endpoint(reader, name, "expected an endpoint", span);
                continue;
            }
        };
        endpoints.extend(endpoint);
    }
    if let Some(Value::Block(profile)) = profile {
        check_profile(reader, profile, &endpoints, span_of(block, "profile"));
    }
    if let Some(other) = profile.filter(|profile| !matches!(profile, Value::Block(_) | Value::Unknown(_))) {
        reader.found.push(
            Diagnostic::error(
                "wrong-value",
                format!("invalid value for `profile`: expected a traffic profile, found {}", other.type_name()),
            )
            .at(span_of(block, "profile"))
            .help("Write the resource that the endpoints belong to."),
        );
    }
}

fn no_endpoint(reader: &mut GroupReader<'_>, name: &str, problem: &str, span: Span) {
    let others = super::kinds().filter_map(|kind| Some((kind.told_by?, kind.purpose)));
    let others: String = others.map(|(argument, purpose)| format!(", or add `{argument} = …` {purpose}")).collect();
    reader.found.push(
        Diagnostic::error("wrong-value", format!("invalid value for `{name}`: {problem}"))
            .at(span)
            .why("The route would change nothing.")
            .help(format!(
                "Write a resource of one of the kinds {}{others}.",
                kinds_that(reader.facts.program.catalog, |moves| moves.open.is_some() && moves.fence.is_some())
            )),
    );
}

/// Reports a profile to which one of the endpoints does not belong.
fn check_profile(reader: &mut GroupReader<'_>, profile: &Address, endpoints: &[&Resource], span: Span) {
    let Some(profile) = reader.facts.resources.get(profile) else { return };
    let is_own = |value: &Value| value.as_str().is_some_and(|id| id.eq_ignore_ascii_case(profile.id.as_str()));
    let is_foreign = |endpoint: &&&Resource| {
        !profile.id.contains(&endpoint.id) && !endpoint.args.values().any(|value| is_own(value) || value.told_within())
    };
    if let Some(endpoint) = endpoints.iter().find(is_foreign) {
        reader.found.push(
            Diagnostic::error(
                "wrong-value",
                format!(
                    "invalid value for `profile`: `{}` is not the profile of `{}`",
                    profile.address, endpoint.address
                ),
            )
            .at(span)
            .and(endpoint.span, "the endpoint")
            .help("Write the profile that the endpoint belongs to."),
        );
    }
}

/// The destination is opened before the source is closed, so that users always have an endpoint.
fn writes<'s>(to: &RouteMove<'s>) -> Vec<RouteWrite<'s>> {
    let opened = to.route.resource_at(to.stack, to.arriving);
    let opened = opened.and_then(|end| Some(set(to, end, end.kind.moves.open?)));
    opened.into_iter().chain(close(to, to.leaving)).collect()
}

fn close<'s>(to: &RouteMove<'s>, site: &str) -> Option<RouteWrite<'s>> {
    let end = to.route.resource_at(to.stack, site)?;
    Some(set(to, end, end.kind.moves.fence?))
}

/// The write of one endpoint. On the way home it gets its configured value: one that always takes traffic, such as an
/// active second site, takes it again.
fn set<'s>(to: &RouteMove<'s>, end: &'s Resource, (argument, value): (&'static str, Lit)) -> RouteWrite<'s> {
    let configured = to.homeward.then(|| end.configured(argument)).flatten();
    RouteWrite { resource: end, argument, value: RouteValue::Known(configured.unwrap_or_else(|| value.json())) }
}

/// The sites whose endpoints are open.
fn leads(seen: &RouteSight<'_>) -> RouteTarget {
    let mut sites = Vec::new();
    for site in seen.sites {
        let Some(endpoint) = seen.route.resource_at(seen.stack, site) else { continue };
        let Some((argument, open)) = endpoint.kind.moves.open else { continue };
        match (seen.read)(endpoint) {
            Ok(Some(args)) if args.get(argument) == Some(&open.json()) => sites.push(site.to_string()),
            Ok(_) => {}
            Err(why) => return RouteTarget::Unknown(why),
        }
    }
    RouteTarget::Sites(sites)
}
