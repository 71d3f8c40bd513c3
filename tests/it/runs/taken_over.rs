//! Runs that end where they are, runs that take over others, and runs of two groups at once.

use drplan::apply::taken_over;
use drplan::steps::{Condition, Event, RunSpec, Timeline};

use super::*;

/// Steps of a planned run.
fn planned() -> Vec<Step> {
    let mut steps = Vec::new();
    let needs = data(&mut steps);
    let route = users(&mut steps, &needs, false);
    record(&mut steps, &[route]);
    steps
}

/// Steps of the run that takes over: what the first did is done again, and found done.
fn forced() -> Vec<Step> {
    planned()
}

/// Takes over the unfinished run of the group.
async fn take_over(day: &ProcedureLab) -> Result<(FailoverRun, RunOutcome), RunError> {
    day.with(async |stack, ports, party| {
        let state = day.state();
        let old = FailoverRun::read(ports.store, &state.roles.open["web"].run)?;
        let state = taken_over(&old, &state, ports.clock.now())?;
        let procedure = procedure(stack, &state, forced());
        let run = FailoverRun::new(&procedure, &state, ports, "tester")?;
        let mut run = run.with_outage(Some(ports.clock.now()), Some(old.id));
        let done = undertake(&mut run, stack, ports, party, Continuation::Start, FailurePolicy::Stop).await?;
        Ok((run, done))
    })
    .await
}

fn timeline(day: &ProcedureLab, run: &str) -> Timeline {
    Timeline::of(&day.lab.store.entries_of(run).unwrap()).unwrap()
}

#[test]
fn run_killed_anywhere_can_be_taken_over() {
    let whole = simulated(async { ProcedureLab::new().await.begin(planned(), FailurePolicy::Stop).await.unwrap().0 });
    for cut in 1..whole.journal.len() {
        simulated(async {
            let day = ProcedureLab::new().await;
            day.lab.store.stop_after(cut);
            assert!(day.begin(planned(), FailurePolicy::Stop).await.is_err());
            day.lab.store.go_on();
            let old = day.state().roles.open["web"].run.clone();
            let (run, done) = take_over(&day).await.unwrap();
            assert_eq!((failures(&done), done.report.ended), (vec![], Some(RunEnd::Done)), "cut after {cut}");
            let (before, after) = (timeline(&day, &old), timeline(&day, &run.id));
            assert_eq!((before.condition(), &before.superseded_by), (Condition::Superseded, &Some(run.id.clone())));
            assert_eq!((after.condition(), after.undertaking.since.is_some()), (Condition::Done, true));
            let roles = day.state().roles;
            assert_eq!((roles.open.len(), roles.groups["web"].active), (0, ActiveSite::Away), "cut after {cut}");
        });
    }
}

#[test]
fn take_over_killed_anywhere_leaves_one_run_to_continue() {
    let steps = || planned();
    let cut_of_old = 7;
    let entries = simulated(async {
        let day = ProcedureLab::new().await;
        day.lab.store.stop_after(cut_of_old);
        assert!(day.begin(steps(), FailurePolicy::Stop).await.is_err());
        day.lab.store.go_on();
        let before = day.lab.store.entries().len();
        take_over(&day).await.unwrap();
        day.lab.store.entries().len() - before
    });
    for cut in 0..entries {
        simulated(async {
            let day = ProcedureLab::new().await;
            day.lab.store.stop_after(cut_of_old);
            assert!(day.begin(steps(), FailurePolicy::Stop).await.is_err());
            day.lab.store.go_on();
            let old = day.state().roles.open["web"].run.clone();
            day.lab.store.stop_after(cut);
            assert!(take_over(&day).await.is_err(), "cut after {cut}");
            day.lab.store.go_on();
            let open = day.state().roles.open.get("web").map(|open| open.run.clone());
            let ended = match open {
                // The old run is closed, and the new one has not begun: the group is in a mixed state.
                None => {
                    assert_eq!(day.state().roles.groups["web"].active, ActiveSite::Between, "cut after {cut}");
                    day.begin(forced(), FailurePolicy::Stop).await.unwrap().1.report.ended
                }
                Some(run) if run == old => take_over(&day).await.unwrap().1.report.ended,
                Some(run) => {
                    let mut run = FailoverRun::read(&day.lab.store, &run).unwrap();
                    day.go_on(&mut run, Continuation::Resume).await.unwrap().report.ended
                }
            };
            assert_eq!(ended, Some(RunEnd::Done), "cut after {cut}");
            let roles = day.state().roles;
            assert_eq!((roles.open.len(), roles.groups["web"].active), (0, ActiveSite::Away), "cut after {cut}");
        });
    }
}

#[test]
fn run_left_as_it_is_is_over_and_recorded_as_mixed() {
    simulated(async {
        let day = ProcedureLab::new().await;
        let mut steps = Vec::new();
        let quiesce = step(&mut steps, QUIESCED, Stage::Quiesce, &[], instances(0), Undo::Act(Box::new(instances(4))));
        step(&mut steps, "public_ip.nowhere", Stage::StandUp, &[quiesce], Act::Create, Undo::Nothing);
        let (mut run, _) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        let left = run.leave_as_is(&day.lab.store, day.lab.clock.now(), "tester").unwrap();
        assert_eq!((left, run.is_over(), day.state().roles.open.len()), (ActiveSite::Between, true, 0));
        assert_eq!(day.argument(QUIESCED, "instances"), json!(0), "nothing is rolled back");
        let role = &day.state().roles.groups["web"];
        assert_eq!((role.site.as_str(), role.run.as_str()), ("primary", run.id.as_str()));
        assert_eq!(timeline(&day, &run.id).condition(), Condition::GivenUp);
        // The next run starts from here.
        let (_, done) = day.begin(planned(), FailurePolicy::Stop).await.unwrap();
        assert_eq!(done.report.ended, Some(RunEnd::Done));
    });
}

#[test]
fn abort_needs_no_stack_of_the_run() {
    simulated(async {
        let mut day = ProcedureLab::new().await;
        let mut steps = Vec::new();
        let quiesce = step(&mut steps, QUIESCED, Stage::Quiesce, &[], instances(0), Undo::Act(Box::new(instances(4))));
        step(&mut steps, "step.agree", Stage::Step, &[quiesce], custom("approval"), Undo::Nothing);
        let (mut run, _) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        day.text = day.text.replace("Promote the data?", "Go?");
        assert!(run.is_of(&day.stack()).is_err());
        assert!(matches!(day.give_up(&mut run).await.unwrap(), AbortOutcome::Unwound(_)));
        assert_eq!((day.argument(QUIESCED, "instances"), run.is_over()), (json!(4), true));
    });
}

/// A run of another group, with this step.
async fn begin_other(day: &ProcedureLab, address: &str) -> Result<(FailoverRun, RunOutcome), RunError> {
    day.with(async |stack, ports, party| {
        let state = day.state();
        let mut steps = Vec::new();
        let act = Act::Task(Task::Move { arguments: written(&[("enabled", json!(false))]) });
        step(&mut steps, address, Stage::Fence, &[], act, Undo::Nothing);
        let procedure = Procedure { group: "ads".to_owned(), ..procedure(stack, &state, steps) };
        let mut run = FailoverRun::new(&procedure, &state, ports, "tester")?;
        let done = undertake(&mut run, stack, ports, party, Continuation::Start, FailurePolicy::Stop).await?;
        Ok((run, done))
    })
    .await
}

#[test]
fn group_moves_while_the_run_of_another_waits() {
    simulated(async {
        let day = ProcedureLab::new().await;
        let mut steps = Vec::new();
        let quiesce = step(&mut steps, QUIESCED, Stage::Quiesce, &[], instances(0), Undo::Act(Box::new(instances(4))));
        let agree = step(&mut steps, "step.agree", Stage::Step, &[quiesce], custom("approval"), Undo::Nothing);
        record(&mut steps, &[agree]);
        let (mut web, waits) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        assert_eq!(waits.report.ended, Some(RunEnd::Stopped));

        let (ads, done) = begin_other(&day, SECONDARY).await.unwrap();
        assert_eq!((failures(&done), done.report.ended), (vec![], Some(RunEnd::Done)));
        assert_eq!(day.state().roles.open.keys().collect::<Vec<_>>(), ["web"]);
        assert_eq!(day.argument(SECONDARY, "enabled"), json!(false));

        let answer = Approval {
            step: "step.agree".parse().unwrap(),
            by: "Ann".to_owned(),
            at_host: "tester".to_owned(),
            at: day.lab.clock.now(),
        };
        day.lab.store.approve(&web.id, &answer).unwrap();
        let done = day.go_on(&mut web, Continuation::Resume).await.unwrap();
        assert_eq!(done.report.ended, Some(RunEnd::Done));
        let state = day.state();
        assert_eq!((state.roles.open.len(), state.folded.len()), (0, 0));
        assert_eq!(day.argument(QUIESCED, "instances"), json!(0), "recorded before the other run wrote its snapshot");
        assert_eq!(day.argument(SECONDARY, "enabled"), json!(false));
        assert!(ads.is_over() && web.is_over());
    });
}

#[test]
fn run_is_refused_for_what_the_run_of_another_group_works_on() {
    simulated(async {
        let day = ProcedureLab::new().await;
        let mut steps = Vec::new();
        let agree = step(&mut steps, "step.agree", Stage::Step, &[], custom("approval"), Undo::Nothing);
        users(&mut steps, &[agree], false);
        let (web, _) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        let refused = begin_other(&day, SECONDARY).await.unwrap_err();
        assert_eq!(
            refused,
            RunError::Held { run: web.id.clone(), group: "web".to_owned(), address: SECONDARY.parse().unwrap() }
        );
        let again = day.begin(Vec::new(), FailurePolicy::Stop).await.unwrap_err();
        assert_eq!(again, RunError::Unfinished(web.id));
    });
}

#[test]
fn specification_without_new_fields_is_read() {
    simulated(async {
        let day = ProcedureLab::new().await;
        let (run, _) = day.begin(planned(), FailurePolicy::Stop).await.unwrap();
        let text = serde_json::to_value(&run.undertaking).unwrap();
        for name in ["since", "supersedes", "text"] {
            assert_eq!(text.get(name), None, "{name} is left out where it says nothing");
        }
        assert_eq!(serde_json::from_value::<RunSpec>(text).unwrap(), run.undertaking);
        assert!(run.journal.iter().all(|entry| !matches!(entry.event, Event::Extended { .. })));
    });
}
