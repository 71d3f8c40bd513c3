//! `drplan kinds`.

use super::{ExitCode, Failure, Session};
use crate::kinds;
use crate::view::kinds as view;

/// List the kinds of resources, or say what can be written in a block of one
///
/// The documentation comes from the same table that types the stack, plans and talks to Azure, so it cannot be out of date.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan kinds
  drplan kinds linux_virtual_machine_scale_set
  drplan kinds mssql_database --format json")]
pub struct Args {
    /// The kind; without it, all are listed
    #[arg(value_name = "KIND")]
    name: Option<String>,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: super::Format,
}

pub fn run(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let text = match (&args.name, args.format) {
        (None, super::Format::Text) => view::list(),
        (None, super::Format::Json) => super::pretty(&kinds::ALL.iter().map(|kind| view::json(kind)).collect()),
        (Some(name), format) => {
            let Some(kind) = kinds::find(name) else {
                let failure = Failure::failed(format!("there is no kind `{name}`"));
                return Err(match view::closest(name) {
                    Some(close) => failure.help(format!("Did you mean `{close}`?")),
                    None => failure.help("`drplan kinds` lists them all."),
                });
            };
            match format {
                super::Format::Text => view::show(kind),
                super::Format::Json => super::pretty(&view::json(kind)),
            }
        }
    };
    session.print(&text)?;
    Ok(ExitCode::Done)
}
