//! `drplan kinds`.

use super::help::page_width;
use super::{ExitCode, Failure, OutputFormat, Session};
use crate::reference::blocks;
use crate::view::{Layout, kinds as view};

/// List kinds of resources and blocks of the language, or show one with its arguments
///
/// Shows every argument and nested block with its type and default, the attributes, and an example that loads. Names of
/// blocks work like names of kinds: stack, site, variable, failover_group, route, probe, step.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan kinds
  drplan kinds linux_virtual_machine_scale_set
  drplan kinds failover_group
  drplan kinds mssql_database --format json")]
pub struct Args {
    /// Kind or block [default: list all]
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

pub fn run(args: &Args, session: &mut Session) -> Result<ExitCode, Failure> {
    let layout = Layout { width: page_width(session), ..Layout::default() };
    let text = match (&args.name, args.format) {
        (None, OutputFormat::Text) => view::list(session.catalog, layout),
        (None, OutputFormat::Json) => super::pretty(&view::list_json(session.catalog)),
        (Some(name), format) => match (session.catalog.kind(name), blocks::find(name), format) {
            (Some(kind), _, OutputFormat::Text) => view::show(kind, layout),
            (Some(kind), _, OutputFormat::Json) => super::pretty(&view::json(kind)),
            (None, Some(block), OutputFormat::Text) => view::show_block(block, session.catalog, layout),
            (None, Some(block), OutputFormat::Json) => super::pretty(&view::block_json(block, session.catalog)),
            (None, None, _) => {
                let failure = Failure::failed(format!("there is no kind or block `{name}`"));
                return Err(match view::closest(session.catalog, name) {
                    Some(close) => failure.help(format!("Did you mean `{close}`?")),
                    None => failure.help("`drplan kinds` lists them all."),
                });
            }
        },
    };
    session.print(&text)?;
    Ok(ExitCode::Done)
}
