//! `drplan failover-group drill`.

use std::path::PathBuf;

use super::prepare::{Errand, carry_out};
use super::{Common, ExitCode, Failure, Global, Session};
use crate::kinds::How;
use crate::state::Verb;
use crate::steps::Accepted;

/// Prove on an ordinary day that the group could move
///
/// Does what `up` does in copies that neither users nor the data in use can reach, compares production before and after, and takes the copies
/// down. Nothing that cannot be undone is part of a drill.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group drill --dry-run
  drplan failover-group drill --yes --format markdown")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let errand = Errand {
        verb: Verb::Drill,
        how: How::Planned,
        lost: None,
        accepted: Accepted::default(),
        stack: &args.stack,
        common: &args.common,
    };
    carry_out(&errand, global, session)
}
