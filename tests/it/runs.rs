//! Failover runs of hand-written procedures: they execute their steps, stop at a failure, and can be resumed after any
//! kill.

mod taken_over;

use std::collections::BTreeMap;
use std::time::Duration;

use drplan::address::Address;
use drplan::apply::{
    AbortOutcome, Continuation, FailoverRun, FailurePolicy, Operator, Ports, RunError, RunOutcome, abort, undertake,
};
use drplan::failover::Procedure;
use drplan::plan::{basis, knowledge};
use drplan::roles::{FailoverMode, Side};
use drplan::run::{StepOutcome, StopSignal};
use drplan::stack::{Presence, Stack};
use drplan::state::{ActiveSite, GroupRole, RunKind, State};
use drplan::steps::{
    Acceptance, Act, Approval, FrontWatch, RouteSwitch, RunEnd, Stage, Step, StepGraph, StepId, Task, Undo,
};
use drplan::world::{Clock, Store};
use serde_json::{Map, Value as Json, json};

use crate::lab::{Lab, SilentWatcher, SuccessfulCommands, simulated};
use crate::web_geo;

const QUIESCED: &str = "linux_virtual_machine_scale_set.web";
const PRIMARY: &str = "traffic_manager_azure_endpoint.primary";
const SECONDARY: &str = "traffic_manager_external_endpoint.secondary";

/// A lab with an applied stack that has more steps than web-geo.
struct ProcedureLab {
    lab: Lab,
    text: String,
}

impl ProcedureLab {
    async fn new() -> Self {
        let (lab, text) = web_geo::lab();
        let more = r#"
  step "agree" {
    approval { message = "Promote the data?" }
  }
  step "hook" {
    http {
      method  = "POST"
      url     = "https://hooks.example.com/web"
      status  = 202
      headers = { Authorization = "Bearer ${var.sql_admin_password}" }
    }
  }
  step "tool" {
    command {
      program     = "tool"
      arguments   = ["$HOME"]
      environment = { PASSWORD = var.sql_admin_password }
    }
  }

  route "traffic-manager""#;
        let text = text.replacen("\n  route \"traffic-manager\"", more, 1);
        assert!(text.contains("step \"agree\""));
        let applied = lab.apply(&text).await.unwrap();
        assert_eq!(applied.report.ended, Some(RunEnd::Done));
        Self { lab, text }
    }

    fn state(&self) -> State {
        self.lab.store.load().unwrap().unwrap()
    }

    fn stack(&self) -> Stack {
        let program = self.lab.read(&self.text).unwrap();
        program
            .evaluate(&knowledge(drplan::providers::catalog(), &self.state(), &|_| false))
            .map_err(|found| format!("{found:?}"))
            .unwrap()
            .0
    }

    async fn with<T>(&self, work: impl AsyncFnOnce(&Stack, Ports<'_>, Operator<'_>) -> T) -> T {
        let (stack, stop) = (self.stack(), StopSignal::default());
        let ports = Ports {
            cloud: &self.lab.cloud,
            web: &self.lab.simulator,
            commands: &SuccessfulCommands,
            clock: &*self.lab.clock,
            ids: &*self.lab.ids,
            store: &self.lab.store,
            seal: &self.lab.seal,
            watcher: &SilentWatcher,
            stop: &stop,
        };
        work(&stack, ports, Operator { by: "tester", approve: &|run, step| format!("approve {run} {step}") }).await
    }

    /// Begins a run of these steps.
    async fn begin(&self, steps: Vec<Step>, on_failure: FailurePolicy) -> Result<(FailoverRun, RunOutcome), RunError> {
        self.with(async |stack, ports, party| {
            let state = self.state();
            let procedure = procedure(stack, &state, steps);
            let mut run = FailoverRun::new(&procedure, &state, ports, "tester")?;
            let undertaken = undertake(&mut run, stack, ports, party, Continuation::Start, on_failure).await?;
            Ok((run, undertaken))
        })
        .await
    }

    async fn go_on(&self, run: &mut FailoverRun, onward: Continuation) -> Result<RunOutcome, RunError> {
        self.with(async |stack, ports, party| undertake(run, stack, ports, party, onward, FailurePolicy::Stop).await)
            .await
    }

    async fn give_up(&self, run: &mut FailoverRun) -> Result<AbortOutcome, RunError> {
        self.with(async |stack, ports, party| abort(run, stack, ports, party).await).await
    }

    fn argument(&self, address: &str, name: &str) -> Json {
        self.state().resources[&address.parse::<Address>().unwrap()].arguments[name].clone()
    }

    /// Body of a resource's object in the cloud.
    fn body(&self, address: &str) -> Json {
        self.lab.simulator.body(&self.state().resources[&address.parse::<Address>().unwrap()].id).unwrap()
    }
}

fn procedure(stack: &Stack, state: &State, steps: Vec<Step>) -> Procedure {
    let steps = StepGraph::new(steps).unwrap();
    Procedure {
        stack: stack.name.clone(),
        basis: basis(stack, Some(state)),
        group: "web".to_owned(),
        verb: RunKind::Up,
        how: FailoverMode::Planned,
        lost: Vec::new(),
        leaving: "primary".to_owned(),
        arriving: "secondary".to_owned(),
        regions: stack.sites.values().map(|site| (site.name.to_string(), site.location.clone())).collect(),
        idle: None,
        critical: steps.critical_path(),
        steps,
        predicted: Default::default(),
        calibration: Default::default(),
        unswitched: Vec::new(),
        verifies: Vec::new(),
        losses: Vec::new(),
        ladders: Vec::new(),
        roles: Vec::new(),
        becomes: None,
        guards: Vec::new(),
        avoided: Vec::new(),
        objectives: stack.objectives,
        accepted: Acceptance::default(),
        notes: Vec::new(),
        outage: None,
        cause: Default::default(),
    }
}

fn step(steps: &mut Vec<Step>, address: &str, stage: Stage, needs: &[u32], act: Act, undo: Undo) -> u32 {
    let id = u32::try_from(steps.len()).unwrap();
    steps.push(Step {
        id: StepId(id),
        address: address.parse().unwrap(),
        needs: needs.iter().copied().map(StepId).collect(),
        act,
        serial: Vec::new(),
        touches: Vec::new(),
        expect: Duration::from_secs(1),
        worst: Duration::from_secs(2),
        stage,
        undo,
    });
    id
}

fn written(pairs: &[(&str, Json)]) -> Map<String, Json> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn instances(count: u32) -> Act {
    Act::Task(Task::Move { arguments: written(&[("instances", json!(count))]) })
}

fn promote(how: FailoverMode, accepted: Option<Duration>) -> Act {
    Act::Task(Task::Promote { to: Side::Target, how, accepted })
}

fn custom(action: &str) -> Act {
    Act::Task(Task::Custom { action: action.to_owned() })
}

fn forward() -> Undo {
    Undo::Impossible("a promotion is irreversible".to_owned())
}

/// Steps that quiesce and promote.
fn data(steps: &mut Vec<Step>) -> Vec<u32> {
    let quiesce = step(steps, QUIESCED, Stage::Quiesce, &[], instances(0), Undo::Act(Box::new(instances(4))));
    ["geo_replica.orders", "geo_replica.catalog"]
        .map(|replica| {
            step(steps, replica, Stage::Promote, &[quiesce], promote(FailoverMode::Planned, None), forward())
        })
        .to_vec()
}

fn record(steps: &mut Vec<Step>, needs: &[u32]) -> u32 {
    let role = GroupRole {
        active: ActiveSite::Away,
        site: "secondary".to_owned(),
        since: jiff::Timestamp::UNIX_EPOCH,
        run: String::new(),
        how: Some(FailoverMode::Planned),
        accepted: None,
        stores: BTreeMap::new(),
        moved: BTreeMap::from([(QUIESCED.parse().unwrap(), ["instances".to_owned()].into())]),
        owed: Vec::new(),
    };
    step(steps, "failover_group.web", Stage::Record, needs, Act::Task(Task::Record(Box::new(role))), Undo::Nothing)
}

/// Steps that switch traffic.
fn users(steps: &mut Vec<Step>, needs: &[u32], is_watched: bool) -> u32 {
    let watch = FrontWatch {
        endpoint: SECONDARY.parse().unwrap(),
        expect: Duration::from_secs(10),
        within: Duration::from_secs(60),
    };
    let lever = RouteSwitch {
        name: "traffic-manager".to_owned(),
        moves: vec![
            (SECONDARY.parse().unwrap(), written(&[("enabled", json!(true))])),
            (PRIMARY.parse().unwrap(), written(&[("enabled", json!(false))])),
        ],
        late: Vec::new(),
        fallback_for: None,
        lingers: Duration::from_secs(30),
        front: None,
        watch: is_watched.then_some(watch),
    };
    let route = Act::Task(Task::Route { levers: vec![lever], agree: Vec::new() });
    step(steps, "route.traffic-manager", Stage::Route, needs, route, Undo::Nothing)
}

/// Steps that create the failover-only resources.
fn stand_up(steps: &mut Vec<Step>, stack: &Stack) -> Vec<u32> {
    let mut made: BTreeMap<Address, u32> = BTreeMap::new();
    let failover = stack.resources.values().filter(|resource| resource.presence == Presence::Failover);
    for resource in failover {
        let needs: Vec<u32> = resource.needs.iter().filter_map(|need| made.get(need).copied()).collect();
        let id = step(steps, resource.address.as_str(), Stage::StandUp, &needs, Act::Create, Undo::Nothing);
        made.insert(resource.address.clone(), id);
    }
    made.into_values().collect()
}

fn failures(undertaken: &RunOutcome) -> Vec<String> {
    let fates = undertaken.report.fates.iter();
    fates
        .filter_map(|fate| match fate {
            StepOutcome::Failed(_, why) | StepOutcome::Unknown(_, why) | StepOutcome::Paused(_, why) => {
                Some(why.clone())
            }
            _ => None,
        })
        .collect()
}

#[test]
fn run_promotes_data_switches_traffic_and_records_both() {
    simulated(async {
        let day = ProcedureLab::new().await;
        let serial = day.state().serial;
        let mut steps = Vec::new();
        let mut needs = data(&mut steps);
        needs.extend(stand_up(&mut steps, &day.stack()));
        needs.push(step(&mut steps, "step.hook", Stage::Step, &[], custom("http"), Undo::Nothing));
        needs.push(step(&mut steps, "step.tool", Stage::Step, &[], custom("command"), Undo::Nothing));
        let probe = step(&mut steps, "probe.front", Stage::Probe, &needs, Act::Task(Task::Probe), Undo::Nothing);
        let route = users(&mut steps, &[probe], true);
        record(&mut steps, &[route]);
        let (run, undertaken) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        assert_eq!(failures(&undertaken), [""; 0]);
        assert_eq!(undertaken.report.ended, Some(RunEnd::Done));

        let state = day.state();
        assert_eq!(
            (state.serial, state.roles.open.len()),
            (serial + 2, 0),
            "a snapshot at its start and one at its end"
        );
        let role = &state.roles.groups["web"];
        assert_eq!((role.active, role.run.as_str(), state.roles.epoch), (ActiveSite::Away, run.id.as_str(), 1));
        assert!(role.stores.values().all(|side| *side == Side::Target) && role.stores.len() == 2, "{role:?}");
        assert_eq!(day.argument(QUIESCED, "instances"), json!(0));
        assert_eq!(day.body(QUIESCED)["sku"]["capacity"], json!(0));
        assert_eq!(day.argument(PRIMARY, "enabled"), json!(false));
        assert_eq!(day.body(SECONDARY)["properties"]["endpointStatus"], json!("Enabled"));

        // The run is recorded as finished, and its journal contains no secret.
        assert_eq!(
            day.go_on(&mut run.clone(), Continuation::Resume).await.unwrap_err(),
            RunError::Over(run.id.clone())
        );
        let journal = serde_json::to_string(&run.journal).unwrap();
        assert!(!journal.contains("correct-horse") && journal.contains("hooks.example.com"));
    });
}

#[test]
fn run_killed_anywhere_can_be_resumed() {
    let steps = || {
        let mut steps = Vec::new();
        let needs = data(&mut steps);
        let route = users(&mut steps, &needs, false);
        record(&mut steps, &[route]);
        steps
    };
    let (whole, reference) = simulated(async {
        let day = ProcedureLab::new().await;
        let (run, _) = day.begin(steps(), FailurePolicy::Stop).await.unwrap();
        (run.journal.len(), (day.body(QUIESCED)["sku"].clone(), day.argument(PRIMARY, "enabled")))
    });
    for cut in 1..whole {
        simulated(async {
            let day = ProcedureLab::new().await;
            day.lab.store.stop_after(cut);
            assert!(day.begin(steps(), FailurePolicy::Stop).await.is_err());
            day.lab.store.go_on();
            let open = day.state().roles.open.remove("web").expect("the run is unfinished");
            let mut run = FailoverRun::read(&day.lab.store, &open.run).unwrap();
            let undertaken = day.go_on(&mut run, Continuation::Resume).await.unwrap();
            assert_eq!(
                (failures(&undertaken), undertaken.report.ended),
                (vec![], Some(RunEnd::Done)),
                "cut after {cut}"
            );
            assert_eq!(
                (day.body(QUIESCED)["sku"].clone(), day.argument(PRIMARY, "enabled")),
                reference,
                "cut after {cut}"
            );
            let roles = day.state().roles;
            assert_eq!(
                (roles.epoch, roles.open.len(), roles.groups["web"].active),
                (1, 0, ActiveSite::Away),
                "cut after {cut}"
            );
        });
    }
}

#[test]
fn approval_step_waits_for_the_operator() {
    simulated(async {
        let day = ProcedureLab::new().await;
        let mut steps = Vec::new();
        let agree = step(&mut steps, "step.agree", Stage::Step, &[], custom("approval"), Undo::Nothing);
        record(&mut steps, &[agree]);
        let (mut run, undertaken) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        assert_eq!(undertaken.report.ended, Some(RunEnd::Stopped));
        let wanted = format!("Promote the data? Approve with `approve {} step.agree`, then resume the run", run.id);
        assert_eq!(failures(&undertaken), [wanted]);
        assert_eq!(day.state().roles.open["web"].run, run.id);

        let answer = Approval {
            step: "step.agree".parse().unwrap(),
            by: "Ann".to_owned(),
            at_host: "tester".to_owned(),
            at: day.lab.clock.now(),
        };
        day.lab.store.approve(&run.id, &answer).unwrap();
        let undertaken = day.go_on(&mut run, Continuation::Resume).await.unwrap();
        assert_eq!(undertaken.report.ended, Some(RunEnd::Done));
    });
}

#[test]
fn failed_steps_are_retried_skipped_or_rolled_back() {
    simulated(async {
        let day = ProcedureLab::new().await;
        let failing = |after_data: bool| {
            let mut steps = Vec::new();
            let needs = if after_data {
                data(&mut steps)
            } else {
                vec![step(&mut steps, QUIESCED, Stage::Quiesce, &[], instances(0), Undo::Act(Box::new(instances(4))))]
            };
            let fails = step(&mut steps, "public_ip.nowhere", Stage::StandUp, &needs, Act::Create, Undo::Nothing);
            step(&mut steps, "step.tool", Stage::Step, &[fails], custom("command"), Undo::Nothing);
            steps
        };
        // A retried step fails again; then the run is rolled back.
        let (mut run, undertaken) = day.begin(failing(false), FailurePolicy::Retry(2)).await.unwrap();
        assert_eq!(failures(&undertaken), ["the stack has no such resource"]);
        assert_eq!(day.argument(QUIESCED, "instances"), json!(0));
        assert!(matches!(day.give_up(&mut run).await.unwrap(), AbortOutcome::Unwound(_)));
        assert_eq!((day.argument(QUIESCED, "instances"), run.is_over()), (json!(4), true));
        assert_eq!(day.state().roles, Default::default());

        // Rollback without a retry.
        let (run, undertaken) = day.begin(failing(false), FailurePolicy::Unwind).await.unwrap();
        assert_eq!(undertaken.report.ended, Some(RunEnd::Done));
        assert_eq!((day.body(QUIESCED)["sku"]["capacity"].clone(), run.is_over()), (json!(4), true));

        // The step is skipped, and its dependents are executed.
        let (run, undertaken) = day.begin(failing(false), FailurePolicy::Skip).await.unwrap();
        assert_eq!((undertaken.report.ended, run.is_over()), (Some(RunEnd::Done), true));

        // After a promotion nothing is rolled back, and the roles are recorded as they are.
        let (mut run, undertaken) = day.begin(failing(true), FailurePolicy::Unwind).await.unwrap();
        assert_eq!(undertaken.forward_only.len(), 2);
        assert_eq!(day.give_up(&mut run).await.unwrap(), AbortOutcome::Recorded(ActiveSite::Between));
        let state = day.state();
        assert_eq!((state.roles.open.len(), state.roles.groups["web"].active), (0, ActiveSite::Between));
        assert_eq!(FailoverRun::read(&day.lab.store, &run.id).unwrap().status().unwrap().ended(), Some(RunEnd::Done));
    });
}

#[test]
fn forced_promotion_requires_accepted_data_loss() {
    simulated(async {
        let day = ProcedureLab::new().await;
        let mut steps = Vec::new();
        let quiesce = step(&mut steps, QUIESCED, Stage::Quiesce, &[], instances(0), Undo::Act(Box::new(instances(4))));
        step(
            &mut steps,
            "geo_replica.orders",
            Stage::Promote,
            &[quiesce],
            promote(FailoverMode::Forced, None),
            forward(),
        );
        let (mut run, undertaken) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        let why = failures(&undertaken);
        assert!(why[0].contains("replication lag is unavailable, and no data loss was accepted"), "{why:?}");
        // No promotion was begun, so that the remaining steps can be rolled back.
        assert!(matches!(day.give_up(&mut run).await.unwrap(), AbortOutcome::Unwound(_)));
        assert_eq!((day.argument(QUIESCED, "instances"), day.state().roles), (json!(4), Default::default()));

        let mut steps = Vec::new();
        let accepted = Some(Duration::from_secs(60));
        step(&mut steps, "geo_replica.orders", Stage::Promote, &[], promote(FailoverMode::Forced, accepted), forward());
        let (_, undertaken) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        assert_eq!((failures(&undertaken), undertaken.report.ended), (vec![], Some(RunEnd::Done)));
    });
}

#[test]
fn run_cannot_be_resumed_with_another_stack() {
    simulated(async {
        let mut day = ProcedureLab::new().await;
        let mut steps = Vec::new();
        step(&mut steps, "step.agree", Stage::Step, &[], custom("approval"), Undo::Nothing);
        let (mut run, _) = day.begin(steps, FailurePolicy::Stop).await.unwrap();
        day.text = day.text.replace("Promote the data?", "Go?");
        assert_eq!(day.go_on(&mut run, Continuation::Resume).await.unwrap_err(), RunError::OtherStack(run.id.clone()));
    });
}
