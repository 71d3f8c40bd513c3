//! Creation and deletion of resources in the order of their dependencies.

use std::collections::BTreeMap;

use super::draft::{NewStep, ProcedureDraft, usual};
use crate::address::Address;
use crate::plan::{kind_of, serial_words, touches, words};
use crate::stack::Resource;
use crate::state::Recorded;
use crate::steps::{Act, Stage, StepId, Undo};

/// Creates these resources, each after its dependencies among them; those without any, after `first`.
pub(super) fn create_all(draft: &mut ProcedureDraft<'_>, resources: &[&Resource], first: &[StepId]) {
    let mut made: BTreeMap<&Address, StepId> = BTreeMap::new();
    for resource in resources {
        let step = draft.creates(resource);
        made.insert(&resource.address, draft.add(step, Vec::new()));
    }
    for resource in resources {
        let needs: Vec<StepId> = resource.needs.iter().filter_map(|need| made.get(need)).copied().collect();
        if let Some(step) = made.get(&resource.address) {
            draft.need(*step, if needs.is_empty() { first } else { &needs });
        }
    }
}

/// Deletes these resources by their state, each before its dependencies among them; those that nothing needs, after
/// `last`.
pub(super) fn delete_all(
    draft: &mut ProcedureDraft<'_>,
    going: &[(&Resource, Recorded)],
    last: &[StepId],
    undo: &Undo,
) {
    let mut made: BTreeMap<&Address, StepId> = BTreeMap::new();
    for (resource, recorded) in going.iter().rev() {
        let serial = match kind_of(&resource.address, recorded) {
            Some(kind) if !recorded.arguments.is_empty() => words(kind, &recorded.id, &recorded.arguments),
            _ => serial_words(resource),
        };
        let step = NewStep {
            address: resource.address.clone(),
            act: Act::Delete(Box::new(recorded.clone())),
            stage: Stage::TakeDown,
            serial,
            touches: touches(resource),
            takes: usual(resource.kind.durations.delete),
            undo: undo.clone(),
        };
        made.insert(&resource.address, draft.add(step, Vec::new()));
    }
    let mut users: BTreeMap<StepId, Vec<StepId>> = made.values().map(|step| (*step, Vec::new())).collect();
    for (resource, recorded) in going {
        let Some(user) = made.get(&resource.address) else { continue };
        for needed in recorded.needs.iter().filter_map(|need| made.get(need)) {
            users.entry(*needed).or_default().push(*user);
        }
    }
    for (step, users) in users {
        draft.need(step, if users.is_empty() { last } else { &users });
    }
}
