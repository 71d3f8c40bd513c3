//! Sources that must not be changed while a part of them is lost.

use std::collections::BTreeMap;

use super::source_of;
use crate::address::Address;
use crate::object::ObjectId;
use crate::plan::{Action, BlockedResource, Change, Observed};
use crate::stack::Stack;
use crate::state::Recorded;

/// The changes that are blocked: they would write into a source that a replica reports as frozen.
pub(in crate::plan) fn frozen<'c>(
    stack: &Stack,
    observed: &Observed,
    changes: impl Iterator<Item = (&'c Change, Option<&'c Recorded>)>,
) -> Vec<BlockedResource> {
    let sources: BTreeMap<ObjectId, (&Address, &str)> = observed
        .standings
        .iter()
        .filter_map(|(store, standing)| {
            let why = standing.frozen.as_deref()?;
            Some((source_of(stack.resources.get(store)?)?, (store, why)))
        })
        .collect();
    if sources.is_empty() {
        return Vec::new();
    }
    let blocked = changes.filter_map(|(change, recorded)| {
        if matches!(change.action, Action::Keep | Action::Rename | Action::Forget) {
            return None;
        }
        let wanted = stack.resources.get(&change.address).into_iter().flat_map(|resource| &resource.objects);
        let mut ids =
            wanted.chain(recorded.into_iter().flat_map(|recorded| &recorded.objects)).map(|object| &object.id);
        let (source, (store, why)) =
            ids.find_map(|id| sources.iter().find(|(source, _)| *source == id || source.contains(id)))?;
        let help = "plan again once it is online, or apply the other changes with `--target`";
        Some(BlockedResource {
            address: change.address.clone(),
            why: format!("{} is not changed, as {store} reports: {why}; {help}", source.name()),
        })
    });
    blocked.collect()
}
