//! `drplan unlock`.

use std::path::PathBuf;

use super::location::StackLocation;
use super::{ExitCode, Failure, Global, Session};

/// Clear the lock of a command that was killed
///
/// The operating system releases the lock of a killed process; this clears the note about its holder. The lock of a
/// running command is never removed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan unlock stacks/web-geo")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = StackLocation::of(&args.stack, global, session)?;
    let cleared = place.store(global, session)?.unlock()?;
    if cleared.is_empty() {
        session.print("The state is not locked.\n")?;
    }
    for holder in cleared {
        session.print(&format!("Cleared the lock of {holder}.\n"))?;
    }
    Ok(ExitCode::Done)
}
