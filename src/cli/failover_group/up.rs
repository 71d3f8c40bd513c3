//! `drplan failover-group up`.

use std::path::PathBuf;

use super::begin::carry_out;
use super::request::ProcedureRequest;
use super::{ExitCode, Failure, Global, MoveOptions, RunOptions, Session, all};
use crate::roles::IncidentCause;
use crate::state::RunKind;

/// Fail over: move users and data to a standby site
///
/// `--planned` needs both sites, waits for replication and loses no data. `--forced` abandons a lost site: no step
/// depends on it, and writes that were not replicated are lost. The expected data loss is measured where the data
/// store reports it, and must be accepted. The steps are shown first; type the name of the group to confirm. A second
/// `up` during a run follows that run; `up --forced` takes over a run that has stopped.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("mode").required(true).args(["planned", "forced"])),
    after_help = "\
Examples:
  drplan failover-group up --planned --dry-run
  drplan failover-group up --planned --yes
  drplan failover-group up --forced --lost primary --accept-data-loss 1m
  drplan failover-group up --planned --to cold --cause corrupt --since 2h --accept-data-loss 1d
  drplan failover-group up --all --forced --lost primary --accept-data-loss 1m --yes
  drplan failover-group up --group web --planned --on-failure unwind"
)]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Standby site to move to [default: the first that is not lost]
    #[arg(long, value_name = "SITE", value_parser = crate::cli::site_name)]
    to: Option<String>,
    /// Cause of the incident. `corrupt`: replicas are damaged as well, and a cold site restores a point from before
    /// `--since`; without it, the newest but one
    #[arg(long, value_name = "CAUSE", default_value = "lost", value_parser = cause)]
    cause: IncidentCause,
    #[command(flatten)]
    moves: MoveOptions,
    #[command(flatten)]
    common: RunOptions,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let errand = args.moves.request(RunKind::Up, args.to.as_deref(), &args.stack, &args.common);
    let errand = ProcedureRequest { cause: args.cause, ..errand };
    if args.moves.all { all::carry_out(&errand, global, session) } else { carry_out(&errand, global, session) }
}

/// The cause with this name.
pub(in crate::cli) fn cause(text: &str) -> Result<IncidentCause, String> {
    let all = [IncidentCause::Lost, IncidentCause::Corrupt];
    all.into_iter().find(|cause| cause.as_str() == text).ok_or_else(|| "write `lost` or `corrupt`".to_owned())
}
