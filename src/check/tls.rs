//! Connections that are not encrypted as they should be.

use super::{Rule, Weight};
use crate::diagnostic::Diagnostics;
use crate::stack::Stack;

pub(super) static RULE: Rule = Rule {
    name: "tls",
    about: "Clients speak TLS 1.2 or newer.",
    weight: Weight::Error,
    why: "TLS 1.0 and 1.1 are broken, and Azure retires them service by service: what still asks for them stops working on \
          a day that is not yours to choose.",
    instead: include_str!("../../templates/check/tls.hcl"),
    check,
};

/// The words of the services for versions before 1.2.
const OLD: &[&str] = &["1.0", "1.1", "TLS1_0", "TLS1_1", "TLSV1", "TLSV1.1", "Tls", "Tls11", "Disabled"];

fn check(stack: &Stack, found: &mut Diagnostics) {
    for resource in stack.resources.values() {
        for name in resource.args.keys().filter(|name| name.ends_with("tls_version")) {
            let Some(old) = super::plain(resource, name).filter(|written| OLD.contains(written)) else { continue };
            found.push(
                RULE.finding(format!("`{}` takes clients that speak {old}", resource.address))
                    .at(super::span(resource, name))
                    .help("Write 1.2 or newer."),
            );
        }
    }
}
