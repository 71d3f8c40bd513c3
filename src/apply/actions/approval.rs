//! `approval`: a question to the operator.

use super::ActionRun;
use super::arguments::text;
use crate::apply::StepError;

/// Waits for the answer.
pub(super) async fn carry_out(run: ActionRun<'_>) -> Result<(), StepError> {
    run.worker.answered(run.step, text(run.args, "message")?.unwrap_or("Continue?"), run.tell)
}
