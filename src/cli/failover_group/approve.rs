//! `drplan failover-group approve`.

use std::path::PathBuf;

use super::{ExitCode, Failure, Global, Session, runs};
use crate::apply::FailoverRun;
use crate::cli::again::again;
use crate::cli::place::Place;
use crate::steps::{Act, Approval, Phase, Step, Task};
use crate::world::Store;

/// Answer a step that waits for a person
///
/// The answer is kept beside the journal of the run, with who gave it and when. Then `resume` goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  drplan failover-group approve last step.agree --by \"Ann Lee\" stacks/web-geo")]
pub struct Args {
    /// The run: its id, the beginning or end of one, or `last`
    run: String,
    /// The step: its address, its name or its number
    step: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The stack's directory
    #[arg(default_value = ".")]
    stack: PathBuf,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let store = Place::of(&args.stack, global, session)?.store(global, session)?;
    let run = runs::find(&store, &args.run)?;
    if args.by.trim().is_empty() {
        return Err(Failure::failed("--by: an answer needs a name"));
    }
    if run.is_over() {
        return Err(Failure::refused(format!("run {} is over", run.id)));
    }
    let step = find(&run, &args.step)?;
    if run.status()?.phase(step.id) == Some(Phase::Succeeded) {
        return Err(Failure::refused(format!("{} is done already", step.address)));
    }
    let approval = Approval {
        step: step.address.clone(),
        by: args.by.clone(),
        at_host: runs::by("failover-group approve", session),
        at: session.clock.now(),
    };
    store.approve(&run.id, &approval)?;
    let resume = again("failover-group resume", &args.stack, global);
    session.print(&format!(
        "{} of run {} is approved by {}. Go on with:\n    {resume}\n",
        step.address, run.id, args.by
    ))?;
    Ok(ExitCode::Done)
}

/// The step that this names, among those that a person can answer.
fn find<'a>(run: &'a FailoverRun, name: &str) -> Result<&'a Step, Failure> {
    let answerable = |step: &&Step| matches!(&step.act, Act::Task(Task::Custom { .. } | Task::Reprotect));
    let named =
        |step: &&Step| step.address.as_str() == name || step.address.name() == name || step.id.0.to_string() == name;
    run.graph.steps.iter().filter(answerable).find(named).ok_or_else(|| {
        let steps = run.graph.steps.iter().filter(answerable);
        let names: Vec<&str> = steps.map(|step| step.address.as_str()).collect();
        let failure = Failure::failed(format!("run {} has no step `{name}` that a person answers", run.id));
        if names.is_empty() { failure } else { failure.help(format!("It has {}.", names.join(", "))) }
    })
}
