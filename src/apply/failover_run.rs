//! Execution of a procedure: a run that starts, resumes after an interruption, skips steps, or rolls back.
//!
//! The journal is the run: everything here is derived from it, and nothing else is kept while the run is unfinished.
//! The snapshot of the state is written at its end, from the state as other runs have left it by then.

use std::time::Duration;

use jiff::Timestamp;

use super::details::{ApprovalCommand, RunDetails, RunGroup};
use super::{Ports, WIDTH, Worker, sealed_outputs};
use crate::address::Address;
use crate::diagnostic::Diagnostics;
use crate::failover::{Procedure, unwind};
use crate::object::ObjectId;
use crate::plan::knowledge;
use crate::run::{Report, Walk};
use crate::stack::{RecordedInputs, Stack};
use crate::state::{RunKind, State, StateError, VERSION};
use crate::steps::{
    Act, Corrupt, Entry, Event, Phase, RunEnd, RunSpec, RunStart, RunStatus, RunText, Stage, Step, StepEvent,
    StepGraph, StepId, replay_run,
};

/// The wait before failed steps are tried again; increases with each round.
const PAUSE: Duration = Duration::from_secs(30);

/// Reasons why a run cannot begin or resume.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The state or the journal cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The run does not exist, or is not a failover run.
    #[error("failover run {0} does not exist")]
    NoRun(String),
    /// The journal is damaged.
    #[error("the journal of the run cannot be replayed: {0}")]
    Corrupt(#[from] Corrupt),
    /// The run is over.
    #[error("run {0} is over")]
    Over(String),
    /// The stack has changed.
    #[error("the stack has changed since run {0} began")]
    OtherStack(String),
    /// The failover group has another unfinished run.
    #[error("run {0} of this failover group is unfinished")]
    Unfinished(String),
    /// An unfinished run of another failover group works on the same resource.
    #[error("run {run} of failover group {group} is unfinished, and both work on {address}")]
    Held {
        /// The run.
        run: String,
        /// Its failover group.
        group: String,
        /// The first resource that both work on.
        address: Address,
    },
    /// The state that the steps were planned from has changed.
    #[error("the state has changed since the steps were planned: {0}")]
    Changed(String),
    /// Nothing is recorded.
    #[error("the state is empty: there is nothing to fail over")]
    Nothing,
}

/// The operator of a run, and the command that answers its steps.
#[derive(Clone, Copy)]
pub struct Operator<'a> {
    /// User and host.
    pub by: &'a str,
    /// The command that answers a step, given the run and the step.
    pub approve: ApprovalCommand<'a>,
}

/// The way a run proceeds.
#[derive(Debug, Clone, PartialEq)]
pub enum Continuation {
    /// Start.
    Start,
    /// Resume, and try failed steps again.
    Resume,
    /// Resume without these steps, with the reason.
    Skip(Vec<StepId>, String),
    /// Resume with a stack that has changed.
    Revise(Box<Revision>),
    /// Add these steps after the others, which stay as they are; with the reason.
    Extend(Vec<Step>, String),
}

/// A change of the stack during a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// The digest of the stack.
    pub digest: String,
    /// The differences, a line each.
    pub differences: Vec<String>,
    /// The configuration that the run depends on from now on.
    pub text: RunText,
    /// The steps that take the place of the unfinished ones. Empty where the unfinished ones stay.
    pub steps: Vec<Step>,
}

/// The policy for failed steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailurePolicy {
    /// Stop the run.
    #[default]
    Stop,
    /// Try failed steps again, in this many rounds.
    Retry(u32),
    /// Skip the steps that may be skipped.
    Skip,
    /// Roll the run back.
    Unwind,
}

/// The outcome of a failover run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutcome {
    /// Its progress.
    pub report: Report,
    /// The irreversible steps, each with the reason, where a rollback was wanted and is impossible.
    pub forward_only: Vec<(Step, String)>,
}

/// A failover run, as recorded in its journal so far.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverRun {
    /// The run id.
    pub id: String,
    /// Its specification.
    pub undertaking: RunSpec,
    /// Its steps, including those added later.
    pub graph: StepGraph,
    /// Its journal.
    pub journal: Vec<Entry>,
    pub(super) started: RunStart,
    /// The state that it was planned from; `None` once it has begun.
    pub(super) planned_from: Option<Box<State>>,
    /// Errors of outputs of the stack whose values are known at its end. The state has the other outputs.
    pub output_errors: Diagnostics,
}

impl FailoverRun {
    /// A new run of this procedure. Nothing is written before it proceeds.
    ///
    /// # Errors
    /// Where no name can be found for it.
    pub fn new(procedure: &Procedure, state: &State, ports: Ports<'_>, by: &str) -> Result<Self, RunError> {
        let id = ports.store.name_run(ports.clock.now(), &ports.ids.fresh())?;
        let undertaking = procedure.undertaking();
        let started = RunStart {
            version: VERSION,
            run: id.clone(),
            command: match procedure.verb {
                RunKind::Restore => "backup restore".to_owned(),
                verb => format!("failover-group {}", verb.as_str()),
            },
            by: by.to_owned(),
            lineage: state.lineage.clone(),
            serial: state.serial,
            stack: procedure.stack.clone(),
            digest: procedure.basis.stack.clone(),
            steps: u32::try_from(procedure.steps.steps.len()).unwrap_or(u32::MAX),
            inputs: RecordedInputs::default(),
            failover: Some(Box::new(undertaking.clone())),
        };
        let planned_from = Some(Box::new(state.clone()));
        Ok(Self {
            id,
            undertaking,
            graph: procedure.steps.clone(),
            journal: Vec::new(),
            started,
            planned_from,
            output_errors: Diagnostics::new(),
        })
    }

    /// Records the start of the outage, and the unfinished run that this one takes over.
    #[must_use]
    pub fn with_outage(mut self, since: Option<Timestamp>, supersedes: Option<String>) -> Self {
        self.undertaking.since = since;
        self.undertaking.supersedes = supersedes;
        self.started.failover = Some(Box::new(self.undertaking.clone()));
        self
    }

    /// Records the inputs of the stack in its journal, so that it can be resumed without giving them again.
    #[must_use]
    pub fn with_inputs(mut self, inputs: RecordedInputs) -> Self {
        self.started.inputs = inputs;
        self
    }

    /// Records the configuration that it depends on, so that a change of the stack can be shown.
    #[must_use]
    pub fn with_text(mut self, text: RunText) -> Self {
        self.undertaking.text = text;
        self.started.failover = Some(Box::new(self.undertaking.clone()));
        self
    }

    /// The configuration that it depends on: of its start, or of the last change of the stack.
    pub fn text(&self) -> &RunText {
        let revised = self.journal.iter().rev().find_map(|entry| match &entry.event {
            Event::Revised { text, .. } => Some(text),
            _ => None,
        });
        revised.unwrap_or(&self.undertaking.text)
    }

    /// The digest of the stack that it was made from, or resumed with last.
    fn digest(&self) -> &str {
        let revised = self.journal.iter().rev().find_map(|entry| match &entry.event {
            Event::Revised { digest, .. } => Some(digest),
            _ => None,
        });
        revised.unwrap_or(&self.started.digest)
    }

    /// The inputs of the stack when it was started.
    pub const fn inputs(&self) -> &RecordedInputs {
        &self.started.inputs
    }

    /// The run with this id, from its journal.
    ///
    /// # Errors
    /// Where it does not exist, or its journal cannot be replayed.
    pub fn read(store: &dyn crate::world::Store, id: &str) -> Result<Self, RunError> {
        let journal = store.entries_of(id)?;
        let damaged = |corrupt: Corrupt| StateError::Damaged {
            file: format!("runs/{id}.jsonl"),
            what: format!("{corrupt}; move the file away, then run `drplan refresh`, which reads the resources again"),
        };
        let (graph, _) = match journal.first().map(|entry| &entry.event) {
            Some(Event::Started(RunStart { failover: Some(_), .. })) => replay_run(&journal).map_err(damaged)?,
            _ => return Err(RunError::NoRun(id.to_owned())),
        };
        match journal.first().map(|entry| entry.event.clone()) {
            Some(Event::Started(started)) => {
                let undertaking = started.failover.as_deref().cloned();
                let undertaking = undertaking.ok_or_else(|| RunError::NoRun(id.to_owned()))?;
                Ok(Self {
                    id: id.to_owned(),
                    undertaking,
                    graph,
                    journal,
                    started,
                    planned_from: None,
                    output_errors: Diagnostics::new(),
                })
            }
            _ => Err(RunError::NoRun(id.to_owned())),
        }
    }

    /// The progress of its steps.
    ///
    /// # Errors
    /// Where its journal cannot be replayed.
    pub fn status(&self) -> Result<RunStatus, RunError> {
        if self.journal.is_empty() {
            return Ok(RunStatus::new(&self.graph));
        }
        Ok(replay_run(&self.journal)?.1)
    }

    /// True once the run is done or aborted.
    pub fn is_over(&self) -> bool {
        let over = |entry: &Entry| matches!(entry.event, Event::Ended(RunEnd::Done) | Event::Closed { .. });
        self.journal.last().is_some_and(over)
    }

    /// True while the run rolls back or its end is recorded: then only the added steps remain.
    pub fn is_unwinding(&self) -> bool {
        self.journal.iter().any(|entry| matches!(entry.event, Event::Extended { .. }))
    }

    /// Checks that the run was made from this stack.
    ///
    /// # Errors
    /// Where it was not: the effect of its steps on another stack is unknown.
    pub fn is_of(&self, stack: &Stack) -> Result<(), RunError> {
        if self.digest() == stack.digest { Ok(()) } else { Err(RunError::OtherStack(self.id.clone())) }
    }

    /// Starts or resumes the run, until it ends or nothing more can be done. A rollback follows the journal, whatever
    /// the stack has become.
    ///
    /// # Errors
    /// Where it is over or the stack has changed; where journal or state cannot be written. Never because of a step.
    pub async fn go(
        &mut self,
        stack: &Stack,
        ports: Ports<'_>,
        party: Operator<'_>,
        onward: Continuation,
    ) -> Result<Report, RunError> {
        if !self.is_unwinding() && !matches!(onward, Continuation::Extend(..) | Continuation::Revise(_)) {
            self.is_of(stack)?;
        }
        if self.is_over() {
            return Err(RunError::Over(self.id.clone()));
        }
        let is_new = onward == Continuation::Start;
        if is_new {
            self.begin(ports, party.by)?;
        }
        let base = ports.store.load()?.ok_or(RunError::Nothing)?;
        let mut worker = self.worker(stack, &base, ports, party)?;
        if !is_new {
            worker.known.extend(self.own_objects(stack));
        }
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
        if report.ended == Some(RunEnd::Done) {
            self.output_errors = self.save(stack, &worker, ports)?;
        }
        Ok(report)
    }

    /// The objects that the run creates, where their names were free when it began: what exists now under such a name
    /// is its own, even if the end of its journal is lost.
    fn own_objects(&self, stack: &Stack) -> Vec<ObjectId> {
        let were_free = self.undertaking.checks.iter().any(|check| check.rule == "names-free" && !check.warned);
        let creations = self.graph.steps.iter().filter(|step| were_free && step.act == Act::Create);
        let objects = creations.filter_map(|step| stack.resources.get(&step.address)).flat_map(|of| &of.objects);
        objects.filter(|object| object.within.is_none()).map(|object| object.id.clone()).collect()
    }

    /// The executor of its steps.
    pub(super) fn worker<'a>(
        &self,
        stack: &'a Stack,
        base: &State,
        ports: Ports<'a>,
        party: Operator<'a>,
    ) -> Result<Worker<'a>, RunError> {
        let objects = base.resources.values().flat_map(|recorded| &recorded.objects);
        let known = objects.filter(|object| object.within.is_none()).map(|object| object.id.clone()).collect();
        let lost = self.undertaking.lost.iter().filter_map(|lost| self.undertaking.regions.get(lost));
        let errand = RunDetails {
            run: self.id.clone(),
            undertaking: self.undertaking.clone(),
            group: self.group(stack),
            lost: lost.cloned().collect(),
            roles: base.roles.clone(),
            approve: party.approve,
        };
        Ok(Worker { errand: Some(errand), ..Worker::new(stack, base, known, ports) })
    }

    /// The failover group: as the stack has it, or as the journal does where the stack has it no more.
    fn group(&self, stack: &Stack) -> RunGroup {
        let name = self.undertaking.group.as_str();
        match stack.failover_groups.get(name) {
            Some(group) => RunGroup { name: name.into(), promote: group.promote.clone() },
            None => {
                let replicas = self.undertaking.roles.iter().map(|role| role.replica.clone());
                RunGroup { name: name.into(), promote: replicas.collect() }
            }
        }
    }

    /// The graph with which it continues, and the events that record the change.
    fn onward(&self, onward: Continuation, party: Operator<'_>) -> Result<(StepGraph, Vec<Event>), RunError> {
        let resumed = || Event::Resumed { by: party.by.to_owned() };
        Ok(match onward {
            Continuation::Start => (self.graph.clone(), Vec::new()),
            Continuation::Resume => (self.graph.clone(), vec![resumed()]),
            Continuation::Skip(steps, why) => {
                let skipped = steps.iter().filter_map(|id| self.graph.step(*id)).map(|step| Event::Step {
                    step: step.id,
                    address: step.address.clone(),
                    event: StepEvent::Skipped(format!("{}: {why}", party.by)),
                });
                (self.graph.clone(), std::iter::once(resumed()).chain(skipped).collect())
            }
            Continuation::Revise(revision) => {
                let Revision { digest, differences, text, steps } = *revision;
                let graph = self.with_steps(&steps)?;
                (graph, vec![Event::Revised { by: party.by.to_owned(), digest, differences, text, steps }])
            }
            Continuation::Extend(steps, why) => {
                let graph = self.with_steps(&steps)?;
                (graph, vec![Event::Extended { why: format!("{}: {why}", party.by), steps }])
            }
        })
    }

    /// The graph with these steps after the others.
    fn with_steps(&self, steps: &[Step]) -> Result<StepGraph, Corrupt> {
        let all = self.graph.steps.iter().chain(steps).cloned().collect();
        StepGraph::new(all).map_err(|e| Corrupt { entry: self.journal.len() + 1, why: e.to_string() })
    }

    /// Writes the snapshot at the end of the run. Returns the errors of outputs.
    fn save(&self, stack: &Stack, worker: &Worker<'_>, ports: Ports<'_>) -> Result<Diagnostics, StateError> {
        let own = self.graph.changes();
        let mut wrong = Diagnostics::new();
        ports.store.update(&mut |state| {
            // In a drill a reference means the copy, which is gone by now.
            if self.is_of(stack).is_err() || self.undertaking.verb == RunKind::Drill {
                return;
            }
            // Other runs may have changed the other resources since this one began.
            let mut known = worker.knowledge().clone();
            let others = knowledge(stack.catalog(), state, &|address| own.contains(address)).attributes;
            known.attributes.extend(others);
            (state.outputs, wrong) = sealed_outputs(stack, &known, ports);
        })?;
        Ok(wrong)
    }

    /// Aborts the run: records the reason, and writes the snapshot.
    pub(super) fn close(&mut self, ports: Ports<'_>, party: Operator<'_>, why: &str) -> Result<(), RunError> {
        let was_open = !self.is_over();
        let closed = Event::Closed { by: party.by.to_owned(), why: why.to_owned(), superseded_by: None };
        ports.store.journal(&self.id)?.append(&[Entry { at: ports.clock.now(), event: closed }])?;
        self.journal = ports.store.entries_of(&self.id)?;
        if was_open {
            ports.store.update(&mut |_| {})?;
        }
        Ok(())
    }
}

/// Executes a run, with this policy for failed steps.
///
/// # Errors
/// As for [`FailoverRun::go`].
pub async fn undertake(
    run: &mut FailoverRun,
    stack: &Stack,
    ports: Ports<'_>,
    party: Operator<'_>,
    onward: Continuation,
    on_failure: FailurePolicy,
) -> Result<RunOutcome, RunError> {
    let mut report = run.go(stack, ports, party, onward).await?;
    let mut rounds = 0;
    loop {
        let status = run.status()?;
        if !status.has_failed() || report.ended == Some(RunEnd::Done) || ports.stop.is_requested() {
            return Ok(RunOutcome { report, forward_only: Vec::new() });
        }
        let next = match on_failure {
            // A rollback is tried again by `resume` or `abort`, and never rolled back itself.
            FailurePolicy::Unwind if run.is_unwinding() => None,
            FailurePolicy::Stop => None,
            FailurePolicy::Retry(most) if rounds < most => {
                rounds += 1;
                ports.clock.sleep(PAUSE * rounds).await;
                Some(Continuation::Resume)
            }
            FailurePolicy::Retry(_) => None,
            FailurePolicy::Skip => {
                let failed = failed(&run.graph, &status);
                let all = failed.iter().all(|step| may_be_skipped(step, &run.undertaking));
                all.then(|| {
                    Continuation::Skip(failed.iter().map(|step| step.id).collect(), "--on-failure skip".to_owned())
                })
            }
            FailurePolicy::Unwind => match unwind(&run.graph, &status) {
                Ok(steps) => {
                    let report = run
                        .go(stack, ports, party, Continuation::Extend(steps, "a step has failed".to_owned()))
                        .await?;
                    return Ok(RunOutcome { report, forward_only: Vec::new() });
                }
                Err(forward_only) => return Ok(RunOutcome { report, forward_only }),
            },
        };
        match next {
            Some(onward) => report = run.go(stack, ports, party, onward).await?,
            None => return Ok(RunOutcome { report, forward_only: Vec::new() }),
        }
    }
}

/// The steps that failed or have an unknown outcome.
fn failed<'a>(graph: &'a StepGraph, status: &RunStatus) -> Vec<&'a Step> {
    let is_failed = |step: &&Step| matches!(status.phase(step.id), Some(Phase::Failed | Phase::Unknown));
    graph.steps.iter().filter(is_failed).collect()
}

/// True for steps that may be skipped. Data moves, the catch-up before them and the record of roles may never be, and a
/// fence only where the risk of split brain was accepted.
pub fn may_be_skipped(step: &Step, undertaking: &RunSpec) -> bool {
    let waits_for_promotion = || {
        let needed = step.needs.iter().filter_map(|need| undertaking.steps.get(need.index()));
        needed.into_iter().any(|need| need.stage == Stage::Promote)
    };
    match step.stage {
        Stage::Promote | Stage::Record => false,
        // A side that does not follow after a promotion is recorded as protection debt.
        Stage::CatchUp => waits_for_promotion(),
        Stage::Fence => undertaking.accepted.split_brain,
        Stage::Plan
        | Stage::Quiesce
        | Stage::StandUp
        | Stage::Restore
        | Stage::Probe
        | Stage::Route
        | Stage::Step
        | Stage::TakeDown => true,
    }
}
