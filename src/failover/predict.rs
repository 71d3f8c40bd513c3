//! Predicted time of a procedure until service is restored.

use std::time::Duration;

use crate::steps::{Path, Prediction, Stage, Step, StepGraph};

/// The critical path, and its duration as P50 and P95.
///
/// Steps after service is restored do not count. The P95 of a path is not the sum of the P95 of its steps: the
/// spreads of independent steps add up as the root of their squares.
pub fn predict(graph: &StepGraph) -> (Path, Prediction) {
    let counted = before_served(graph);
    let counts = |step: &Step| counted.get(step.id.index()) == Some(&true);
    let typical = graph.longest_path(|step| if counts(step) { step.expect } else { Duration::ZERO });
    let worst = graph.longest_path(|step| if counts(step) { step.worst } else { Duration::ZERO });
    let spread = |path: &Path| {
        let steps = path.steps.iter().filter_map(|id| graph.step(*id)).filter(|step| counts(step));
        let (mut sum, mut squares) = (0.0, 0.0);
        for step in steps {
            sum += step.expect.as_secs_f64();
            squares += step.worst.saturating_sub(step.expect).as_secs_f64().powi(2);
        }
        Duration::from_secs_f64((sum + squares.sqrt()).round())
    };
    let predicted = Prediction { typical: typical.total, worst: spread(&typical).max(spread(&worst)) };
    let steps = typical.steps.into_iter().filter(|id| graph.step(*id).is_some_and(counts)).collect();
    (Path { total: typical.total, steps }, predicted)
}

/// True for each step before service is restored: every traffic switch and probe, and all that they wait for. Without
/// any, all steps.
fn before_served(graph: &StepGraph) -> Vec<bool> {
    let serves = |step: &&Step| matches!(step.stage, Stage::Route | Stage::Probe);
    if !graph.steps.iter().any(|step| serves(&step)) {
        return vec![true; graph.steps.len()];
    }
    let mut counted = vec![false; graph.steps.len()];
    let mut open: Vec<&Step> = graph.steps.iter().filter(serves).collect();
    while let Some(step) = open.pop() {
        if let Some(seen) = counted.get_mut(step.id.index())
            && !*seen
        {
            *seen = true;
            open.extend(step.needs.iter().filter_map(|need| graph.step(*need)));
        }
    }
    counted
}
