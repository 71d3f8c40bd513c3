//! Views of procedures and runs, to the byte: `tests/views/*`. `UPDATE_VIEWS=1` writes them; then read the
//! difference.

mod many;
mod plan;
mod run;
mod service;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map as JsonMap, json};

use super::{Detail, Layout};
use crate::address::Address;
use crate::failover::{Avoidance, Calibration, LossEstimate, PreflightCheck, PreflightStatus, Procedure};
use crate::plan::Basis;
use crate::roles::{FailoverMode, ProtectionDebt, Side};
use crate::stack::{CloudName, Objectives};
use crate::state::{ActiveSite, GroupRole, RecordedDebt, RunKind};
use crate::steps::{
    Acceptance, Act, FrontWatch, Path, Prediction, RoleChange, RouteSwitch, Stage, Step, StepGraph, StepId, Task,
    Touch, Undo,
};

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
            _ => vec![Touch::new("canadaeast", "the resource")],
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
        how: Some(FailoverMode::Forced),
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
        late: Vec::new(),
        fallback_for: None,
        lingers: secs(60),
        front: None,
        watch: Some(FrontWatch {
            endpoint: address("traffic_manager_external_endpoint.secondary"),
            expect: secs(10),
            within: secs(40),
        }),
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
        lost: vec!["primary".to_owned()],
        leaving: "primary".to_owned(),
        arriving: "secondary".to_owned(),
        regions: BTreeMap::from([
            ("primary".to_owned(), "canadacentral".to_owned()),
            ("secondary".to_owned(), "canadaeast".to_owned()),
        ]),
        idle: None,
        predicted: Prediction { typical: critical.total, worst: secs(640), ..Prediction::default() },
        critical,
        steps,
        calibration: Calibration { runs: 3, within: 2, longest: Some(secs(700)) },
        unswitched: Vec::new(),
        losses: vec![
            loss("geo_replica.orders", Some(40), "replicationLag was 40s when last read"),
            loss("geo_replica.catalog", None, "replication lag is unavailable"),
        ],
        ladders: Vec::new(),
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
        verifies: Vec::new(),
        notes: vec!["primary is read again by the next `refresh`".to_owned()],
        outage: None,
        cause: Default::default(),
    }
}

#[test]
fn procedure_has_a_text_a_comment_and_json() {
    let procedure = procedure();
    let text = super::procedure::text(&procedure, CloudName::Local, Layout::default());
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
    let text = super::procedure::text(&refused, CloudName::Local, Layout::default());
    let plain = anstream::adapter::strip_str(&text).to_string();
    assert!(plain.ends_with("\nBlocked: 1 preflight check failed.\n"), "{plain}");
    assert!(plain.contains("  FAILED  lag: geo_replica.orders would lose 40s"), "{plain}");
    // Nothing is predicted of it, and no objective is compared.
    assert!(!plain.contains("Forecast") && !plain.contains("missed"), "{plain}");
    let json = super::procedure_json::json(&refused, CloudName::Local);
    assert_eq!((&json["recovery_time"]["mark"], &json["data_loss"][0]["mark"]), (&json!("unknown"), &json!("unknown")));
    let markdown = super::procedure_markdown::markdown(&refused, CloudName::Local);
    assert_eq!(markdown.lines().nth(2), Some("**Blocked: 1 preflight check failed.**"));
    assert!(markdown.contains("- **FAILED** `lag`: geo_replica.orders would lose 40s, and 10s are accepted. Give `--accept-data-loss 40s` or more.\n"));

    let mut touching = procedure();
    touching.steps.steps[3].touches[0].region = "CanadaCentral".to_owned();
    let text = super::procedure::text(&touching, CloudName::Local, Layout::default());
    assert!(text.contains("Blocked: 1 step touches the lost site."), "{text}");
    assert!(
        text.contains("These steps touch the lost site primary (canadacentral): resource_group.web-failover."),
        "{text}"
    );
    assert_eq!(super::procedure_json::json(&touching, CloudName::Local)["ready"], json!(false));

    let mut idle = procedure();
    idle.idle = Some("web is up since yesterday by run 1".to_owned());
    idle.steps = StepGraph::default();
    let text = super::procedure::text(&idle, CloudName::Local, Layout::default());
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

#[test]
fn time_to_declare_by_counts_from_a_known_outage() {
    let clock = |minutes: i64| {
        let mut procedure = procedure();
        procedure.objectives.rto = Some(secs(1000));
        procedure.outage = Some(crate::failover::Outage { since: at(0), now: at(60 * minutes) });
        super::forecast::clock(&procedure).unwrap()
    };
    let by = crate::failover::moment(at(360));
    assert_eq!(clock(2), format!("{by}, in 4m, or the RTO of 16m 40s is missed"));
    assert_eq!(clock(8), format!("{by}: passed 2m ago; the RTO of 16m 40s may be missed by 2m"));
}

#[test]
fn procedure_that_moves_nothing_meets_no_objective() {
    let mut procedure = procedure();
    procedure.roles.clear();
    procedure.steps.steps.retain(|step| step.id.0 < 1);
    procedure.objectives.rto = Some(secs(3600));
    assert!(procedure.moves_nothing());
    let json = super::procedure_json::json(&procedure, CloudName::Local);
    assert_eq!((&json["moves_nothing"], &json["recovery_time"]["mark"]), (&json!(true), &json!("missed")));
    assert!(super::forecast::verdict(&procedure).starts_with("Moves nothing: "));
}

#[test]
fn steps_are_numbered_in_printed_order() {
    let procedure = procedure();
    for detail in [Detail::Summary, Detail::Full] {
        let text = super::procedure::text(&procedure, CloudName::Local, Layout { detail, ..Layout::default() });
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
        let lines = if detail == Detail::Full { 23 } else { 15 };
        assert_eq!(numbers.len(), lines, "{plain}");
    }
}

fn full() -> Layout {
    Layout { detail: Detail::Full, ..Layout::default() }
}
