//! `drplan show`.

use std::path::PathBuf;

use super::again::again_recorded;
use super::failover_group::ReviewFormat;
use super::plan::read;
use super::{ExitCode, Failure, Global, Session, pretty};
use crate::view::fit;

/// Show a saved plan
///
/// Prints the plan as it was reviewed when `drplan plan --out` saved it. Needs neither the stack nor the cloud.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan show today.plan
  drplan show today.plan --format json")]
pub struct Args {
    /// Saved plan
    #[arg(value_name = "PLANFILE")]
    file: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let saved = read(&args.file, session)?;
    let Some(rendered) = saved.rendered else {
        return Err(Failure::wrong_file(format!(
            "{} has format {}, which does not contain the plan itself",
            args.file.display(),
            saved.format_version
        ))
        .help(format!("It can still be applied: `{}`", again_recorded("apply", &args.file, global)))
        .help("To review it, save the plan again with `drplan plan --out FILE`."));
    };
    session.print(&match args.format {
        ReviewFormat::Text => fit(&rendered.text, session.width()),
        ReviewFormat::Json => pretty(&rendered.json),
        ReviewFormat::Markdown => rendered.markdown,
    })?;
    Ok(ExitCode::Done)
}
