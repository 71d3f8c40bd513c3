//! `drplan destroy`.

use std::path::PathBuf;

use super::again::again;
use super::apply::{Order, carry_out};
use super::loading::load;
use super::plan::AcceptVanished;
use super::planning::Wanted;
use super::{ExitCode, Failure, Global, Session};
use crate::apply::Engine;

/// Delete everything that is recorded of a stack
///
/// In reverse order of what needs what. Refused as a whole where the stack says `prevent_destroy` of anything that would go.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan plan --destroy stacks/web-geo       look first
  drplan destroy stacks/web-geo")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    accepted: AcceptVanished,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let order = Order {
        stack: args.stack.clone(),
        loaded: load(&args.stack, global, session)?,
        wanted: Wanted {
            destroy: true,
            refresh: true,
            accept_vanished: args.accepted.sites.clone(),
            ..Wanted::default()
        },
        saved: None,
        yes: args.yes,
        engine: Engine::Direct,
        again: again("destroy", &args.stack, global),
    };
    carry_out(&order, global, session)
}
