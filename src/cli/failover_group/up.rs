//! `drplan failover-group up`.

use std::path::PathBuf;
use std::time::Duration;

use super::prepare::{ProcedureRequest, carry_out};
use super::{ExitCode, Failure, Global, RunOptions, Session};
use crate::duration;
use crate::kinds::FailoverMode;
use crate::state::RunKind;
use crate::steps::Acceptance;

/// Fail over: move users and data to the recovery site
///
/// `--planned` needs both sites, waits for replication and loses no data. `--forced` abandons a lost site: no step
/// depends on it, and writes that were not replicated are lost. The expected data loss is measured where the data
/// store reports it, and must be accepted. The steps are shown first; type the name of the group to confirm. A second
/// `up` during a run follows that run.
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
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Planned failover: both sites are available, no data loss
    #[arg(long)]
    planned: bool,
    /// Forced failover: a site is lost
    #[arg(long, requires = "lost")]
    forced: bool,
    /// Name of the lost site in the stack
    #[arg(long, value_name = "SITE", requires = "forced")]
    lost: Option<String>,
    /// Largest data loss (RPO) to accept: 30s, 5m
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    accept_data_loss: Option<Duration>,
    /// Accept that writes at the lost site cannot be blocked, so that both sites may take writes
    #[arg(long)]
    accept_split_brain: bool,
    #[command(flatten)]
    common: RunOptions,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let errand = ProcedureRequest {
        verb: RunKind::Up,
        how: if args.forced { FailoverMode::Forced } else { FailoverMode::Planned },
        lost: args.lost.clone(),
        accepted: Acceptance { data_loss: args.accept_data_loss, split_brain: args.accept_split_brain },
        stack: &args.stack,
        common: &args.common,
    };
    carry_out(&errand, global, session)
}
