//! `drplan failover-group resume`.

use std::path::PathBuf;

use super::carry::{Carrying, carry, explained};
use super::prepare::{as_run, evaluate};
use super::{ExitCode, Failure, Format, Global, Session, Wanted, follow};
use crate::apply::Onward;
use crate::cli::again::again;
use crate::cli::cloud::with_cloud;
use crate::cli::loading::load;
use crate::cli::place::holder;
use crate::cli::planning::store_of;
use crate::state::StateError;
use crate::world::Store;

/// Go on with a run that stopped, failed, was killed or waits for a person
///
/// What was under way is looked at before anything is done. Refused where the stack is not the one that the run was made from.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group resume
  drplan failover-group resume --on-failure retry")]
pub struct Args {
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// The failover group; may be left out
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// What to do where a step fails [default: ask on a terminal, else stop]
    #[arg(long, value_name = "WHAT", value_enum)]
    on_failure: Option<Wanted>,
    /// The format of what is printed at the end
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let loaded = load(&args.stack, global, session)?;
    let cloud = loaded.account.cloud;
    let store = store_of(&loaded.program, cloud, global, session)?;
    let under_way = || follow::under_way(&store, args.group.as_deref());
    if under_way()?.is_none() {
        session.print("There is no run to resume.\n")?;
        return Ok(ExitCode::Done);
    }
    let _lock = match store.lock(&holder("failover-group resume", session)) {
        Ok(lock) => lock,
        Err(locked @ StateError::Locked(_)) => {
            return match under_way()? {
                Some(run) => {
                    follow::follow(&run, &store, &again("failover-group resume", &args.stack, global), session)
                }
                None => Err(locked.into()),
            };
        }
        Err(other) => return Err(other.into()),
    };
    let (Some(mut run), Some(state)) = (under_way()?, store.load()?) else {
        session.print("There is no run to resume.\n")?;
        return Ok(ExitCode::Done);
    };
    let stack = as_run(evaluate(&loaded, &state, session)?, &run.undertaking.group, run.undertaking.verb, &state);
    run.is_of(&stack).map_err(|error| explained(error, &again("failover-group abort", &args.stack, global)))?;
    with_cloud(&loaded.account, global, session, async |reached, session| {
        let carrying = Carrying {
            directory: &args.stack,
            command: "failover-group resume",
            stack: &stack,
            store: &store,
            reached: &reached,
            cloud,
            on_failure: args.on_failure,
            format: args.format,
        };
        carry(&carrying, &mut run, Onward::Resume, global, session).await
    })
}
