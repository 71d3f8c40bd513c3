//! Resources that an earlier run has set aside and that the stack declares again.

use crate::stack::Stack;
use crate::state::State;

/// The state in which a resource that was set aside is back at its own address, and its replacement is set aside
/// instead: for a replacement that was cut short and then reverted. `None` where there is no such resource.
pub(super) fn taken_back(state: &State, stack: &Stack) -> Option<State> {
    let mut back: Option<State> = None;
    for (address, resource) in &stack.resources {
        let aside = address.replaced();
        let Some(old) = state.resources.get(&aside).filter(|old| old.id == resource.id) else { continue };
        let new = state.resources.get(address);
        if new.is_some_and(|new| new.id == resource.id) {
            continue;
        }
        let resources = &mut back.get_or_insert_with(|| state.clone()).resources;
        resources.insert(address.clone(), old.clone());
        match new {
            Some(new) => resources.insert(aside, new.clone()),
            None => resources.remove(&aside),
        };
    }
    back
}
