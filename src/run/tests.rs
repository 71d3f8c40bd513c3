//! Promises of the executor, tested with an actor that only waits, on paused time.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;
use crate::steps::tests::any::undertaking;
use crate::steps::tests::{started, step};
use crate::steps::{RunEnd, StepId, replay};
use crate::store::MemoryStore;
use crate::world::Store;

/// A paused clock, starting at the epoch.
struct PausedClock(tokio::time::Instant);

#[async_trait]
impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(i64::try_from(self.0.elapsed().as_millis()).unwrap()).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// An actor that waits for the expected duration of each step, and returns the configured outcome.
#[derive(Default)]
struct WaitingActor {
    ends: BTreeMap<u32, Outcome>,
    stop_at: Option<(u32, StopSignal)>,
    /// Set to report an observation halfway through a step, and another right before its end.
    tells: bool,
    /// The executed steps, in the order of their start.
    did: Mutex<Vec<u32>>,
}

#[async_trait]
impl Actor for WaitingActor {
    fn intent(&self, _: &Step) -> Option<Box<Recorded>> {
        None
    }

    async fn act(&self, step: &Step, tell: &StepReporter) -> Outcome {
        self.did.lock().unwrap().push(step.id.0);
        tokio::time::sleep(step.expect / 2).await;
        if self.tells {
            tell.learnt(StepFact::said("half"));
        }
        tokio::time::sleep(step.expect - step.expect / 2).await;
        if self.tells {
            tell.learnt(StepFact::said("all"));
        }
        if let Some((at, stop)) = &self.stop_at
            && *at == step.id.0
        {
            stop.request();
        }
        self.ends.get(&step.id.0).cloned().unwrap_or(Outcome::Done(None))
    }
}

/// Records the events as text.
#[derive(Default)]
struct RecordingWatcher(Mutex<Vec<String>>);

impl Watcher for RecordingWatcher {
    fn event(&self, at: Timestamp, _: &StepGraph, what: &Progress<'_>) {
        let words = match what {
            Progress::Begun(step) => format!("{}s begun {}", at.as_second(), step.id.0),
            Progress::Learnt { step, learnt } => format!("{}s {} learnt {}", at.as_second(), step.id.0, learnt.what),
            Progress::Ended { step, took, .. } => {
                format!("{}s ended {} after {}s", at.as_second(), step.id.0, took.as_secs())
            }
            Progress::Waiting { under_way, left, stopping } => {
                format!(
                    "{}s waiting for {under_way}, left {left}{}",
                    at.as_second(),
                    if *stopping { ", stopping" } else { "" }
                )
            }
        };
        self.0.lock().unwrap().push(words);
    }
}

async fn walk(
    graph: &StepGraph,
    store: &MemoryStore,
    actor: &WaitingActor,
    width: usize,
) -> (Result<Report, StateError>, Vec<String>) {
    let clock = PausedClock(tokio::time::Instant::now());
    let stop = actor.stop_at.as_ref().map(|(_, stop)| stop.clone()).unwrap_or_default();
    let words = RecordingWatcher::default();
    let mut journal = store.journal("1-a").unwrap();
    let journal = journal.as_mut();
    let walk = Walk { graph, journal, actor, clock: &clock, stop: &stop, watcher: &words, width, halts: false };
    let report = walk.start(started(graph)).await;
    (report, words.0.into_inner().unwrap())
}

/// 0 (1 s) and 1 (2 s); 2 (3 s) needs 0; 3 (4 s) needs 0 and 1; 4 (5 s) needs 3.
fn graph() -> StepGraph {
    StepGraph::new(vec![step(0, &[]), step(1, &[]), step(2, &[0]), step(3, &[0, 1]), step(4, &[3])]).unwrap()
}

/// Removes the source of its observation once that is in the journal.
struct RemovingActor<'a> {
    store: &'a MemoryStore,
    /// The observations in the journal at the removal.
    written: Mutex<usize>,
}

#[async_trait]
impl Actor for RemovingActor<'_> {
    fn intent(&self, _: &Step) -> Option<Box<Recorded>> {
        None
    }

    async fn act(&self, _: &Step, tell: &StepReporter) -> Outcome {
        tell.recorded(StepFact::said("restored")).await;
        let is_fact = |entry: &&Entry| matches!(&entry.event, Event::Step { event: StepEvent::Learnt(fact), .. } if fact.what == "restored");
        *self.written.lock().unwrap() = self.store.entries_of("1-a").unwrap().iter().filter(is_fact).count();
        Outcome::Done(None)
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_observation_is_in_the_journal_before_the_step_goes_on() {
    let (graph, store) = (StepGraph::new(vec![step(0, &[])]).unwrap(), MemoryStore::default());
    let actor = RemovingActor { store: &store, written: Mutex::new(0) };
    let (clock, stop) = (PausedClock(tokio::time::Instant::now()), StopSignal::default());
    let watcher = RecordingWatcher::default();
    let mut journal = store.journal("1-a").unwrap();
    let journal = journal.as_mut();
    let walk = Walk {
        graph: &graph,
        journal,
        actor: &actor,
        clock: &clock,
        stop: &stop,
        watcher: &watcher,
        width: 1,
        halts: false,
    };
    walk.start(started(&graph)).await.unwrap();
    assert_eq!(*actor.written.lock().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn run_takes_as_long_as_its_critical_path() {
    let (graph, store) = (graph(), MemoryStore::default());
    let (report, words) = walk(&graph, &store, &WaitingActor::default(), 8).await;
    let report = report.unwrap();
    assert_eq!(report.ended, Some(RunEnd::Done));
    assert_eq!(report.length, Duration::from_secs(11));
    assert_eq!(report.critical, graph.critical_path());
    assert_eq!(Report::of(&graph, &store.entries()), Some(report));
    assert_eq!(replay(&graph, &store.entries()).unwrap().ended(), Some(RunEnd::Done));
    assert_eq!(
        words.join("; "),
        "0s begun 1; 0s begun 0; 0s waiting for 2, left 3; 1s ended 0 after 1s; 1s begun 2; 1s waiting for 2, left 2; \
         2s ended 1 after 2s; 2s begun 3; 2s waiting for 2, left 1; 4s ended 2 after 3s; 4s waiting for 1, left 1; \
         6s ended 3 after 4s; 6s begun 4; 6s waiting for 1, left 0; 11s ended 4 after 5s"
    );
}

#[tokio::test(start_paused = true)]
async fn failure_stops_only_dependent_steps() {
    let actor = WaitingActor {
        ends: BTreeMap::from([(1, Outcome::Failed("no".to_owned())), (2, Outcome::Unknown("lost".to_owned()))]),
        ..WaitingActor::default()
    };
    let report = walk(&graph(), &MemoryStore::default(), &actor, 8).await.0.unwrap();
    assert_eq!(report.ended, Some(RunEnd::Failed));
    assert!(matches!(&report.fates[0], StepOutcome::Done(took) if took.length() == Duration::from_secs(1)));
    assert!(matches!(&report.fates[1], StepOutcome::Failed(_, why) if why == "no"));
    assert!(matches!(&report.fates[2], StepOutcome::Unknown(_, why) if why == "lost"));
    assert_eq!(report.fates[3..], [StepOutcome::Skipped(StepId(1)), StepOutcome::Skipped(StepId(1))]);
    assert_eq!(report.critical.steps, [StepId(0), StepId(2)]);
}

#[tokio::test(start_paused = true)]
async fn stop_finishes_steps_in_progress() {
    let actor = WaitingActor { stop_at: Some((0, StopSignal::default())), ..WaitingActor::default() };
    let report = walk(&graph(), &MemoryStore::default(), &actor, 8).await.0.unwrap();
    assert_eq!(report.ended, Some(RunEnd::Stopped));
    assert_eq!(report.length, Duration::from_secs(2));
    assert!(report.fates[1].took().is_some());
    assert_eq!(report.fates[2..], [StepOutcome::NotBegun, StepOutcome::NotBegun, StepOutcome::NotBegun]);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_fails_ends_the_run_wherever_it_does() {
    let graph = graph();
    for cut in 0..12 {
        let store = MemoryStore::default();
        store.stop_after(cut);
        assert!(walk(&graph, &store, &WaitingActor::default(), 8).await.0.is_err());
        let entries = store.entries();
        assert_eq!(entries.len(), cut);
        assert!(replay(&graph, &entries).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn width_and_words_bound_what_is_under_way() {
    let serial = |id: u32| Step { serial: vec![format!("w{}", id % 2)], ..step(id, &[]) };
    let graph = StepGraph::new((0..4).map(serial).collect()).unwrap();
    // Two keys: steps 0 and 2 run in sequence, beside 1 and 3.
    let report = walk(&graph, &MemoryStore::default(), &WaitingActor::default(), 8).await.0.unwrap();
    assert_eq!(report.length, Duration::from_secs(6));
    let report = walk(&graph, &MemoryStore::default(), &WaitingActor::default(), 1).await.0.unwrap();
    assert_eq!(report.length, Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn simultaneous_outcomes_share_one_sync() {
    struct Counts(usize);
    impl Journal for Counts {
        fn append(&mut self, _: &[Entry]) -> Result<(), StateError> {
            self.0 += 1;
            Ok(())
        }
    }
    let steps = (0..50).map(|id| Step { expect: Duration::from_secs(1), ..step(id, &[]) }).collect();
    let graph = StepGraph::new(steps).unwrap();
    let (mut journal, clock) = (Counts(0), PausedClock(tokio::time::Instant::now()));
    let (stop, words) = (StopSignal::default(), RecordingWatcher::default());
    let (graph, journal, actor) = (&graph, &mut journal, &WaitingActor::default());
    let walk = Walk { graph, journal, actor, clock: &clock, stop: &stop, watcher: &words, width: 50, halts: false };
    walk.start(started(graph)).await.unwrap();
    assert_eq!(journal.0, 3, "started and begun, succeeded, ended");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_halts_begins_nothing_more_once_a_step_has_failed() {
    let graph = StepGraph::new(vec![step(0, &[]), step(1, &[]), step(2, &[1]), step(3, &[0])]).unwrap();
    let actor =
        WaitingActor { ends: BTreeMap::from([(0, Outcome::Failed("no".to_owned()))]), ..WaitingActor::default() };
    let clock = PausedClock(tokio::time::Instant::now());
    let (stop, words, store) = (StopSignal::default(), RecordingWatcher::default(), MemoryStore::default());
    let mut journal = store.journal("1-a").unwrap();
    let walk = Walk {
        graph: &graph,
        journal: journal.as_mut(),
        actor: &actor,
        clock: &clock,
        stop: &stop,
        watcher: &words,
        width: 8,
        halts: true,
    };
    let report = walk.start(started(&graph)).await.unwrap();
    // The steps in progress ended, and a step that needed only those did not begin although it could have.
    assert!(matches!(&report.fates[1], StepOutcome::Done(_)));
    assert_eq!(report.fates[2..], [StepOutcome::NotBegun, StepOutcome::Skipped(StepId(0))]);
    assert_eq!(report.ended, Some(RunEnd::Stopped));
}

#[tokio::test(start_paused = true)]
async fn observations_precede_the_outcome_in_the_journal() {
    let (graph, store) = (graph(), MemoryStore::default());
    let actor = WaitingActor { tells: true, ..WaitingActor::default() };
    let (report, words) = walk(&graph, &store, &actor, 8).await;
    assert_eq!(report.unwrap().ended, Some(RunEnd::Done));
    for id in 0..5 {
        let about: Vec<String> = store
            .entries()
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::Step { step, event, .. } if *step == StepId(id) => Some(match event {
                    StepEvent::Learnt(learnt) => learnt.what.clone(),
                    StepEvent::Begun(_) => "begun".to_owned(),
                    _ => "ended".to_owned(),
                }),
                _ => None,
            })
            .collect();
        assert_eq!(about, ["begun", "half", "all", "ended"], "step {id}");
        assert!(words.iter().any(|word| word.ends_with(&format!("{id} learnt half"))), "{words:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_after_a_cut_at_every_entry_and_does_nothing_twice_that_was_done() {
    let graph = graph();
    let begins = RunStart { failover: Some(Box::new(undertaking(&graph))), ..started(&graph) };
    let go_on = async |store: &MemoryStore, so_far: &[Entry], first: Event, actor: &WaitingActor| {
        let clock = PausedClock(tokio::time::Instant::now());
        let (stop, words) = (StopSignal::default(), RecordingWatcher::default());
        let mut journal = store.journal("1-a").unwrap();
        let walk = Walk {
            graph: &graph,
            journal: journal.as_mut(),
            actor,
            clock: &clock,
            stop: &stop,
            watcher: &words,
            width: 8,
            halts: true,
        };
        walk.go_on(so_far, vec![first]).await.unwrap()
    };
    let whole = MemoryStore::default();
    let actor = WaitingActor { tells: true, ..WaitingActor::default() };
    go_on(&whole, &[], Event::Started(begins), &actor).await;
    let entries = whole.entries();
    // The last entry is the end of a completed run: nothing follows it.
    for cut in 1..entries.len() {
        let so_far = &entries[..cut];
        let store = MemoryStore::default();
        store.journal("1-a").unwrap().append(so_far).unwrap();
        let actor = WaitingActor::default();
        let report = go_on(&store, so_far, Event::Resumed { by: "ann@host".to_owned() }, &actor).await;
        assert_eq!(report.ended, Some(RunEnd::Done), "cut at {cut}");
        let (_, then) = replay_run(so_far).unwrap();
        let mut did = actor.did.into_inner().unwrap();
        did.sort_unstable();
        let open = |id: &u32| then.phase(StepId(*id)) != Some(crate::steps::Phase::Succeeded);
        assert_eq!(did, (0..5).filter(open).collect::<Vec<_>>(), "cut at {cut}");
        assert_eq!(replay_run(&store.entries()).unwrap().1.ended(), Some(RunEnd::Done));
    }
}
