//! `drplan failover-group history`.

use std::path::PathBuf;

use super::runs::{self, RecordedRuns};
use super::{ExitCode, Failure, Global, Session, ending};
use crate::cli::location::StackLocation;
use crate::cli::pretty;
use crate::steps::Timeline;
use crate::view;

/// List the runs of failover groups
///
/// For each run: command, mode, operator, outcome, and actual against predicted recovery time. Runs whose journal is
/// damaged or missing are named; the exit code is then 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group history stacks/web-geo")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Only runs of this failover group
    #[arg(long, value_name = "NAME", value_parser = crate::cli::group_name)]
    group: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: crate::cli::OutputFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let store = StackLocation::of(&args.stack, global, session)?.store(global, session)?;
    let RecordedRuns { readable, unreadable } = runs::all(&store, args.group.as_deref())?;
    let runs: Vec<Timeline> = readable.iter().rev().map(ending::timeline).collect::<Result<_, _>>()?;
    let unreadable: Vec<(&str, &str)> =
        unreadable.iter().rev().map(|run| (run.run.as_str(), run.why.as_str())).collect();
    session.print(&match args.format {
        crate::cli::OutputFormat::Text => view::run_show::history(&runs, &unreadable, session.table_width()),
        crate::cli::OutputFormat::Json => pretty(&view::run_json::history(&runs, &unreadable)),
    })?;
    Ok(if unreadable.is_empty() { ExitCode::Done } else { ExitCode::Failed })
}
