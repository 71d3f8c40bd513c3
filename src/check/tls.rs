//! Connections with outdated encryption.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "tls",
    about: "Services accept TLS 1.2 or newer only.",
    weight: Weight::Error,
    cause: "The minimum TLS version is lower than 1.2.",
    consequence: "TLS 1.0 and 1.1 are insecure, and providers retire them service by service. Clients that still use \
                  them can then no longer connect.",
    fix: "Set the minimum TLS version to 1.2 or newer.",
    breaks: include_str!("../../templates/check/tls/breaks.hcl"),
    keeps: include_str!("../../templates/check/tls/keeps.hcl"),
    check,
};

/// Values of the services for versions before 1.2.
const OLD: &[&str] = &["1.0", "1.1", "TLS1_0", "TLS1_1", "TLSV1", "TLSV1.1", "Tls", "Tls11", "Disabled"];

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values() {
        for name in resource.args.keys().filter(|name| name.ends_with("tls_version")) {
            let Some(old) = super::plain(resource, name).filter(|written| OLD.contains(written)) else { continue };
            found.push(
                RULE.finding(format!("`{}` accepts connections with TLS version {old}", resource.address))
                    .at(super::span(resource, name))
                    .help(format!("Set `{name}` to 1.2 or newer.")),
            );
        }
    }
}
