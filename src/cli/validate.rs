//! `drplan validate`.

use std::path::PathBuf;

use super::loading::load_without_secrets;
use super::{ExitCode, Failure, Global, OutputFormat, Session, pretty};
use crate::diagnostic::{Diagnostics, Sources};
use crate::stack::Stack;
use crate::view::count;
use crate::view::diagnostics::json;

/// Validate a stack, without state or cloud
///
/// Reports all errors at once, each with its position and a fix, and checks the rules of disaster recovery. Sensitive
/// variables need no values.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan validate stacks/web-geo --vars prod.vars.hcl
  drplan validate --format json")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let found = match look(args, global, session) {
        Ok(found) => Ok(found),
        Err(Failure::Wrong(wrong, sources)) => Err((wrong, sources)),
        Err(other) => return Err(other),
    };
    match (found, args.format) {
        (Ok((stack, warnings, sources)), OutputFormat::Text) => {
            session.say_diagnostics(&warnings, &sources);
            session.print(&format!("{}\n", summary(&stack, &warnings)))?;
            Ok(ExitCode::Done)
        }
        (Err((wrong, sources)), OutputFormat::Text) => Err(Failure::Wrong(wrong, sources)),
        (Ok((_, found, sources)), OutputFormat::Json) => print_json(&found, &sources, ExitCode::Done, session),
        (Err((found, sources)), OutputFormat::Json) => print_json(&found, &sources, ExitCode::StackWrong, session),
    }
}

fn look(args: &Args, global: &Global, session: &Session) -> Result<(Stack, Diagnostics, Sources), Failure> {
    let loaded = load_without_secrets(&args.stack, global, session)?;
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
    let backups = match stack.backups.len() {
        0 => String::new(),
        number => format!(", {}", count(number, "backup", "backups")),
    };
    let warnings = match warnings.len() {
        0 => String::new(),
        number => format!(", with {}", count(number, "warning", "warnings")),
    };
    format!("{} is valid: {resources} at {sites}, {groups}{backups}{warnings}.", stack.name)
}
