//! Carrying a procedure out: a run that is begun, goes on after whatever stopped it, skips, or is unwound.
//!
//! The journal is the run: everything here can be made again from it, and nothing else is kept while the run is open. The snapshot of the state is
//! written once it is over.

use std::time::Duration;

use super::tasks::{Approve, Errand};
use super::{Ports, WIDTH, Worker};
use crate::failover::{Procedure, unwind};
use crate::run::{Report, Walk};
use crate::stack::{FailoverGroup, Stack};
use crate::state::{State, StateError, VERSION};
use crate::steps::{
    Corrupt, Ended, Entry, Event, Phase, RunStatus, Stage, Started, Step, StepEvent, StepGraph, StepId, Undertaking,
    replay_run,
};

/// The wait before a round of trying again what has failed; grows with each.
const PAUSE: Duration = Duration::from_secs(30);

/// Why a run cannot be begun or go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// State or journal cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// There is no such run, or it is none of a failover group.
    #[error("there is no failover run {0}")]
    NoRun(String),
    /// The journal is none.
    #[error("the journal of the run cannot be followed: {0}")]
    Corrupt(#[from] Corrupt),
    /// The run is over.
    #[error("run {0} is over")]
    Over(String),
    /// The stack is not what it was.
    #[error("the stack is not the one that run {0} was made from")]
    OtherStack(String),
    /// Nothing is recorded.
    #[error("nothing is recorded that could be failed over")]
    Nothing,
}

/// Who carries a run out, and how a person answers its steps.
#[derive(Clone, Copy)]
pub struct Party<'a> {
    /// User and host.
    pub by: &'a str,
    /// The command that answers a step: of the run and the step.
    pub approve: Approve<'a>,
}

/// What is done with a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Onward {
    /// It begins.
    Start,
    /// It goes on, and what has failed is tried again.
    Resume,
    /// It goes on without these steps; the words say why.
    Skip(Vec<StepId>, String),
    /// These steps come behind the others, which are left as they are; the words say why.
    Extend(Vec<Step>, String),
}

/// What is done where a step has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// The run stops.
    #[default]
    Stop,
    /// What has failed is tried again, in so many rounds.
    Retry(u32),
    /// What may be left out is.
    Skip,
    /// What was done is taken back.
    Unwind,
}

/// What came of carrying a run out.
#[derive(Debug, Clone, PartialEq)]
pub struct Undertaken {
    /// How far it came.
    pub report: Report,
    /// Where it was to be unwound and cannot be: the steps that only go forward, each with the reason.
    pub forward_only: Vec<(Step, String)>,
}

/// A failover run, as its journal has it so far.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverRun {
    /// Its id.
    pub id: String,
    /// What it undertakes.
    pub undertaking: Undertaking,
    /// Its steps, those that were added to it among them.
    pub graph: StepGraph,
    /// Its journal.
    pub journal: Vec<Entry>,
    started: Started,
}

impl FailoverRun {
    /// A run that carries this procedure out. Nothing is written before it goes on.
    ///
    /// # Errors
    /// Where it cannot be named.
    pub fn new(procedure: &Procedure, state: &State, ports: Ports<'_>, by: &str) -> Result<Self, RunError> {
        let id = ports.store.name_run(ports.clock.now(), &ports.ids.fresh())?;
        let undertaking = procedure.undertaking();
        let started = Started {
            version: VERSION,
            run: id.clone(),
            command: format!("failover-group {}", procedure.verb.as_str()),
            by: by.to_owned(),
            lineage: state.lineage.clone(),
            serial: state.serial,
            stack: procedure.stack.clone(),
            digest: procedure.basis.stack.clone(),
            steps: u32::try_from(procedure.steps.steps.len()).unwrap_or(u32::MAX),
            failover: Some(Box::new(undertaking.clone())),
        };
        Ok(Self { id, undertaking, graph: procedure.steps.clone(), journal: Vec::new(), started })
    }

    /// The run with this id, by its journal.
    ///
    /// # Errors
    /// Where there is none, or its journal cannot be followed.
    pub fn read(store: &dyn crate::world::Store, id: &str) -> Result<Self, RunError> {
        let journal = store.entries_of(id)?;
        let (graph, _) = match journal.first().map(|entry| &entry.event) {
            Some(Event::Started(Started { failover: Some(_), .. })) => replay_run(&journal)?,
            _ => return Err(RunError::NoRun(id.to_owned())),
        };
        match journal.first().map(|entry| entry.event.clone()) {
            Some(Event::Started(started)) => {
                let undertaking = started.failover.as_deref().cloned();
                let undertaking = undertaking.ok_or_else(|| RunError::NoRun(id.to_owned()))?;
                Ok(Self { id: id.to_owned(), undertaking, graph, journal, started })
            }
            _ => Err(RunError::NoRun(id.to_owned())),
        }
    }

    /// Where its steps are.
    ///
    /// # Errors
    /// Where its journal cannot be followed.
    pub fn status(&self) -> Result<RunStatus, RunError> {
        if self.journal.is_empty() {
            return Ok(RunStatus::new(&self.graph));
        }
        Ok(replay_run(&self.journal)?.1)
    }

    /// Whether it is over: done or given up.
    pub fn is_over(&self) -> bool {
        let over = |entry: &Entry| matches!(entry.event, Event::Ended(Ended::Done) | Event::Closed { .. });
        self.journal.last().is_some_and(over)
    }

    /// Whether it is being taken back, or its end is being recorded: what was added then is what is left to do.
    pub fn is_unwinding(&self) -> bool {
        self.journal.iter().any(|entry| matches!(entry.event, Event::Extended { .. }))
    }

    /// Whether it was made from this stack.
    ///
    /// # Errors
    /// Where it was not: nobody has said what its steps would do to another one.
    pub fn is_of(&self, stack: &Stack) -> Result<(), RunError> {
        if self.started.digest == stack.digest { Ok(()) } else { Err(RunError::OtherStack(self.id.clone())) }
    }

    /// Begins it or goes on, until it ends or nothing more can be done.
    ///
    /// # Errors
    /// Where it is over or the stack is another one; where journal or state cannot be written. Never because of a step.
    pub async fn go(
        &mut self,
        stack: &Stack,
        ports: Ports<'_>,
        party: Party<'_>,
        onward: Onward,
    ) -> Result<Report, RunError> {
        self.is_of(stack)?;
        if self.is_over() {
            return Err(RunError::Over(self.id.clone()));
        }
        let base = ports.store.load()?.ok_or(RunError::Nothing)?;
        let worker = self.worker(stack, &base, ports, party)?;
        let (graph, first) = self.onward(onward, party)?;
        let mut journal = ports.store.journal(&self.id)?;
        let walk = Walk {
            graph: &graph,
            journal: &mut *journal,
            actor: &worker,
            clock: ports.clock,
            stop: ports.stop,
            watcher: ports.watcher,
            width: WIDTH,
            halts: true,
        };
        let report = walk.go_on(&self.journal, first).await?;
        drop(journal);
        self.graph = graph;
        self.journal = ports.store.entries_of(&self.id)?;
        if report.ended == Some(Ended::Done) {
            self.save(stack, &worker, ports)?;
        }
        Ok(report)
    }

    /// Who does its steps.
    pub(super) fn worker<'a>(
        &self,
        stack: &'a Stack,
        base: &State,
        ports: Ports<'a>,
        party: Party<'a>,
    ) -> Result<Worker<'a>, RunError> {
        let objects = base.resources.values().flat_map(|recorded| &recorded.objects);
        let known = objects.filter(|object| object.within.is_none()).map(|object| object.id.clone()).collect();
        let lost = self.undertaking.lost.as_deref().and_then(|lost| stack.sites.get(lost));
        let errand = Errand {
            run: self.id.clone(),
            undertaking: self.undertaking.clone(),
            group: self.group(stack)?,
            lost: lost.map(|site| site.location.clone()),
            roles: base.roles.clone(),
            approve: party.approve,
        };
        Ok(Worker { errand: Some(errand), ..Worker::new(stack, base, known, ports) })
    }

    /// The failover group as the stack has it.
    pub(super) fn group<'a>(&self, stack: &'a Stack) -> Result<&'a FailoverGroup, RunError> {
        let group = stack.failover_groups.get(self.undertaking.group.as_str());
        group.ok_or_else(|| RunError::OtherStack(self.id.clone()))
    }

    /// The graph with which it goes on, and the events that say so.
    fn onward(&self, onward: Onward, party: Party<'_>) -> Result<(StepGraph, Vec<Event>), RunError> {
        let resumed = || Event::Resumed { by: party.by.to_owned() };
        Ok(match onward {
            Onward::Start => (self.graph.clone(), vec![Event::Started(self.started.clone())]),
            Onward::Resume => (self.graph.clone(), vec![resumed()]),
            Onward::Skip(steps, why) => {
                let skipped = steps.iter().filter_map(|id| self.graph.step(*id)).map(|step| Event::Step {
                    step: step.id,
                    address: step.address.clone(),
                    event: StepEvent::Skipped(format!("{}: {why}", party.by)),
                });
                (self.graph.clone(), std::iter::once(resumed()).chain(skipped).collect())
            }
            Onward::Extend(steps, why) => {
                let all = self.graph.steps.iter().chain(&steps).cloned().collect();
                let corrupt =
                    |e: crate::steps::NotAGraph| Corrupt { entry: self.journal.len() + 1, why: e.to_string() };
                let graph = StepGraph::new(all).map_err(corrupt)?;
                (graph, vec![Event::Extended { why: format!("{}: {why}", party.by), steps }])
            }
        })
    }

    /// Writes the snapshot that the run leaves.
    fn save(&self, stack: &Stack, worker: &Worker<'_>, ports: Ports<'_>) -> Result<(), StateError> {
        let Some(mut state) = ports.store.load()? else { return Ok(()) };
        state.serial += 1;
        let outputs = stack.resolve_outputs(&worker.knowledge());
        state.outputs =
            outputs.iter().map(|(name, output)| (name.to_string(), ports.seal.seal(&output.value))).collect();
        ports.store.save(&state)
    }

    /// Gives it up: writes down why, and the snapshot that it leaves.
    pub(super) fn close(&mut self, ports: Ports<'_>, party: Party<'_>, why: &str) -> Result<(), RunError> {
        let was_open = !self.is_over();
        let closed = Event::Closed { by: party.by.to_owned(), why: why.to_owned() };
        ports.store.journal(&self.id)?.append(&[Entry { at: ports.clock.now(), event: closed }])?;
        self.journal = ports.store.entries_of(&self.id)?;
        if let Some(mut state) = ports.store.load()?.filter(|_| was_open) {
            state.serial += 1;
            ports.store.save(&state)?;
        }
        Ok(())
    }
}

/// Carries a run out, and does what is wanted where a step fails.
///
/// # Errors
/// As for [`FailoverRun::go`].
pub async fn undertake(
    run: &mut FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Party<'_>,
    onward: Onward,
    on_failure: OnFailure,
) -> Result<Undertaken, RunError> {
    let mut report = run.go(stack, ports, party, onward).await?;
    let mut rounds = 0;
    loop {
        let status = run.status()?;
        if !status.has_failed() || report.ended == Some(Ended::Done) || ports.stop.is_requested() {
            return Ok(Undertaken { report, forward_only: Vec::new() });
        }
        let next = match on_failure {
            // What takes a run back is tried again by `resume` or `abort`, and not taken back itself.
            OnFailure::Unwind if run.is_unwinding() => None,
            OnFailure::Stop => None,
            OnFailure::Retry(most) if rounds < most => {
                rounds += 1;
                ports.clock.sleep(PAUSE * rounds).await;
                Some(Onward::Resume)
            }
            OnFailure::Retry(_) => None,
            OnFailure::Skip => {
                let failed = failed(&run.graph, &status);
                let all = failed.iter().all(|step| may_be_skipped(step, &run.undertaking));
                all.then(|| Onward::Skip(failed.iter().map(|step| step.id).collect(), "--on-failure skip".to_owned()))
            }
            OnFailure::Unwind => match unwind(&run.graph, &status) {
                Ok(steps) => {
                    let report =
                        run.go(stack, ports, party, Onward::Extend(steps, "a step has failed".to_owned())).await?;
                    return Ok(Undertaken { report, forward_only: Vec::new() });
                }
                Err(forward_only) => return Ok(Undertaken { report, forward_only }),
            },
        };
        match next {
            Some(onward) => report = run.go(stack, ports, party, onward).await?,
            None => return Ok(Undertaken { report, forward_only: Vec::new() }),
        }
    }
}

/// The steps that have failed, or whose outcome is not known.
fn failed<'a>(graph: &'a StepGraph, status: &RunStatus) -> Vec<&'a Step> {
    let is_failed = |step: &&Step| matches!(status.phase(step.id), Some(Phase::Failed | Phase::Unknown));
    graph.steps.iter().filter(is_failed).collect()
}

/// Whether the others may go on without a step. Data that has not moved, a side that has not caught up and roles that are not recorded are never
/// passed over, and a fence only where it was accepted that both sides may take writes.
pub fn may_be_skipped(step: &Step, undertaking: &Undertaking) -> bool {
    match step.stage {
        Stage::Promote | Stage::CatchUp | Stage::Record => false,
        Stage::Fence => undertaking.accepted.split_brain,
        Stage::Plan | Stage::Quiesce | Stage::StandUp | Stage::Probe | Stage::Route | Stage::Step | Stage::TakeDown => {
            true
        }
    }
}
