//! Replicas and the objects that they replicate: what a source cannot change while a replica of it exists, copies that
//! leave with their source, and replicas that the stack itself keeps unlike their source.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::address::Address;
use crate::kinds::{Catalog, Grammar, body};
use crate::object::{Object, ObjectId};
use crate::plan::decide::{Decisions, top};
use crate::plan::refresh::{kind_of, with_recorded};
use crate::plan::roles::Promoted;
use crate::plan::{Action, BlockedResource};
use crate::stack::{Resource, Stack};
use crate::state::{Recorded, State};

/// The changes of sources that the provider refuses because their replicas stay.
pub(super) fn held(stack: &Stack, decisions: &Decisions) -> Vec<BlockedResource> {
    let mut blocked = Vec::new();
    for (address, decision) in decisions {
        let (Some(recorded), Some(resource)) = (&decision.recorded, stack.resources.get(address)) else { continue };
        let stays = matches!(decision.change.action, Action::Keep | Action::Update | Action::Rename);
        let Some((source, holds)) = holds(stack.catalog(), address, recorded).filter(|_| stays) else { continue };
        let Some(source) = stack.by_id(&source) else { continue };
        let mut changes = decisions.get(&source.address).into_iter().flat_map(|decision| &decision.change.arguments);
        let held = changes.find_map(|change| holds.iter().find(|(name, _)| *name == top(&change.path)));
        if let Some((name, why)) = held {
            blocked.push(BlockedResource {
                address: source.address.clone(),
                why: format!(
                    "its {name} cannot change, because {why}: remove {}, apply, and add it again afterwards",
                    resource.address
                ),
            });
        }
    }
    blocked
}

/// The source of a recorded replica, and the arguments that the source cannot change while the replica exists.
pub(super) fn holds(
    catalog: &Catalog,
    address: &Address,
    recorded: &Recorded,
) -> Option<(ObjectId, &'static [(&'static str, &'static str)])> {
    let kind = kind_of(catalog, address, recorded)?;
    let holds = kind.promotion.map(|promotion| promotion.holds).filter(|holds| !holds.is_empty())?;
    let source = recorded.arguments.get(kind.recovery.replicates?.from)?.as_str()?;
    Some((ObjectId::new(source), holds))
}

/// The copies that recorded replicas keep of this object on servers that stay.
pub(super) fn copies(stack: &Stack, state: &State, promoted: &Promoted, of: &Recorded) -> Vec<Object> {
    let recorded: BTreeSet<&ObjectId> =
        state.resources.values().flat_map(|recorded| &recorded.objects).map(|object| &object.id).collect();
    let mut copies = Vec::new();
    // The copy of a promoted replica is the primary.
    for (address, replica) in state.resources.iter().filter(|(address, _)| !promoted.has(address)) {
        let Some((kind, promotion)) =
            kind_of(stack.catalog(), address, replica).and_then(|kind| Some((kind, kind.promotion?)))
        else {
            continue;
        };
        let twins = with_recorded(kind, address, replica, promotion.twins);
        let own = twins.into_iter().filter(|twins| twins.source.id == of.id && !recorded.contains(&twins.target.id));
        let stays = |id: &ObjectId| stack.catalog().parent(id).is_some_and(|parent| stack.by_id(&parent).is_some());
        copies.extend(own.filter(|twins| stays(&twins.target.id)).map(|twins| twins.target));
    }
    copies
}

/// A replica that the stack configures unlike its source.
pub struct UnlikeReplica<'a> {
    /// The replica.
    pub replica: &'a Resource,
    /// Its source.
    pub source: &'a Resource,
    /// The differing properties: `size Standard_D2ds_v5 and Standard_D4ds_v5`.
    pub differences: Vec<String>,
}

/// The replicas between which and their source the provider refuses a planned promotion, as the stack configures them.
pub fn unlike(stack: &Stack) -> Vec<UnlikeReplica<'_>> {
    let main = |resource: &Resource| -> Option<Json> {
        let bodies = stack.with_known(resource, body::bodies);
        resource.kind.odd.main(&bodies).cloned()
    };
    let mut found = Vec::new();
    for replica in stack.resources.values() {
        let Some(promotion) = replica.kind.promotion else { continue };
        let twins = stack.with_known(replica, promotion.twins);
        for twins in twins.into_iter().filter(|twins| twins.target.id == replica.id) {
            let Some(source) = stack.by_id(&twins.source.id) else { continue };
            let Some((here, there)) = main(source).zip(main(replica)) else { continue };
            let differences: Vec<String> = twins
                .set_differences(&here, &there)
                .into_iter()
                .filter(|(property, _)| property.needed)
                .map(|(_, words)| words)
                .collect();
            if !differences.is_empty() {
                found.push(UnlikeReplica { replica, source, differences });
            }
        }
    }
    found
}

/// Notes about such replicas.
pub(super) fn notes(stack: &Stack) -> Vec<String> {
    let note = |UnlikeReplica { replica, source, differences }: UnlikeReplica<'_>| {
        format!(
            "{} is configured unlike its source {}: {}. {} refuses a planned promotion between them.",
            replica.address,
            source.address,
            differences.join(", "),
            replica.kind.provider().title
        )
    };
    unlike(stack).into_iter().map(note).collect()
}
