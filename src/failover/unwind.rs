//! Rollback of a run: the rollback of each step that is done or may be, in reverse order.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::steps::{Phase, RunStatus, Stage, Step, StepGraph, StepId, Undo};

/// The rollback steps, to be added after those of the graph. Empty if there is nothing to roll back.
///
/// # Errors
/// The irreversible steps, such as promotions, each with the reason.
pub fn unwind(graph: &StepGraph, status: &RunStatus) -> Result<Vec<Step>, Vec<(Step, String)>> {
    let begun = |step: &&Step| {
        let phase = status.phase(step.id);
        matches!(phase, Some(Phase::Succeeded | Phase::UnderWay | Phase::Failed | Phase::Unknown))
    };
    let mut impossible = Vec::new();
    let mut undone: BTreeMap<StepId, StepId> = BTreeMap::new();
    let mut steps: Vec<Step> = Vec::new();
    let dependents = graph.dependents();
    for step in graph.order().into_iter().rev().filter_map(|id| graph.step(id)).filter(begun) {
        let act = match &step.undo {
            Undo::Nothing => continue,
            Undo::Act(act) => (**act).clone(),
            Undo::Impossible(why) => {
                impossible.push((step.clone(), why.clone()));
                continue;
            }
        };
        let id = StepId(u32::try_from(graph.steps.len() + steps.len()).unwrap_or(u32::MAX));
        // Steps that depend on it are rolled back before it.
        let mut needs: Vec<StepId> = behind(&dependents, step.id).filter_map(|id| undone.get(&id).copied()).collect();
        needs.sort_unstable();
        needs.dedup();
        undone.insert(step.id, id);
        steps.push(Step {
            id,
            address: step.address.clone(),
            needs,
            act,
            serial: step.serial.clone(),
            touches: step.touches.clone(),
            expect: step.expect,
            worst: step.worst.max(Duration::from_secs(1)),
            stage: Stage::TakeDown,
            undo: Undo::Nothing,
        });
    }
    if impossible.is_empty() { Ok(steps) } else { Err(impossible) }
}

/// All steps that depend on a step, directly or not.
fn behind(dependents: &[Vec<StepId>], id: StepId) -> impl Iterator<Item = StepId> {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![id];
    while let Some(at) = open.pop() {
        for next in dependents.get(at.index()).into_iter().flatten() {
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    seen.into_iter()
}
