//! The failover group that a command means, and the parts of it that a move leaves out.

use super::Failure;
use crate::address::Address;
use crate::cli::again::quoted;
use crate::diagnostic::closest;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{ActiveSite, RunKind, State};

/// The words for a verb of this group, which is named where the stack has others.
pub fn of_group(verb: &str, group: &str, stack: &Stack) -> String {
    match stack.failover_groups.len() > 1 {
        true => format!("failover-group {verb} --group {}", quoted(group)),
        false => format!("failover-group {verb}"),
    }
}

/// The only group that is not at home, which a failback without a group means.
pub fn moved_group(verb: RunKind, stack: &Stack, state: &State) -> Option<String> {
    let is_moved = |name: &&str| state.roles.active(name) != ActiveSite::Home;
    let mut moved = stack.failover_groups.keys().map(|name| &**name).filter(is_moved);
    let only = moved.next().filter(|_| verb == RunKind::Down && moved.next().is_none());
    only.map(str::to_owned)
}

/// The failover group of this name, or the only one.
pub fn group_of<'a>(stack: &'a Stack, name: Option<&str>) -> Result<&'a FailoverGroup, Failure> {
    let names: Vec<&str> = stack.failover_groups.keys().map(|name| &**name).collect();
    match (name, names.as_slice()) {
        (None, []) => Err(Failure::wrong_file(format!("{} has no failover group", stack.name))
            .help("Add one: `failover_group \"name\" { … }`.")),
        (None, [only]) => {
            stack.failover_groups.get(*only).ok_or_else(|| Failure::failed("the stack has no failover group"))
        }
        (None, _) => Err(Failure::failed(format!("{} has several failover groups", stack.name))
            .help(format!("Choose one with --group: {}.", names.join(", ")))),
        (Some(name), _) => stack.failover_group(name).ok_or_else(|| {
            let failure = Failure::failed(format!("{} has no failover group `{name}`", stack.name));
            match closest(name, names.iter().copied()) {
                Some(close) => failure.help(format!("Did you mean `{close}`?")),
                None => failure.help(format!("It has {}.", names.join(", "))),
            }
        }),
    }
}

/// True for a replica or a route of a group, which a move can leave out.
pub fn is_part(group: &FailoverGroup, address: &Address) -> bool {
    group.promote.contains(address) || group.routes.iter().any(|route| Address::new("route", &route.name) == *address)
}

/// Checks that each of these addresses is a part of one of the groups.
pub fn parts_exist(addresses: &[Address], groups: &[&FailoverGroup]) -> Result<(), Failure> {
    let is_known = |address: &Address| groups.iter().any(|group| is_part(group, address));
    let Some(unknown) = addresses.iter().find(|address| !is_known(address)) else { return Ok(()) };
    let of = |group: &&FailoverGroup| -> Vec<String> {
        let routes = group.routes.iter().map(|route| Address::new("route", &route.name));
        group.promote.iter().cloned().chain(routes).map(|part| part.to_string()).collect()
    };
    let parts: Vec<String> = groups.iter().flat_map(of).collect();
    let names: Vec<&str> = groups.iter().map(|group| &*group.name).collect();
    let failure = Failure::failed(format!(
        "--without {unknown}: failover group {} has no such replica or route",
        names.join(", ")
    ));
    Err(if parts.is_empty() { failure } else { failure.help(format!("Known: {}.", parts.join(", "))) })
}
