//! `drplan failover-group down`.

use std::path::PathBuf;

use super::prepare::{ProcedureRequest, carry_out};
use super::{ExitCode, Failure, Global, RunOptions, Session};
use crate::kinds::FailoverMode;
use crate::state::RunKind;
use crate::steps::Acceptance;

/// Fail back: move users and data to their permanent site
///
/// Waits until the replicas have caught up, so that no data is lost; the recovery site serves users in the meantime.
/// Then switches data and traffic back, and deletes failover-only resources last.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group down --dry-run
  drplan failover-group down")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    common: RunOptions,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let errand = ProcedureRequest {
        verb: RunKind::Down,
        how: FailoverMode::Planned,
        lost: None,
        accepted: Acceptance::default(),
        stack: &args.stack,
        common: &args.common,
    };
    carry_out(&errand, global, session)
}
