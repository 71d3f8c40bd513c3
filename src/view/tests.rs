//! What is shown of failover runs, to the byte: `tests/views/*`. `UPDATE_VIEWS=1` writes what is said now; then read the difference.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, json};

use crate::address::Address;
use crate::failover::{Avoided, Calibration, Guard, Loss, Procedure, Verdict};
use crate::kinds::{Debt, How, Side};
use crate::plan::Basis;
use crate::stack::{CloudName, Objectives};
use crate::state::{Active, GroupRole, Owed, Verb};
use crate::steps::{
    Accepted, Act, Ended, Entry, Event, Learnt, Lever, Path, Predicted, RoleChange, Stage, Started, Step, StepEvent,
    StepGraph, StepId, Task, Timeline, Touch, Undo,
};

/// Compares with the golden file of this name, without styles.
fn is_golden(name: &str, text: &str) {
    let path = format!("{}/tests/views/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = anstream::adapter::strip_str(text).to_string();
    if std::env::var_os("UPDATE_VIEWS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name} has changed; UPDATE_VIEWS=1 writes it anew");
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

/// Steps in the making.
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
        // What a deletion needs to know of the resource matters to no view, and forgetting needs nothing.
        self.add(Stage::StandUp, of, Act::Create, needs, times, Undo::Act(Box::new(Act::Forget)))
    }
}

fn role(site: &str, active: Active) -> GroupRole {
    GroupRole {
        active,
        site: site.to_owned(),
        since: at(0),
        run: "1790000000000-b2".to_owned(),
        how: How::Forced,
        accepted: None,
        stores: BTreeMap::from([
            (address("geo_replica.orders"), Side::Target),
            (address("geo_replica.catalog"), Side::Target),
        ]),
        moved: BTreeMap::new(),
        owed: vec![Owed {
            of: address("geo_replica.orders"),
            debt: Debt {
                what: "orders is kept at one site only".to_owned(),
                pays: "primary answers again and follows as the secondary".to_owned(),
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
    let promote = || Act::Task(Task::Promote { to: Side::Target, how: How::Forced, accepted: Some(secs(60)) });
    let forward = || Undo::Impossible("what primary has not passed on is lost".to_owned());
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
    let lever = Lever {
        name: "traffic-manager".to_owned(),
        moves: vec![
            (address("traffic_manager_external_endpoint.secondary"), enabled(true)),
            (address("traffic_manager_azure_endpoint.primary"), enabled(false)),
        ],
        lingers: secs(60),
        front: Some("http://web-geo.example/".to_owned()),
    };
    let route = Act::Task(Task::Route { levers: vec![lever], agree: vec!["front".to_owned()] });
    let moved = steps.add(Stage::Route, "route.traffic-manager", route, &[front], (75, 120), Undo::Nothing);
    let approval = Act::Task(Task::Custom { action: "approval".to_owned() });
    let approve = steps.add(Stage::Step, "step.resume-billing", approval, &[moved], (30, 600), Undo::Nothing);
    let record = Act::Task(Task::Record(Box::new(role("secondary", Active::Away))));
    steps.add(Stage::Record, "failover_group.web", record, &[moved, approve], (0, 1), Undo::Nothing);
    steps.0
}

fn procedure() -> Procedure {
    let steps = StepGraph::new(steps()).unwrap();
    let counts = |step: &Step| if step.id.0 <= 20 { step.expect } else { Duration::ZERO };
    let critical = steps.longest_path(counts);
    let of_steps = critical.steps.iter().copied().filter(|id| id.0 <= 20).collect();
    let critical = Path { total: critical.total, steps: of_steps };
    let loss = |replica: &str, amount: Option<u64>, source: &str| Loss {
        replica: address(replica),
        amount: amount.map(secs),
        source: source.to_owned(),
    };
    let guard =
        |rule, verdict, what: &str, help: &str| Guard { rule, verdict, what: what.to_owned(), help: help.to_owned() };
    let change = |replica: &str| RoleChange {
        replica: address(replica),
        from: Some("primary".to_owned()),
        to: "secondary".to_owned(),
    };
    Procedure {
        stack: "web-geo".to_owned(),
        basis: Basis { stack: "5f1d".repeat(16), lineage: "7c2e".to_owned(), serial: 3, role_epoch: 0 },
        group: "web".to_owned(),
        verb: Verb::Up,
        how: How::Forced,
        lost: Some("primary".to_owned()),
        leaving: "primary".to_owned(),
        arriving: "secondary".to_owned(),
        regions: BTreeMap::from([
            ("primary".to_owned(), "canadacentral".to_owned()),
            ("secondary".to_owned(), "canadaeast".to_owned()),
        ]),
        idle: None,
        predicted: Predicted { typical: critical.total, worst: secs(640) },
        critical,
        steps,
        calibration: Calibration { runs: 3, within: 2, longest: Some(secs(700)) },
        losses: vec![
            loss("geo_replica.orders", Some(40), "replicationLag was 40s when it was last heard"),
            loss("geo_replica.catalog", None, "the account says nothing of how far its regions are apart"),
        ],
        roles: vec![change("geo_replica.orders"), change("geo_replica.catalog")],
        becomes: Some(role("secondary", Active::Away)),
        guards: vec![
            guard("single-lever", Verdict::Warns, "users are moved by one lever only", "Add a second `route`."),
            guard(
                "fenced",
                Verdict::Passes,
                "primary does not answer, and traffic_manager_azure_endpoint.primary keeps users away",
                "",
            ),
            guard("names-free", Verdict::Passes, "every name is free", ""),
        ],
        avoided: vec![Avoided {
            address: address("linux_virtual_machine_scale_set.web"),
            what: "is not scaled to nothing: it stands at primary".to_owned(),
        }],
        objectives: Objectives { rto: Some(secs(900)), rpo: Some(secs(300)) },
        accepted: Accepted { data_loss: Some(secs(60)), split_brain: false },
        notes: vec!["primary answers again at the next `refresh`, not before".to_owned()],
    }
}

#[test]
fn a_procedure_is_reviewed_like_a_plan() {
    let procedure = procedure();
    let text = super::procedure::text(&procedure, CloudName::Local);
    let plain = anstream::adapter::strip_str(&text).to_string();
    let wide: Vec<&str> = plain.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(wide.is_empty(), "{wide:?}");
    is_golden("procedure.txt", &text);
    is_golden("procedure.md", &super::procedure_markdown::markdown(&procedure, CloudName::Local));
    let json = super::procedure_json::json(&procedure, CloudName::Local);
    is_golden("procedure.json", &(serde_json::to_string_pretty(&json).unwrap() + "\n"));
}

#[test]
fn what_must_not_be_carried_out_says_so_first_and_last() {
    let mut refused = procedure();
    refused.guards.insert(
        0,
        Guard {
            rule: "lag",
            verdict: Verdict::Refuses,
            what: "geo_replica.orders would lose 40s, and 10s are accepted".to_owned(),
            help: "Give `--accept-data-loss 40s` or more.".to_owned(),
        },
    );
    let text = super::procedure::text(&refused, CloudName::Local);
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.ends_with("\nThis must not be carried out: 1 check refuses.\n"), "{plain}");
    assert!(plain.contains("  refuses lag: geo_replica.orders would lose 40s"), "{plain}");
    let markdown = super::procedure_markdown::markdown(&refused, CloudName::Local);
    assert_eq!(markdown.lines().nth(2), Some("**This must not be carried out: 1 check refuses.**"));
    assert!(markdown.contains("- **Refused** `lag`: geo_replica.orders would lose 40s, and 10s are accepted. Give `--accept-data-loss 40s` or more.\n"));

    let mut touching = procedure();
    touching.steps.steps[3].touches[0].region = "CanadaCentral".to_owned();
    let text = super::procedure::text(&touching, CloudName::Local);
    assert!(text.contains("This must not be carried out: 1 step touches the site that is given up."), "{text}");
    assert!(text.contains("is given up: 3 (resource_group.web-failover)."), "{text}");
    assert_eq!(super::procedure_json::json(&touching, CloudName::Local)["ready"], json!(false));

    let mut idle = procedure();
    idle.idle = Some("web is up since yesterday by run 1".to_owned());
    idle.steps = StepGraph::default();
    let text = super::procedure::text(&idle, CloudName::Local);
    assert!(
        text.contains("Nothing to do: web is up since yesterday by run 1.") && !text.contains("Predicted:"),
        "{text}"
    );
}

#[test]
fn the_decision_clock_counts_from_the_worst_case() {
    let clock = |objective| {
        let mut procedure = procedure();
        procedure.objectives.rto = objective;
        super::forecast::clock(&procedure)
    };
    assert_eq!(clock(None), None);
    assert_eq!(
        clock(Some(secs(700))).unwrap(),
        "declare within 1m of the outage; later than that, 11m 40s may be missed"
    );
    assert_eq!(clock(Some(secs(600))).unwrap(), "even if it is declared at once, 10m may be missed by 40s");
}

/// A run as it is written down.
struct Drive {
    graph: StepGraph,
    entries: Vec<Entry>,
}

impl Drive {
    fn start(procedure: &Procedure, by: &str) -> Self {
        let started = Started {
            version: 1,
            run: "1790000000000-b2".to_owned(),
            command: "failover-group up".to_owned(),
            by: by.to_owned(),
            lineage: procedure.basis.lineage.clone(),
            serial: procedure.basis.serial,
            stack: procedure.stack.clone(),
            digest: procedure.basis.stack.clone(),
            steps: u32::try_from(procedure.steps.steps.len()).unwrap(),
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

    fn learns(&mut self, when: i64, id: u32, learnt: Learnt) {
        self.step(when, id, StepEvent::Learnt(learnt));
    }

    fn timeline(&self) -> Timeline {
        let mut entries = self.entries.clone();
        // Steps were driven one after the other; a journal is in the order of time.
        entries.sort_by_key(|entry| entry.at);
        Timeline::of(&entries).unwrap()
    }
}

/// A run that fails once, waits once and is done in the end; broken off after `parts` of three.
fn run(parts: usize) -> Timeline {
    let mut drive = Drive::start(&procedure(), "ann@ops-1");
    drive.runs(0, 0, 5);
    drive.step(5, 1, StepEvent::Begun(None));
    drive.learns(6, 1, Learnt { loss: Some(38.0), ..Learnt::said("replicationLag is 38s, of 60s that were accepted") });
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
    drive.happens(160, Event::Ended(Ended::Failed));
    if parts == 1 {
        return drive.timeline();
    }
    drive.happens(200, Event::Resumed { by: "bob@ops-2".to_owned() });
    drive.runs(18, 200, 395);
    drive.step(395, 19, StepEvent::Begun(None));
    drive.learns(403, 19, Learnt::said("GET https://203.0.113.7/healthz answered 200"));
    drive.step(404, 19, StepEvent::Succeeded(None));
    drive.step(404, 20, StepEvent::Begun(None));
    drive.learns(420, 20, Learnt::said("traffic-manager moved users; front agrees"));
    drive.step(470, 20, StepEvent::Succeeded(None));
    drive.step(470, 21, StepEvent::Begun(None));
    drive.step(471, 21, StepEvent::Paused("May billing resume?".to_owned()));
    drive.happens(471, Event::Ended(Ended::Stopped));
    if parts == 2 {
        return drive.timeline();
    }
    drive.happens(530, Event::Resumed { by: "ann@ops-1".to_owned() });
    drive.step(530, 21, StepEvent::Begun(None));
    drive.learns(530, 21, Learnt::said("approved by Cleo Park at 14:22"));
    drive.step(531, 21, StepEvent::Succeeded(None));
    drive.step(531, 22, StepEvent::Begun(None));
    let role = Some(("web".to_owned(), Box::new(role("secondary", Active::Away))));
    drive.learns(532, 22, Learnt { role, ..Learnt::said("secondary is active, role epoch 1") });
    drive.step(532, 22, StepEvent::Succeeded(None));
    drive.happens(532, Event::Ended(Ended::Done));
    drive.timeline()
}

fn commands() -> super::run::Commands {
    super::run::Commands {
        resume: "drplan failover-group resume".to_owned(),
        abort: "drplan failover-group abort".to_owned(),
        approve: "drplan failover-group approve 1790000000000-b2".to_owned(),
    }
}

#[test]
fn a_run_says_how_it_stands_and_how_to_go_on() {
    let status = |parts, now, holder| super::run::status(&run(parts), at(now), holder, CloudName::Local, &commands());
    let all = [
        status(0, 28, Some("ann@ops-1 (process 4711)")),
        status(0, 90, None),
        status(1, 190, None),
        status(2, 500, None),
        status(3, 600, None),
    ];
    is_golden("status.txt", &all.join("\n----\n"));
    is_golden("show.txt", &super::run::show(&run(3), CloudName::Local));
    is_golden("history.txt", &super::run::history(&[run(3), run(2), run(1), run(0)]));
    let json = super::run_json::status(&run(2), at(500), None, CloudName::Local);
    is_golden("status.json", &(serde_json::to_string_pretty(&json).unwrap() + "\n"));
}

#[test]
fn a_run_knows_when_users_were_served_and_what_that_took() {
    let done = run(3);
    assert_eq!(done.recovery(), Some(secs(470)));
    let ids: Vec<u32> = done.critical.iter().map(|id| id.0).collect();
    assert_eq!(ids, [3, 4, 5, 6, 8, 18, 19, 20]);
    assert_eq!(done.losses.get(&address("geo_replica.orders")), Some(&secs(38)));
    // The scale set has 190s to go when it is done again, and 85s behind it users are served; the rest needs no more than 30s.
    assert_eq!(run(1).rest(at(190)), secs(190 + 10 + 75 + 30));
    assert_eq!(run(1).recovery(), None);
}

#[test]
fn a_run_that_was_unwound_has_served_nobody_and_a_planned_one_lost_nothing() {
    let mut drive = Drive::start(&procedure(), "ann@ops-1");
    drive.step(0, 0, StepEvent::Begun(None));
    drive.step(5, 0, StepEvent::Failed("no".to_owned()));
    drive.runs(3, 0, 4);
    drive.happens(6, Event::Ended(Ended::Stopped));
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
    drive.happens(9, Event::Ended(Ended::Done));
    let run = drive.timeline();
    assert_eq!((run.condition(), run.recovery()), (crate::steps::Condition::Unwound, None));
    assert_eq!(run.decisions.last().unwrap().what, "the run is unwound: ann@ops-1 aborted it");
    assert_eq!(run.lost(&address("geo_replica.orders")), None);

    let mut planned = procedure();
    planned.how = How::Planned;
    planned.losses[0].amount = Some(Duration::ZERO);
    let run = Drive::start(&planned, "ann@ops-1").timeline();
    assert_eq!(run.lost(&address("geo_replica.orders")), Some(Duration::ZERO));
}

#[test]
fn a_report_is_what_one_would_hand_to_an_auditor() {
    let run = run(3);
    is_golden("report.md", &super::report::markdown(&run, "0123456789abcdef", CloudName::Local).unwrap());
    is_golden("report.html", &super::report::html(&run, "0123456789abcdef", CloudName::Local).unwrap());
}

#[test]
fn what_others_wrote_means_nothing_in_a_report() {
    let hostile = "<script>alert(1)</script>\"'&|[x](y)\n# z";
    let mut procedure = procedure();
    procedure.stack = hostile.to_owned();
    procedure.group = hostile.to_owned();
    procedure.leaving = hostile.to_owned();
    procedure.guards.push(Guard {
        rule: "lag",
        verdict: Verdict::Warns,
        what: hostile.to_owned(),
        help: hostile.to_owned(),
    });
    let mut drive = Drive::start(&procedure, hostile);
    drive.graph.steps[9].address = Address::new("lb_rule", "web").instance(hostile);
    let Event::Started(started) = &mut drive.entries[0].event else { unreachable!() };
    started.failover.as_mut().unwrap().steps.clone_from(&drive.graph.steps);
    drive.step(1, 3, StepEvent::Begun(None));
    drive.learns(2, 3, Learnt::said(hostile));
    drive.step(3, 3, StepEvent::Failed(hostile.to_owned()));
    drive.step(4, 0, StepEvent::Begun(None));
    drive.step(5, 0, StepEvent::Failed("no".to_owned()));
    drive.step(6, 0, StepEvent::Skipped(hostile.to_owned()));
    let run = drive.timeline();
    let html = super::report::html(&run, hostile, CloudName::Local).unwrap();
    let markdown = super::report::markdown(&run, hostile, CloudName::Local).unwrap();
    let of_procedure = super::procedure_markdown::markdown(&procedure, CloudName::Local);
    assert!(!html.contains("<script") && !html.contains("\"'&"), "{html}");
    for text in [&markdown, &of_procedure] {
        let code_apart: String = text.split('`').step_by(2).collect();
        assert!(!text.contains("\n# z") && !code_apart.contains("<script"), "{text}");
        assert_eq!(code_apart.matches("](y)").count(), code_apart.matches("\\](y)").count(), "{text}");
    }
    assert!(!super::run::show(&run, CloudName::Local).contains("\n# z"));
}
