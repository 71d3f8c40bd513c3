//! A run at the command line: progress, Ctrl-C, failed steps and the report.

use std::path::Path;
use std::time::Duration;

use super::choice::of_group;
use super::request::acceptance_flags;
use super::{ExitCode, Failure, FailureAction, Global, ReviewFormat, Session, ending};
use crate::apply::{
    Continuation, FailoverRun, FailurePolicy, Operator, Ports, RunError, RunOutcome, may_be_skipped, undertake,
};
use crate::cli::actor::By;
use crate::cli::again::{again as command_again, again_recorded, quoted, withheld_hint};
use crate::cli::apply::interrupted;
use crate::cli::cloud::CloudConnection;
use crate::cli::loading::LoadedStack;
use crate::cli::overdue::overdue_advice;
use crate::cli::progress::ProgressView;
use crate::failover::{flags, unwind};
use crate::run::StopSignal;
use crate::stack::{CloudName, Stack};
use crate::state::RunKind;
use crate::steps::{Acceptance, Phase, Step, StepGraph};
use crate::store::LocalStore;
use crate::view::fit;
use crate::view::overdue::AdviceLine;

/// The parts that a run is carried out with.
pub struct RunEnvironment<'a> {
    /// The stack's directory.
    pub directory: &'a Path,
    /// The operator.
    pub by: &'a By,
    /// The stack as it was read.
    pub loaded: &'a LoadedStack,
    /// The stack as the run sees it.
    pub stack: &'a Stack,
    /// The store of its state.
    pub store: &'a LocalStore,
    /// The cloud.
    pub reached: &'a CloudConnection,
    /// The reaction to a failed step; `None`: ask on a terminal, else stop.
    pub on_failure: Option<FailureAction>,
    /// The format of the output at the end.
    pub format: ReviewFormat,
}

impl RunEnvironment<'_> {
    /// The name of the cloud.
    pub const fn cloud(&self) -> CloudName {
        self.loaded.account.cloud
    }

    /// Calls `f` with the ports of a run that has not started.
    pub fn with_ports<T>(&self, session: &mut Session, f: impl FnOnce(Ports<'_>, &Path) -> T) -> Result<T, Failure> {
        let seal = self.store.seal(&*self.reached.ids)?;
        let stop = StopSignal::default();
        let shown = ProgressView::new(&StepGraph::default(), self.cloud(), session);
        let ports = Ports {
            cloud: &self.reached.cloud,
            web: &*self.reached.web,
            commands: &*self.reached.commands,
            clock: &*self.reached.clock,
            ids: &*self.reached.ids,
            store: self.store,
            seal: &seal,
            watcher: &shown,
            stop: &stop,
        };
        Ok(f(ports, self.directory))
    }

    /// Shows the progress of `work` until it ends. Ctrl-C finishes the steps in progress.
    pub async fn while_shown<T>(
        &self,
        graph: &StepGraph,
        global: &Global,
        session: &mut Session,
        work: impl AsyncFnOnce(Ports<'_>, Operator<'_>) -> T,
    ) -> Result<T, Failure> {
        let seal = self.store.seal(&*self.reached.ids)?;
        let (stop, by) = (StopSignal::default(), self.by.actor(session));
        let owns_process = session.owns_process;
        let approve = |run: &str, step: &str| {
            again_recorded(&format!("failover-group approve {run} {}", quoted(step)), self.directory, global)
        };
        let status = again_recorded("failover-group status", self.directory, global);
        let objects = self.stack.resources.iter().map(|(address, resource)| (address, resource.objects.as_slice()));
        let next = vec![
            AdviceLine::Words(
                "If the sites respond, and how to abort this run or take it over, from another terminal:".to_owned(),
            ),
            AdviceLine::Command(status),
        ];
        let shown = ProgressView::new(graph, self.cloud(), session)
            .with_advice(overdue_advice(objects, self.cloud(), session.catalog, global), next);
        let ports = Ports {
            cloud: &self.reached.cloud,
            web: &*self.reached.web,
            commands: &*self.reached.commands,
            clock: &*self.reached.clock,
            ids: &*self.reached.ids,
            store: self.store,
            seal: &seal,
            watcher: &shown,
            stop: &stop,
        };
        let party = Operator { by: &by, approve: &approve };
        Ok(tokio::select! {
            done = work(ports, party) => done,
            never = interrupted(&stop, &shown, owns_process) => match never {},
        })
    }
}

/// Carries a run out until it ends. On a terminal, asks what to do about a failed step.
pub async fn carry(
    carrying: &RunEnvironment<'_>,
    run: &mut FailoverRun,
    onward: Continuation,
    global: &Global,
    session: &mut Session,
) -> Result<ExitCode, Failure> {
    let group = run.undertaking.group.clone();
    let again = |verb: &str| again_recorded(&of_group(verb, &group, carrying.stack), carrying.directory, global);
    let (resume, abort) = (again("resume"), again("abort"));
    let on_failure = carrying.on_failure.map(FailurePolicy::from).unwrap_or_default();
    let mut onward = onward;
    loop {
        let graph = run.graph.clone();
        session.say(&format!("\nRun {}\n", run.id));
        let RunOutcome { report, forward_only } = carrying
            .while_shown(&graph, global, session, async |ports, party| {
                undertake(run, carrying.stack, ports, party, onward, on_failure).await
            })
            .await?
            .map_err(|error| explained(error, &again))?;
        let status = run.status()?;
        let asked = carrying.on_failure.is_none() && session.terminal.input && status.has_failed();
        if asked {
            session.say(&ending::failures(&run.graph, &report));
            if let Some(chosen) = ask(run, session)? {
                onward = chosen;
                continue;
            }
        }
        let accept = ending::unaccepted_loss(run, &report)
            .map(|loss| (loss, command_again(&accepting(run, loss, carrying.stack), carrying.directory, global)));
        let text = ending::text(run, &report, &forward_only, carrying.cloud(), &resume, &abort, accept);
        let mut text = fit(&text, session.width());
        if !run.is_over() {
            text += &withheld_hint(global);
        }
        match carrying.format {
            ReviewFormat::Text => session.print(&text)?,
            ReviewFormat::Json | ReviewFormat::Markdown => {
                session.say(&text);
                session.print(&super::show::shown(run, carrying.cloud(), carrying.format, session.layout(global))?)?;
            }
        }
        session.say_diagnostics(&run.output_errors, &carrying.loaded.sources);
        ending::write_reports(run, carrying.store, carrying.cloud(), session)?;
        return Ok(ending::exit(&ending::timeline(run)?));
    }
}

/// Asks what to do about failed steps; `None`: stop here.
fn ask(run: &FailoverRun, session: &mut Session) -> Result<Option<Continuation>, Failure> {
    let status = run.status()?;
    let is_failed = |step: &&Step| matches!(status.phase(step.id), Some(Phase::Failed | Phase::Unknown));
    let failed: Vec<&Step> = run.graph.steps.iter().filter(is_failed).collect();
    let skippable = failed.iter().all(|step| may_be_skipped(step, &run.undertaking));
    let back = unwind(&run.graph, &status);
    let mut choices = vec!["[r]etry".to_owned()];
    if skippable {
        choices.push("[s]kip failed steps and continue".to_owned());
    }
    match &back {
        Ok(_) => choices.push("[u]nwind (roll back completed steps)".to_owned()),
        Err(forward) => {
            let names: Vec<&str> = forward.iter().map(|(step, _)| step.address.as_str()).collect();
            session.say(&format!("Rollback is not possible: {} cannot be undone.\n", names.join(", ")));
        }
    }
    choices.push("[q]uit and resume later".to_owned());
    for _ in 0..3 {
        session.say(&format!("{}? ", choices.join(", ")));
        let mut answer = String::new();
        let read = session.input.read_line(&mut answer);
        read.map_err(|error| Failure::failed(format!("cannot read the answer: {error}")))?;
        match (answer.trim(), &back) {
            ("r" | "retry", _) => return Ok(Some(Continuation::Resume)),
            ("s" | "skip", _) if skippable => {
                let steps = failed.iter().map(|step| step.id).collect();
                return Ok(Some(Continuation::Skip(steps, "chosen at the terminal".to_owned())));
            }
            ("u" | "unwind", Ok(steps)) => {
                return Ok(Some(Continuation::Extend(steps.clone(), "chosen at the terminal".to_owned())));
            }
            ("q" | "quit" | "", _) => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

/// The command that takes a forced run over and accepts this data loss.
fn accepting(run: &FailoverRun, loss: Duration, stack: &Stack) -> String {
    let spec = &run.undertaking;
    let mut words = of_group(spec.verb.as_str(), &spec.group, stack) + " --forced" + &flags(&spec.lost);
    if spec.verb == RunKind::Up {
        words += &format!(" --to {}", quoted(&spec.arriving));
    }
    words + &acceptance_flags(Acceptance { data_loss: Some(loss), ..spec.accepted })
}

/// The reason why a run does not continue, with the next step. `again` completes a verb of `failover-group`.
pub fn explained(error: RunError, again: &dyn Fn(&str) -> String) -> Failure {
    let what = error.to_string();
    match error {
        RunError::State(error) => error.into(),
        RunError::OtherStack(_) => Failure::refused(what)
            .help("Restore the stack's files and the values of its variables as they were when the run started.")
            .help(format!("Then resume the run, or abort it with `{}`.", again("abort"))),
        RunError::Corrupt(_) => Failure::wrong_file(what),
        RunError::NoRun(_) => Failure::failed(what).help(format!("List the runs: `{}`", again("history"))),
        RunError::Unfinished(_) | RunError::Held { .. } => Failure::refused(what)
            .help(format!("Show it: `{}`", again("status")))
            .help(format!("Resume it: `{}`", again("resume")))
            .help(format!("Abort it: `{}`", again("abort"))),
        RunError::Changed(_) => Failure::refused(format!("{what}; nothing was changed"))
            .help("Run the command again: it plans from the state as it is now."),
        RunError::Over(_) | RunError::Nothing => Failure::refused(what),
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        explained(error, &|verb| format!("drplan failover-group {verb}"))
    }
}
