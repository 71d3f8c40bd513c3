//! Routes that a loss of the region with Route 53's control plane makes useless.

use crate::check::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::providers::aws::TABLES;
use crate::stack::{FailoverGroup, Resource, Route, Stack};

/// The region with the control plane of Route 53 (source: AWS's paper on the boundaries of faults).
const REGION: &str = "us-east-1";
/// The type of its records.
const RECORD: &str = "AWS::Route53::RecordSet";

pub(super) static RULE: Rule = Rule {
    name: "record-at-lost-region",
    about: "A failover away from us-east-1 does not depend on changes of Route 53 alone.",
    weight: Weight::Error,
    cause: "The home site of a failover group is in us-east-1, and a `route` changes a record of Route 53, without a \
            fallback at another provider of DNS.",
    consequence: "Route 53 answers queries from everywhere, but records can be changed only while its control plane in \
                  us-east-1 works. In the outage that needs the failover, users stay at the failed site.",
    fix: "Keep the record at another provider of DNS, or add a `route` there with `fallback_for`. A home site in \
          another region does not have the problem.",
    breaks: include_str!("../../../../templates/check/record-at-lost-region/breaks.hcl"),
    keeps: include_str!("../../../../templates/check/record-at-lost-region/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for group in stack.failover_groups.values() {
        let home = stack.sites.get(&group.from);
        let Some(home) = home.filter(|site| site.provider == &TABLES && site.location == REGION) else { continue };
        for route in group.routes.iter().filter(|route| route.fallback_for.is_none()) {
            let Some(record) = record(stack, route).filter(|_| is_stuck(stack, group, route)) else { continue };
            found.push(
                RULE.finding(format!(
                    "route `{}` changes `{}` in a failover away from {REGION}, where Route 53 changes records",
                    route.name, record.address
                ))
                .at(route.span)
                .and(home.span, "the home site")
                .why("While the region is down, no record of Route 53 can be changed.")
                .help(format!(
                    "Add a `route` with a record at another provider of DNS, with `fallback_for = route.{}`.",
                    route.name
                )),
            );
        }
    }
}

/// The record of Route 53 that a route changes, if it changes one.
fn record<'a>(stack: &'a Stack, route: &Route) -> Option<&'a Resource> {
    route.resources(stack, "record").into_iter().find(|record| record.kind.type_.name == RECORD)
}

/// True if a route and all of its fallbacks change records of Route 53.
fn is_stuck(stack: &Stack, group: &FailoverGroup, route: &Route) -> bool {
    record(stack, route).is_some() && group.fallbacks(&route.name).all(|fallback| is_stuck(stack, group, fallback))
}
