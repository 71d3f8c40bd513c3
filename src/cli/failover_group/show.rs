//! `drplan failover-group show`.

use std::path::PathBuf;

use super::{ExitCode, Failure, Format, Global, Session, ending, runs};
use crate::apply::FailoverRun;
use crate::cli::place::Place;
use crate::cli::pretty;
use crate::stack::CloudName;
use crate::view;

/// Show one run: each step, what came of it, and what it learnt
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group show last stacks/web-geo
  drplan failover-group show 1772352000000-5ce1 stacks/web-geo --format markdown > report.md")]
pub struct Args {
    /// The run: its id, the beginning or end of one, or `last`
    run: String,
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = Place::of(&args.stack, global, session)?;
    let run = runs::find(&place.store(global, session)?, &args.run)?;
    session.print(&shown(&run, place.cloud, args.format)?)?;
    Ok(ExitCode::Done)
}

/// A run in this format.
pub fn shown(run: &FailoverRun, cloud: CloudName, format: Format) -> Result<String, Failure> {
    let timeline = ending::timeline(run)?;
    Ok(match format {
        Format::Text => view::run::show(&timeline, cloud),
        Format::Json => pretty(&view::run_json::show(&timeline, cloud)),
        Format::Markdown => view::report::markdown(&timeline, &ending::chain(run)?, cloud)
            .map_err(|error| Failure::failed(error.to_string()))?,
    })
}
