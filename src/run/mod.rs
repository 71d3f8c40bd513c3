//! The executor: the only code that walks a step graph and acts.
//!
//! It writes what it is about to do before it does it, and what came of it before it believes it, and leaves every choice to
//! [`crate::steps::next`]. It knows neither kinds nor requests: an [`Actor`] does the steps.

mod report;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;

use crate::state::{Recorded, StateError};
use crate::steps::{Corrupt, Entry, Event, RunStatus, Started, Step, StepEvent, StepGraph, next};
use crate::world::{Clock, Journal};

pub use report::{Fate, Report, Took};

use report::Record;

/// Does the steps of a run.
#[async_trait]
pub trait Actor: Send + Sync {
    /// What the state must know before the step is begun: the payload of [`StepEvent::Begun`]. Asked once, right before; changes nothing.
    fn intent(&self, step: &Step) -> Option<Box<Recorded>>;

    /// Does the step.
    async fn act(&self, step: &Step) -> Outcome;
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

/// Walks a graph: no more than `width` steps at a time, each once all it needs has succeeded. What fails stops what needs it and nothing
/// else. Outcomes that come together share one sync of the journal with the steps that are begun upon them.
///
/// # Errors
/// Where the journal cannot be written: then nothing further is begun, and what is under way is left as after a kill, for the next run to
/// look at. Never because of a step.
#[expect(
    clippy::too_many_arguments,
    reason = "each is a port or an input of its own; a struct would only name them again"
)]
pub async fn run(
    graph: &StepGraph,
    started: Started,
    journal: &mut dyn Journal,
    actor: &dyn Actor,
    clock: &dyn Clock,
    stop: &Stop,
    watcher: &dyn Watcher,
    width: usize,
) -> Result<Report, StateError> {
    let began = clock.now();
    let mut pen = Pen { graph, journal, status: RunStatus::new(graph), record: Record::new(graph, began) };
    let mut happened = vec![Entry { at: began, event: Event::Started(started) }];
    let mut under_way = FuturesUnordered::new();
    loop {
        pen.note(&happened)?;
        let stopping = stop.is_requested();
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
            under_way.push(async move {
                let outcome = actor.act(step).await;
                entry(clock.now(), step, outcome.into())
            });
        }
        if !under_way.is_empty() {
            let left = pen.status.left();
            watcher.event(clock.now(), graph, &Progress::Waiting { under_way: under_way.len(), left, stopping });
        }
        let Some(first) = under_way.next().await else { break };
        happened = vec![first];
        while let Some(Some(more)) = under_way.next().now_or_never() {
            happened.push(more);
        }
        happened.sort_by_key(|entry| entry.at);
    }
    let ended = [Entry { at: clock.now(), event: Event::Ended(pen.status.verdict()) }];
    pen.note(&ended)?;
    pen.journal.append(&ended)?;
    Ok(pen.record.finish(graph))
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
            let illegal =
                |e: Corrupt| StateError::Damaged { file: "the run's journal".to_owned(), what: e.to_string() };
            self.status.advance(self.graph, entry).map_err(illegal)?;
            self.record.note(entry);
        }
        Ok(())
    }

    fn tell(&self, watcher: &dyn Watcher, entry: &Entry) {
        let Event::Step { step, event, address: _ } = &entry.event else { return };
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
        }
    }
}

fn entry(at: Timestamp, step: &Step, event: StepEvent) -> Entry {
    Entry { at, event: Event::Step { step: step.id, address: step.address.clone(), event } }
}
