//! `drplan failover-group down`.

use std::path::PathBuf;

use super::prepare::{Errand, carry_out};
use super::{Common, ExitCode, Failure, Global, Session};
use crate::kinds::How;
use crate::state::Verb;
use crate::steps::Accepted;

/// Bring users and data back
///
/// Waits until the replicas have caught up, so that nothing is lost; the recovery site serves users meanwhile. Then moves data and users back, and
/// last deletes what stood only during the failover.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group down --dry-run
  drplan failover-group down")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let errand = Errand {
        verb: Verb::Down,
        how: How::Planned,
        lost: None,
        accepted: Accepted::default(),
        stack: &args.stack,
        common: &args.common,
    };
    carry_out(&errand, global, session)
}
