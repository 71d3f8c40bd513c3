//! Properties of every graph, every order of outcomes and every point at which a journal breaks off.

pub(crate) mod any;
mod runs;

use proptest::prelude::*;

use super::*;

/// A step about `kind.s<id>` that takes one second more than its id.
pub(crate) fn step(id: u32, needs: &[u32]) -> Step {
    Step {
        id: StepId(id),
        address: Address::new("kind", &format!("s{id}")),
        needs: needs.iter().copied().map(StepId).collect(),
        act: Act::Create,
        serial: Vec::new(),
        touches: Vec::new(),
        expect: Duration::from_secs(u64::from(id) + 1),
        worst: Duration::from_secs(2 * (u64::from(id) + 1)),
        stage: Stage::Plan,
        undo: Undo::Nothing,
    }
}

pub(crate) fn started(graph: &StepGraph) -> RunStart {
    RunStart {
        version: 1,
        run: "0000000000001-a".to_owned(),
        command: "apply".to_owned(),
        by: "ann@host".to_owned(),
        lineage: "l".to_owned(),
        serial: 0,
        stack: "s".to_owned(),
        digest: "d".to_owned(),
        steps: u32::try_from(graph.steps.len()).unwrap(),
        inputs: Default::default(),
        failover: None,
    }
}

fn at_epoch(event: Event) -> Entry {
    Entry { at: Timestamp::UNIX_EPOCH, event }
}

pub(crate) fn about(graph: &StepGraph, id: StepId, event: StepEvent) -> Entry {
    at_epoch(Event::Step { step: id, address: graph.step(id).unwrap().address.clone(), event })
}

fn graphs() -> impl Strategy<Value = StepGraph> {
    let row =
        (prop::collection::vec(any::<prop::sample::Index>(), 0..4), prop::collection::vec(0..3_u8, 0..3), 0..9_u64);
    (prop::collection::vec(row, 1..40), any::<bool>()).prop_map(|(rows, backwards)| {
        let count = u32::try_from(rows.len()).unwrap();
        let place = |id: u32| if backwards { count - 1 - id } else { id };
        let mut steps = Vec::new();
        for (id, (needs, words, seconds)) in (0..).zip(rows) {
            let needs: Vec<u32> = needs
                .iter()
                .filter(|_| id > 0)
                .map(|need| place(u32::try_from(need.index(id as usize)).unwrap()))
                .collect();
            let serial = words.iter().map(u8::to_string).collect();
            steps.push(Step { serial, expect: Duration::from_secs(seconds), ..step(place(id), &needs) });
        }
        steps.sort_by_key(|step| step.id);
        StepGraph::new(steps).unwrap()
    })
}

fn outcome(dice: u8) -> StepEvent {
    match dice {
        0..=8 => StepEvent::Succeeded(None),
        9..=20 => StepEvent::Failed("no".to_owned()),
        21..=30 => StepEvent::OutcomeUnknown("perhaps".to_owned()),
        _ => StepEvent::Succeeded(None),
    }
}

/// Runs from a status to the end, with outcomes and order given by `dice`, and checks every choice.
fn run_on(graph: &StepGraph, status: &mut RunStatus, limit: usize, dice: &[u8]) -> Vec<Entry> {
    let mut journal = Vec::new();
    let mut under_way: Vec<StepId> =
        graph.steps.iter().map(|step| step.id).filter(|&id| status.phase(id) == Some(Phase::UnderWay)).collect();
    let mut dice = dice.iter().copied().cycle();
    let mut write = |status: &mut RunStatus, entry: Entry| {
        status.advance(graph, &entry).unwrap();
        journal.push(entry);
    };
    loop {
        for id in next(status, limit) {
            let step = graph.step(id).unwrap();
            assert!(
                step.needs.iter().all(|&need| status.phase(need) == Some(Phase::Succeeded)),
                "{id:?} before its needs"
            );
            let shares =
                |other: &StepId| graph.step(*other).unwrap().serial.iter().any(|word| step.serial.contains(word));
            assert!(!under_way.iter().any(shares), "{id:?} beside one that it must not run beside");
            write(status, about(graph, id, StepEvent::Begun(None)));
            under_way.push(id);
        }
        assert!(under_way.len() <= limit.max(1));
        if under_way.is_empty() {
            break;
        }
        let id = under_way.swap_remove(dice.next().unwrap() as usize % under_way.len());
        write(status, about(graph, id, outcome(dice.next().unwrap())));
    }
    assert_ne!(status.verdict(), RunEnd::Stopped, "something ready was never begun");
    write(status, at_epoch(Event::Ended(status.verdict())));
    journal
}

fn seen(status: &RunStatus) -> (Vec<Phase>, usize, usize, RunEnd, Option<RunEnd>) {
    (status.phases().to_vec(), status.under_way(), status.left(), status.verdict(), status.ended())
}

proptest! {
    #[test]
    fn a_run_keeps_its_rules_ends_and_can_break_off_anywhere(
        graph in graphs(), limit in 1..6_usize, dice in prop::collection::vec(any::<u8>(), 1..80), cut in any::<prop::sample::Index>(),
    ) {
        let mut journal = vec![at_epoch(Event::Started(started(&graph)))];
        let mut live = replay(&graph, &journal).unwrap();
        journal.extend(run_on(&graph, &mut live, limit, &dice));
        prop_assert_eq!(seen(&live), seen(&replay(&graph, &journal).unwrap()));

        // Exactly the steps that depend on a failure did not begin.
        for step in &graph.steps {
            let blocked = step.needs.iter().any(|&need| live.phase(need) != Some(Phase::Succeeded));
            prop_assert_eq!(live.phase(step.id) == Some(Phase::Waiting), blocked);
        }

        // Every prefix is legal, replays to the status at that time, and can be continued to an end.
        let mut then = RunStatus::new(&graph);
        for (length, entry) in journal.iter().enumerate() {
            prop_assert_eq!(seen(&then), seen(&replay(&graph, &journal[..length]).unwrap()));
            then.advance(&graph, entry).unwrap();
        }
        let mut resumed = replay(&graph, &journal[..=cut.index(journal.len() - 1)]).unwrap();
        let limit = limit.max(resumed.under_way());
        run_on(&graph, &mut resumed, limit, &dice);
    }
}

#[test]
fn longest_remaining_path_runs_first() {
    let graph = StepGraph::new(vec![step(0, &[]), step(1, &[]), step(2, &[]), step(3, &[0])]).unwrap();
    assert_eq!(next(&mut RunStatus::new(&graph), 2), [StepId(0), StepId(2)]);
}

#[test]
fn ten_thousand_steps_behind_one_word_run_one_by_one() {
    let steps = (0..10_000).map(|id| Step { serial: vec!["one".to_owned()], ..step(id, &[]) }).collect();
    let graph = StepGraph::new(steps).unwrap();
    let mut status = replay(&graph, &[at_epoch(Event::Started(started(&graph)))]).unwrap();
    assert_eq!(run_on(&graph, &mut status, 64, &[255]).len(), 20_001);
}

#[test]
fn an_illegal_entry_is_named() {
    let serial = vec!["w".to_owned()];
    let rows = vec![Step { serial: serial.clone(), ..step(0, &[]) }, step(1, &[0]), Step { serial, ..step(2, &[]) }];
    let graph = StepGraph::new(rows).unwrap();
    let begun = |id| about(&graph, StepId(id), StepEvent::Begun(None));
    let done = |id| about(&graph, StepId(id), StepEvent::Succeeded(None));
    let why = |entries: &[Entry]| {
        let journal: Vec<_> =
            std::iter::once(at_epoch(Event::Started(started(&graph)))).chain(entries.iter().cloned()).collect();
        replay(&graph, &journal).unwrap_err().to_string()
    };
    assert_eq!(why(&[begun(1)]), "entry 2: step 1 (kind.s1) begins before its needs are done");
    assert_eq!(why(&[begun(0), begun(0)]), "entry 3: step 0 (kind.s0) begins a second time");
    assert_eq!(why(&[begun(0), begun(2)]), "entry 3: step 2 (kind.s2) begins while step 0 excludes it");
    assert_eq!(why(&[done(0)]), "entry 2: step 0 (kind.s0) has an outcome and is not in progress");
    assert_eq!(
        why(&[begun(0), at_epoch(Event::Ended(RunEnd::Stopped))]),
        "entry 3: the run ends with 1 steps in progress"
    );
    assert_eq!(why(&[at_epoch(Event::Ended(RunEnd::Done))]), "entry 2: the run ends as Done, and its steps as Stopped");
    assert_eq!(why(&[at_epoch(Event::Started(started(&graph)))]), "entry 2: only the first entry starts a run");
    let elsewhere =
        at_epoch(Event::Step { step: StepId(0), address: Address::new("kind", "s1"), event: StepEvent::Begun(None) });
    assert_eq!(why(&[elsewhere]), "entry 2: step 0 is not about kind.s1");
}
