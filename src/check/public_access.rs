//! Data that answers the whole internet.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::kinds::{Lit, Need};
use crate::stack::{Resource, Stack};
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    name: "public-access",
    about: "What keeps data or secrets does not answer from everywhere.",
    weight: Weight::Warning,
    why: "Recovery sites are opened in a hurry and stay open. A store that answers the internet is protected by its keys \
          alone, and a site that is rarely used is rarely looked at.",
    instead: include_str!("../../templates/check/public-access.hcl"),
    check,
};

/// The argument that shuts it, as azurerm names it for every kind.
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
                RULE.finding(format!("`{}` is open to the whole internet", resource.address))
                    .at(super::span(resource, OPEN))
                    .help(format!("Write `{OPEN} = false`, or say which networks may reach it.")),
            );
        }
    }
}

/// Whether it lets in some networks only.
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
