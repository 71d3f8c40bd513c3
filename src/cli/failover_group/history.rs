//! `drplan failover-group history`.

use std::path::PathBuf;

use super::{ExitCode, Failure, Global, Session, ending, runs};
use crate::cli::location::StackLocation;
use crate::cli::pretty;
use crate::steps::Timeline;
use crate::view;

/// List the runs of failover groups
///
/// For each run: command, mode, operator, outcome, and actual against predicted recovery time.
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
    let runs = runs::all(&store, args.group.as_deref())?;
    let runs: Vec<Timeline> = runs.iter().rev().map(ending::timeline).collect::<Result<_, _>>()?;
    session.print(&match args.format {
        crate::cli::OutputFormat::Text => view::run::history(&runs, session.table_width()),
        crate::cli::OutputFormat::Json => pretty(&view::run_json::history(&runs)),
    })?;
    Ok(ExitCode::Done)
}
