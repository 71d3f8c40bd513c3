//! The status of a run: a fold over the entries of its journal.
//!
//! An entry that cannot follow the ones before it is an error and changes nothing. The same fold serves a run in
//! progress and a journal that is read later, so that the two cannot differ.

use super::next::Queue;
use super::{Entry, Event, RunEnd, RunStart, Step, StepEvent, StepGraph, StepId};

/// The progress of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A step that it needs has not succeeded.
    Waiting,
    /// All steps that it needs have succeeded.
    Ready,
    /// The step began, and no outcome is recorded.
    UnderWay,
    /// The step succeeded.
    Succeeded,
    /// The request was refused or failed.
    Failed,
    /// The outcome is unknown.
    Unknown,
    /// The step waits for the operator.
    Paused,
    /// The step was skipped.
    Skipped,
}

/// An entry that cannot follow the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry}: {why}")]
pub struct Corrupt {
    /// Its number, from one.
    pub entry: usize,
    /// The reason.
    pub why: String,
}

/// The status of a run after some entries.
#[derive(Debug, Clone)]
pub struct RunStatus {
    entries: usize,
    phases: Vec<Phase>,
    /// The number of unfinished needs of each step.
    pending: Vec<usize>,
    dependents: Vec<Vec<StepId>>,
    under_way: usize,
    /// The number of steps that succeeded or were skipped.
    succeeded: usize,
    /// The number of steps that failed or have an unknown outcome.
    failed: usize,
    /// The number of steps that wait for the operator.
    paused: usize,
    /// The number of steps in [`Phase::Ready`].
    ready: usize,
    ended: Option<RunEnd>,
    /// Set once the run was aborted.
    closed: bool,
    queue: Queue,
}

/// The status of a run after these entries.
///
/// # Errors
/// The first entry that cannot follow the ones before it.
pub fn replay(graph: &StepGraph, journal: &[Entry]) -> Result<RunStatus, Corrupt> {
    let mut status = RunStatus::new(graph);
    for entry in journal {
        status.advance(graph, entry)?;
    }
    Ok(status)
}

/// The graph and the status of a failover run from its journal alone, including steps that were added later.
///
/// # Errors
/// The first entry that cannot follow the ones before it; also where the first entry declares no steps.
pub fn replay_run(journal: &[Entry]) -> Result<(StepGraph, RunStatus), Corrupt> {
    let first = |why: String| Corrupt { entry: 1, why };
    let undertaking = match journal.first().map(|entry| &entry.event) {
        Some(Event::Started(RunStart { failover: Some(undertaking), .. })) => undertaking,
        _ => return Err(first("it does not begin a failover run".to_owned())),
    };
    let mut graph = StepGraph::new(undertaking.steps.clone()).map_err(|e| first(e.to_string()))?;
    let mut status = RunStatus::new(&graph);
    for (number, entry) in (1..).zip(journal) {
        if let Event::Extended { steps, .. } | Event::Revised { steps, .. } = &entry.event {
            let all = graph.steps.iter().chain(steps).cloned().collect();
            graph = StepGraph::new(all).map_err(|e| Corrupt { entry: number, why: e.to_string() })?;
        }
        status.advance(&graph, entry)?;
    }
    Ok((graph, status))
}

impl RunStatus {
    /// The status before the first entry.
    pub fn new(graph: &StepGraph) -> Self {
        let pending: Vec<usize> = graph.steps.iter().map(|step| step.needs.len()).collect();
        let phase = |&pending: &usize| if pending == 0 { Phase::Ready } else { Phase::Waiting };
        let mut status = Self {
            entries: 0,
            phases: pending.iter().map(phase).collect(),
            pending,
            dependents: graph.dependents(),
            under_way: 0,
            succeeded: 0,
            failed: 0,
            paused: 0,
            ready: 0,
            ended: None,
            closed: false,
            queue: Queue::new(graph),
        };
        for step in graph.steps.iter().filter(|step| step.needs.is_empty()) {
            status.ready += 1;
            status.queue.push(step.id);
        }
        status
    }

    /// The progress of a step.
    pub fn phase(&self, id: StepId) -> Option<Phase> {
        self.phases.get(id.index()).copied()
    }

    /// The progress of each step, by its position.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// The number of steps that began and have no outcome.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// The number of steps that are neither done nor in progress.
    pub fn left(&self) -> usize {
        self.phases.len() - self.under_way - self.succeeded - self.failed - self.paused
    }

    /// True if a step failed or has an unknown outcome.
    pub fn has_failed(&self) -> bool {
        self.failed > 0
    }

    /// The recorded end of the run.
    pub fn ended(&self) -> Option<RunEnd> {
        self.ended
    }

    /// The end of a run that begins nothing more: done, stopped before a step that could still begin, or failed.
    pub fn verdict(&self) -> RunEnd {
        if self.succeeded == self.phases.len() {
            RunEnd::Done
        } else if self.ready > 0 || (self.paused > 0 && self.failed == 0) {
            RunEnd::Stopped
        } else {
            RunEnd::Failed
        }
    }

    /// Applies one more entry. Costs no more than the step's needs, dependents and keys.
    ///
    /// # Errors
    /// Where the entry cannot follow; the status is then unchanged.
    pub fn advance(&mut self, graph: &StepGraph, entry: &Entry) -> Result<(), Corrupt> {
        self.follow(graph, &entry.event).map_err(|why| Corrupt { entry: self.entries + 1, why })?;
        self.entries += 1;
        Ok(())
    }

    pub(super) fn choose(&mut self, limit: usize) -> Vec<StepId> {
        let room = limit.saturating_sub(self.under_way);
        self.queue.choose(&self.phases, room)
    }

    fn follow(&mut self, graph: &StepGraph, event: &Event) -> Result<(), String> {
        match (self.ended, event) {
            _ if self.closed => return Err("the run was aborted before it".to_owned()),
            (None, _)
            | (
                Some(RunEnd::Failed | RunEnd::Stopped),
                Event::Resumed { .. } | Event::Revised { .. } | Event::Extended { .. },
            ) => {}
            (Some(_), Event::Closed { .. }) => {}
            (Some(_), _) => return Err("the run has ended before it".to_owned()),
        }
        if (self.entries == 0) != matches!(event, Event::Started(_)) {
            return Err("only the first entry starts a run".to_owned());
        }
        match event {
            Event::Started(RunStart { steps, .. }) if *steps as usize == graph.steps.len() => Ok(()),
            Event::Started(RunStart { steps, .. }) => {
                Err(format!("the run has {steps} steps, and the graph {}", graph.steps.len()))
            }
            Event::Step { step: id, address, event } => {
                let step = graph.step(*id).filter(|step| step.address == *address);
                let step = step.ok_or_else(|| format!("step {} is not about {address}", id.0))?;
                match event {
                    StepEvent::Begun(_) => self.begin(step),
                    StepEvent::Succeeded(_) => self.end(step, Phase::Succeeded),
                    StepEvent::Failed(_) => self.end(step, Phase::Failed),
                    StepEvent::OutcomeUnknown(_) => self.end(step, Phase::Unknown),
                    StepEvent::Paused(_) => self.end(step, Phase::Paused),
                    StepEvent::Skipped(_) => self.skip(step),
                    StepEvent::Learnt(_) if self.phase(step.id) == Some(Phase::UnderWay) => Ok(()),
                    StepEvent::Learnt(_) => Err(format!("{} has an observation and is not in progress", name(step))),
                }
            }
            Event::Resumed { .. } => {
                self.resume(graph);
                Ok(())
            }
            Event::Revised { steps, .. } if steps.is_empty() => {
                self.resume(graph);
                Ok(())
            }
            Event::Revised { steps, .. } | Event::Extended { steps, .. }
                if graph.steps.len() == self.phases.len() + steps.len() =>
            {
                self.extend(graph);
                Ok(())
            }
            Event::Revised { .. } | Event::Extended { .. } => Err("the graph does not have its steps".to_owned()),
            Event::Ended(ended) => self.close(*ended),
            Event::Closed { .. } => {
                self.closed = true;
                Ok(())
            }
        }
    }

    /// Makes steps ready again that began without an outcome, failed or wait: each checks the cloud before it acts.
    fn resume(&mut self, graph: &StepGraph) {
        for phase in &mut self.phases {
            if matches!(phase, Phase::UnderWay | Phase::Failed | Phase::Unknown | Phase::Paused) {
                *phase = Phase::Ready;
            }
        }
        self.recount(graph);
    }

    /// Appends the new steps; the unfinished ones before them are cancelled.
    fn extend(&mut self, graph: &StepGraph) {
        for phase in &mut self.phases {
            if *phase != Phase::Succeeded {
                *phase = Phase::Skipped;
            }
        }
        let before = self.phases.len();
        self.phases.resize(graph.steps.len(), Phase::Waiting);
        self.dependents = graph.dependents();
        self.dependents.iter_mut().take(before).for_each(Vec::clear);
        self.pending.resize(graph.steps.len(), 0);
        for step in graph.steps.iter().skip(before) {
            let pending = step.needs.iter().filter(|need| need.index() >= before).count();
            if let (Some(of_step), Some(phase)) =
                (self.pending.get_mut(step.id.index()), self.phases.get_mut(step.id.index()))
            {
                *of_step = pending;
                *phase = if pending == 0 { Phase::Ready } else { Phase::Waiting };
            }
        }
        self.recount(graph);
    }

    /// Recomputes everything that follows from the phases.
    fn recount(&mut self, graph: &StepGraph) {
        let count = |phases: &[Phase]| self.phases.iter().filter(|phase| phases.contains(phase)).count();
        self.under_way = 0;
        self.failed = 0;
        self.paused = 0;
        self.succeeded = count(&[Phase::Succeeded, Phase::Skipped]);
        self.ready = count(&[Phase::Ready]);
        self.ended = None;
        self.queue = Queue::new(graph);
        for step in &graph.steps {
            if self.phase(step.id) == Some(Phase::Ready) {
                self.queue.push(step.id);
            }
        }
    }

    /// Skips a step that is neither in progress nor done; steps that need it no longer wait for it.
    fn skip(&mut self, step: &Step) -> Result<(), String> {
        match self.phase(step.id) {
            Some(Phase::Failed | Phase::Unknown) => self.failed -= 1,
            Some(Phase::Paused) => self.paused -= 1,
            Some(Phase::Ready) => self.ready -= 1,
            _ => return Err(format!("{} is skipped, and is waiting, in progress or done", name(step))),
        }
        self.set(step.id, Phase::Skipped);
        self.succeeded += 1;
        self.release_dependents(step.id);
        Ok(())
    }

    fn begin(&mut self, step: &Step) -> Result<(), String> {
        match self.phase(step.id) {
            Some(Phase::Ready) => {}
            Some(Phase::Waiting) => return Err(format!("{} begins before its needs are done", name(step))),
            _ => return Err(format!("{} begins a second time", name(step))),
        }
        self.queue
            .take(step.id)
            .map_err(|other| format!("{} begins while step {} excludes it", name(step), other.0))?;
        self.set(step.id, Phase::UnderWay);
        self.ready -= 1;
        self.under_way += 1;
        Ok(())
    }

    fn end(&mut self, step: &Step, phase: Phase) -> Result<(), String> {
        if self.phase(step.id) != Some(Phase::UnderWay) {
            return Err(format!("{} has an outcome and is not in progress", name(step)));
        }
        self.set(step.id, phase);
        self.under_way -= 1;
        self.queue.release(step.id, &self.phases);
        if phase == Phase::Succeeded {
            self.succeeded += 1;
            self.release_dependents(step.id);
        } else if phase == Phase::Paused {
            self.paused += 1;
        } else {
            self.failed += 1;
        }
        Ok(())
    }

    fn release_dependents(&mut self, id: StepId) {
        let dependents = self.dependents.get_mut(id.index()).map(std::mem::take).unwrap_or_default();
        for dependent in dependents {
            let Some(pending) = self.pending.get_mut(dependent.index()) else { continue };
            *pending -= 1;
            if *pending == 0 {
                self.set(dependent, Phase::Ready);
                self.ready += 1;
                self.queue.push(dependent);
            }
        }
    }

    fn close(&mut self, ended: RunEnd) -> Result<(), String> {
        if self.under_way > 0 {
            return Err(format!("the run ends with {} steps in progress", self.under_way));
        }
        if ended != self.verdict() {
            return Err(format!("the run ends as {ended:?}, and its steps as {:?}", self.verdict()));
        }
        self.ended = Some(ended);
        Ok(())
    }

    fn set(&mut self, id: StepId, phase: Phase) {
        if let Some(of_step) = self.phases.get_mut(id.index()) {
            *of_step = phase;
        }
    }
}

fn name(step: &Step) -> String {
    format!("step {} ({})", step.id.0, step.address)
}
