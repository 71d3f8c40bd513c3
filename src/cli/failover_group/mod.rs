//! `drplan failover-group`: one file per subcommand.

mod abort;
mod all;
mod approve;
mod begin;
mod carry;
mod choice;
mod down;
mod drill;
mod ending;
mod follow;
mod history;
mod in_place;
mod prepare;
mod request;
mod resume;
mod revise;
mod runs;
mod show;
mod status;
mod up;
mod verify;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;

use self::request::ProcedureRequest;
use super::{ExitCode, Failure, Global, Session};
use crate::address::Address;
use crate::apply::FailurePolicy;
use crate::cli::actor::By;
use crate::duration;
use crate::roles::{FailoverMode, IncidentCause};
use crate::state::RunKind;
use crate::steps::Acceptance;

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
pub(super) struct RunOptions {
    /// Failover group [default: the only one]
    #[arg(long, value_name = "NAME", value_parser = crate::cli::group_name)]
    pub(super) group: Option<String>,
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

/// Flags of `up` and `down` about the sites, and what may be lost.
#[derive(Debug, Clone, clap::Args)]
struct MoveOptions {
    /// Planned: both sites are available, no data loss
    #[arg(long)]
    planned: bool,
    /// Forced: a site is lost. Takes over an unfinished run of the group
    #[arg(long, requires = "lost", conflicts_with = "planned")]
    forced: bool,
    /// Name of a lost site in the stack, or provider:NAME for all of its sites; repeat the flag for each
    #[arg(long, value_name = "SITE", requires = "forced", value_parser = crate::cli::site_name)]
    lost: Vec<String>,
    /// Start of the outage, for the recovery time in the report: a time, or a duration before now (20m)
    #[arg(long, value_name = "TIME", value_parser = Since::parse)]
    since: Option<Since>,
    /// Leave this replica behind, or this route unswitched
    #[arg(long, value_name = "ADDRESS")]
    without: Vec<Address>,
    /// Largest data loss (RPO) to accept: 30s, 5m
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    accept_data_loss: Option<Duration>,
    /// Accept that writes at the lost site cannot be blocked, so that both sites may take writes
    #[arg(long)]
    accept_split_brain: bool,
    /// Move every failover group of the stack that is active at the lost site; planned: every group that can move
    #[arg(long, conflicts_with = "group")]
    all: bool,
}

impl MoveOptions {
    /// The request with these flags.
    fn request<'a>(
        &'a self,
        verb: RunKind,
        to: Option<&'a str>,
        stack: &'a Path,
        common: &'a RunOptions,
    ) -> ProcedureRequest<'a> {
        ProcedureRequest {
            verb,
            how: if self.forced { FailoverMode::Forced } else { FailoverMode::Planned },
            lost: &self.lost,
            to,
            since: self.since,
            cause: IncidentCause::Lost,
            without: &self.without,
            accepted: Acceptance { data_loss: self.accept_data_loss, split_brain: self.accept_split_brain },
            verify: &[],
            stack,
            common,
            is_shown: false,
            restore: None,
        }
    }
}

/// The start of an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// At this time.
    At(Timestamp),
    /// This long ago.
    Ago(Duration),
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => fmt::Display::fmt(at, f),
            Self::Ago(span) => write!(f, "{}s", span.as_secs()),
        }
    }
}

impl Since {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let at = text.parse().map(Self::At);
        at.or_else(|_| duration::parse(text).map(Self::Ago))
            .map_err(|_| format!("`{text}` is neither a time, as in 2026-03-01T14:05:00Z, nor a duration, as in 20m"))
    }

    /// The time, given the current one.
    fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => now.checked_sub(span).unwrap_or(now),
        }
    }
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

pub(super) use in_place::restore_in_place;
pub(super) use prepare::history;
pub(super) use request::InPlaceRequest;
pub(super) use up::cause;
pub(super) use verify::verify;

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
