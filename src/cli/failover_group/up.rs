//! `drplan failover-group up`.

use std::path::PathBuf;
use std::time::Duration;

use super::prepare::{Errand, carry_out};
use super::{Common, ExitCode, Failure, Global, Session};
use crate::duration;
use crate::kinds::How;
use crate::state::Verb;
use crate::steps::Accepted;

/// Move users and data to the recovery site
///
/// With `--planned` both sites answer, and nothing is lost. With `--forced` one site is given up, and no step depends on it: what was written
/// last and has not arrived at the other site is lost. How much that is is measured where the store tells it, and has to be accepted. The steps
/// are shown before anything is done; typing the name of the group confirms. A second `up` while one is under way shows that one.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("mode").required(true).args(["planned", "forced"])),
    after_help = "\
Examples:
  drplan failover-group up --planned --dry-run
  drplan failover-group up --planned --yes
  drplan failover-group up --forced --lost primary --accept-data-loss 1m
  drplan failover-group up --group web --planned --on-failure unwind"
)]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Both sites answer: nothing is lost
    #[arg(long)]
    planned: bool,
    /// A site is given up
    #[arg(long, requires = "lost")]
    forced: bool,
    /// The site that is given up, as the stack names it
    #[arg(long, value_name = "SITE", requires = "forced")]
    lost: Option<String>,
    /// Accept the loss of writes as old as this and newer, as in 30s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    accept_data_loss: Option<Duration>,
    /// Accept that the old side cannot be fenced, nor is known to be dead, and that both sides may take writes
    #[arg(long)]
    accept_split_brain: bool,
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let errand = Errand {
        verb: Verb::Up,
        how: if args.forced { How::Forced } else { How::Planned },
        lost: args.lost.clone(),
        accepted: Accepted { data_loss: args.accept_data_loss, split_brain: args.accept_split_brain },
        stack: &args.stack,
        common: &args.common,
    };
    carry_out(&errand, global, session)
}
