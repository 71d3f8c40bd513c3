//! The result of a run: the outcome and the times of each step, and the chain of steps that determined the duration.

use std::time::Duration;

use jiff::Timestamp;

use super::{Entry, Event, Path, RunEnd, Step, StepEvent, StepGraph, StepId};

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// When it began.
    pub began: Timestamp,
    /// Its duration: until its end or, where it was killed, until its last entry.
    pub length: Duration,
    /// Its end; `None` where it was killed.
    pub ended: Option<RunEnd>,
    /// The outcome of each step, by its position.
    pub fates: Vec<StepOutcome>,
    /// The critical path as it ran: the chain of steps that ended last, each after a need or after a step with the same
    /// serial key.
    pub critical: Path,
}

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepOutcome {
    /// The step succeeded.
    Done(StepTime),
    /// The request was refused or failed, with the reason.
    Failed(StepTime, String),
    /// The outcome is unknown, with the reason.
    Unknown(StepTime, String),
    /// The step waits for the operator, with the reason.
    Paused(StepTime, String),
    /// The step was skipped, with the operator and the reason.
    LeftOut(String),
    /// The step began, and the run was killed before its end.
    CutOff(Timestamp),
    /// The step did not begin because this step, a direct or indirect need, did not succeed.
    Skipped(StepId),
    /// The step did not begin because the run was asked to stop or was killed.
    NotBegun,
}

/// The time of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepTime {
    /// Its start.
    pub begun: Timestamp,
    /// Its end.
    pub ended: Timestamp,
}

impl StepTime {
    /// Its duration; zero where the clock was set back meanwhile.
    pub fn length(self) -> Duration {
        since(self.begun, self.ended)
    }
}

impl StepOutcome {
    /// The time of the step, if it ran to an end.
    pub fn took(&self) -> Option<StepTime> {
        match self {
            Self::Done(took) | Self::Failed(took, _) | Self::Unknown(took, _) | Self::Paused(took, _) => Some(*took),
            Self::LeftOut(_) | Self::CutOff(_) | Self::Skipped(_) | Self::NotBegun => None,
        }
    }
}

impl Report {
    /// The report of a run from its journal; `None` where the journal is empty.
    pub fn of(graph: &StepGraph, journal: &[Entry]) -> Option<Self> {
        let first = journal.first()?;
        let mut record = Record::new(graph, first.at);
        journal.iter().for_each(|entry| record.note(entry));
        Some(record.finish(graph))
    }
}

/// A report in progress.
#[derive(Debug)]
pub struct Record {
    began: Timestamp,
    last: Timestamp,
    ended: Option<RunEnd>,
    fates: Vec<StepOutcome>,
}

impl Record {
    /// A record before the first step.
    pub fn new(graph: &StepGraph, began: Timestamp) -> Self {
        Self { began, last: began, ended: None, fates: vec![StepOutcome::NotBegun; graph.steps.len()] }
    }

    /// Adds an entry.
    pub fn note(&mut self, entry: &Entry) {
        self.last = entry.at;
        match &entry.event {
            Event::Started(_) => self.began = entry.at,
            Event::Resumed { .. } => self.ended = None,
            Event::Revised { steps, .. } | Event::Extended { steps, .. } => {
                self.ended = None;
                if matches!(entry.event, Event::Revised { .. }) && !steps.is_empty() {
                    // Others take the place of what is unfinished.
                    let unfinished = self.fates.iter_mut().filter(|fate| !matches!(fate, StepOutcome::Done(_)));
                    unfinished.for_each(|fate| *fate = StepOutcome::NotBegun);
                }
                self.fates.resize(self.fates.len() + steps.len(), StepOutcome::NotBegun);
            }
            Event::Ended(ended) => self.ended = Some(*ended),
            Event::Closed { .. } | Event::Step { event: StepEvent::Learnt(_), .. } => {}
            Event::Step { step, event, address: _ } => {
                let took = StepTime { begun: self.begun(*step).unwrap_or(entry.at), ended: entry.at };
                let fate = match event {
                    StepEvent::Begun(_) => StepOutcome::CutOff(entry.at),
                    StepEvent::Succeeded(_) => StepOutcome::Done(took),
                    StepEvent::Failed(why) => StepOutcome::Failed(took, why.clone()),
                    StepEvent::OutcomeUnknown(why) => StepOutcome::Unknown(took, why.clone()),
                    StepEvent::Paused(why) => StepOutcome::Paused(took, why.clone()),
                    StepEvent::Skipped(why) => StepOutcome::LeftOut(why.clone()),
                    StepEvent::Learnt(_) => return,
                };
                if let Some(of_step) = self.fates.get_mut(step.index()) {
                    *of_step = fate;
                }
            }
        }
    }

    /// The outcome of a step so far.
    pub fn fate(&self, step: StepId) -> Option<&StepOutcome> {
        self.fates.get(step.index())
    }

    /// The report, with the cause of each step that did not begin.
    pub fn finish(mut self, graph: &StepGraph) -> Report {
        for step in graph.order().into_iter().filter_map(|id| graph.step(id)) {
            if let Some(cause) = self.cause(step)
                && let Some(fate @ StepOutcome::NotBegun) = self.fates.get_mut(step.id.index())
            {
                *fate = StepOutcome::Skipped(cause);
            }
        }
        let time = |id: StepId| self.fate(id).and_then(StepOutcome::took).map(|took| (took.begun, took.ended));
        let ends = graph.steps.iter().filter_map(|step| Some((time(step.id)?.1, std::cmp::Reverse(step.id))));
        let steps = ends.max().map(|(_, last)| graph.chain_to(last.0, time)).unwrap_or_default();
        let total = steps.iter().filter_map(|id| self.fate(*id)?.took()).map(StepTime::length).sum();
        let critical = Path { total, steps };
        Report {
            began: self.began,
            length: since(self.began, self.last),
            ended: self.ended,
            fates: self.fates,
            critical,
        }
    }

    fn begun(&self, step: StepId) -> Option<Timestamp> {
        match self.fate(step)? {
            StepOutcome::CutOff(begun) => Some(*begun),
            _ => None,
        }
    }

    /// The step whose failure kept this one from beginning.
    fn cause(&self, step: &Step) -> Option<StepId> {
        step.needs.iter().find_map(|&need| match self.fate(need)? {
            StepOutcome::Failed(..) | StepOutcome::Unknown(..) | StepOutcome::Paused(..) => Some(need),
            StepOutcome::Skipped(cause) => Some(*cause),
            StepOutcome::Done(_) | StepOutcome::LeftOut(_) | StepOutcome::CutOff(_) | StepOutcome::NotBegun => None,
        })
    }
}

fn since(begun: Timestamp, ended: Timestamp) -> Duration {
    Duration::try_from(ended.duration_since(begun)).unwrap_or_default()
}
