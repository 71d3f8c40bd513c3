//! `drplan failover-group`: one file for each verb.

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
use crate::apply::OnFailure;

/// Move users and data to the other site, bring them back, and prove that they could move
///
/// A failover group says what moves together. `up` moves it to the recovery site, `down` brings it back, `drill` proves on an ordinary day that
/// it could move. Each is compiled to steps that are shown before anything is done, and carried out as a run, which has a journal: kill it
/// anywhere, and `resume` goes on from there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group up --planned --dry-run            what would be done, and how long it takes
  drplan failover-group up --forced --lost primary --accept-data-loss 1m
  drplan failover-group status                            what goes on, also from another terminal
  drplan failover-group down")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
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
        Verb::Up(args) => up::run(args, global, session),
        Verb::Down(args) => down::run(args, global, session),
        Verb::Drill(args) => drill::run(args, global, session),
        Verb::Status(args) => status::run(args, global, session),
        Verb::History(args) => history::run(args, global, session),
        Verb::Show(args) => show::run(args, global, session),
        Verb::Resume(args) => resume::run(args, global, session),
        Verb::Abort(args) => abort::run(args, global, session),
        Verb::Approve(args) => approve::run(args, global, session),
    }
}

/// What `up`, `down` and `drill` take alike.
#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// The failover group; may be left out where the stack has one
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// What to do where a step fails [default: ask on a terminal, else stop]
    #[arg(long, value_name = "WHAT", value_enum)]
    on_failure: Option<Wanted>,
    /// The format of what is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The values of `--on-failure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wanted {
    /// Stop; `resume` goes on
    Stop,
    /// Try again what has failed, three times
    Retry,
    /// Go on without what has failed; never without what moves data
    Skip,
    /// Take back what was done; not once data has moved
    Unwind,
}

impl From<Wanted> for OnFailure {
    fn from(wanted: Wanted) -> Self {
        match wanted {
            Wanted::Stop => Self::Stop,
            Wanted::Retry => Self::Retry(3),
            Wanted::Skip => Self::Skip,
            Wanted::Unwind => Self::Unwind,
        }
    }
}

pub(super) use prepare::history;

/// The formats of what is reviewed: procedures, runs, plans and differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
    /// For reviews
    Markdown,
}
