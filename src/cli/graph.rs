//! `drplan graph`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::loading::load;
use super::{ExitCode, Failure, Global, Session};
use crate::view::graph::{Picture, dot, mermaid, svg};

/// Draw what needs what: sites side by side, and what stands only while failed over dashed
///
/// A line leads from what needs to what is needed. In SVG, lines that follow from others are left out, and above 150 resources those of a
/// kind or of a resource group are drawn together.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan graph stacks/web-geo --format svg --out web-geo.svg
  drplan graph --format mermaid
  drplan graph | dot -Tpng > graph.png")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The formats of a graph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For Graphviz
    #[default]
    Dot,
    /// For pull requests and wikis
    Mermaid,
    /// A picture, for a browser
    Svg,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let stack = load(&args.stack, global, session)?.evaluate(session)?;
    let picture = Picture::of(&stack);
    let text = match args.format {
        Format::Dot => dot(&picture),
        Format::Mermaid => mermaid(&picture),
        Format::Svg => svg(&picture),
    };
    match &args.out {
        Some(file) => session.write_file(file, text.as_bytes())?,
        None => session.print(&text)?,
    }
    Ok(ExitCode::Done)
}
