//! Carrying a run out at the command line: progress, Ctrl-C, what to do where a step fails, and the report.

use std::path::Path;

use super::runs::by;
use super::{ExitCode, Failure, Format, Global, Session, Wanted, ending};
use crate::apply::{FailoverRun, OnFailure, Onward, Party, Ports, RunError, Undertaken, may_be_skipped, undertake};
use crate::cli::again::again;
use crate::cli::apply::interrupted;
use crate::cli::cloud::Reached;
use crate::cli::progress::Shown;
use crate::failover::unwind;
use crate::host::HostCommands;
use crate::run::Stop;
use crate::stack::{CloudName, Stack};
use crate::steps::{Phase, Step, StepGraph};
use crate::store::LocalStore;

/// What a run is carried out with.
pub struct Carrying<'a> {
    /// The stack's directory.
    pub directory: &'a Path,
    /// The command, without its flags.
    pub command: &'a str,
    /// The stack.
    pub stack: &'a Stack,
    /// Where its state is kept.
    pub store: &'a LocalStore,
    /// The cloud.
    pub reached: &'a Reached,
    /// Its name.
    pub cloud: CloudName,
    /// What to do where a step fails; `None`: ask, or stop where nobody can be asked.
    pub on_failure: Option<Wanted>,
    /// The format of what is printed at the end.
    pub format: Format,
}

impl Carrying<'_> {
    /// Calls `f` with the ports of a run that is not under way yet.
    pub fn with_ports<T>(&self, session: &mut Session, f: impl FnOnce(Ports<'_>, &Path) -> T) -> Result<T, Failure> {
        let seal = self.store.seal(&*self.reached.ids)?;
        let (stop, commands) = (Stop::default(), self.commands(session));
        let shown = Shown::new(&StepGraph::default(), session);
        let ports = Ports {
            cloud: &self.reached.cloud,
            web: &*self.reached.web,
            commands: &commands,
            clock: &*self.reached.clock,
            ids: &*self.reached.ids,
            store: self.store,
            seal: &seal,
            watcher: &shown,
            stop: &stop,
        };
        Ok(f(ports, self.directory))
    }

    /// The programs of this machine, relative to the stack.
    fn commands(&self, session: &Session) -> HostCommands {
        HostCommands { root: session.path(self.directory), ..self.reached.commands.clone() }
    }

    /// Goes on with a run while it is shown, until it ends. What is under way when Ctrl-C is pressed is finished.
    pub async fn while_shown<T>(
        &self,
        graph: &StepGraph,
        global: &Global,
        session: &mut Session,
        work: impl AsyncFnOnce(Ports<'_>, Party<'_>) -> T,
    ) -> Result<T, Failure> {
        let seal = self.store.seal(&*self.reached.ids)?;
        let (stop, commands, by) = (Stop::default(), self.commands(session), by(self.command, session));
        let owns_process = session.owns_process;
        let approve = |run: &str, step: &str| {
            again(&format!("failover-group approve {run} {step} --by NAME"), self.directory, global)
        };
        let shown = Shown::new(graph, session);
        let ports = Ports {
            cloud: &self.reached.cloud,
            web: &*self.reached.web,
            commands: &commands,
            clock: &*self.reached.clock,
            ids: &*self.reached.ids,
            store: self.store,
            seal: &seal,
            watcher: &shown,
            stop: &stop,
        };
        let party = Party { by: &by, approve: &approve };
        Ok(tokio::select! {
            done = work(ports, party) => done,
            never = interrupted(&stop, &shown, owns_process) => match never {},
        })
    }
}

/// Carries a run out until it ends, asking where a step has failed and somebody can be asked.
pub async fn carry(
    carrying: &Carrying<'_>,
    run: &mut FailoverRun,
    onward: Onward,
    global: &Global,
    session: &mut Session,
) -> Result<ExitCode, Failure> {
    let resume = again("failover-group resume", carrying.directory, global);
    let abort = again("failover-group abort", carrying.directory, global);
    let on_failure = carrying.on_failure.map(OnFailure::from).unwrap_or_default();
    let mut onward = onward;
    loop {
        let graph = run.graph.clone();
        session.say(&format!("\nRun {}\n", run.id));
        let Undertaken { report, forward_only } = carrying
            .while_shown(&graph, global, session, async |ports, party| {
                undertake(run, carrying.stack, ports, party, onward, on_failure).await
            })
            .await?
            .map_err(|error| explained(error, &abort))?;
        let status = run.status()?;
        let asked = carrying.on_failure.is_none() && session.terminal.input && status.has_failed();
        if asked {
            session.say(&ending::failures(&run.graph, &report));
            if let Some(chosen) = ask(run, session)? {
                onward = chosen;
                continue;
            }
        }
        let text = ending::text(run, &report, &forward_only, carrying.cloud, &resume, &abort);
        match carrying.format {
            Format::Text => session.print(&text)?,
            Format::Json | Format::Markdown => {
                session.say(&text);
                session.print(&super::show::shown(run, carrying.cloud, carrying.format)?)?;
            }
        }
        ending::write_reports(run, carrying.store, carrying.cloud, session)?;
        return Ok(ending::exit(&ending::timeline(run)?));
    }
}

/// Asks what to do about what has failed; `None`: stop here.
fn ask(run: &FailoverRun, session: &mut Session) -> Result<Option<Onward>, Failure> {
    let status = run.status()?;
    let is_failed = |step: &&Step| matches!(status.phase(step.id), Some(Phase::Failed | Phase::Unknown));
    let failed: Vec<&Step> = run.graph.steps.iter().filter(is_failed).collect();
    let skippable = failed.iter().all(|step| may_be_skipped(step, &run.undertaking));
    let back = unwind(&run.graph, &status);
    let mut choices = vec!["[r]etry".to_owned()];
    if skippable {
        choices.push("[s]kip what has failed and go on".to_owned());
    }
    match &back {
        Ok(_) => choices.push("[u]nwind what was done".to_owned()),
        Err(forward) => {
            let names: Vec<&str> = forward.iter().map(|(step, _)| step.address.as_str()).collect();
            session.say(&format!("It cannot be unwound any more: {} only goes forward.\n", names.join(", ")));
        }
    }
    choices.push("[q]uit and resume later".to_owned());
    for _ in 0..3 {
        session.say(&format!("{}? ", choices.join(", ")));
        let mut answer = String::new();
        let read = session.input.read_line(&mut answer);
        read.map_err(|error| Failure::failed(format!("cannot read the answer: {error}")))?;
        match (answer.trim(), &back) {
            ("r" | "retry", _) => return Ok(Some(Onward::Resume)),
            ("s" | "skip", _) if skippable => {
                let steps = failed.iter().map(|step| step.id).collect();
                return Ok(Some(Onward::Skip(steps, "chosen at the terminal".to_owned())));
            }
            ("u" | "unwind", Ok(steps)) => {
                return Ok(Some(Onward::Extend(steps.clone(), "chosen at the terminal".to_owned())));
            }
            ("q" | "quit" | "", _) => return Ok(None),
            _ => {}
        }
    }
    Ok(None)
}

/// Why a run does not go on, with what to do about it.
pub fn explained(error: RunError, abort: &str) -> Failure {
    let what = error.to_string();
    match error {
        RunError::State(error) => error.into(),
        RunError::OtherStack(_) => Failure::refused(what)
            .help("Put the files of the stack and the values of its variables back as they were when it was started.")
            .help(format!("Then resume it, or give it up with `{abort}`.")),
        RunError::Corrupt(_) => Failure::wrong_file(what),
        RunError::NoRun(_) => Failure::failed(what).help("`drplan failover-group history` lists the runs."),
        RunError::Over(_) => Failure::refused(what),
        RunError::Nothing => Failure::refused(what),
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        explained(error, "drplan failover-group abort")
    }
}
