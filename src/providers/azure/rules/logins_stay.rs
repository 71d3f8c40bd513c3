//! Database logins that are not replicated.

use crate::check::{self, Rule, Weight, referred};
use crate::diagnostic::Diagnostics;
use crate::kinds::Logins;
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "logins-stay",
    about: "Users who sign in to a database can sign in to its replica.",
    weight: Weight::Warning,
    cause: "A replicated SQL server has password logins only.",
    consequence: "Azure SQL stores password logins in the `master` database of a server, which is not replicated. \
                  After a failover these users cannot sign in. Users of Microsoft Entra ID and contained database \
                  users can.",
    fix: "Configure a Microsoft Entra administrator on both servers, or create each login on both servers with the \
          same SID.",
    breaks: include_str!("../../../../templates/check/logins-stay/breaks.hcl"),
    keeps: include_str!("../../../../templates/check/logins-stay/keeps.hcl"),
    check,
};

fn check(stack: &Stack, found: &mut Diagnostics) {
    for replica in stack.resources.values() {
        let Some(Logins { sides, login, directory }) = replica.kind.recovery.logins else { continue };
        let has = |server: &Resource, argument: &str| server.args.get(argument).is_some_and(|value| !value.is_null());
        let servers = sides.iter().filter_map(|side| referred(stack, replica, side));
        let left: Vec<&Resource> = servers.filter(|server| has(server, login) && !has(server, directory)).collect();
        let Some(first) = left.first() else { continue };
        let names: Vec<String> = left.iter().map(|server| format!("`{}`", server.address)).collect();
        let verb = if left.len() == 1 { "has" } else { "have" };
        found.push(
            RULE.finding(format!(
                "{} {verb} password logins only, and `{}` does not replicate logins",
                names.join(" and "),
                replica.address
            ))
            .at(check::span(first, login))
            .and(replica.span, "replicates databases, not logins")
            .help(format!("Configure `{directory}` on both servers, or create each login on both with the same SID.")),
        );
    }
}
