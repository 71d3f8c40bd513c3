//! `drplan failover-group`: one file per subcommand.

mod abort;
mod approve;
mod carry;
mod down;
mod drill;
mod ending;
mod follow;
mod history;
mod prepare;
mod resume;
mod runs;
mod show;
mod status;
mod up;

use clap::{Subcommand, ValueEnum};

use super::{ExitCode, Failure, Global, Session};
use crate::apply::FailurePolicy;
use crate::cli::actor::By;

/// Fail over, fail back, and run drills
///
/// A failover group is the unit of failover: the data, routes and resources that move together. `up` moves it to the
/// recovery site, `down` moves it back, `drill` tests a failover in isolated copies. Each shows its steps before it
/// changes anything, and is carried out as a run with a journal: interrupted anywhere, `resume` continues it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group up --planned --dry-run            show the steps and the predicted recovery time
  drplan failover-group up --forced --lost primary --accept-data-loss 1m
  drplan failover-group status                            show progress, also from another terminal
  drplan failover-group down")]
pub struct Args {
    #[command(subcommand)]
    verb: FailoverGroupCommand,
}

#[derive(Debug, Subcommand)]
enum FailoverGroupCommand {
    Up(up::Args),
    Down(down::Args),
    Drill(drill::Args),
    Status(status::Args),
    History(history::Args),
    Show(show::Args),
    Resume(resume::Args),
    Abort(abort::Args),
    Approve(approve::Args),
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    match &args.verb {
        FailoverGroupCommand::Up(args) => up::run(args, global, session),
        FailoverGroupCommand::Down(args) => down::run(args, global, session),
        FailoverGroupCommand::Drill(args) => drill::run(args, global, session),
        FailoverGroupCommand::Status(args) => status::run(args, global, session),
        FailoverGroupCommand::History(args) => history::run(args, global, session),
        FailoverGroupCommand::Show(args) => show::run(args, global, session),
        FailoverGroupCommand::Resume(args) => resume::run(args, global, session),
        FailoverGroupCommand::Abort(args) => abort::run(args, global, session),
        FailoverGroupCommand::Approve(args) => approve::run(args, global, session),
    }
}

/// Flags that `up`, `down` and `drill` have in common.
#[derive(Debug, Clone, clap::Args)]
struct RunOptions {
    /// Failover group [default: the only one]
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Show the steps and preflight checks, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Start without asking for confirmation
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    by: By,
    /// Reaction to a failed step [default: ask on a terminal, else stop]
    #[arg(long, value_name = "ACTION", value_enum)]
    on_failure: Option<FailureAction>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
}

/// The values of `--on-failure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailureAction {
    /// Stop; `resume` continues
    Stop,
    /// Retry failed steps, up to three times
    Retry,
    /// Skip failed steps and continue; steps that move data are never skipped
    Skip,
    /// Roll back completed steps; not possible once data has moved
    Unwind,
}

impl From<FailureAction> for FailurePolicy {
    fn from(wanted: FailureAction) -> Self {
        match wanted {
            FailureAction::Stop => Self::Stop,
            FailureAction::Retry => Self::Retry(3),
            FailureAction::Skip => Self::Skip,
            FailureAction::Unwind => Self::Unwind,
        }
    }
}

pub(super) use prepare::history;

/// Output formats of procedures, runs, plans and differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ReviewFormat {
    /// For a terminal
    #[default]
    Text,
    /// For scripts
    Json,
    /// For pull requests
    Markdown,
}
