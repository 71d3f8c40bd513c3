//! Failover runs: resumed, rolled back, with skipped steps, waiting, aborted.

use proptest::prelude::*;

use super::any::{role, undertaking};
use super::*;
use crate::address::Address;
use crate::backup::{RestoreRecord, restore_record};
use crate::state::State;

fn begins(graph: &StepGraph) -> Entry {
    let failover = Some(Box::new(undertaking(graph)));
    at_epoch(Event::Started(RunStart { failover, ..started(graph) }))
}

/// A run in progress: its journal, and the status kept alongside.
struct LiveRun {
    graph: StepGraph,
    journal: Vec<Entry>,
    status: RunStatus,
}

impl LiveRun {
    fn new(graph: StepGraph) -> Self {
        let status = RunStatus::new(&graph);
        let begins = begins(&graph);
        let mut live = Self { graph, journal: Vec::new(), status };
        live.write(begins);
        live
    }

    fn write(&mut self, entry: Entry) {
        if let Event::Extended { steps, why: _ } = &entry.event {
            let all = self.graph.steps.iter().chain(steps).cloned().collect();
            self.graph = StepGraph::new(all).unwrap();
        }
        self.status.advance(&self.graph, &entry).unwrap();
        self.journal.push(entry);
        let (graph, replayed) = replay_run(&self.journal).unwrap();
        assert_eq!(graph, self.graph);
        assert_eq!(seen(&self.status), seen(&replayed));
        self.counts();
    }

    fn ids(&self, phases: &[Phase]) -> Vec<StepId> {
        let is = |id: &StepId| self.status.phase(*id).is_some_and(|phase| phases.contains(&phase));
        self.graph.steps.iter().map(|step| step.id).filter(is).collect()
    }

    fn counts(&self) {
        assert_eq!(self.status.under_way(), self.ids(&[Phase::UnderWay]).len());
        assert_eq!(self.status.has_failed(), !self.ids(&[Phase::Failed, Phase::Unknown]).is_empty());
        assert_eq!(self.status.left(), self.ids(&[Phase::Waiting, Phase::Ready]).len());
        let all_done = self.ids(&[Phase::Succeeded, Phase::Skipped]).len() == self.graph.steps.len();
        assert_eq!(self.status.verdict() == RunEnd::Done, all_done);
    }

    /// Begins every step that may begin.
    fn begin(&mut self) {
        for id in next(&mut self.status, 3) {
            let done = |need: &StepId| {
                matches!(self.status.phase(*need), Some(Phase::Succeeded | Phase::Skipped))
                    || (need.0 as usize) < self.unwound()
            };
            assert!(self.graph.step(id).unwrap().needs.iter().all(done), "{id:?} before its needs");
            self.write(about(&self.graph, id, StepEvent::Begun(None)));
        }
    }

    /// The number of steps before those of the rollback.
    fn unwound(&self) -> usize {
        let added = self.journal.iter().rev().find_map(|entry| match &entry.event {
            Event::Extended { steps, .. } => Some(steps.len()),
            _ => None,
        });
        added.map_or(0, |added| self.graph.steps.len() - added)
    }

    /// Gives one step in progress an outcome.
    fn end_one(&mut self, dice: u8) -> bool {
        let under_way = self.ids(&[Phase::UnderWay]);
        let Some(&id) = under_way.get(usize::from(dice) % under_way.len().max(1)) else { return false };
        self.write(about(&self.graph, id, StepEvent::Learnt(StepFact::said("on its way"))));
        let event = match dice % 5 {
            0 => StepEvent::Failed("no".to_owned()),
            1 => StepEvent::OutcomeUnknown("perhaps".to_owned()),
            2 => StepEvent::Paused("for somebody".to_owned()),
            _ => StepEvent::Succeeded(None),
        };
        self.write(about(&self.graph, id, event));
        true
    }

    fn is_over(&self) -> bool {
        self.status.ended() == Some(RunEnd::Done)
    }

    /// The actions of an operator: resume, skip, roll back.
    fn operate(&mut self, dice: u8) {
        match dice % 4 {
            0 => {
                let fresh = u32::try_from(self.graph.steps.len()).unwrap();
                let steps = vec![step(fresh, &[]), step(fresh + 1, &[fresh])];
                self.write(at_epoch(Event::Extended { why: "the run is rolled back".to_owned(), steps }));
            }
            1 => {
                self.write(at_epoch(Event::Resumed { by: "ann@host".to_owned() }));
                if let Some(&id) = self.ids(&[Phase::Ready]).first() {
                    self.write(about(&self.graph, id, StepEvent::Skipped("ann@host".to_owned())));
                }
            }
            _ => self.write(at_epoch(Event::Resumed { by: "ann@host".to_owned() })),
        }
    }
}

proptest! {
    // Each entry is compared with a replay of all before it: a case costs the square of its length.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_run_that_is_resumed_unwound_and_left_out_keeps_count_and_can_be_given_up_anywhere(
        graph in graphs(), dice in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let mut live = LiveRun::new(graph);
        for &die in &dice {
            // A kill leaves steps in progress; an end requires that there are none.
            if die % 7 == 0 {
                live.operate(die / 7);
            }
            if die % 11 == 0
                && let Some(&id) = live.ids(&[Phase::Failed, Phase::Unknown, Phase::Paused]).first()
            {
                live.write(about(&live.graph, id, StepEvent::Skipped("ann@host".to_owned())));
            }
            live.begin();
            if !live.end_one(die) {
                live.write(at_epoch(Event::Ended(live.status.verdict())));
                if live.is_over() {
                    break;
                }
                live.operate(die / 7);
            }
        }
        // Every prefix is legal. After each, the run can be aborted (after a rollback, once that is complete), and
        // nothing can follow.
        for length in 1..=live.journal.len() {
            let mut journal = live.journal[..length].to_vec();
            replay_run(&journal).unwrap();
            journal.push(at_epoch(Event::Closed {
                by: "ann@host".to_owned(),
                why: "enough".to_owned(),
                superseded_by: None,
            }));
            prop_assert!(replay_run(&journal).is_ok());
            journal.push(at_epoch(Event::Resumed { by: "ann@host".to_owned() }));
            prop_assert!(replay_run(&journal).is_err());
        }
    }

    #[test]
    fn a_run_that_was_killed_anywhere_goes_on_to_its_end_and_repeats_nothing_that_succeeded(
        graph in graphs(), cut in any::<prop::sample::Index>(), limit in 1..6_usize,
    ) {
        let mut journal = vec![begins(&graph)];
        let mut status = replay(&graph, &journal).unwrap();
        journal.extend(run_on(&graph, &mut status, limit, &[255]));
        journal.truncate(1 + cut.index(journal.len() - 1));
        let (_, then) = replay_run(&journal).unwrap();
        let succeeded = then.phases().iter().filter(|phase| **phase == Phase::Succeeded).count();
        journal.push(at_epoch(Event::Resumed { by: "ann@host".to_owned() }));
        let (_, mut resumed) = replay_run(&journal).unwrap();
        prop_assert_eq!(resumed.under_way(), 0);
        let rest = run_on(&graph, &mut resumed, limit, &[255]);
        prop_assert_eq!(resumed.ended(), Some(RunEnd::Done));
        prop_assert_eq!(rest.len(), 2 * (graph.steps.len() - succeeded) + 1);
        journal.extend(rest);
        prop_assert_eq!(seen(&replay_run(&journal).unwrap().1), seen(&resumed));
    }
}

#[test]
fn journal_updates_the_roles() {
    let graph = StepGraph::new(vec![step(0, &[])]).unwrap();
    let learnt = StepFact { role: Some(("web".to_owned(), Box::new(role("1-a")))), ..StepFact::said("west is active") };
    let id = StepId(0);
    let end = |event| at_epoch(Event::Ended(event));
    let closed = at_epoch(Event::Closed { by: "ann@host".to_owned(), why: "enough".to_owned(), superseded_by: None });
    for (last, is_open) in [(end(RunEnd::Done), false), (end(RunEnd::Stopped), true), (closed, false)] {
        let Event::Started(started) = begins(&graph).event else { unreachable!("a run begins with its start") };
        let mut state = State::before(&started);
        let journal = [
            begins(&graph),
            about(&graph, id, StepEvent::Begun(None)),
            about(&graph, id, StepEvent::Learnt(learnt.clone())),
            last,
        ];
        for (at, entry) in journal.iter().enumerate() {
            state.fold(&started.run, entry).unwrap();
            assert_eq!(!state.roles.open.is_empty(), at < 3 || is_open);
            assert_eq!(state.roles.epoch, u64::from(at >= 2));
        }
        assert_eq!(state.roles.groups["web"], role("1-a"));
    }
}

#[test]
fn journal_updates_the_restores_of_its_run_and_a_failed_probe_takes_the_proof_away() {
    let graph = StepGraph::new(vec![step(0, &[])]).unwrap();
    let Event::Started(started) = begins(&graph).event else { unreachable!("a run begins with its start") };
    let backup = Address::new("backup", "orders");
    let record = restore_record("20260105F", &started.run, 0);
    let learnt = StepFact { restores: vec![(backup.clone(), record)], ..StepFact::said("restored") };
    let probe = |event| {
        let address = Address::new("probe", "cold");
        at_epoch(Event::Step { step: StepId(0), address, event })
    };
    let mut state = State::before(&started);
    let mut fold = |entry: Entry| {
        state.fold(&started.run, &entry).unwrap();
        let records = state.restores.get(&backup).cloned().unwrap_or_default();
        (records.len(), records.iter().all(RestoreRecord::is_proof))
    };
    let tells = || about(&graph, StepId(0), StepEvent::Learnt(learnt.clone()));
    assert_eq!(fold(begins(&graph)), (0, true));
    // A run that is resumed reads the report of the machine again.
    assert_eq!((fold(tells()), fold(tells())), ((1, true), (1, true)));
    assert_eq!(fold(probe(StepEvent::Failed("HTTP 503".to_owned()))), (1, false));
    assert_eq!(fold(probe(StepEvent::Succeeded(None))), (1, true));
}

#[test]
fn interrupted_wait_does_not_wait_for_an_operator() {
    let graph = StepGraph::new(vec![step(0, &[])]).unwrap();
    let id = StepId(0);
    let ends = |why: &str| {
        let journal = [
            begins(&graph),
            about(&graph, id, StepEvent::Begun(None)),
            about(&graph, id, StepEvent::Paused(why.to_owned())),
            at_epoch(Event::Ended(RunEnd::Stopped)),
        ];
        let run = Timeline::of(&journal).unwrap();
        (run.condition(), run.phase(id))
    };
    assert_eq!(ends(INTERRUPTED), (Condition::Stopped, Some(Phase::Ready)));
    // The reason that earlier versions wrote.
    let earlier = "the run was asked to stop while this waited; it goes on when it is resumed";
    assert_eq!(ends(earlier), (Condition::Stopped, Some(Phase::Ready)));
    assert_eq!(ends("May billing resume?"), (Condition::Waits, Some(Phase::Paused)));
}
