//! `drill`: the new side stands up in copies, answers, and goes again; what is in use is looked at and compared, never changed.
//!
//! A drill has no step that could not be taken back, and none that reaches what is in use: [`is_rehearsal`] says so of each, and the guards refuse a
//! procedure with any other.

use super::draft::{Draft, Made, as_recorded, usual};
use super::extra::{custom_steps, probes_after, probes_before};
use super::procedure::{ahead_of, replicas};
use super::production;
use super::standing::{create_all, delete_all};
use crate::address::Address;
use crate::kinds::{Rehearsal, Span};
use crate::stack::{GroupStep, Resource, Stack};
use crate::state::{Recorded, Verb};
use crate::steps::{Act, Stage, Step, StepId, Task, Undo};

/// Adds the steps.
pub(super) fn steps(draft: &mut Draft<'_>) {
    look(draft);
    stand_up(draft);
    probes_before(draft, Verb::Drill);
    probes_after(draft, Verb::Drill);
    custom_steps(draft);
    take_down(draft);
    compare(draft);
    say_what_is_left_out(draft);
}

/// Each replica follows, so that it could be promoted.
fn look(draft: &mut Draft<'_>) {
    for replica in replicas(draft.question) {
        let made = Made {
            address: replica.resource.address.clone(),
            act: Act::Task(Task::CatchUp),
            stage: Stage::CatchUp,
            serial: Vec::new(),
            touches: Vec::new(),
            takes: Span { typical: 5, worst: 60 },
            undo: Undo::Nothing,
        };
        draft.add(made, Vec::new());
        let Rehearsal::Look(why) = replica.promotion.drill;
        draft.notes.push(format!("{} is looked at and not promoted: {why}", replica.resource.address));
    }
}

/// The copies are created, each after what it needs.
fn stand_up(draft: &mut Draft<'_>) {
    let first = draft.of(&[Stage::CatchUp]);
    let copies: Vec<&Resource> = draft.question.stack.rehearsed().collect();
    create_all(draft, &copies, &first);
}

/// The copies go again, each before what it needs.
fn take_down(draft: &mut Draft<'_>) {
    let last = draft.of(ahead_of(Stage::TakeDown));
    let copies: Vec<(&Resource, Recorded)> =
        draft.question.stack.rehearsed().map(|copy| (copy, as_recorded(copy))).collect();
    delete_all(draft, &copies, &last, &Undo::Nothing);
}

/// What is in use is as it was, once the copies are gone.
fn compare(draft: &mut Draft<'_>) {
    let question = draft.question;
    let before = production::fingerprints(question.state, &question.seen.observed);
    let all: Vec<StepId> = draft.steps.iter().map(|step| step.id).collect();
    let made = Made {
        address: Address::new("failover_group", &question.group.name),
        act: Act::Task(Task::Unchanged { before }),
        stage: Stage::Record,
        serial: Vec::new(),
        touches: Vec::new(),
        takes: usual(5),
        undo: Undo::Nothing,
    };
    draft.add(made, all);
}

fn say_what_is_left_out(draft: &mut Draft<'_>) {
    let question = draft.question;
    let left = question.stack.copies.iter().flat_map(|copies| &copies.left);
    draft.notes.extend(left.map(|(address, why)| format!("{address} is not copied: {why}")));
    let stopped = question.group.quiesce.iter().map(|address| format!("{address} is not stopped: it is in use"));
    draft.notes.extend(stopped);
    let route =
        |name: &str| format!("{} is looked at and not pulled: users stay where they are", Address::new("route", name));
    draft.notes.extend(question.group.routes.iter().map(|each| route(&each.name)));
    if question.stack.rehearsed().next().is_some() {
        let why = "The copies reach no data: nothing leaves their network. A probe that asks for data fails in a drill";
        draft.notes.push(why.to_owned());
    }
}

/// Whether a step of the group is rehearsed.
///
/// # Errors
/// Why it is not, a sentence without its full stop.
pub(super) fn rehearses(step: &GroupStep) -> Result<(), &'static str> {
    match &*step.action.0 {
        "wait" | "approval" => Ok(()),
        "http" | "command" if step.drilled => Ok(()),
        "http" | "command" => Err("it acts on something, and `on` does not name `drill`"),
        _ => Err("it changes what is in use"),
    }
}

/// Whether a step may be part of a drill: it makes or deletes a copy, or changes nothing.
pub(super) fn is_rehearsal(stack: &Stack, step: &Step) -> bool {
    let copy = stack.resources.get(&step.address).filter(|copy| copy.address.is_rehearsed());
    let of_copy = |act: &Act| match act {
        Act::Create => copy.is_some(),
        Act::Delete(recorded) => copy.is_some_and(|copy| copy.objects == recorded.objects),
        Act::Update | Act::Adopt | Act::SetAside(_) | Act::Forget | Act::Task(_) => false,
    };
    let act = match &step.act {
        Act::Task(Task::CatchUp | Task::Probe | Task::Unchanged { .. }) => true,
        Act::Task(Task::Custom { action }) => matches!(action.as_str(), "wait" | "approval" | "http" | "command"),
        act => of_copy(act),
    };
    let undo = match &step.undo {
        Undo::Nothing => true,
        Undo::Act(act) => of_copy(act),
        Undo::Impossible(_) => false,
    };
    act && undo
}
