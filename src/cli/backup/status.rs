//! `drplan backup status`.

use super::read::report;
use super::{Common, TableFormat};
use crate::cli::{ExitCode, Failure, Global, Session, pretty};
use crate::view::backup as view;

/// Show the newest restorable point of each backup, its age, place and predicted restore time
///
/// Judges the catalogues: data older than the RPO, overdue runs, broken chains, gaps in the log, backups that were
/// never restored. Exits 1 if a restore would fail or lose more than the stack permits.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan backup status stacks/saas-three-sites
  drplan backup status stacks/saas-three-sites --format json")]
pub struct Args {
    #[command(flatten)]
    common: Common,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let (text, fails) = report(&args.common, global, session, |report, session| {
        let judged = report.judged();
        let text = match args.common.format {
            TableFormat::Text => view::status(report, &judged, session.layout(global)),
            TableFormat::Json => pretty(&view::status_json(report, &judged)),
            TableFormat::Csv => view::status_csv(report, &judged),
        };
        (text, judged.iter().any(view::JudgedBackup::fails))
    })?;
    session.print(&text)?;
    Ok(if fails { ExitCode::Failed } else { ExitCode::Done })
}
