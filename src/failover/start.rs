//! The workloads that run at the active site only: they start at the destination once its data is there, each after
//! those that it depends on.

use super::draft::{NewStep, ProcedureDraft};
use super::members::{is_idle, stands_up, workloads};
use super::provision::may_stand;
use crate::plan::touches;
use crate::stack::Resource;
use crate::steps::{Stage, StepId};

/// Starts the workloads of the destination. Their steps belong to the promotion: what waits for the data waits for who
/// serves it.
pub(super) fn start(draft: &mut ProcedureDraft<'_>) {
    let question = draft.question;
    let before: Vec<StepId> = draft
        .needs_of(Stage::Promote)
        .into_iter()
        .chain(draft.of(&[Stage::Promote, Stage::StandUp, Stage::Restore]))
        .collect();
    let mut started: Vec<(&Resource, StepId)> = Vec::new();
    for resource in workloads(question, &question.course.arriving).into_iter().filter(|one| is_idle(one)) {
        let exists = stands_up(question.group, resource) || may_stand(draft, resource);
        // A write that changes nothing is cheap, and the state may be wrong about what runs.
        let made = draft.starts(resource, Stage::Promote).filter(|_| exists);
        let Some(made) = made.filter(|made| !draft.touches_lost(&made.touches)) else { continue };
        let made = NewStep { touches: touches(resource), ..made };
        started.push((resource, draft.add(made, before.clone())));
    }
    for (resource, step) in &started {
        let needed = started.iter().filter(|(other, _)| resource.needs.contains(&other.address));
        let needed: Vec<StepId> = needed.map(|(_, step)| *step).collect();
        draft.need(*step, &needed);
    }
}
