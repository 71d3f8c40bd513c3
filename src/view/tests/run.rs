//! Views of runs: status, report, recovery time.

use super::*;
use crate::steps::{Entry, Event, RunEnd, RunStart, StepEvent, StepFact, Timeline};

/// The journal of a run.
pub(super) struct Drive {
    pub(super) graph: StepGraph,
    pub(super) entries: Vec<Entry>,
}

impl Drive {
    pub(super) fn start(procedure: &Procedure, by: &str) -> Self {
        let started = RunStart {
            version: 1,
            run: "1790000000000-b2".to_owned(),
            command: "failover-group up".to_owned(),
            by: by.to_owned(),
            lineage: procedure.basis.lineage.clone(),
            serial: procedure.basis.serial,
            stack: procedure.stack.clone(),
            digest: procedure.basis.stack.clone(),
            steps: u32::try_from(procedure.steps.steps.len()).unwrap(),
            inputs: Default::default(),
            failover: Some(Box::new(procedure.undertaking())),
        };
        let mut drive = Self { graph: procedure.steps.clone(), entries: Vec::new() };
        drive.happens(0, Event::Started(started));
        drive
    }

    pub(super) fn happens(&mut self, when: i64, event: Event) {
        self.entries.push(Entry { at: at(when), event });
    }

    pub(super) fn step(&mut self, when: i64, id: u32, event: StepEvent) {
        let address = self.graph.step(StepId(id)).unwrap().address.clone();
        self.happens(when, Event::Step { step: StepId(id), address, event });
    }

    pub(super) fn runs(&mut self, id: u32, from: i64, to: i64) {
        self.step(from, id, StepEvent::Begun(None));
        self.step(to, id, StepEvent::Succeeded(None));
    }

    fn learns(&mut self, when: i64, id: u32, learnt: StepFact) {
        self.step(when, id, StepEvent::Learnt(learnt));
    }

    fn timeline(&self) -> Timeline {
        let mut entries = self.entries.clone();
        // The steps above are in their own order; a journal is in the order of time.
        entries.sort_by_key(|entry| entry.at);
        Timeline::of(&entries).unwrap()
    }
}

/// A run that fails once, waits once and finishes; cut off after `parts` of three.
fn run(parts: usize) -> Timeline {
    let mut drive = Drive::start(&procedure(), "ann@ops-1");
    drive.runs(0, 0, 5);
    drive.step(5, 1, StepEvent::Begun(None));
    drive.learns(
        6,
        1,
        StepFact { loss: Some(38.0), ..StepFact::said("replicationLag is 38s, of 60s that were accepted") },
    );
    drive.step(41, 1, StepEvent::Succeeded(None));
    drive.runs(3, 0, 4);
    drive.runs(4, 4, 10);
    drive.runs(5, 10, 19);
    drive.runs(6, 19, 25);
    drive.runs(7, 19, 24);
    if parts == 0 {
        drive.step(5, 2, StepEvent::Begun(None));
        (8..=17).for_each(|id| drive.step(25, id, StepEvent::Begun(None)));
        return drive.timeline();
    }
    drive.runs(2, 5, 99);
    (8..=17).for_each(|id| drive.runs(id, 25, 31));
    drive.step(31, 18, StepEvent::Begun(None));
    let refused = "409 AllocationFailed: there is not enough capacity for Standard_D4s_v5 in canadaeast right now";
    drive.step(160, 18, StepEvent::Failed(refused.to_owned()));
    drive.happens(160, Event::Ended(RunEnd::Failed));
    if parts == 1 {
        return drive.timeline();
    }
    drive.happens(200, Event::Resumed { by: "bob@ops-2".to_owned() });
    drive.runs(18, 200, 395);
    drive.step(395, 19, StepEvent::Begun(None));
    drive.learns(403, 19, StepFact::said("GET https://203.0.113.7/healthz answered 200"));
    drive.step(404, 19, StepEvent::Succeeded(None));
    drive.step(404, 20, StepEvent::Begun(None));
    drive.learns(420, 20, StepFact::said("traffic-manager switched traffic; verified by front"));
    drive.step(470, 20, StepEvent::Succeeded(None));
    drive.step(470, 21, StepEvent::Begun(None));
    drive.step(471, 21, StepEvent::Paused("May billing resume?".to_owned()));
    drive.happens(471, Event::Ended(RunEnd::Stopped));
    if parts == 2 {
        return drive.timeline();
    }
    drive.happens(530, Event::Resumed { by: "ann@ops-1".to_owned() });
    drive.step(530, 21, StepEvent::Begun(None));
    drive.learns(530, 21, StepFact::said("approved by Cleo Park at 14:22"));
    drive.step(531, 21, StepEvent::Succeeded(None));
    drive.step(531, 22, StepEvent::Begun(None));
    let role = Some(("web".to_owned(), Box::new(role("secondary", ActiveSite::Away))));
    drive.learns(532, 22, StepFact { role, ..StepFact::said("secondary is active, role epoch 1") });
    drive.step(532, 22, StepEvent::Succeeded(None));
    drive.happens(532, Event::Ended(RunEnd::Done));
    drive.timeline()
}

fn commands() -> crate::view::run::RunCommands {
    crate::view::run::RunCommands {
        resume: "drplan failover-group resume".to_owned(),
        abort: "drplan failover-group abort".to_owned(),
        approve: BTreeMap::from([(
            StepId(21),
            "drplan failover-group approve 1790000000000-b2 step.resume-billing".to_owned(),
        )]),
        take_over: BTreeMap::from([(
            "secondary".to_owned(),
            "drplan failover-group up --forced --lost secondary".to_owned(),
        )]),
        advice: crate::view::overdue::OverdueAdvice {
            objects: BTreeMap::from([(
                address("geo_replica.catalog"),
                crate::view::overdue::CheckedObject {
                    place: "in the Azure portal, or its activity log",
                    command: Some("az monitor activity-log list --resource-id /subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/one --offset 6h --output table".to_owned()),
                },
            )]),
        },
    }
}

#[test]
fn status_of_a_run_has_its_steps_and_commands() {
    let status = |parts, now, holder| {
        crate::view::run::status(&run(parts), at(now), holder, CloudName::Local, &commands(), Layout::default())
    };
    let all = [
        status(0, 28, Some("ann@ops-1 (process 4711)")),
        status(0, 90, None),
        status(1, 190, None),
        status(2, 500, None),
        status(3, 600, None),
        // More than three times the P95 of the promotion.
        status(0, 1000, Some("ann@ops-1 (process 4711)")),
    ];
    is_golden("status.txt", &all.join("\n----\n"));
    is_golden("show.txt", &crate::view::run_show::show(&run(3), CloudName::Local, Layout::default()));
    is_golden(
        "history.txt",
        &crate::view::run_show::history(&[run(3), run(2), run(1), run(0)], &[], crate::view::WIDTH),
    );
    let json = crate::view::run_json::status(&run(2), at(500), None, CloudName::Local);
    is_golden("status.json", &(serde_json::to_string_pretty(&json).unwrap() + "\n"));
}

#[test]
fn run_has_its_recovery_time_and_critical_path() {
    let done = run(3);
    assert_eq!(done.recovery(), Some(secs(470)));
    let ids: Vec<u32> = done.critical.iter().map(|id| id.0).collect();
    assert_eq!(ids, [3, 4, 5, 6, 8, 18, 19, 20]);
    assert_eq!(done.losses.get(&address("geo_replica.orders")), Some(&secs(38)));
    // The scale set needs 190s again, and the switch comes 85s after it; the other steps need at most 30s.
    assert_eq!(run(1).rest(at(190)), secs(190 + 10 + 75 + 30));
    assert_eq!(run(1).recovery(), None);
}

#[test]
fn rolled_back_run_has_no_recovery_time_and_a_planned_one_no_data_loss() {
    let mut drive = Drive::start(&procedure(), "ann@ops-1");
    drive.step(0, 0, StepEvent::Begun(None));
    drive.step(5, 0, StepEvent::Failed("no".to_owned()));
    drive.runs(3, 0, 4);
    drive.happens(6, Event::Ended(RunEnd::Stopped));
    let back = Step {
        id: StepId(23),
        needs: Vec::new(),
        act: Act::Forget,
        stage: Stage::TakeDown,
        ..drive.graph.steps[3].clone()
    };
    drive.happens(7, Event::Extended { why: "ann@ops-1 aborted it".to_owned(), steps: vec![back.clone()] });
    drive.graph.steps.push(back);
    drive.runs(23, 8, 9);
    drive.happens(9, Event::Ended(RunEnd::Done));
    let run = drive.timeline();
    assert_eq!((run.condition(), run.recovery()), (crate::steps::Condition::Unwound, None));
    assert_eq!(run.decisions.last().unwrap().what, "the run is rolled back: ann@ops-1 aborted it");
    assert_eq!(run.lost(&address("geo_replica.orders")), None);

    let mut planned = procedure();
    planned.how = FailoverMode::Planned;
    planned.losses[0].amount = Some(Duration::ZERO);
    let run = Drive::start(&planned, "ann@ops-1").timeline();
    assert_eq!(run.lost(&address("geo_replica.orders")), Some(Duration::ZERO));
}

#[test]
fn report_of_a_run_is_complete() {
    let run = run(3);
    is_golden("report.md", &crate::view::report::markdown(&run, None, "0123456789abcdef", CloudName::Local).unwrap());
    is_golden("report.html", &crate::view::report::html(&run, None, "0123456789abcdef", CloudName::Local).unwrap());
}

#[test]
fn markup_in_names_and_answers_is_escaped() {
    let hostile = "<script>alert(1)</script>\"'&|[x](y)\n# z";
    let mut procedure = procedure();
    procedure.stack = hostile.to_owned();
    procedure.group = hostile.to_owned();
    procedure.leaving = hostile.to_owned();
    procedure.guards.push(PreflightCheck {
        rule: "lag",
        verdict: PreflightStatus::Warns,
        what: hostile.to_owned(),
        help: hostile.to_owned(),
    });
    let mut drive = Drive::start(&procedure, hostile);
    drive.graph.steps[9].address = Address::new("lb_rule", "web").instance(hostile);
    let Event::Started(started) = &mut drive.entries[0].event else { unreachable!() };
    started.failover.as_mut().unwrap().steps.clone_from(&drive.graph.steps);
    drive.step(1, 3, StepEvent::Begun(None));
    drive.learns(2, 3, StepFact::said(hostile));
    drive.step(3, 3, StepEvent::Failed(hostile.to_owned()));
    drive.step(4, 0, StepEvent::Begun(None));
    drive.step(5, 0, StepEvent::Failed("no".to_owned()));
    drive.step(6, 0, StepEvent::Skipped(hostile.to_owned()));
    let run = drive.timeline();
    let html = crate::view::report::html(&run, None, hostile, CloudName::Local).unwrap();
    let markdown = crate::view::report::markdown(&run, None, hostile, CloudName::Local).unwrap();
    let of_procedure = crate::view::procedure_markdown::markdown(&procedure, CloudName::Local);
    assert!(!html.contains("<script") && !html.contains("\"'&"), "{html}");
    for text in [&markdown, &of_procedure] {
        let code_apart: String = text.split('`').step_by(2).collect();
        assert!(!text.contains("\n# z") && !code_apart.contains("<script"), "{text}");
        assert_eq!(code_apart.matches("](y)").count(), code_apart.matches("\\](y)").count(), "{text}");
    }
    assert!(!crate::view::run_show::show(&run, CloudName::Local, super::full()).contains("\n# z"));
}

/// A stopped run resumes an interrupted wait by itself; only an approval needs the operator.
#[test]
fn step_interrupted_by_ctrl_c_does_not_wait_for_approval() {
    let mut drive = Drive::start(&procedure(), "ann@ops-1");
    drive.graph.steps[0].act = Act::Task(Task::Linger(secs(30)));
    let Event::Started(started) = &mut drive.entries[0].event else { unreachable!() };
    started.failover.as_mut().unwrap().steps.clone_from(&drive.graph.steps);
    drive.step(0, 0, StepEvent::Begun(None));
    drive.step(5, 0, StepEvent::Paused(crate::steps::INTERRUPTED.to_owned()));
    drive.happens(5, Event::Ended(RunEnd::Stopped));
    let text =
        crate::view::run::status(&drive.timeline(), at(6), None, CloudName::Local, &commands(), Layout::default());
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.contains("Stopped after 5s.") && plain.contains("\nRemaining: 23 of 23 steps"), "{plain}");
    assert!(!plain.contains("approv"), "{plain}");
}
