//! `drplan emit`.

mod directory;

use std::path::PathBuf;

use clap::ValueEnum;

use super::loading::load;
use super::{ExitCode, Failure, Global, Session};
use crate::emit::{self, Emitted, Options};
use crate::view::count;
use directory::Directory;

/// Write a stack as code in another language, for people to keep
///
/// Terraform with the provider azurerm, or Bicep. The same stack gives the same bytes. What the language cannot say is listed in the emitted README.md, with
/// the reason. Values of sensitive variables are never written.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan emit terraform stacks/web-geo --vars stacks/web-geo/demo.vars.hcl --out terraform
  drplan emit terraform --out terraform --check
  drplan emit bicep stacks/hub-spoke --out bicep")]
pub struct Args {
    /// The language
    #[arg(value_enum)]
    language: Language,
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write nothing; say what differs, and exit 2 where something does
    #[arg(long, conflicts_with = "force")]
    check: bool,
    /// Write into a directory that holds other files, too, and over files of the same names and those that were changed since
    #[arg(long)]
    force: bool,
    /// Write blocks that import what drplan has made
    #[arg(long)]
    imports: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Terraform with the provider azurerm
    Terraform,
    /// Bicep, deployed to the subscription
    Bicep,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let stack = loaded.evaluate(session)?;
    let Emitted { files, unsaid } = match args.language {
        Language::Terraform => emit::terraform(&stack, Options { imports: args.imports }),
        Language::Bicep if args.imports => {
            return Err(Failure::refused(
                "Bicep imports nothing: what stands with the same name is taken over as it is deployed",
            )
            .help("Leave --imports out."));
        }
        Language::Bicep => emit::bicep(&stack),
    };
    let directory = Directory::open(&args.out, session)?;
    if args.check {
        return directory.check(&files, session);
    }
    if !args.force {
        directory.admits(&files, session)?;
    }
    directory.write(&files, session)?;
    for name in files.keys() {
        session.print(&format!("{}\n", args.out.join(name).display()))?;
    }
    if !unsaid.is_empty() {
        let things = count(unsaid.len(), "thing that it cannot say", "things that it cannot say");
        session.say(&format!("{} lists {things}.\n", args.out.join("README.md").display()));
    }
    Ok(ExitCode::Done)
}
