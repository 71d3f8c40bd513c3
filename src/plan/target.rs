//! A plan limited to some resources and their dependencies.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::decide::Decisions;
use crate::plan::identity::Moves;
use crate::stack::Stack;

/// Keeps the decisions about the targets. For writes it adds their dependencies, for deletions their dependents, and
/// for an address that an object takes the object that leaves it. A target may be an address before the label changed.
///
/// # Errors
/// For every target that matches nothing.
pub(super) fn limit(
    targets: &[Address],
    stack: &Stack,
    decisions: &mut Decisions,
    moves: &mut Moves,
    destroy: bool,
) -> Result<(), Diagnostics> {
    let mut found = Diagnostics::new();
    let mut open: Vec<Address> = Vec::new();
    for target in targets {
        let before = open.len();
        let is_meant = |address: &Address| *address == *target || address.block() == *target;
        let meant = |address: &&Address| {
            is_meant(address) || decisions.get(*address).and_then(|one| one.change.was.as_ref()).is_some_and(is_meant)
        };
        open.extend(decisions.keys().filter(meant).cloned());
        if open.len() == before {
            let known: Vec<&str> = decisions.keys().map(Address::as_str).collect();
            found.push(
                Diagnostic::error(
                    "unknown-target",
                    format!("the target `{target}` is neither in the stack nor in the state"),
                )
                .suggest(target.as_str(), known, None),
            );
        }
    }
    if found.has_errors() {
        return Err(found);
    }
    let mut kept = BTreeSet::new();
    while let Some(address) = open.pop() {
        if !kept.insert(address.clone()) {
            continue;
        }
        open.extend(moves.now(&address).cloned());
        let recorded_needs = |address: &Address| {
            decisions.get(address).and_then(|d| d.recorded.as_deref()).map(|r| r.needs.clone()).unwrap_or_default()
        };
        if destroy {
            open.extend(decisions.keys().filter(|other| recorded_needs(other).contains(&address)).cloned());
        } else if let Some(resource) = stack.resources.get(&address) {
            open.extend(resource.needs.iter().cloned());
        }
    }
    decisions.retain(|address, _| kept.contains(address));
    moves.limit(&kept);
    Ok(())
}
