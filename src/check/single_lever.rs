//! One way to move users, or none.

use std::collections::BTreeSet;

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::{Route, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "single-lever",
    about: "A failover group has more than one way to move users.",
    weight: Weight::Warning,
    why: "A lever is a service too, and it fails like one: on the day on which everybody moves, the control plane of a \
          traffic service is what everybody calls. With a second lever that hangs on something else (a DNS record \
          beside a Traffic Manager profile), a run tries them in order until one moves users.",
    instead: include_str!("../../templates/check/single-lever.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for group in stack.failover_groups.values() {
        let hung_on: BTreeSet<String> = group.routes.iter().map(|route| hangs_on(stack, route)).collect();
        let (summary, help) = match hung_on.len() {
            0 => ("no `route`: nothing moves its users", "Write a `route`."),
            1 => (
                "a single lever: if it fails, users stay where they are",
                "Write a second `route` that does not hang on the first.",
            ),
            _ => continue,
        };
        let span = group.routes.first().map_or(group.span, |route| route.span);
        found.push(RULE.finding(format!("failover group `{}` has {summary}", group.name)).at(span).help(help));
    }
}

/// What a route cannot work without: the profile that it moves, or what holds the record, as a zone does.
fn hangs_on(stack: &Stack, route: &Route) -> String {
    let of = |argument: &str| match route.args.get(argument)? {
        Value::Block(address) => stack.resources.get(address),
        _ => None,
    };
    let found = of("profile").map(|profile| &profile.id).cloned();
    let found = found.or_else(|| of("record").map(|record| record.id.parent().unwrap_or_else(|| record.id.clone())));
    found.map_or_else(|| route.name.to_string(), |id| id.as_str().to_ascii_lowercase())
}
