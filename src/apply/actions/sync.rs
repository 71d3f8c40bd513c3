//! `sync`: the operator copies files from one site to the other.

use super::ActionRun;
use crate::apply::StepError;

/// Waits for the operator's confirmation.
pub(super) async fn carry_out(run: ActionRun<'_>) -> Result<(), StepError> {
    run.by_hand(&format!("Copy the content of {} to {}", run.shown("from"), run.shown("to")))
}
