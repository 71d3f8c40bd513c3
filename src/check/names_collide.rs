//! Public names that two resources claim.

use std::collections::BTreeMap;

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::kinds::ExclusiveWithin;
use crate::stack::{Resource, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "names-collide",
    about: "Resources that exist at the same time have different public names.",
    weight: Weight::Error,
    cause: "Two resources have the same DNS label. `mirrors` copies the label together with all other arguments.",
    consequence: "A DNS label belongs to the first resource that claims it. The provider rejects the second resource, \
                  and does so during the failover, when it is created.",
    fix: "Set another DNS label on one of the two resources.",
    breaks: include_str!("../../templates/check/names-collide/breaks.hcl"),
    keeps: include_str!("../../templates/check/names-collide/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let mut taken: BTreeMap<(&str, String, String), &Resource> = BTreeMap::new();
    for resource in stack.resources.values() {
        for rule in resource.kind.apart.iter().filter(|rule| rule.public) {
            let path = rule.space;
            let Some(label) = at(resource, path) else { continue };
            let region = match rule.within {
                ExclusiveWithin::Region => resource.location.to_ascii_lowercase(),
                ExclusiveWithin::Parent | ExclusiveWithin::Everywhere | ExclusiveWithin::Resource => String::new(),
            };
            let Some(first) = taken.insert((path, label.to_ascii_lowercase(), region), resource) else { continue };
            found.push(
                RULE.finding(format!(
                    "`{}` and `{}` both have the public name `{label}`",
                    first.address, resource.address
                ))
                .at(resource.span)
                .and(first.span, "claims the name first")
                .help(format!("Set another `{path}` on one of them.")),
            );
        }
    }
}

/// The text at a dotted path of a resource's arguments; `None` for one that must not be shown.
fn at(resource: &Resource, path: &str) -> Option<String> {
    let mut steps = path.split('.');
    let mut value: &Value = resource.args.get(steps.next()?)?;
    for step in steps {
        value = match value {
            Value::Map(map) => map.get(step)?,
            _ => return None,
        };
    }
    match value {
        Value::String(text) => Some(text.to_string()),
        _ => None,
    }
}
