//! `drplan unlock`.

use std::path::PathBuf;

use super::place::Place;
use super::{ExitCode, Failure, Global, Session};

/// Clear what a command that died has left in the lock of the state
///
/// A dead command cannot keep the lock: its system lets go of it. What stays is the note of who held it, which this clears. The lock of a
/// command that still runs is never taken away.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan unlock stacks/web-geo")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = Place::of(&args.stack, global, session)?;
    match place.store(global, session)?.unlock()? {
        Some(holder) => session.print(&format!("cleared the lock of {holder}\n"))?,
        None => session.print("not locked\n")?,
    }
    Ok(ExitCode::Done)
}
