//! `drplan backup restore`.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::{here_or, is_name};
use crate::cli::failover_group::{InPlaceRequest, RunOptions, Since, cause, restore_in_place};
use crate::cli::{ExitCode, Failure, Global, Session};
use crate::duration;
use crate::roles::IncidentCause;

/// Restore a backup in place: its volume or its machine is made again, without a move
///
/// The ways to get the data back are shown first, with the loss and the time of each. The one that loses least is
/// taken, or that of `--rung`. A new machine takes the volume of the old one; or the volume is made again of a
/// snapshot; or the machine is deleted, created again, and restores its backups when it starts: the newest point, or an
/// older one with `--rung 5`, `--at` or `--cause corrupt`. All that the machine lists in `restores` comes back then.
/// Data written after the point are lost, which must be accepted; type the name of the group to confirm. `drplan
/// failover-group resume` continues a run that was stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan backup restore stacks/saas-three-sites database --dry-run
  drplan backup restore database --accept-data-loss 1d --yes
  drplan backup restore database --rung 2 --accept-data-loss 6h
  drplan backup restore database --cause corrupt --since 2h --accept-data-loss 2d")]
pub struct Args {
    /// Directory of the stack [default: .]; a name that is not a directory is taken as NAME
    #[arg(required = true)]
    stack: Option<PathBuf>,
    /// Name of the backup
    #[arg(value_name = "NAME")]
    backup: Option<String>,
    /// Cause of the incident. `corrupt`: replicas are damaged as well, and points from before `--since` are trusted;
    /// without it, all but the newest
    #[arg(long, value_name = "CAUSE", default_value = "lost", value_parser = cause)]
    cause: IncidentCause,
    /// Start of the damage: a time, or a duration before now (20m)
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Option<Since>,
    /// Restore the data as of this time: later points do not count
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Way to get the data back: 1, the volume; 2, a snapshot of it; 4, the newest point; 5, the one before it. 3, the
    /// replica, prints the move to run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=5))]
    rung: Option<u8>,
    /// Largest data loss (RPO) to accept: 30s, 5m
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    accept_data_loss: Option<Duration>,
    #[command(flatten)]
    common: RunOptions,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let names: Vec<String> = args.backup.iter().cloned().collect();
    let (stack, names) = here_or(args.stack.as_ref(), &names, session);
    let Some(name) = names.into_iter().next().filter(|name| is_name(name)) else {
        return Err(Failure::failed("which backup is to be restored?")
            .help("Name it: `drplan backup restore STACK NAME`. `drplan backup list` shows all."));
    };
    let request =
        InPlaceRequest { backup: name.strip_prefix("backup.").unwrap_or(&name), at: args.at, rung: args.rung };
    restore_in_place((&stack, request), (args.cause, args.since, args.accept_data_loss), &args.common, global, session)
}
