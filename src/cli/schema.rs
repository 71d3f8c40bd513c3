//! `drplan schema`.

use super::{ExitCode, Failure, Session};
use crate::diagnostic::closest;
use crate::reference::schemas;
use crate::view;

/// Print the JSON Schema of a document that drplan prints or writes
///
/// Every JSON document has a format_version. Its first number changes when a field is removed or changes its meaning.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan schema
  drplan schema plan > plan.schema.json")]
pub struct Args {
    /// Document [default: list all]
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub fn run(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let Some(name) = &args.name else {
        let rows: Vec<Vec<String>> =
            schemas::ALL.iter().map(|schema| vec![format!("  {}", schema.name), schema.from.to_owned()]).collect();
        session.print(&view::table(&rows, 2, session.table_width()))?;
        return Ok(ExitCode::Done);
    };
    let Some(schema) = schemas::find(name) else {
        let failure = Failure::failed(format!("there is no schema `{name}`"));
        return Err(match closest(name, schemas::ALL.iter().map(|schema| schema.name)) {
            Some(close) => failure.help(format!("Did you mean `{close}`?")),
            None => failure.help("`drplan schema` lists them all."),
        });
    };
    session.print(schema.text)?;
    Ok(ExitCode::Done)
}
