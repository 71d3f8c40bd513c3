//! What came of a run: each step's fate with its times, and which chain of steps made the run as long as it was.

use std::time::Duration;

use jiff::Timestamp;

use super::{Ended, Entry, Event, Path, Step, StepEvent, StepGraph, StepId};

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// When it began.
    pub began: Timestamp,
    /// How long it took: until its end or, where it was killed, until the last thing it recorded.
    pub length: Duration,
    /// How it ended; `None` where it was killed.
    pub ended: Option<Ended>,
    /// What came of each step, by its position.
    pub fates: Vec<Fate>,
    /// The critical path as it ran: the longest chain of measured durations through what steps need.
    pub critical: Path,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It is done.
    Done(Took),
    /// It was refused or has failed; the words say why.
    Failed(Took, String),
    /// Whether it was done is not known; the words say why.
    Unknown(Took, String),
    /// It waits for a person; the words say for what.
    Paused(Took, String),
    /// It was left out; the words say who decided so, and why.
    LeftOut(String),
    /// It was begun, and the run was killed before it ended.
    CutOff(Timestamp),
    /// It was not begun because this step, which it needs directly or not, was not done.
    Skipped(StepId),
    /// It was not begun because the run was asked to stop or was killed.
    NotBegun,
}

/// When a step ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// When it was begun.
    pub begun: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
}

impl Took {
    /// How long it took; nothing where the clock was set back meanwhile.
    pub fn length(self) -> Duration {
        since(self.begun, self.ended)
    }
}

impl Fate {
    /// When the step ran, if it ran to an end.
    pub fn took(&self) -> Option<Took> {
        match self {
            Self::Done(took) | Self::Failed(took, _) | Self::Unknown(took, _) | Self::Paused(took, _) => Some(*took),
            Self::LeftOut(_) | Self::CutOff(_) | Self::Skipped(_) | Self::NotBegun => None,
        }
    }
}

impl Report {
    /// The report of a run by its journal; `None` where the journal is empty.
    pub fn of(graph: &StepGraph, journal: &[Entry]) -> Option<Self> {
        let first = journal.first()?;
        let mut record = Record::new(graph, first.at);
        journal.iter().for_each(|entry| record.note(entry));
        Some(record.finish(graph))
    }
}

/// A report in the making.
#[derive(Debug)]
pub struct Record {
    began: Timestamp,
    last: Timestamp,
    ended: Option<Ended>,
    fates: Vec<Fate>,
}

impl Record {
    /// Nothing has been begun.
    pub fn new(graph: &StepGraph, began: Timestamp) -> Self {
        Self { began, last: began, ended: None, fates: vec![Fate::NotBegun; graph.steps.len()] }
    }

    /// Takes note of an entry.
    pub fn note(&mut self, entry: &Entry) {
        self.last = entry.at;
        match &entry.event {
            Event::Started(_) => self.began = entry.at,
            Event::Resumed { .. } => self.ended = None,
            Event::Extended { steps, .. } => {
                self.ended = None;
                self.fates.resize(self.fates.len() + steps.len(), Fate::NotBegun);
            }
            Event::Ended(ended) => self.ended = Some(*ended),
            Event::Closed { .. } | Event::Step { event: StepEvent::Learnt(_), .. } => {}
            Event::Step { step, event, address: _ } => {
                let took = Took { begun: self.begun(*step).unwrap_or(entry.at), ended: entry.at };
                let fate = match event {
                    StepEvent::Begun(_) => Fate::CutOff(entry.at),
                    StepEvent::Succeeded(_) => Fate::Done(took),
                    StepEvent::Failed(why) => Fate::Failed(took, why.clone()),
                    StepEvent::OutcomeUnknown(why) => Fate::Unknown(took, why.clone()),
                    StepEvent::Paused(why) => Fate::Paused(took, why.clone()),
                    StepEvent::Skipped(why) => Fate::LeftOut(why.clone()),
                    StepEvent::Learnt(_) => return,
                };
                if let Some(of_step) = self.fates.get_mut(step.index()) {
                    *of_step = fate;
                }
            }
        }
    }

    /// What came of a step so far.
    pub fn fate(&self, step: StepId) -> Option<&Fate> {
        self.fates.get(step.index())
    }

    /// The report, with what was skipped because of what.
    pub fn finish(mut self, graph: &StepGraph) -> Report {
        for step in graph.order().into_iter().filter_map(|id| graph.step(id)) {
            if let Some(cause) = self.cause(step)
                && let Some(fate @ Fate::NotBegun) = self.fates.get_mut(step.id.index())
            {
                *fate = Fate::Skipped(cause);
            }
        }
        let measured = |step: &Step| self.fate(step.id).and_then(Fate::took).map_or(Duration::ZERO, Took::length);
        let critical = graph.longest_path(measured);
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
            Fate::CutOff(begun) => Some(*begun),
            _ => None,
        }
    }

    /// Which step was not done such that this one could not be begun.
    fn cause(&self, step: &Step) -> Option<StepId> {
        step.needs.iter().find_map(|&need| match self.fate(need)? {
            Fate::Failed(..) | Fate::Unknown(..) | Fate::Paused(..) => Some(need),
            Fate::Skipped(cause) => Some(*cause),
            Fate::Done(_) | Fate::LeftOut(_) | Fate::CutOff(_) | Fate::NotBegun => None,
        })
    }
}

fn since(begun: Timestamp, ended: Timestamp) -> Duration {
    Duration::try_from(ended.duration_since(begun)).unwrap_or_default()
}
