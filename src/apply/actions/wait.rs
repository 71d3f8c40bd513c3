//! `wait`: a pause.

use std::time::Duration;

use super::ActionRun;
use super::arguments::span;
use crate::apply::StepError;

/// Waits for the written time, or until a stop is requested.
pub(super) async fn carry_out(run: ActionRun<'_>) -> Result<(), StepError> {
    run.worker.pause(span(run.args, "for", Duration::ZERO)?).await
}
