//! The executor: the only code that walks a step graph and acts.
//!
//! It records each intent before it acts and each outcome before it relies on it. Every choice is made by
//! [`crate::steps::next`]. It knows neither kinds nor requests: an [`Actor`] executes the steps.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;

use crate::address::Address;
use crate::state::{Recorded, StateError};
use crate::steps::{
    Corrupt, Entry, Event, Record, RunStart, RunStatus, Step, StepEvent, StepFact, StepGraph, StepId, next, replay,
    replay_run,
};
use crate::visible::shown;
use crate::world::{Clock, Journal};

pub use crate::steps::{Report, StepOutcome, StepTime};

/// Executes the steps of a run.
#[async_trait]
pub trait Actor: Send + Sync {
    /// The record that the state needs before the step begins: the payload of [`StepEvent::Begun`]. Called once, right
    /// before the step; changes nothing.
    fn intent(&self, step: &Step) -> Option<Box<Recorded>>;

    /// Executes the step. Its observations are in the journal before its outcome.
    async fn act(&self, step: &Step, tell: &StepReporter) -> Outcome;
}

/// Receives the observations of a step in progress.
#[derive(Debug, Clone)]
pub struct StepReporter {
    step: StepId,
    address: Address,
    to: UnboundedSender<Told>,
}

/// An observation of a step; the sender, if any, hears once it is in the journal.
type Told = (StepId, Address, StepFact, Option<oneshot::Sender<()>>);

impl StepReporter {
    /// Records an observation.
    pub fn learnt(&self, learnt: StepFact) {
        // The receiver is dropped only with the run; the observation is then of no use.
        let _ = self.to.unbounded_send((self.step, self.address.clone(), learnt, None));
    }

    /// Records an observation, and waits until it is in the journal: for one whose source the step then removes.
    pub async fn recorded(&self, learnt: StepFact) {
        let (heard, written) = oneshot::channel();
        let _ = self.to.unbounded_send((self.step, self.address.clone(), learnt, Some(heard)));
        // Without an answer, the run has ended: nothing of this step counts any more.
        if written.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The outcome of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Success: the resource as it now exists; `None` where it is deleted or forgotten.
    Done(Option<Box<Recorded>>),
    /// The request was refused or failed, with the reason.
    Failed(String),
    /// The outcome is unknown, with the reason.
    Unknown(String),
    /// The step waits for the operator, with the reason.
    Paused(String),
}

/// Observes a run in progress.
pub trait Watcher: Send + Sync {
    /// Called after the event is in the journal.
    fn event(&self, at: Timestamp, graph: &StepGraph, what: &Progress<'_>);
}

/// The events that a [`Watcher`] receives.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress<'a> {
    /// A step began.
    Begun(&'a Step),
    /// A step in progress reported an observation.
    Learnt {
        /// The step.
        step: &'a Step,
        /// The observation.
        learnt: &'a StepFact,
    },
    /// A step ended.
    Ended {
        /// The step.
        step: &'a Step,
        /// Its duration.
        took: Duration,
        /// Its outcome.
        outcome: &'a StepEvent,
    },
    /// Every step that can begin now has begun.
    Waiting {
        /// The number of steps in progress.
        under_way: usize,
        /// The number of steps after them.
        left: usize,
        /// True if those will not begin, because the run was asked to stop.
        stopping: bool,
    },
}

/// Stops a run: no further step begins, and the steps in progress finish. Clones stop the same run.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// Requests the stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// True once the stop was requested.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// The execution of a graph.
pub struct Walk<'a> {
    /// The graph.
    pub graph: &'a StepGraph,
    /// The journal.
    pub journal: &'a mut dyn Journal,
    /// Executes the steps.
    pub actor: &'a dyn Actor,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Requests the stop.
    pub stop: &'a StopSignal,
    /// Observes the run.
    pub watcher: &'a dyn Watcher,
    /// The maximum number of concurrent steps.
    pub width: usize,
    /// Set to begin nothing more once a step has failed, including steps that do not need it.
    pub halts: bool,
}

impl Walk<'_> {
    /// Executes the graph from the start: each step once all its needs have succeeded. A failure stops only the steps
    /// that need it, unless `halts` is set. Outcomes that arrive together share one sync of the journal with the
    /// steps that begin as a result.
    ///
    /// # Errors
    /// Where the journal cannot be written: nothing further begins, and the steps in progress are left as after a
    /// kill, for the next run to check. Never because of a step.
    pub async fn start(self, started: RunStart) -> Result<Report, StateError> {
        self.go_on(&[], vec![Event::Started(started)]).await
    }

    /// Continues after these entries of the same journal. Writes these events first: a resumption, or steps that were
    /// added or skipped.
    ///
    /// # Errors
    /// As for [`Walk::start`]; and where the entries are not a journal of this graph.
    pub async fn go_on(self, so_far: &[Entry], first: Vec<Event>) -> Result<Report, StateError> {
        let Walk { graph, journal, actor, clock, stop, watcher, width, halts } = self;
        let began = clock.now();
        let (status, record) = resume(graph, so_far, began)?;
        let mut pen = JournalWriter { graph, journal, status, record };
        let mut happened: Vec<Entry> = first.into_iter().map(|event| Entry { at: began, event }).collect();
        let (to, mut told) = unbounded();
        let mut under_way = FuturesUnordered::new();
        let mut heard: Vec<oneshot::Sender<()>> = Vec::new();
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
            // The receiver is gone where its step has ended.
            for heard in heard.drain(..) {
                let _: Result<(), ()> = heard.send(());
            }
            happened.iter().take(outcomes).for_each(|entry| pen.tell(watcher, entry));
            for step in steps {
                watcher.event(at, graph, &Progress::Begun(step));
                let tell = StepReporter { step: step.id, address: step.address.clone(), to: to.clone() };
                under_way.push(async move {
                    let outcome = actor.act(step, &tell).await;
                    entry(clock.now(), step, outcome.into())
                });
            }
            if !under_way.is_empty() {
                let left = pen.status.left();
                watcher.event(clock.now(), graph, &Progress::Waiting { under_way: under_way.len(), left, stopping });
            }
            let mut learnt = |(step, address, learnt, hears): Told| {
                heard.extend(hears);
                Entry { at: clock.now(), event: Event::Step { step, address, event: StepEvent::Learnt(learnt) } }
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
            // The observations of a step precede its outcome.
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

/// The status and the record of a run after these entries. The graph may have steps that later events add.
fn resume(graph: &StepGraph, so_far: &[Entry], now: Timestamp) -> Result<(RunStatus, Record), StateError> {
    let Some(first) = so_far.first() else { return Ok((RunStatus::new(graph), Record::new(graph, now))) };
    if !matches!(first.event, Event::Started(RunStart { failover: Some(_), .. })) {
        let mut record = Record::new(graph, first.at);
        so_far.iter().for_each(|entry| record.note(entry));
        return Ok((replay(graph, so_far).map_err(illegal)?, record));
    }
    let (base, status) = replay_run(so_far).map_err(illegal)?;
    let mut record = Record::new(&base, first.at);
    so_far.iter().for_each(|entry| record.note(entry));
    Ok((status, record))
}

fn illegal(e: Corrupt) -> StateError {
    StateError::Damaged { file: "the run's journal".to_owned(), what: e.to_string() }
}

/// The journal and everything derived from it. An event is acted on and reported only once it is in the journal.
struct JournalWriter<'a> {
    graph: &'a StepGraph,
    journal: &'a mut dyn Journal,
    status: RunStatus,
    record: Record,
}

impl JournalWriter<'_> {
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
        if let (Some(step), Some(took)) = (self.graph.step(*step), self.record.fate(*step).and_then(StepOutcome::took))
        {
            watcher.event(entry.at, self.graph, &Progress::Ended { step, took: took.length(), outcome: event });
        }
    }
}

impl From<Outcome> for StepEvent {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done(recorded) => Self::Succeeded(recorded),
            // The reason may quote a server, a program or the stack.
            Outcome::Failed(why) => Self::Failed(shown(&why).into_owned()),
            Outcome::Unknown(why) => Self::OutcomeUnknown(shown(&why).into_owned()),
            Outcome::Paused(why) => Self::Paused(shown(&why).into_owned()),
        }
    }
}

fn entry(at: Timestamp, step: &Step, event: StepEvent) -> Entry {
    Entry { at, event: Event::Step { step: step.id, address: step.address.clone(), event } }
}
