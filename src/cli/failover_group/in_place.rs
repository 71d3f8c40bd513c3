//! A restore in place, as a run of the group of its machine.

use std::path::Path;
use std::time::Duration;

use super::begin::carry_out;
use super::request::{InPlaceRequest, ProcedureRequest};
use super::{ExitCode, Failure, Global, RunOptions, Session, Since};
use crate::roles::{FailoverMode, IncidentCause};
use crate::state::RunKind;
use crate::steps::Acceptance;

/// Plans, shows, asks and carries out a restore in place.
pub(in crate::cli) fn restore_in_place(
    (stack, restore): (&Path, InPlaceRequest<'_>),
    (cause, since, data_loss): (IncidentCause, Option<Since>, Option<Duration>),
    common: &RunOptions,
    global: &Global,
    session: &mut Session,
) -> Result<ExitCode, Failure> {
    let errand = ProcedureRequest {
        verb: RunKind::Restore,
        how: FailoverMode::Planned,
        lost: &[],
        to: None,
        since,
        cause,
        without: &[],
        accepted: Acceptance { data_loss, split_brain: false },
        stack,
        common,
        is_shown: false,
        verify: &[],
        restore: Some(restore),
    };
    carry_out(&errand, global, session)
}
