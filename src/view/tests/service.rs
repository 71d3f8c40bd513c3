//! Service is claimed only where it was confirmed, and times count from the outage.

use super::run::Drive;
use super::*;
use crate::steps::{Entry, Event, RunEnd, StepEvent, StepFact, Timeline};

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

/// A procedure that no probe verifies.
fn without_probes() -> Procedure {
    let mut blind = procedure();
    for step in &mut blind.steps.steps {
        match &mut step.act {
            Act::Task(Task::Route { levers, agree }) => {
                levers.iter_mut().for_each(|lever| lever.watch = None);
                agree.clear();
            }
            Act::Task(Task::Probe) => {
                (step.act, step.stage) = (Act::Task(Task::Custom { action: "wait".to_owned() }), Stage::Step);
            }
            _ => {}
        }
    }
    blind
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

    let blind = finished(&without_probes(), None);
    assert_eq!(blind.recovery(), None);
    let words = service(&blind).unwrap();
    assert!(words.starts_with("Traffic switched after ") && words.contains("not confirmed: no probe"), "{words}");
    assert!(measured(&blind).ends_with(", not confirmed"));
    let json = crate::view::run_json::show(&blind, CloudName::Local);
    assert_eq!((&json["recovery_time"]["real"], &json["recovery_time"]["served_at"]), (&json!(null), &json!(null)));
    assert!(json["recovery_time"]["switched"].is_u64(), "{json}");
}

/// A probe whose host is not simulated succeeds as a step, and says nothing about users.
#[test]
fn host_that_is_not_simulated_confirms_nothing() {
    use crate::view::service::{measured, service};
    let mut procedure = procedure();
    for step in &mut procedure.steps.steps {
        if let Act::Task(Task::Route { levers, agree }) = &mut step.act {
            levers.iter_mut().for_each(|lever| lever.front = None);
            agree.clear();
        }
    }
    let mut journal = journal_of(&procedure, None);
    let is_begun = |entry: &Entry| matches!(&entry.event, Event::Step { address, event: StepEvent::Begun(_), .. } if address.as_str() == "probe.front");
    let at = journal.iter().position(is_begun).unwrap();
    let Entry { at: begun, event: Event::Step { step, address, .. } } = journal[at].clone() else { unreachable!() };
    let fact = StepFact { not_simulated: true, ..StepFact::said("GET https://shop.example/ was not sent") };
    journal.insert(at + 1, Entry { at: begun, event: Event::Step { step, address, event: StepEvent::Learnt(fact) } });
    let run = Timeline::of(&journal).unwrap();
    assert_eq!(run.not_simulated().map(|step| step.address.as_str()).collect::<Vec<_>>(), ["probe.front"]);
    assert_eq!((run.served, run.recovery()), (None, None));
    let words = service(&run).unwrap();
    assert!(words.ends_with(", not confirmed: the host of probe.front is not simulated."), "{words}");
    assert!(measured(&run).ends_with(", not confirmed"));
    let report = crate::view::report::markdown(&run, None, "", CloudName::Local).unwrap();
    assert!(
        report.contains("not simulated") && report.contains("not verified") && !report.contains("verified by"),
        "{report}"
    );
}

#[test]
fn front_confirms_service_or_denies_it() {
    use crate::view::service::{service, unconfirmed};
    let is_switched = |entry: &Entry| matches!(&entry.event, Event::Step { step, event: StepEvent::Succeeded(_), address: _ } if step.0 == 20);
    let reported = |served: bool, what: &str| {
        let mut journal = journal_of(&without_probes(), None);
        let at = journal.iter().position(is_switched).unwrap();
        let fact = StepFact { served: Some(served), ..StepFact::said(what) };
        let event = StepEvent::Learnt(fact);
        let event = Event::Step { step: StepId(20), address: address("route.traffic-manager"), event };
        journal.insert(at, Entry { at: journal[at].at, event });
        Timeline::of(&journal).unwrap()
    };
    let well = reported(true, "the front reports the endpoint: Online");
    assert!(well.served.is_some() && unconfirmed(&well).is_none());
    assert!(service(&well).unwrap().starts_with("Service restored after "));
    let ill = reported(false, "the front reports the endpoint: Degraded");
    assert_eq!((ill.served, ill.unserved().count()), (None, 1));
    assert_eq!(unconfirmed(&ill).as_deref(), Some("the front reports the endpoint: Degraded"));
    assert!(service(&ill).unwrap().contains(", not confirmed: the front reports"), "{:?}", service(&ill));
}

#[test]
fn service_is_not_restored_where_a_route_was_left_out() {
    let mut procedure = procedure();
    procedure.unswitched = vec![address("route.www")];
    let run = finished(&procedure, None);
    assert_eq!(run.served, None);
    let words = crate::view::service::service(&run).unwrap();
    assert!(words.ends_with(", not confirmed: the traffic of route.www was not switched."), "{words}");
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

#[test]
fn lost_journal_claims_neither_mode_nor_outcome() {
    let mut state = crate::state::State::empty("web-geo", "7c2e".to_owned());
    let open = crate::state::OpenRun {
        run: "1790000000000-b2".to_owned(),
        group: "web".to_owned(),
        verb: RunKind::Up,
        leaving: "primary".to_owned(),
        since: at(0),
    };
    state.roles.open.insert("web".to_owned(), open);
    state.lose("1790000000000-b2");
    let text = crate::view::roles::recorded("web-geo", CloudName::Local, &state.roles, Layout::default());
    assert!(text.contains("is missing: its mode and its outcome are"), "{text}");
    assert!(!text.contains("forced") && !text.contains("aborted"), "{text}");
    assert_eq!(crate::view::roles::role_json(&state.roles.groups["web"])["how"], json!(null));
}
