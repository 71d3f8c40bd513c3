//! Failover groups with one route, or none.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::{Route, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "single-lever",
    about: "A failover group has at least two independent routes.",
    weight: Weight::Warning,
    cause: "A failover group has no `route`, or all its routes depend on one Traffic Manager profile or DNS zone.",
    consequence: "A traffic-routing service can fail as well, above all under the load of a regional outage. Without a \
                  second, independent route, users stay at the failed site.",
    fix: "Add a `route` that depends on another service, such as a DNS record beside a Traffic Manager profile. A run \
          tries the routes in order until one succeeds.",
    breaks: include_str!("../../templates/check/single-lever/breaks.hcl"),
    keeps: include_str!("../../templates/check/single-lever/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for group in stack.failover_groups.values() {
        let services: BTreeSet<String> = group.routes.iter().map(|route| service(stack, route)).collect();
        let (summary, help) = match services.len() {
            0 => ("no `route`: its traffic is never switched", "Add a `route`."),
            1 => (
                "one independent route only: if it fails, users stay at the failed site",
                "Add a second `route` that depends on another service.",
            ),
            _ => continue,
        };
        let span = group.routes.first().map_or(group.span, |route| route.span);
        found.push(RULE.finding(format!("failover group `{}` has {summary}", group.name)).at(span).help(help));
    }
}

/// Id of the service that a route depends on: its traffic profile, or the zone of its record.
fn service(stack: &Stack, route: &Route) -> String {
    let of = |argument: &str| match route.args.get(argument)? {
        Value::Block(address) => stack.resources.get(address),
        _ => None,
    };
    let found = of("profile").map(|profile| &profile.id).cloned();
    let found = found.or_else(|| of("record").map(|record| record.id.parent().unwrap_or_else(|| record.id.clone())));
    found.map_or_else(|| route.name.to_string(), |id| id.as_str().to_ascii_lowercase())
}
