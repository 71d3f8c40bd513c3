//! Names that only one of two sites can have.

use std::collections::BTreeMap;

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::kinds::Location;
use crate::stack::{Resource, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "names-collide",
    about: "No two resources that stand together have the same public name.",
    weight: Weight::Error,
    why: "A DNS label is taken by whoever has it first. `mirrors` copies it with all other arguments, and the second \
          resource is refused: when the failover group stands up, and not before.",
    instead: include_str!("../../templates/check/names-collide.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    let mut taken: BTreeMap<(&str, String, String), &Resource> = BTreeMap::new();
    for resource in stack.resources.values() {
        for path in resource.kind.recovery.dns_labels {
            let Some(label) = at(resource, path) else { continue };
            let region = match resource.kind.location {
                Location::Regional => resource.location.to_ascii_lowercase(),
                Location::Global | Location::None => String::new(),
            };
            let Some(first) = taken.insert((*path, label.to_ascii_lowercase(), region), resource) else { continue };
            found.push(
                RULE.finding(format!(
                    "`{}` and `{}` both have the public name `{label}`",
                    first.address, resource.address
                ))
                .at(resource.span)
                .and(first.span, "has it already")
                .help(format!("Write another `{path}`.")),
            );
        }
    }
}

/// The text at a dotted path of a resource's arguments.
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
