//! `drplan graph`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::loading::load_without_secrets;
use super::{ExitCode, Failure, Global, Session};
use crate::view::graph::{Picture, PictureDetail, dot, mermaid, svg};
use crate::visible::shown;

/// Draw the recovery of a stack: sites side by side, replication, routes, failover-only resources
///
/// The home site is on the left, standby sites are on the right. Resources of one role share a cell with their
/// number, as `network ×6`; replicated stores have cells of their own. Arrows show replication with its objective
/// (RPO), image copies, and the site that serves users in normal operation and after `failover-group up`. Steps of
/// `up` are listed below. `--all` draws each resource. DOT and Mermaid then have arrows from each resource to its
/// dependencies; SVG shows them on hover.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan graph stacks/web-geo --format svg --out web-geo.svg
  drplan graph --format mermaid
  drplan graph --all --format svg --out everything.svg
  drplan graph | dot -Tpng > graph.png")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Draw each resource instead of one cell per role
    #[arg(long)]
    all: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: GraphFormat,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Format of a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    /// For Graphviz
    #[default]
    Dot,
    /// For pull requests and wikis
    Mermaid,
    /// For browsers and documents
    Svg,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let stack = load_without_secrets(&args.stack, global, session)?.evaluate(session)?;
    let detail = if args.all { PictureDetail::All } else { PictureDetail::Recovery };
    let picture = Picture::of(&stack, detail);
    let text = match args.format {
        GraphFormat::Dot => dot(&picture),
        GraphFormat::Mermaid => mermaid(&picture),
        GraphFormat::Svg => svg(&picture),
    };
    match &args.out {
        Some(file) => session.write_file(file, shown(&text).as_bytes())?,
        None => session.print(&text)?,
    }
    Ok(ExitCode::Done)
}
