//! `drplan validate`.

use std::path::PathBuf;

use super::loading::load;
use super::{ExitCode, Failure, Format, Global, Session, pretty};
use crate::diagnostic::{Diagnostics, Sources};
use crate::stack::Stack;
use crate::view::count;
use crate::view::diagnostics::json;

/// Check a stack without looking at any state or cloud
///
/// Everything that is wrong is said at once, each with its place and what to write instead. Rules of disaster recovery are checked, too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan validate stacks/web-geo --vars prod.vars.hcl
  drplan validate --format json")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let found = match look(args, global, session) {
        Ok(found) => Ok(found),
        Err(Failure::Wrong(wrong, sources)) => Err((wrong, sources)),
        Err(other) => return Err(other),
    };
    match (found, args.format) {
        (Ok((stack, warnings, sources)), Format::Text) => {
            session.say_diagnostics(&warnings, &sources);
            session.print(&format!("{}\n", summary(&stack, &warnings)))?;
            Ok(ExitCode::Done)
        }
        (Err((wrong, sources)), Format::Text) => Err(Failure::Wrong(wrong, sources)),
        (Ok((_, found, sources)), Format::Json) => print_json(&found, &sources, ExitCode::Done, session),
        (Err((found, sources)), Format::Json) => print_json(&found, &sources, ExitCode::StackWrong, session),
    }
}

fn look(args: &Args, global: &Global, session: &Session) -> Result<(Stack, Diagnostics, Sources), Failure> {
    let loaded = load(&args.stack, global, session)?;
    let (stack, warnings) = loaded.look()?;
    Ok((stack, warnings, loaded.sources))
}

fn print_json(
    found: &Diagnostics,
    sources: &Sources,
    exit: ExitCode,
    session: &mut Session,
) -> Result<ExitCode, Failure> {
    session.print(&pretty(&json(found, sources)))?;
    Ok(exit)
}

fn summary(stack: &Stack, warnings: &Diagnostics) -> String {
    let resources = count(stack.resources.len(), "resource", "resources");
    let sites = count(stack.sites.len(), "site", "sites");
    let groups = count(stack.failover_groups.len(), "failover group", "failover groups");
    let warnings = match warnings.len() {
        0 => String::new(),
        number => format!(", with {}", count(number, "warning", "warnings")),
    };
    format!("{} is valid: {resources} at {sites}, {groups}{warnings}.", stack.name)
}
