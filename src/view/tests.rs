//! Views of procedures and runs, to the byte: `tests/views/*`. `UPDATE_VIEWS=1` writes them; then read the
//! difference.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, json};

use super::Detail;
use crate::address::{Address, ArmId};
use crate::failover::{Avoidance, Calibration, LossEstimate, PreflightCheck, PreflightStatus, Procedure};
use crate::kinds::{FailoverMode, ProtectionDebt, Side};
use crate::plan::{Action, ArgumentChange, Basis, Change, FailoverProvision, Plan, RoleSummary};
use crate::stack::{CloudName, Objectives, Presence};
use crate::state::{ActiveSite, GroupRole, RecordedDebt, RunKind};
use crate::steps::{
    Acceptance, Act, Entry, Event, Path, Prediction, RoleChange, RouteSwitch, RunEnd, RunStart, Stage, Step, StepEvent,
    StepFact, StepGraph, StepId, Task, Timeline, Touch, Undo,
};
use crate::value::SealedValue;

/// Compares with the golden file of this name, without styles.
fn is_golden(name: &str, text: &str) {
    let path = format!("{}/tests/views/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = anstream::adapter::strip_str(text).to_string();
    if std::env::var_os("UPDATE_VIEWS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name} has changed; UPDATE_VIEWS=1 writes it");
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn arguments(name: &str, value: serde_json::Value) -> JsonMap<String, serde_json::Value> {
    JsonMap::from_iter([(name.to_owned(), value)])
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Builder of steps.
#[derive(Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn add(&mut self, stage: Stage, of: &str, act: Act, needs: &[u32], times: (u64, u64), undo: Undo) -> u32 {
        let id = u32::try_from(self.0.len()).unwrap();
        let touches = match stage {
            Stage::Route | Stage::Probe | Stage::Record | Stage::Fence => Vec::new(),
            _ => vec![Touch { region: "canadaeast".to_owned(), with: "the resource".to_owned() }],
        };
        self.0.push(Step {
            id: StepId(id),
            address: address(of),
            needs: needs.iter().copied().map(StepId).collect(),
            act,
            serial: Vec::new(),
            touches,
            expect: secs(times.0),
            worst: secs(times.1),
            stage,
            undo,
        });
        id
    }

    fn create(&mut self, of: &str, needs: &[u32], times: (u64, u64)) -> u32 {
        // Views do not read the resource of a rollback, so that the simplest act serves.
        self.add(Stage::StandUp, of, Act::Create, needs, times, Undo::Act(Box::new(Act::Forget)))
    }
}

fn role(site: &str, active: ActiveSite) -> GroupRole {
    GroupRole {
        active,
        site: site.to_owned(),
        since: at(0),
        run: "1790000000000-b2".to_owned(),
        how: FailoverMode::Forced,
        accepted: None,
        stores: BTreeMap::from([
            (address("geo_replica.orders"), Side::Target),
            (address("geo_replica.catalog"), Side::Target),
        ]),
        moved: BTreeMap::new(),
        owed: vec![RecordedDebt {
            of: address("geo_replica.orders"),
            debt: ProtectionDebt {
                what: "orders exists at one site only".to_owned(),
                pays: "wait until primary is available again and follows as the secondary".to_owned(),
            },
            since: at(95),
        }],
    }
}

fn steps() -> Vec<Step> {
    let mut steps = Steps::default();
    let enabled = |on: bool| arguments("enabled", json!(on));
    let write = |on| Act::Task(Task::Move { arguments: enabled(on) });
    let fence = steps.add(
        Stage::Fence,
        "traffic_manager_azure_endpoint.primary",
        write(false),
        &[],
        (5, 20),
        Undo::Act(Box::new(write(true))),
    );
    let promote = || Act::Task(Task::Promote { to: Side::Target, how: FailoverMode::Forced, accepted: Some(secs(60)) });
    let forward = || Undo::Impossible("a forced promotion has no rollback".to_owned());
    let orders = steps.add(Stage::Promote, "geo_replica.orders", promote(), &[fence], (35, 130), forward());
    let catalog = steps.add(Stage::Promote, "geo_replica.catalog", promote(), &[fence], (90, 300), forward());
    let group = steps.create("resource_group.web-failover", &[], (4, 12));
    let ip = steps.create("public_ip.web-failover", &[group], (6, 20));
    let lb = steps.create("lb.web-failover", &[ip], (9, 30));
    let pool = steps.create("lb_backend_address_pool.web-failover", &[lb], (5, 15));
    let probe = steps.create("lb_probe.web-failover", &[lb], (5, 15));
    let mut rules = vec![pool];
    for port in ["http", "https", "admin", "metrics", "grpc", "mqtt", "smtp", "imap", "pop", "ldap"] {
        rules.push(steps.create(&format!("lb_rule.web-failover[\"{port}\"]"), &[pool, probe], (6, 18)));
    }
    let web = steps.create("linux_virtual_machine_scale_set.web-failover", &rules, (190, 420));
    let front = steps.add(
        Stage::Probe,
        "probe.front",
        Act::Task(Task::Probe),
        &[orders, catalog, web],
        (10, 60),
        Undo::Nothing,
    );
    let levers = vec![RouteSwitch {
        name: "traffic-manager".to_owned(),
        moves: vec![
            (address("traffic_manager_external_endpoint.secondary"), enabled(true)),
            (address("traffic_manager_azure_endpoint.primary"), enabled(false)),
        ],
        lingers: secs(60),
        front: Some("http://web-geo.example/".to_owned()),
    }];
    let agree = vec!["front".to_owned()];
    let route = Act::Task(Task::Route { levers, agree });
    let moved = steps.add(Stage::Route, "route.traffic-manager", route, &[front], (75, 120), Undo::Nothing);
    let approval = Act::Task(Task::Custom { action: "approval".to_owned() });
    let approve = steps.add(Stage::Step, "step.resume-billing", approval, &[moved], (30, 600), Undo::Nothing);
    let record = Act::Task(Task::Record(Box::new(role("secondary", ActiveSite::Away))));
    steps.add(Stage::Record, "failover_group.web", record, &[moved, approve], (0, 1), Undo::Nothing);
    steps.0
}

fn procedure() -> Procedure {
    let steps = StepGraph::new(steps()).unwrap();
    let counts = |step: &Step| if step.id.0 <= 20 { step.expect } else { Duration::ZERO };
    let critical = steps.longest_path(counts);
    let of_steps = critical.steps.iter().copied().filter(|id| id.0 <= 20).collect();
    let critical = Path { total: critical.total, steps: of_steps };
    let loss = |replica: &str, amount: Option<u64>, source: &str| LossEstimate {
        replica: address(replica),
        amount: amount.map(secs),
        source: source.to_owned(),
    };
    let guard = |rule, verdict, what: &str, help: &str| PreflightCheck {
        rule,
        verdict,
        what: what.to_owned(),
        help: help.to_owned(),
    };
    let change = |replica: &str| RoleChange {
        replica: address(replica),
        from: Some("primary".to_owned()),
        to: "secondary".to_owned(),
    };
    Procedure {
        stack: "web-geo".to_owned(),
        basis: Basis { stack: "5f1d".repeat(16), lineage: "7c2e".to_owned(), serial: 3, role_epoch: 0 },
        group: "web".to_owned(),
        verb: RunKind::Up,
        how: FailoverMode::Forced,
        lost: Some("primary".to_owned()),
        leaving: "primary".to_owned(),
        arriving: "secondary".to_owned(),
        regions: BTreeMap::from([
            ("primary".to_owned(), "canadacentral".to_owned()),
            ("secondary".to_owned(), "canadaeast".to_owned()),
        ]),
        idle: None,
        predicted: Prediction { typical: critical.total, worst: secs(640) },
        critical,
        steps,
        calibration: Calibration { runs: 3, within: 2, longest: Some(secs(700)) },
        losses: vec![
            loss("geo_replica.orders", Some(40), "replicationLag was 40s when last read"),
            loss("geo_replica.catalog", None, "replication lag is unavailable"),
        ],
        roles: vec![change("geo_replica.orders"), change("geo_replica.catalog")],
        becomes: Some(role("secondary", ActiveSite::Away)),
        guards: vec![
            guard("single-lever", PreflightStatus::Warns, "the group has a single `route`", "Add a second `route`."),
            guard(
                "fenced",
                PreflightStatus::Passes,
                "primary is fenced before the promotion: traffic_manager_azure_endpoint.primary",
                "",
            ),
            guard("names-free", PreflightStatus::Passes, "every name is free", ""),
        ],
        avoided: vec![Avoidance {
            address: address("linux_virtual_machine_scale_set.web"),
            what: "not scaled to zero: primary is lost".to_owned(),
        }],
        objectives: Objectives { rto: Some(secs(900)), rpo: Some(secs(300)) },
        accepted: Acceptance { data_loss: Some(secs(60)), split_brain: false },
        notes: vec!["primary is read again by the next `refresh`".to_owned()],
    }
}

#[test]
fn procedure_has_a_text_a_comment_and_json() {
    let procedure = procedure();
    let text = super::procedure::text(&procedure, CloudName::Local, Detail::Summary);
    let plain = anstream::adapter::strip_str(&text).to_string();
    let wide: Vec<&str> = plain.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(wide.is_empty(), "{wide:?}");
    is_golden("procedure.txt", &text);
    is_golden("procedure.md", &super::procedure_markdown::markdown(&procedure, CloudName::Local));
    let json = super::procedure_json::json(&procedure, CloudName::Local);
    is_golden("procedure.json", &(serde_json::to_string_pretty(&json).unwrap() + "\n"));
}

#[test]
fn blocked_procedure_names_its_failed_checks() {
    let mut refused = procedure();
    refused.guards.insert(
        0,
        PreflightCheck {
            rule: "lag",
            verdict: PreflightStatus::Refuses,
            what: "geo_replica.orders would lose 40s, and 10s are accepted".to_owned(),
            help: "Give `--accept-data-loss 40s` or more.".to_owned(),
        },
    );
    let text = super::procedure::text(&refused, CloudName::Local, Detail::Summary);
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.ends_with("\nBlocked: 1 preflight check failed.\n"), "{plain}");
    assert!(plain.contains("  FAILED  lag: geo_replica.orders would lose 40s"), "{plain}");
    let markdown = super::procedure_markdown::markdown(&refused, CloudName::Local);
    assert_eq!(markdown.lines().nth(2), Some("**Blocked: 1 preflight check failed.**"));
    assert!(markdown.contains("- **FAILED** `lag`: geo_replica.orders would lose 40s, and 10s are accepted. Give `--accept-data-loss 40s` or more.\n"));

    let mut touching = procedure();
    touching.steps.steps[3].touches[0].region = "CanadaCentral".to_owned();
    let text = super::procedure::text(&touching, CloudName::Local, Detail::Summary);
    assert!(text.contains("Blocked: 1 step touches the lost site."), "{text}");
    assert!(
        text.contains("These steps touch the lost site primary (canadacentral): resource_group.web-failover."),
        "{text}"
    );
    assert_eq!(super::procedure_json::json(&touching, CloudName::Local)["ready"], json!(false));

    let mut idle = procedure();
    idle.idle = Some("web is up since yesterday by run 1".to_owned());
    idle.steps = StepGraph::default();
    let text = super::procedure::text(&idle, CloudName::Local, Detail::Summary);
    assert!(
        text.contains("Nothing to do: web is up since yesterday by run 1.") && !text.contains("Forecast:"),
        "{text}"
    );
}

#[test]
fn time_to_declare_by_is_the_rto_less_p95() {
    let clock = |objective| {
        let mut procedure = procedure();
        procedure.objectives.rto = objective;
        super::forecast::clock(&procedure)
    };
    assert_eq!(clock(None), None);
    assert_eq!(clock(Some(secs(700))).unwrap(), "1m after the outage began, or the RTO of 11m 40s is missed");
    assert_eq!(clock(Some(secs(600))).unwrap(), "at once; even then, the RTO of 10m may be missed by 40s");
}

/// The journal of a run.
struct Drive {
    graph: StepGraph,
    entries: Vec<Entry>,
}

impl Drive {
    fn start(procedure: &Procedure, by: &str) -> Self {
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

    fn happens(&mut self, when: i64, event: Event) {
        self.entries.push(Entry { at: at(when), event });
    }

    fn step(&mut self, when: i64, id: u32, event: StepEvent) {
        let address = self.graph.step(StepId(id)).unwrap().address.clone();
        self.happens(when, Event::Step { step: StepId(id), address, event });
    }

    fn runs(&mut self, id: u32, from: i64, to: i64) {
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

fn commands() -> super::run::RunCommands {
    super::run::RunCommands {
        resume: "drplan failover-group resume".to_owned(),
        abort: "drplan failover-group abort".to_owned(),
        approve: BTreeMap::from([(
            StepId(21),
            "drplan failover-group approve 1790000000000-b2 step.resume-billing".to_owned(),
        )]),
    }
}

#[test]
fn status_of_a_run_has_its_steps_and_commands() {
    let status = |parts, now, holder| {
        super::run::status(&run(parts), at(now), holder, CloudName::Local, &commands(), Detail::Summary)
    };
    let all = [
        status(0, 28, Some("ann@ops-1 (process 4711)")),
        status(0, 90, None),
        status(1, 190, None),
        status(2, 500, None),
        status(3, 600, None),
    ];
    is_golden("status.txt", &all.join("\n----\n"));
    is_golden("show.txt", &super::run::show(&run(3), CloudName::Local, Detail::Summary));
    is_golden("history.txt", &super::run::history(&[run(3), run(2), run(1), run(0)]));
    let json = super::run_json::status(&run(2), at(500), None, CloudName::Local);
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
    is_golden("report.md", &super::report::markdown(&run, None, "0123456789abcdef", CloudName::Local).unwrap());
    is_golden("report.html", &super::report::html(&run, None, "0123456789abcdef", CloudName::Local).unwrap());
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
    let html = super::report::html(&run, None, hostile, CloudName::Local).unwrap();
    let markdown = super::report::markdown(&run, None, hostile, CloudName::Local).unwrap();
    let of_procedure = super::procedure_markdown::markdown(&procedure, CloudName::Local);
    assert!(!html.contains("<script") && !html.contains("\"'&"), "{html}");
    for text in [&markdown, &of_procedure] {
        let code_apart: String = text.split('`').step_by(2).collect();
        assert!(!text.contains("\n# z") && !code_apart.contains("<script"), "{text}");
        assert_eq!(code_apart.matches("](y)").count(), code_apart.matches("\\](y)").count(), "{text}");
    }
    assert!(!super::run::show(&run, CloudName::Local, Detail::Full).contains("\n# z"));
}

#[test]
fn steps_are_numbered_in_printed_order() {
    let procedure = procedure();
    for detail in [Detail::Summary, Detail::Full] {
        let text = super::procedure::text(&procedure, CloudName::Local, detail);
        let plain = anstream::adapter::strip_str(&text).to_string();
        let steps = plain
            .lines()
            .skip_while(|line| !line.starts_with("Steps ("))
            .take_while(|line| !line.starts_with("Primary"));
        let number = |line: &str| {
            let digits = line.get(3..9).filter(|_| line.starts_with("  "))?.trim().to_owned();
            digits.split('-').next()?.parse::<usize>().ok()
        };
        let numbers: Vec<usize> = steps.filter_map(number).collect();
        assert!(numbers.is_sorted() && numbers.first() == Some(&1), "{numbers:?}\n{plain}");
        let lines = if detail.is_full() { 23 } else { 15 };
        assert_eq!(numbers.len(), lines, "{plain}");
    }
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
    let text = super::run::status(&drive.timeline(), at(6), None, CloudName::Local, &commands(), Detail::Summary);
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.contains("Stopped after 5s.") && plain.contains("\nRemaining: 23 of 23 steps"), "{plain}");
    assert!(!plain.contains("approv"), "{plain}");
}

fn new(address: Address, id: &str) -> Change {
    Change {
        address,
        id: ArmId::new(id),
        site: "primary".to_owned(),
        location: "canadacentral".to_owned(),
        presence: Presence::Permanent,
        action: Action::Create,
        reason: "new".to_owned(),
        arguments: Vec::new(),
        loses_data: false,
    }
}

fn plan(changes: Vec<Change>, stand_up: Vec<FailoverProvision>) -> Plan {
    Plan {
        stack: "web".to_owned(),
        basis: Basis { stack: String::new(), lineage: String::new(), serial: 0, role_epoch: 0 },
        changes,
        drift: Vec::new(),
        roles: RoleSummary::default(),
        stand_up,
        outputs: Vec::new(),
        notes: Vec::new(),
        blocked: Vec::new(),
        steps: StepGraph::default(),
    }
}

fn plan_text(plan: &Plan, detail: Detail) -> String {
    anstream::adapter::strip_str(&super::plan::text(plan, CloudName::Local, detail)).to_string()
}

const NETS: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks";

#[test]
fn plan_shows_the_name_and_region_of_a_new_resource() {
    let change = new(address("virtual_network.primary"), &format!("{NETS}/vnet-prod-ca"));
    let text = plan_text(&plan(vec![change], Vec::new()), Detail::Summary);
    assert!(text.contains("  + create  virtual_network.primary  \"vnet-prod-ca\" in canadacentral (new)\n"), "{text}");
}

#[test]
fn many_like_instances_are_one_line_with_their_number() {
    let subnet = |key: usize| {
        let argument = |path: &str, value: serde_json::Value| ArgumentChange {
            path: path.to_owned(),
            before: None,
            after: Some(SealedValue::from_sealed_json(&value)),
            forces_replace: false,
        };
        let range = argument("address_prefixes", json!([format!("10.0.{key}.0/24")]));
        let network = argument("virtual_network", json!(format!("{NETS}/vnet")));
        let of = Address::new("subnet", "app").instance(&key.to_string());
        Change { arguments: vec![range, network], ..new(of, &format!("{NETS}/vnet/subnets/{key}")) }
    };
    let plan = plan((0..5).map(subnet).collect(), Vec::new());
    let text = plan_text(&plan, Detail::Summary);
    let expected = format!(
        "  + create  subnet.app[…]  5 instances in canadacentral (new; -v shows each)\n        \
         \"0\", \"1\", \"2\", \"3\", \"4\"\n        \
         virtual_network = \"{NETS}/vnet\"\n        \
         different for each: address_prefixes\n"
    );
    assert!(text.contains(&expected), "{text}");
    assert_eq!(plan_text(&plan, Detail::Full).matches("  + create  subnet.app[").count(), 5);
}

#[test]
fn group_without_failover_only_resources_prints_nothing_about_them() {
    let none =
        FailoverProvision { group: "web".to_owned(), site: "secondary".to_owned(), resources: Vec::new(), objects: 0 };
    let text = plan_text(&plan(Vec::new(), vec![none]), Detail::Summary);
    assert_eq!(text, "web on local (no state yet)\n\nNo changes. web matches its configuration.\n");
}
