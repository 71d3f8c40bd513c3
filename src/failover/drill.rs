//! `drill`: creates isolated copies of the failover site, probes and deletes them; production is read and compared,
//! never changed.
//!
//! Every step of a drill can be rolled back, and none touches production. [`is_rehearsal`] checks each step, and a
//! preflight check fails for any other.

use super::draft::{NewStep, ProcedureDraft, as_recorded, usual};
use super::extra::{custom_steps, probes_after, probes_before};
use super::production;
use super::provision::{create_all, delete_all};
use super::restores::restore;
use super::sides::replicas;
use super::verify::copies;
use crate::actions::ActionEffect;
use crate::address::Address;
use crate::kinds::{DurationEstimate, Rehearsal};
use crate::stack::{Resource, Stack};
use crate::state::Recorded;
use crate::steps::{Act, Stage, Step, StepId, Task, Undo};

/// Adds the steps.
pub(super) fn steps(draft: &mut ProcedureDraft<'_>) {
    if draft.question.is_verification() {
        return verify(draft);
    }
    look(draft);
    stand_up(draft);
    probes_before(draft);
    probes_after(draft);
    custom_steps(draft);
    take_down(draft);
    compare(draft);
    note_what_is_skipped(draft);
}

/// A drill that only restores: no replica, no user and no step of the group has a part in it.
fn verify(draft: &mut ProcedureDraft<'_>) {
    stand_up(draft);
    probes_before(draft);
    probes_after(draft);
    take_down(draft);
    compare(draft);
}

/// Waits until each replica follows, so that it could be promoted.
fn look(draft: &mut ProcedureDraft<'_>) {
    for replica in replicas(draft.question) {
        let made = NewStep {
            address: replica.resource.address.clone(),
            act: Act::Task(Task::CatchUp),
            stage: Stage::CatchUp,
            serial: Vec::new(),
            touches: Vec::new(),
            takes: DurationEstimate { typical: 5, worst: 60 },
            undo: Undo::Nothing,
        };
        draft.add(made, Vec::new());
        let Rehearsal::Look(why) = replica.promotion.drill;
        draft.notes.push(format!("{} is checked, not promoted: {why}", replica.resource.address));
    }
}

/// Creates the copies, each after its dependencies.
fn stand_up(draft: &mut ProcedureDraft<'_>) {
    let first = draft.of(&[Stage::CatchUp]);
    let copies: Vec<&Resource> = copies(draft.question);
    let made = create_all(draft, &copies, &first);
    restore(draft, &made);
}

/// Deletes the copies, each before its dependencies.
fn take_down(draft: &mut ProcedureDraft<'_>) {
    let last = draft.needs_of(Stage::TakeDown);
    let copies: Vec<(&Resource, Recorded)> =
        copies(draft.question).into_iter().map(|copy| (copy, as_recorded(copy))).collect();
    delete_all(draft, &copies, &last, &Undo::Nothing);
}

/// Verifies that production did not change, once the copies are deleted.
fn compare(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let before = production::fingerprints(question.stack.catalog(), question.state, &question.seen.observed);
    let all: Vec<StepId> = draft.steps.iter().map(|step| step.id).collect();
    let made = NewStep {
        address: Address::new("failover_group", &question.group.name),
        act: Act::Task(Task::Unchanged { before, since: question.seen.at }),
        stage: Stage::Record,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: usual(5),
        undo: Undo::Nothing,
    };
    draft.add(made, all);
}

fn note_what_is_skipped(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let left = question.stack.copies.iter().flat_map(|copies| &copies.left);
    draft.notes.extend(left.map(|(address, why)| format!("{address} is not copied: {why}")));
    let left = super::members::workloads(question, &question.group.from);
    let stopped = left.iter().map(|workload| format!("{} is not stopped: it is in production", workload.address));
    draft.notes.extend(stopped);
    let route =
        |name: &str| format!("{} is checked, not switched: users stay where they are", Address::new("route", name));
    draft.notes.extend(question.group.routes.iter().map(|each| route(&each.name)));
    if question.stack.rehearsed().next().is_some() {
        let why = "copies in a drill have no network access to data: a probe that needs data fails";
        draft.notes.push(why.to_owned());
    }
}

/// True for a step that a drill may have: it creates or deletes a copy, or changes nothing.
pub(super) fn is_rehearsal(stack: &Stack, step: &Step) -> bool {
    let copy = stack.resources.get(&step.address).filter(|copy| copy.address.is_rehearsed());
    let of_copy = |act: &Act| match act {
        Act::Create => copy.is_some(),
        Act::Delete(recorded) => copy.is_some_and(|copy| copy.objects == recorded.objects),
        Act::Update | Act::Rename | Act::Adopt | Act::SetAside(_) | Act::Forget | Act::Task(_) => false,
    };
    let act = match &step.act {
        Act::Task(Task::CatchUp | Task::Restore(_) | Task::Snapshot(_) | Task::Probe | Task::Unchanged { .. }) => true,
        act => match act.action() {
            Some(action) => !matches!(action.effect, ActionEffect::Production { .. }),
            None => of_copy(act),
        },
    };
    let undo = match &step.undo {
        Undo::Nothing => true,
        Undo::Act(act) => of_copy(act),
        Undo::Impossible(_) => false,
    };
    act && undo
}
