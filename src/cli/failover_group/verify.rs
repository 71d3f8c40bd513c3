//! The drill of `backup verify`: it only restores.

use std::path::Path;

use super::begin::carry_out;
use super::request::ProcedureRequest;
use super::{ExitCode, Failure, Global, RunOptions, Session};
use crate::address::Address;
use crate::roles::{FailoverMode, IncidentCause};
use crate::state::RunKind;
use crate::steps::Acceptance;

/// Restores these backups in copies of the machines of a cold site.
pub fn verify(
    backups: &[Address],
    (group, site): (&str, &str),
    stack: &Path,
    options: &RunOptions,
    global: &Global,
    session: &mut Session,
) -> Result<ExitCode, Failure> {
    let common = RunOptions { group: Some(group.to_owned()), ..options.clone() };
    let request = ProcedureRequest {
        verb: RunKind::Drill,
        how: FailoverMode::Planned,
        lost: &[],
        to: Some(site),
        since: None,
        cause: IncidentCause::Lost,
        without: &[],
        accepted: Acceptance::default(),
        verify: backups,
        stack,
        common: &common,
        is_shown: false,
        restore: None,
    };
    carry_out(&request, global, session)
}
