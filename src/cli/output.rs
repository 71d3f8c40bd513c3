//! `drplan output`.

use std::path::{Path, PathBuf};

use super::place::Place;
use super::{ExitCode, Failure, Format, Global, Session, pretty};
use crate::address::is_identifier;
use crate::diagnostic::closest;
use crate::view::state as view;

/// Print the outputs of the last apply, or one of them
///
/// One output by itself is printed as it is, without quotes, for use in scripts. A sensitive output is not kept and so cannot be printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan output stacks/web-geo
  drplan output stacks/web-geo front_door
  drplan output front_door --format json")]
pub struct Args {
    /// The stack's directory [default: .]; a name that is no directory is taken as NAME
    stack: Option<PathBuf>,
    /// The output; without it, all are printed
    name: Option<String>,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let (stack, name) = positionals(args, session);
    let place = Place::of(&stack, global, session)?;
    let outputs = place.state(global, session)?.map(|state| state.outputs).unwrap_or_default();
    let text = match (&name, args.format) {
        (None, Format::Text) => view::outputs(&outputs),
        (None, Format::Json) => pretty(
            &outputs
                .iter()
                .map(|(name, value)| (name.clone(), value.json().clone()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        ),
        (Some(name), format) => {
            let Some(value) = outputs.get(name) else {
                let failure = Failure::failed(format!("the last apply recorded no output `{name}`"));
                return Err(match closest(name, outputs.keys().map(String::as_str)) {
                    Some(close) => failure.help(format!("Did you mean `{close}`?")),
                    None => failure.help("Outputs are recorded by `drplan apply`."),
                });
            };
            match format {
                Format::Json => pretty(value.json()),
                Format::Text if crate::value::Sealed::is_sensitive(value.json()) => {
                    return Err(Failure::failed(format!(
                        "the output `{name}` is sensitive: only a digest of it is kept"
                    )));
                }
                Format::Text => view::output(value) + "\n",
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
