//! `kubernetes_scale`: the operator scales a Kubernetes workload.

use super::ActionRun;
use crate::apply::StepError;

/// Waits for the operator's confirmation.
pub(super) async fn carry_out(run: ActionRun<'_>) -> Result<(), StepError> {
    run.by_hand(&format!("Scale {} of {} to {}", run.shown("workload"), run.shown("cluster"), run.shown("replicas")))
}
