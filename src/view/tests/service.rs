//! Service is claimed only where it was confirmed, and times count from the outage.

use super::run::Drive;
use super::*;
use crate::steps::{Entry, Event, RunEnd, StepEvent, Timeline};

/// A run in which every step succeeds, ten seconds each, except one that fails and is skipped.
fn finished(procedure: &Procedure, skipped: Option<u32>) -> Timeline {
    Timeline::of(&journal_of(procedure, skipped)).unwrap()
}

/// Its journal.
fn journal_of(procedure: &Procedure, skipped: Option<u32>) -> Vec<Entry> {
    let mut drive = Drive::start(procedure, "ann@ops-1");
    let mut now = 0;
    for id in drive.graph.order() {
        if skipped != Some(id.0) {
            drive.runs(id.0, now, now + 10);
        } else {
            drive.step(now, id.0, StepEvent::Begun(None));
            drive.step(now + 5, id.0, StepEvent::Failed("no answer".to_owned()));
            drive.happens(now + 6, Event::Ended(RunEnd::Failed));
            drive.happens(now + 7, Event::Resumed { by: "ann@ops-1".to_owned() });
            drive.step(now + 8, id.0, StepEvent::Skipped("ann@ops-1: it answers by telephone".to_owned()));
        }
        now += 10;
    }
    drive.happens(now, Event::Ended(RunEnd::Done));
    drive.entries
}

#[test]
fn service_is_restored_only_where_a_probe_or_the_public_endpoint_confirms_it() {
    use crate::view::service::{measured, service, unconfirmed};
    let whole = finished(&procedure(), None);
    assert!(whole.recovery().is_some() && unconfirmed(&whole).is_none());
    assert!(service(&whole).unwrap().starts_with("Service restored after "), "{:?}", service(&whole));

    // The probe was skipped: the traffic switch alone proves nothing.
    let skipped = finished(&procedure(), Some(19));
    assert_eq!((skipped.recovery(), skipped.switched()), (None, None));
    assert_eq!(service(&skipped).unwrap(), "Traffic switched, not confirmed: probe.front was skipped.");
    assert_eq!(measured(&skipped), "not confirmed");
    // The route was skipped: traffic has not switched.
    assert_eq!(service(&finished(&procedure(), Some(20))), None);

    let mut blind = procedure();
    for step in &mut blind.steps.steps {
        match &mut step.act {
            Act::Task(Task::Route { levers, agree }) => {
                levers.iter_mut().for_each(|lever| lever.front = None);
                agree.clear();
            }
            Act::Task(Task::Probe) => {
                (step.act, step.stage) = (Act::Task(Task::Custom { action: "wait".to_owned() }), Stage::Step);
            }
            _ => {}
        }
    }
    let blind = finished(&blind, None);
    assert_eq!(blind.recovery(), None);
    let words = service(&blind).unwrap();
    assert!(words.starts_with("Traffic switched after ") && words.contains("not confirmed: no probe"), "{words}");
    assert!(measured(&blind).ends_with(", not confirmed"));
    let json = crate::view::run_json::show(&blind, CloudName::Local);
    assert_eq!((&json["recovery_time"]["real"], &json["recovery_time"]["served_at"]), (&json!(null), &json!(null)));
    assert!(json["recovery_time"]["switched"].is_u64(), "{json}");
}

#[test]
fn time_counts_from_a_known_outage() {
    let mut procedure = procedure();
    procedure.outage = Some(crate::failover::Outage { since: at(-300), now: at(0) });
    let run = finished(&procedure, None);
    let (recovery, whole) = (run.recovery().unwrap(), run.without_service().unwrap());
    assert_eq!(whole, recovery + secs(300));
    assert!(crate::view::service::service(&run).unwrap().ends_with(" after the outage began."));
}

#[test]
fn a_run_with_a_skipped_step_is_no_sample() {
    for (skipped, count) in [(None, 1), (Some(19), 0)] {
        let mut history = crate::failover::History::default();
        history.take_in(&journal_of(&procedure(), skipped));
        assert_eq!(history.calibration("web", RunKind::Up).runs, count, "{skipped:?}");
        assert_eq!(history == crate::failover::History::default(), count == 0);
    }
}
