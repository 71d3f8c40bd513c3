//! `drplan failover-group down`.

use std::path::PathBuf;

use super::begin::carry_out;
use super::{ExitCode, Failure, Global, MoveOptions, RunOptions, Session, all};
use crate::state::RunKind;

/// Fail back: move users and data to their permanent site
///
/// Waits until the replicas have caught up, so that no data is lost; the standby site serves users in the meantime.
/// Then switches data and traffic back, and deletes failover-only resources last. `--forced` is for the loss of the
/// site that users and data are at: it waits for nothing there, and loses what was not replicated.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group down --dry-run
  drplan failover-group down
  drplan failover-group down --forced --lost secondary --accept-data-loss 1m")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    moves: MoveOptions,
    #[command(flatten)]
    common: RunOptions,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let errand = args.moves.request(RunKind::Down, None, &args.stack, &args.common);
    if args.moves.all { all::carry_out(&errand, global, session) } else { carry_out(&errand, global, session) }
}
