//! `drplan failover-group show`.

use std::path::PathBuf;

use super::{ExitCode, Failure, Global, ReviewFormat, Session, ending, runs};
use crate::apply::FailoverRun;
use crate::cli::again::again_recorded;
use crate::cli::location::StackLocation;
use crate::cli::pretty;
use crate::stack::CloudName;
use crate::view;

/// Show one run: every step with its outcome and observations
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group show last stacks/web-geo
  drplan failover-group show 1772352000000-5ce1 stacks/web-geo --format markdown > report.md")]
pub struct Args {
    /// Run: its id, the beginning or end of one, or `last`
    run: String,
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = StackLocation::of(&args.stack, global, session)?;
    let history = again_recorded("failover-group history", &args.stack, global);
    let run = runs::find(&place.store(global, session)?, &args.run, &history)?;
    session.print(&shown(&run, place.cloud, args.format, session.layout(global))?)?;
    Ok(ExitCode::Done)
}

/// A run in one of the formats.
pub fn shown(
    run: &FailoverRun,
    cloud: CloudName,
    format: ReviewFormat,
    layout: view::Layout,
) -> Result<String, Failure> {
    let timeline = ending::timeline(run)?;
    Ok(match format {
        ReviewFormat::Text => view::run_show::show(&timeline, cloud, layout),
        ReviewFormat::Json => pretty(&view::run_json::show(&timeline, cloud)),
        ReviewFormat::Markdown => view::report::markdown(&timeline, None, &ending::chain(run)?, cloud)
            .map_err(|error| Failure::failed(error.to_string()))?,
    })
}
