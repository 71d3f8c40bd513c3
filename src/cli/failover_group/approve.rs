//! `drplan failover-group approve`.

use std::path::PathBuf;

use super::{ExitCode, Failure, Global, Session, runs};
use crate::apply::FailoverRun;
use crate::cli::actor::By;
use crate::cli::again::{again_recorded, quoted};
use crate::cli::location::StackLocation;
use crate::steps::{Act, Approval, Phase, Step, Task};
use crate::world::Store;

/// Approve a step that waits for an operator
///
/// The approval is kept with the journal of the run: who gave it, on which host, and when. `resume` then continues
/// the run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group approve last step.agree stacks/web-geo
  drplan failover-group approve last step.agree --by \"Ann Lee\" stacks/web-geo")]
pub struct Args {
    /// Run: its id, the beginning or end of one, or `last`
    run: String,
    /// Step: its address, name or number
    step: String,
    #[command(flatten)]
    by: By,
    /// Directory of the stack
    #[arg(default_value = ".")]
    stack: PathBuf,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let store = StackLocation::of(&args.stack, global, session)?.store(global, session)?;
    let history = again_recorded("failover-group history", &args.stack, global);
    let run = runs::find(&store, &args.run, &history)?;
    if run.is_over() {
        return Err(Failure::refused(format!("run {} is finished", run.id)));
    }
    let step = find(&run, &args.step)?;
    if run.status()?.phase(step.id) == Some(Phase::Succeeded) {
        return Err(Failure::refused(format!("{} is already done", step.address)));
    }
    let by = args.by.name(session);
    let approval = Approval {
        step: step.address.clone(),
        by: by.clone(),
        at_host: By::default().actor(session),
        at: session.clock.now(),
    };
    store.approve(&run.id, &approval)?;
    let is_only = store.load()?.is_none_or(|state| state.roles.open.len() <= 1);
    let group = if is_only { String::new() } else { format!(" --group {}", quoted(&run.undertaking.group)) };
    let resume = again_recorded(&format!("failover-group resume{group}"), &args.stack, global);
    session
        .print(&format!("{by} approved {} of run {}. Resume the run with:\n    {resume}\n", step.address, run.id))?;
    Ok(ExitCode::Done)
}

/// The step of this name, among those that an operator can approve.
fn find<'a>(run: &'a FailoverRun, name: &str) -> Result<&'a Step, Failure> {
    let answerable =
        |step: &&Step| matches!(&step.act, Act::Task(Task::Custom { .. } | Task::Reprotect | Task::Restore(_)));
    let named = |step: &&Step| {
        step.address.as_str() == name || step.address.own_name() == name || step.id.0.to_string() == name
    };
    run.graph.steps.iter().filter(answerable).find(named).ok_or_else(|| {
        let steps = run.graph.steps.iter().filter(answerable);
        let names: Vec<&str> = steps.map(|step| step.address.as_str()).collect();
        let failure = Failure::failed(format!("run {} has no step `{name}` that an operator can approve", run.id));
        if names.is_empty() { failure } else { failure.help(format!("It has {}.", names.join(", "))) }
    })
}
