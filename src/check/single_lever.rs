//! Failover groups with one route, or none.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::{FailoverGroup, Route, Stack};

pub(super) static RULE: Rule = Rule {
    name: "single-lever",
    about: "Every route of a failover group has a fallback that depends on another service.",
    weight: Weight::Warning,
    cause: "A failover group has no `route`, or one whose fallbacks (`fallback_for`) all depend on the same Traffic \
            Manager profile or DNS zone as itself.",
    consequence: "A traffic-routing service can fail as well, above all under the load of a regional outage. Without a \
                  second, independent route, users stay at the failed site.",
    fix: "Add a `route` with `fallback_for` that depends on another service, such as a DNS record beside a Traffic \
          Manager profile. A run tries it if the first cannot be switched.",
    breaks: include_str!("../../templates/check/single-lever/breaks.hcl"),
    keeps: include_str!("../../templates/check/single-lever/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for group in stack.failover_groups.values() {
        let lone: Vec<&Route> = group
            .routes
            .iter()
            .filter(|route| route.fallback_for.is_none() && services(stack, group, route).len() < 2)
            .collect();
        let (summary, help) = match (group.routes.as_slice(), lone.as_slice()) {
            ([], _) => ("no `route`: its traffic is never switched".to_owned(), "Add a `route`.".to_owned()),
            (_, []) => continue,
            ([_], [only]) => (
                "one independent route only: if it fails, users stay at the failed site".to_owned(),
                format!(
                    "Add a second `route` that depends on another service, with `fallback_for = route.{}`.",
                    only.name
                ),
            ),
            (_, [first, ..]) => {
                let names: Vec<String> = lone.iter().map(|route| format!("`{}`", route.name)).collect();
                (
                    format!(
                        "no independent fallback for route {}: if it fails, its users stay at the failed site",
                        names.join(", ")
                    ),
                    format!(
                        "Add a `route` that depends on another service, with `fallback_for = route.{}`.",
                        first.name
                    ),
                )
            }
        };
        let span = lone.first().map_or(group.span, |route| route.span);
        found.push(RULE.finding(format!("failover group `{}` has {summary}", group.name)).at(span).help(help));
    }
}

/// Services on which a route and its fallbacks depend.
fn services(stack: &Stack, group: &FailoverGroup, route: &Route) -> BTreeSet<String> {
    let (mut services, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![route];
    while let Some(route) = open.pop() {
        if seen.insert(&route.name) {
            services.insert(service(stack, route));
            open.extend(group.fallbacks(&route.name));
        }
    }
    services
}

/// The service that a route depends on: its traffic profile, or the zone of its record.
fn service(stack: &Stack, route: &Route) -> String {
    (route.kind.service)(stack, route).unwrap_or_else(|| route.name.to_string())
}
