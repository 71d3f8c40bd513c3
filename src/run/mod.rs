//! The executor: the only code that walks a step graph and acts.
//!
//! It writes what it is about to do before it does it, and what came of it before it believes it, and leaves every choice to
//! [`crate::steps::next`]. It knows neither kinds nor requests: an [`Actor`] does the steps.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;

use crate::address::Address;
use crate::state::{Recorded, StateError};
use crate::steps::{
    Corrupt, Entry, Event, Learnt, Record, RunStatus, Started, Step, StepEvent, StepGraph, StepId, next, replay_run,
};
use crate::world::{Clock, Journal};

pub use crate::steps::{Fate, Report, Took};

/// Does the steps of a run.
#[async_trait]
pub trait Actor: Send + Sync {
    /// What the state must know before the step is begun: the payload of [`StepEvent::Begun`]. Asked once, right before; changes nothing.
    fn intent(&self, step: &Step) -> Option<Box<Recorded>>;

    /// Does the step. What is told meanwhile is in the journal before its outcome.
    async fn act(&self, step: &Step, tell: &Tell) -> Outcome;
}

/// Takes what a step learns while it is under way.
#[derive(Debug, Clone)]
pub struct Tell {
    step: StepId,
    address: Address,
    to: UnboundedSender<(StepId, Address, Learnt)>,
}

impl Tell {
    /// Takes note of it.
    pub fn learnt(&self, learnt: Learnt) {
        // Whoever listens is gone only when the run is, and then nobody wants to know.
        let _ = self.to.unbounded_send((self.step, self.address.clone(), learnt));
    }
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is done: the resource as it stands; `None` where it is gone or forgotten.
    Done(Option<Box<Recorded>>),
    /// It was refused or has failed; the words say why.
    Failed(String),
    /// Whether it was done is not known; the words say why.
    Unknown(String),
    /// It waits for a person; the words say for what.
    Paused(String),
}

/// Sees what happens in a run, as it happens.
pub trait Watcher: Send + Sync {
    /// Something has happened, and is in the journal.
    fn event(&self, at: Timestamp, graph: &StepGraph, what: &Progress<'_>);
}

/// What a [`Watcher`] sees.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<'a> {
    /// A step was begun.
    Begun(&'a Step),
    /// A step that is under way has learnt something.
    Learnt {
        /// The step.
        step: &'a Step,
        /// What.
        learnt: &'a Learnt,
    },
    /// A step has ended.
    Ended {
        /// The step.
        step: &'a Step,
        /// How long it took.
        took: Duration,
        /// What came of it.
        outcome: &'a StepEvent,
    },
    /// All that can be begun now was begun.
    Waiting {
        /// How many steps are under way.
        under_way: usize,
        /// How many steps are left behind them.
        left: usize,
        /// Whether they will not be begun, because the run was asked to stop.
        stopping: bool,
    },
}

/// Asks a run to stop: it begins nothing more, and finishes what is under way. Clones ask the same run.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it was asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How a graph is walked.
pub struct Walk<'a> {
    /// The graph.
    pub graph: &'a StepGraph,
    /// Keeps what happens.
    pub journal: &'a mut dyn Journal,
    /// Does the steps.
    pub actor: &'a dyn Actor,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Asks it to stop.
    pub stop: &'a Stop,
    /// Sees what happens.
    pub watcher: &'a dyn Watcher,
    /// The most steps that are under way at a time.
    pub width: usize,
    /// Whether nothing more is begun once a step has failed, even what does not need it.
    pub halts: bool,
}

impl Walk<'_> {
    /// Walks the graph from the start: each step once all it needs has succeeded. What fails stops what needs it and nothing else, unless the walk
    /// halts. Outcomes that come together share one sync of the journal with the steps that are begun upon them.
    ///
    /// # Errors
    /// Where the journal cannot be written: then nothing further is begun, and what is under way is left as after a kill, for the next run to
    /// look at. Never because of a step.
    pub async fn start(self, started: Started) -> Result<Report, StateError> {
        self.go_on(&[], vec![Event::Started(started)]).await
    }

    /// Walks on after these entries of the same journal, with these events first: that it is resumed, or that steps were added or left out.
    ///
    /// # Errors
    /// As for [`Walk::start`]; and where the entries are no journal of this graph.
    pub async fn go_on(self, so_far: &[Entry], first: Vec<Event>) -> Result<Report, StateError> {
        let Walk { graph, journal, actor, clock, stop, watcher, width, halts } = self;
        let began = clock.now();
        let (status, record) = resume(graph, so_far, began)?;
        let mut pen = Pen { graph, journal, status, record };
        let mut happened: Vec<Entry> = first.into_iter().map(|event| Entry { at: began, event }).collect();
        let (to, mut told) = unbounded();
        let mut under_way = FuturesUnordered::new();
        loop {
            pen.note(&happened)?;
            let stopping = stop.is_requested() || (halts && pen.status.has_failed());
            let chosen = if stopping { Vec::new() } else { next(&mut pen.status, width.max(1)) };
            let steps: Vec<&Step> = chosen.into_iter().filter_map(|id| graph.step(id)).collect();
            let at = clock.now();
            let begun = |step: &&Step| entry(at, step, StepEvent::Begun(actor.intent(step)));
            let begun: Vec<Entry> = steps.iter().map(begun).collect();
            pen.note(&begun)?;
            let outcomes = happened.len();
            happened.extend(begun);
            pen.journal.append(&happened)?;
            happened.iter().take(outcomes).for_each(|entry| pen.tell(watcher, entry));
            for step in steps {
                watcher.event(at, graph, &Progress::Begun(step));
                let tell = Tell { step: step.id, address: step.address.clone(), to: to.clone() };
                under_way.push(async move {
                    let outcome = actor.act(step, &tell).await;
                    entry(clock.now(), step, outcome.into())
                });
            }
            if !under_way.is_empty() {
                let left = pen.status.left();
                watcher.event(clock.now(), graph, &Progress::Waiting { under_way: under_way.len(), left, stopping });
            }
            let learnt = |(step, address, learnt)| Entry {
                at: clock.now(),
                event: Event::Step { step, address, event: StepEvent::Learnt(learnt) },
            };
            happened = Vec::new();
            let mut outcomes = Vec::new();
            match select(told.next(), under_way.next()).await {
                Either::Left((Some(first), _)) => happened.push(learnt(first)),
                Either::Right((Some(first), _)) => outcomes.push(first),
                Either::Left((None, _)) | Either::Right((None, _)) => break,
            }
            while let Some(Some(more)) = under_way.next().now_or_never() {
                outcomes.push(more);
            }
            // What a step has told comes before its outcome.
            while let Ok(more) = told.try_recv() {
                happened.push(learnt(more));
            }
            outcomes.sort_by_key(|entry| entry.at);
            happened.extend(outcomes);
        }
        let ended = [Entry { at: clock.now(), event: Event::Ended(pen.status.verdict()) }];
        pen.note(&ended)?;
        pen.journal.append(&ended)?;
        Ok(pen.record.finish(graph))
    }
}

/// The status and the record of a run after these entries. The graph may have steps that the events to come will add.
fn resume(graph: &StepGraph, so_far: &[Entry], now: Timestamp) -> Result<(RunStatus, Record), StateError> {
    let Some(first) = so_far.first() else { return Ok((RunStatus::new(graph), Record::new(graph, now))) };
    let (base, status) = replay_run(so_far).map_err(illegal)?;
    let mut record = Record::new(&base, first.at);
    so_far.iter().for_each(|entry| record.note(entry));
    Ok((status, record))
}

fn illegal(e: Corrupt) -> StateError {
    StateError::Damaged { file: "the run's journal".to_owned(), what: e.to_string() }
}

/// Keeps the journal and what follows from it. What is noted is acted on and told only once it is in the journal.
struct Pen<'a> {
    graph: &'a StepGraph,
    journal: &'a mut dyn Journal,
    status: RunStatus,
    record: Record,
}

impl Pen<'_> {
    fn note(&mut self, entries: &[Entry]) -> Result<(), StateError> {
        for entry in entries {
            self.status.advance(self.graph, entry).map_err(illegal)?;
            self.record.note(entry);
        }
        Ok(())
    }

    fn tell(&self, watcher: &dyn Watcher, entry: &Entry) {
        let Event::Step { step, event, address: _ } = &entry.event else { return };
        if let (StepEvent::Learnt(learnt), Some(step)) = (event, self.graph.step(*step)) {
            return watcher.event(entry.at, self.graph, &Progress::Learnt { step, learnt });
        }
        if let (Some(step), Some(took)) = (self.graph.step(*step), self.record.fate(*step).and_then(Fate::took)) {
            watcher.event(entry.at, self.graph, &Progress::Ended { step, took: took.length(), outcome: event });
        }
    }
}

impl From<Outcome> for StepEvent {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done(recorded) => Self::Succeeded(recorded),
            Outcome::Failed(why) => Self::Failed(why),
            Outcome::Unknown(why) => Self::OutcomeUnknown(why),
            Outcome::Paused(why) => Self::Paused(why),
        }
    }
}

fn entry(at: Timestamp, step: &Step, event: StepEvent) -> Entry {
    Entry { at, event: Event::Step { step: step.id, address: step.address.clone(), event } }
}
