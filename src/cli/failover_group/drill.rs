//! `drplan failover-group drill`.

use std::path::PathBuf;

use super::begin::carry_out;
use super::request::ProcedureRequest;
use super::{ExitCode, Failure, Global, RunOptions, Session};
use crate::roles::{FailoverMode, IncidentCause};
use crate::state::RunKind;
use crate::steps::Acceptance;

/// Test a failover in isolated copies, without affecting production
///
/// Runs the steps of `up` in copies that are isolated from users and production data, compares production before and
/// after, and deletes the copies. A drill contains no irreversible step.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group drill --dry-run
  drplan failover-group drill --yes --format markdown")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Standby site to rehearse [default: the first]
    #[arg(long, value_name = "SITE")]
    to: Option<String>,
    #[command(flatten)]
    common: RunOptions,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let errand = ProcedureRequest {
        verb: RunKind::Drill,
        how: FailoverMode::Planned,
        lost: &[],
        to: args.to.as_deref(),
        since: None,
        cause: IncidentCause::Lost,
        without: &[],
        accepted: Acceptance::default(),
        verify: &[],
        stack: &args.stack,
        common: &args.common,
        is_shown: false,
        restore: None,
    };
    carry_out(&errand, global, session)
}
