//! `drplan failover-group history`.

use std::path::PathBuf;

use super::{ExitCode, Failure, Global, Session, ending, runs};
use crate::cli::place::Place;
use crate::cli::pretty;
use crate::steps::Timeline;
use crate::view;

/// List the runs of failover groups
///
/// With what each was, who started it, how it ended, and how long it took against what was predicted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group history stacks/web-geo")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Only of this failover group
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: crate::cli::Format,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let store = Place::of(&args.stack, global, session)?.store(global, session)?;
    let runs = runs::all(&store, args.group.as_deref())?;
    let runs: Vec<Timeline> = runs.iter().rev().map(ending::timeline).collect::<Result<_, _>>()?;
    session.print(&match args.format {
        crate::cli::Format::Text => view::run::history(&runs),
        crate::cli::Format::Json => pretty(&view::run_json::history(&runs)),
    })?;
    Ok(ExitCode::Done)
}
