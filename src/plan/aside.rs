//! What an earlier run has set aside and the stack wants again.

use crate::stack::Stack;
use crate::state::State;

/// The state in which what was set aside stands at its own address again, and what was to take its place is set aside instead: for a
/// replacement that was cut short and then taken back. `None` where nothing is so.
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
