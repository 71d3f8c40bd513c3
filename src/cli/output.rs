//! `drplan output`.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::again::again;
use super::location::StackLocation;
use super::{ExitCode, Failure, Global, OutputFormat, Session, pretty};
use crate::address::is_identifier;
use crate::diagnostic::closest;
use crate::view::state as view;

/// Print the outputs of the last apply, or one of them
///
/// A single output is printed without quotes, for scripts. Sensitive outputs are not recorded and cannot be printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan output stacks/web-geo
  drplan output stacks/web-geo front_door
  drplan output front_door --format json")]
pub struct Args {
    /// Directory of the stack [default: .]; a name that is not a directory is taken as NAME
    stack: Option<PathBuf>,
    /// Name of an output [default: all]
    name: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let (stack, name) = positionals(args, session);
    let place = StackLocation::of(&stack, global, session)?;
    let outputs = place.state(global, session)?.map(|state| state.outputs).unwrap_or_default();
    let text = match (&name, args.format) {
        (None, OutputFormat::Text) => view::outputs(&outputs, session.width()),
        (None, OutputFormat::Json) => pretty(&json!({ "format_version": 1, "outputs": view::outputs_json(&outputs) })),
        (Some(name), format) => {
            let Some(value) = outputs.get(name) else {
                let failure = Failure::failed(format!("the state has no output `{name}`"));
                return Err(match closest(name, outputs.keys().map(String::as_str)) {
                    Some(close) => failure.help(format!("Did you mean `{close}`?")),
                    None => {
                        failure.help(format!("Outputs are recorded by apply: `{}`", again("apply", &stack, global)))
                    }
                });
            };
            match format {
                OutputFormat::Json => pretty(&json!({ "format_version": 1, "name": name, "value": value.json() })),
                OutputFormat::Text if crate::value::SealedValue::is_sensitive(value.json()) => {
                    return Err(Failure::failed(format!(
                        "the output `{name}` is sensitive: the state has only its digest"
                    )));
                }
                OutputFormat::Text => view::output(value) + "\n",
            }
        }
    };
    session.print(&text)?;
    Ok(ExitCode::Done)
}

/// `output NAME` is short for `output . NAME`.
fn positionals(args: &Args, session: &Session) -> (PathBuf, Option<String>) {
    let here = || Path::new(".").to_owned();
    match (&args.stack, &args.name) {
        (None, name) => (here(), name.clone()),
        (Some(only), None) if !session.path(only).is_dir() && only.to_str().is_some_and(is_identifier) => {
            (here(), only.to_str().map(str::to_owned))
        }
        (Some(stack), name) => (stack.clone(), name.clone()),
    }
}
