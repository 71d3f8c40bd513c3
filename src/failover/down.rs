//! `down`: wait until the home site has caught up, fail data and users back, and delete failover-only resources.

use super::draft::{NewStep, ProcedureDraft, usual, wanted};
use super::extra::{custom_steps, probes_after, probes_before};
use super::levers::with_subject;
use super::procedure::{ahead_of, replicas};
use super::standing::delete_all;
use super::survey::stands_up;
use super::up::{promote, record, role, route};
use crate::address::Address;
use crate::kinds::{DurationEstimate, Object, Reprotect, Side};
use crate::stack::Resource;
use crate::state::{ActiveSite, GroupRole, Recorded, RunKind};
use crate::steps::{Act, Stage, Task, Touch, Undo};

/// Adds the steps; returns the new role of the group.
pub(super) fn steps(draft: &mut ProcedureDraft<'_>) -> Option<GroupRole> {
    catch_up(draft);
    quiesce(draft);
    promote(draft, Side::Source);
    bring_back(draft);
    route(draft, true);
    probes_before(draft, RunKind::Down);
    probes_after(draft, RunKind::Down);
    custom_steps(draft);
    take_down(draft);
    let role = role(draft, ActiveSite::Home, Side::Source);
    record(draft, role.clone());
    Some(role)
}

/// Restores broken replication and waits until the home site has caught up. Nothing fails back before.
fn catch_up(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let nothing = Default::default();
    for replica in replicas(question) {
        if replica.standing.writer == Some(Side::Source) {
            continue;
        }
        let (resource, promotion) = (replica.resource, replica.promotion);
        let seen = question.seen.replicas.get(&resource.address).unwrap_or(&nothing);
        let broken = with_subject(question.stack, resource, |subject| (promotion.reprotect)(subject, seen));
        let mut step = |act, touches, takes, needs| {
            let made = NewStep {
                address: resource.address.clone(),
                act: Act::Task(act),
                stage: Stage::CatchUp,
                serial: Vec::new(),
                touches,
                takes,
                undo: Undo::Nothing,
            };
            draft.add(made, needs)
        };
        let mut needs = Vec::new();
        if let Reprotect::Ask(call, _) = &broken {
            let touches = call.region.iter().map(|region| Touch {
                region: region.clone(),
                with: "the control plane that receives the request".to_owned(),
            });
            needs.push(step(Task::Reprotect, touches.collect(), usual(60), Vec::new()));
        }
        let takes = match broken {
            Reprotect::Nothing => DurationEstimate { typical: 5, worst: 60 },
            Reprotect::Itself(_) | Reprotect::Ask(..) => DurationEstimate { typical: 600, worst: 4 * 3600 },
            Reprotect::Vendor(_) => DurationEstimate { typical: 24 * 3600, worst: 5 * 24 * 3600 },
        };
        step(Task::CatchUp, Vec::new(), takes, needs);
    }
}

/// Stops work at the failover site: every failover-only resource that can be scaled to zero.
fn quiesce(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    for resource in question.stack.resources.values().filter(|resource| stands_up(question.group, resource)) {
        let Some((argument, value)) = resource.kind.moves.quiesce else { continue };
        // An interrupted run may have deleted it already.
        let gone = |object: &Object| question.seen.observed.objects.get(&object.id) == Some(&None);
        if question.state.resources.contains_key(&resource.address) && !resource.objects.iter().any(gone) {
            let made = draft.writes(resource, argument, value.json(), Stage::Quiesce);
            let needs = draft.of(ahead_of(Stage::Quiesce));
            draft.add(made, needs);
        }
    }
}

/// Returns resources that were quiesced or fenced at the home site to their configuration, once work has stopped at
/// the failover site.
fn bring_back(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let quiesced = question.group.quiesce.iter().map(|address| (address, Stage::StandUp));
    let fenced = question.group.fence.iter().map(|address| (address, Stage::Route));
    let levers = super::survey::lever_ends(question.stack, question.group);
    let all: Vec<(&Address, Stage)> =
        quiesced.chain(fenced.filter(|(address, _)| !levers.contains(*address))).collect();
    for (address, stage) in all {
        let Some(resource) = question.stack.resources.get(address) else { continue };
        let moves = if stage == Stage::StandUp { resource.kind.moves.quiesce } else { resource.kind.moves.fence };
        let Some((argument, _)) = moves else { continue };
        let Some(value) = wanted(resource, argument) else { continue };
        let needs = draft.of(ahead_of(stage));
        let made = NewStep { undo: Undo::Nothing, ..draft.writes(resource, argument, value, stage) };
        draft.add(made, needs);
    }
}

/// Deletes failover-only resources, each before its dependencies.
fn take_down(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let last = draft.of(ahead_of(Stage::TakeDown));
    let standing = question.stack.resources.values().filter(|resource| stands_up(question.group, resource));
    let standing: Vec<(&Resource, Recorded)> = standing
        .filter_map(|resource| Some((resource, question.state.resources.get(&resource.address)?.clone())))
        .collect();
    delete_all(draft, &standing, &last, &Undo::Act(Box::new(Act::Create)));
}
