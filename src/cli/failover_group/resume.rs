//! `drplan failover-group resume`.

use std::path::{Path, PathBuf};

use super::carry::{RunEnvironment, carry, explained};
use super::prepare::{as_run, evaluate};
use super::revise::{Revised, revise};
use super::{ExitCode, Failure, FailureAction, Global, ReviewFormat, Session, follow};
use crate::apply::{Continuation, FailoverRun, RunError};
use crate::cli::account::Account;
use crate::cli::actor::By;
use crate::cli::again::{again_recorded, quoted};
use crate::cli::cloud::with_cloud;
use crate::cli::loading::{LoadedStack, load_recorded};
use crate::cli::location::{StackLocation, holder};
use crate::cli::planning::cloud_of;
use crate::state::{RunKind, StateError};
use crate::world::Store;

/// Resume a run that was stopped, failed, was killed or waits for an operator
///
/// Steps that were in progress are checked before anything is changed. The journal has the values of variables and
/// the files of `--vars`, so neither has to be given again. If the stack has changed since, the differences are shown,
/// and the remaining steps are planned again with the stack as it is now; completed steps stay as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group resume
  drplan failover-group resume --on-failure retry")]
pub struct Args {
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
    /// Failover group [default: the only one]
    #[arg(long, value_name = "NAME", value_parser = crate::cli::group_name)]
    group: Option<String>,
    /// Resume a run whose stack has changed without asking for confirmation
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    by: By,
    /// Reaction to a failed step [default: ask on a terminal, else stop]
    #[arg(long, value_name = "ACTION", value_enum)]
    on_failure: Option<FailureAction>,
    /// Output format at the end
    #[arg(long, value_enum, default_value_t)]
    format: ReviewFormat,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let place = StackLocation::of(&args.stack, global, session)?;
    let store = place.store(global, session)?;
    let under_way = || follow::under_way(&store, args.group.as_deref());
    let Some(run) = under_way()? else {
        session.print("There is no unfinished run to resume.\n")?;
        return Ok(ExitCode::Done);
    };
    let group = run.undertaking.group;
    let named = if args.group.is_some() { format!(" --group {}", quoted(&group)) } else { String::new() };
    let again = |verb: &str| again_recorded(&format!("failover-group {verb}{named}"), &args.stack, global);
    let under_way = || follow::under_way(&store, Some(&group));
    let _lock = match store.lock_group(&group, &holder("failover-group resume", session)) {
        Ok(lock) => lock,
        Err(locked @ StateError::Locked(_)) => {
            return match under_way()? {
                Some(run) => follow::follow(&run, &store, &again("resume"), session),
                None => Err(locked.into()),
            };
        }
        Err(other) => return Err(other.into()),
    };
    let (Some(mut run), Some(state)) = (under_way()?, store.load()?) else {
        session.print("There is no unfinished run to resume.\n")?;
        return Ok(ExitCode::Done);
    };
    let loaded = load_for(&run, &args.stack, global, session)?;
    let stack = as_run(evaluate(&loaded, &state, session)?, &run.undertaking.group, run.undertaking.verb, &state);
    with_cloud(&loaded.account, global, session, async |reached, session| {
        let carrying = RunEnvironment {
            directory: &args.stack,
            by: &args.by,
            loaded: &loaded,
            stack: &stack,
            store: &store,
            reached: &reached,
            on_failure: args.on_failure,
            format: args.format,
        };
        if run.is_of(&stack).is_ok() || run.is_unwinding() {
            return carry(&carrying, &mut run, Continuation::Resume, global, session).await;
        }
        // What a restore in place has left to do follows from its order alone.
        let of_stack = stack.failover_groups.get(group.as_str()).filter(|_| run.undertaking.verb != RunKind::Restore);
        let Some(of_stack) = of_stack else {
            return Err(explained(RunError::OtherStack(run.id.clone()), &again));
        };
        let again = again("resume");
        let confirm = (!args.yes).then_some(again.as_str());
        match revise(&carrying, &run, of_stack, &state, confirm, global, session).await? {
            Revised::Resume(revision) => {
                carry(&carrying, &mut run, Continuation::Revise(revision), global, session).await
            }
            Revised::Refused(exit) => Ok(exit),
        }
    })
}

/// The stack with the inputs that the journal of this run recorded.
pub fn load_for(run: &FailoverRun, dir: &Path, global: &Global, session: &Session) -> Result<LoadedStack, Failure> {
    let account = |program: &crate::stack::Program| Account::of(cloud_of(program, global), session);
    load_recorded(dir, run.inputs(), &format!("by run {}", run.id), account, global, session)
}
