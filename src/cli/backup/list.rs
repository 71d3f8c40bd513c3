//! `drplan backup list`.

use super::read::report;
use super::{Common, TableFormat};
use crate::cli::{ExitCode, Failure, Global, Session, pretty};
use crate::view::backup as view;

/// List the recovery points of backups
///
/// Newest first: kind, time of the data, level of proof, and whether the point can be restored with all that it needs.
/// Exits 1 if a catalogue cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan backup list stacks/saas-three-sites
  drplan backup list stacks/saas-three-sites database --at 2026-11-29T00:00:00Z")]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let (text, is_whole) = report(&args.common, global, session, |report, session| {
        let text = match args.common.format {
            TableFormat::Text => view::list(report, session.table_width()),
            TableFormat::Json => pretty(&view::list_json(report)),
            TableFormat::Csv => view::list_csv(report),
        };
        (text, report.backups.iter().all(|one| one.set.is_ok()))
    })?;
    session.print(&text)?;
    Ok(if is_whole { ExitCode::Done } else { ExitCode::Failed })
}
