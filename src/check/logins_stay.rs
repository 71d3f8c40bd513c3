//! Logins that are on one side only.

use super::{Rule, Weight, referred};
use crate::diagnostic::Diagnostics;
use crate::kinds::Logins;
use crate::stack::{Resource, Stack};

pub(super) static RULE: Rule = Rule {
    name: "logins-stay",
    about: "Whoever signs in to a database can sign in to its copy.",
    weight: Weight::Warning,
    why: "Logins of Azure SQL with a password live in the `master` database of a server, which is not replicated: after a \
          failover the databases are there, and those who used them cannot sign in. Users of Microsoft Entra ID, and users \
          contained in the database, follow it.",
    instead: include_str!("../../templates/check/logins-stay.hcl"),
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
        let verb = if left.len() == 1 { "signs" } else { "sign" };
        found.push(
            RULE.finding(format!(
                "{} {verb} people in by password only, and logins do not follow `{}`",
                names.join(" and "),
                replica.address
            ))
            .at(super::span(first, login))
            .and(replica.span, "replicates databases, not logins")
            .help(format!("Write `{directory}` into both servers, or create each login on both with the same SID.")),
        );
    }
}
