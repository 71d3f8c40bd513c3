//! Data that is reachable from the whole internet.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::kinds::{Lit, Need};
use crate::stack::{Resource, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "public-access",
    about: "Data stores and key vaults are not reachable from the whole internet.",
    weight: Weight::Warning,
    cause: "Public network access is enabled, and no network rule restricts it.",
    consequence: "Only keys and passwords protect the data. At a recovery site that is rarely used, a leak may go \
                  unnoticed.",
    fix: "Set `public_network_access_enabled = false`, or list the networks that may connect.",
    breaks: include_str!("../../templates/check/public-access/breaks.hcl"),
    keeps: include_str!("../../templates/check/public-access/keeps.hcl"),
    check,
};

/// The argument for public access, with the name that the Terraform provider uses for every kind.
const OPEN: &str = "public_network_access_enabled";

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values() {
        let Some(arg) = resource.kind.arg(OPEN) else { continue };
        let open = match resource.args.get(OPEN) {
            Some(Value::Bool(open)) => *open,
            Some(_) => false,
            None => !matches!(arg.need, Need::Default(Lit::Bool(false))),
        };
        if open && !is_narrowed(resource) {
            found.push(
                RULE.finding(format!("`{}` is reachable from the whole internet", resource.address))
                    .at(super::span(resource, OPEN))
                    .help(format!("Set `{OPEN} = false`, or list the networks that may connect.")),
            );
        }
    }
}

/// Network rules that restrict access exist.
fn is_narrowed(resource: &Resource) -> bool {
    let refuses_others = |value: &Value| {
        value.reveal().is_ok_and(|rules| rules.get("default_action").is_some_and(|action| action == "Deny"))
    };
    let has = |argument: &str| match resource.args.get(argument) {
        Some(Value::List(items)) => !items.is_empty(),
        Some(Value::Bool(on)) => *on,
        Some(Value::Null) | None => false,
        Some(_) => true,
    };
    resource.args.values().any(refuses_others)
        || ["ip_range_filter", "is_virtual_network_filter_enabled", "delegated_subnet"].into_iter().any(has)
}
