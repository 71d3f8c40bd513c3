//! `drplan emit`.

mod directory;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::loading::load_without_secrets;
use super::{ExitCode, Failure, Global, Session};
use crate::emit::{self, EmitResult, Options, Rename};
use crate::providers;
use crate::view::count;
use directory::Directory;

/// Arguments of `drplan emit`.
#[derive(Debug, clap::Args)]
#[command(about = about(), long_about = long_about(), after_help = "\
Examples:
  drplan emit terraform stacks/web-geo --vars stacks/web-geo/demo.vars.hcl --out terraform
  drplan emit terraform --out terraform --check
  drplan emit bicep stacks/hub-spoke --out bicep")]
pub struct Args {
    /// Target language
    #[arg(value_parser = languages())]
    language: String,
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Directory to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write nothing; show differences, and exit 2 if there are any
    #[arg(long, conflicts_with = "force")]
    check: bool,
    /// Write to a directory that holds other files or edited emitted files, and overwrite files of the same name
    #[arg(long)]
    force: bool,
    /// Write import blocks for the existing resources
    #[arg(long)]
    imports: bool,
}

/// The help in a line: `Convert a stack to Terraform, Bicep or CloudFormation`.
fn about() -> String {
    let own = providers::languages().filter_map(|language| language.about.split([',', ' ']).next());
    let all: Vec<&str> = std::iter::once("Terraform").chain(own).collect();
    match all.split_last() {
        Some((last, others)) if !others.is_empty() => format!("Convert a stack to {} or {last}", others.join(", ")),
        _ => format!("Convert a stack to {}", all.join(", ")),
    }
}

fn long_about() -> String {
    format!(
        "{}\n\nThe same stack gives the same bytes. Features that the language lacks are listed in the emitted README.md. \
         Sensitive variables need no values, and their values are never written.",
        about()
    )
}

/// The languages: Terraform, and those of the providers.
fn languages() -> PossibleValuesParser {
    let names = providers::catalog().providers().flat_map(|provider| provider.terraform).map(|provider| provider.name);
    let terraform = format!("Terraform, with its providers {}", names.collect::<Vec<_>>().join(", "));
    let terraform = PossibleValue::new("terraform").help(terraform);
    let own = providers::languages().map(|language| PossibleValue::new(language.name).help(language.about));
    std::iter::once(terraform).chain(own).collect::<Vec<_>>().into()
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load_without_secrets(&args.stack, global, session)?;
    let stack = loaded.evaluate(session)?;
    let language = providers::languages().find(|language| language.name == args.language);
    let EmitResult { files, limitations: unsaid, renames } = match language {
        None => emit::terraform(&stack, Options { imports: args.imports }),
        Some(language) if args.imports => {
            return Err(Failure::refused(language.no_imports).help("Remove --imports."));
        }
        Some(language) => (language.emit)(&stack).map_err(|wrong| loaded.wrong(wrong))?,
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
    for Rename { what, name } in &renames {
        session.say(&format!("{what} is {name} in the code: its own name is reserved or not unique there.\n"));
    }
    if !unsaid.is_empty() {
        let things = count(unsaid.len(), "feature that the language lacks", "features that the language lacks");
        session.say(&format!("{} lists {things}.\n", args.out.join("README.md").display()));
    }
    Ok(ExitCode::Done)
}
