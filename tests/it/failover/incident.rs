//! A failover group under test: an applied stack, clients that write all the time, and runs that are begun, killed,
//! resumed and aborted.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use drplan::address::Address;
use drplan::apply::{
    self, AbortOutcome, CatalogueSource, Continuation, FailoverRun, FailurePolicy, Operator, Ports, RunError,
    RunOutcome,
};
use drplan::failover::{
    self, History, PreflightStatus, Procedure, ProcedureInput, RestoreOrder, RestoreWay, SurveyResult,
};
use drplan::object::ObjectId;
use drplan::roles::{FailoverMode, IncidentCause};
use drplan::run::StopSignal;
use drplan::simulator::{Fault, Plane, START, Tally, Workload};
use drplan::stack::{FailoverGroup, Stack};
use drplan::state::{ActiveSite, RunKind, State};
use drplan::steps::{Acceptance, Approval, Event, RunEnd, StepEvent};
use drplan::value::Value;
use drplan::world::{Clock, Cloud, Store};
use jiff::Timestamp;

use crate::lab::{Lab, SilentWatcher, changes, failures, is_remnant};
use crate::stacks;

/// Request for a run.
#[derive(Clone, Copy)]
pub struct RunRequest {
    pub verb: RunKind,
    pub how: FailoverMode,
    /// True if the primary site is lost; with a destination, every other site.
    pub lost: bool,
    /// The requested standby.
    pub to: Option<&'static str>,
    pub accepted: Acceptance,
    /// The backups that a drill is limited to.
    pub verify: &'static [&'static str],
    /// The cause of the incident.
    pub cause: IncidentCause,
    /// The rung of a restore in place.
    pub rung: Option<u8>,
}

/// Planned failover with both sites available.
pub const UP: RunRequest = RunRequest {
    verb: RunKind::Up,
    how: FailoverMode::Planned,
    lost: false,
    to: None,
    accepted: NOTHING,
    verify: &[],
    cause: IncidentCause::Lost,
    rung: None,
};
/// Forced failover: the primary site is lost, with up to a minute of writes.
pub const FORCED: RunRequest = RunRequest {
    verb: RunKind::Up,
    how: FailoverMode::Forced,
    lost: true,
    to: None,
    accepted: Acceptance { data_loss: Some(Duration::from_secs(60)), split_brain: false },
    verify: &[],
    cause: IncidentCause::Lost,
    rung: None,
};
/// Failback.
pub const DOWN: RunRequest = RunRequest { verb: RunKind::Down, ..UP };
/// Drill during normal operation.
pub const DRILL: RunRequest = RunRequest { verb: RunKind::Drill, ..UP };

const NOTHING: Acceptance = Acceptance { data_loss: None, split_brain: false };

/// Maximum number of approvals in a run.
const MOST: usize = 8;

/// An applied stack with clients that write.
pub struct Incident {
    pub lab: Lab,
    pub text: String,
    /// Site that is active in normal operation, and its region.
    pub home: (String, String),
    /// Objects that existed before the incident.
    pub before: BTreeMap<ObjectId, serde_json::Value>,
}

/// An incident at an instant; every disturbed run begins from the same one.
pub struct IncidentSnapshot {
    pub incident: Incident,
    now: Timestamp,
}

/// The first public name whose record is moved by a route of the group.
fn proxied(group: &FailoverGroup, stack: &Stack) -> Option<String> {
    let mut records = group.routes.iter().filter_map(|route| route.args.get("record"));
    let record = match records.next()? {
        Value::List(records) => records.first()?,
        record => record,
    };
    let Value::Block(address) = record else { return None };
    Some(stack.resources.get(address)?.args.get("name")?.as_str()?.to_owned())
}

/// The sites that a request abandons.
pub fn lost_sites(ask: RunRequest, stack: &Stack, home: &str) -> Vec<String> {
    let group = stack.failover_groups.values().next().expect("a failover group");
    let all = group.sites().filter(|site| match ask.to {
        Some(to) => ***site != *to,
        None => ***site == *home,
    });
    all.filter(|_| ask.lost).map(|site| site.to_string()).collect()
}

impl IncidentSnapshot {
    pub fn of(incident: Incident) -> Self {
        Self { now: incident.lab.clock.now(), incident }
    }

    /// A copy that continues from the instant.
    pub fn again(&self) -> Incident {
        self.incident.fork(self.now)
    }
}

impl Incident {
    /// A starter stack, applied.
    pub async fn stands(name: &str) -> Self {
        let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(name));
        Self::of(lab, text).await
    }

    /// web-geo, applied.
    pub async fn web_geo() -> Self {
        Self::stands("web-geo").await
    }

    /// A stack with one failover group, applied.
    pub async fn of(lab: Lab, text: String) -> Self {
        let applied = lab.apply(&text).await.expect("apply succeeds");
        failures(&applied, "apply").expect("every step succeeds");
        let mut incident = Self { before: lab.simulator.show().objects, lab, text, home: Default::default() };
        let (stack, _) = incident.stack(RunKind::Up);
        let from = stack.failover_groups.values().next().expect("a failover group").from.to_string();
        incident.home = (from.clone(), stack.sites[&*from].location.clone());
        incident.write_rows(5);
        incident
    }

    /// An independent copy of this incident, continued from `now`.
    pub fn fork(&self, now: Timestamp) -> Self {
        let Self { lab, text, home, before } = self;
        Self { lab: lab.fork(now), text: text.clone(), home: home.clone(), before: before.clone() }
    }

    /// Starts clients that write through the public name.
    fn write_rows(&self, rate: u64) {
        let (stack, _) = self.stack(RunKind::Up);
        let group = stack.failover_groups.values().next().expect("a failover group");
        let promoted = stack.failover_groups.values().flat_map(|group| &group.promote);
        let replicas = promoted.filter_map(|address| stack.resources.get(address));
        let stores = replicas.flat_map(|replica| replica.objects.iter().map(|object| object.id.clone())).collect();
        let profile = group.routes.iter().find_map(|route| match route.args.get("profile")? {
            Value::Block(address) => stack.resources.get(address),
            _ => None,
        });
        let profile = profile.and_then(|profile| self.lab.simulator.hosts(&profile.id).into_iter().next());
        let Some(front) = profile.or_else(|| proxied(group, &stack)) else { return };
        let workload = Workload { front: format!("https://{front}/"), stores, rate };
        self.lab.simulator.start_workload(workload).expect("the simulator is in memory");
    }

    /// Outcome of the rows so far.
    pub fn tally(&self) -> Tally {
        self.lab.simulator.workload().expect("clients write")
    }

    /// Fails if a row was written at two sites, or if rows were lost although `all` must be kept. Succeeds without
    /// clients.
    pub fn kept(&self, all: bool) -> Result<(), String> {
        match self.lab.simulator.workload() {
            Some(tally) if tally.split > 0 || (all && tally.lost > 0) => {
                Err(format!("rows were lost, or two sites accepted writes: {tally:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Loses the site that is active in normal operation.
    pub fn lose(&self) {
        let lose = Fault::Lose { location: self.home.1.clone(), plane: Plane::Both };
        self.lab.simulator.add_fault(lose).expect("the simulator is in memory");
    }

    /// Waits on simulated time.
    pub async fn wait(&self, seconds: u64) {
        self.lab.clock.sleep(Duration::from_secs(seconds)).await;
        self.lab.simulator.catch_up().expect("the simulator is in memory");
    }

    /// The stack with the recorded state as a run of this type evaluates it, and the state.
    pub fn stack(&self, verb: RunKind) -> (Stack, State) {
        self.stack_of(None, verb)
    }

    /// The same for a run of this group.
    pub fn stack_of(&self, group: Option<&str>, verb: RunKind) -> (Stack, State) {
        let program = self.lab.read(&self.text).unwrap_or_else(|why| panic!("{why}"));
        let state = self.lab.store.load().expect("a state").expect("a recorded state");
        let known = drplan::plan::knowledge(self.lab.catalog, &state, &|_| false);
        let (stack, _) = program.evaluate(&known).expect("a stack");
        let first = || stack.failover_groups.keys().next().expect("a failover group").to_string();
        let group = group.map_or_else(first, str::to_owned);
        (failover::as_run(stack, &group, verb, &state, &known), state)
    }

    /// Procedure for a request.
    pub async fn procedure(&self, ask: RunRequest) -> Procedure {
        self.procedure_after(ask, &History::default()).await
    }

    /// Procedure for a request, with recorded durations.
    pub async fn procedure_after(&self, ask: RunRequest, history: &History) -> Procedure {
        let (stack, state) = self.stack(ask.verb);
        let group = stack.failover_groups.values().next().expect("a failover group");
        let RunRequest { verb, how, lost: _, to, accepted, verify, cause, rung } = ask;
        let verify: Vec<Address> = verify.iter().map(|name| Address::new("backup", name)).collect();
        let lost = lost_sites(ask, &stack, &self.home.0);
        let mut survey = failover::survey(&stack, group, &state, &lost);
        let backup = stack.backups.get("database").filter(|_| verb == RunKind::Restore);
        let order = backup.map(|backup| {
            let (machine, _) = failover::machine_to_restore(&stack, &state, backup).expect("a machine that restores");
            survey.objects.extend(machine.objects.iter().cloned());
            let (backup, machine) = (backup.address.clone(), machine.address.clone());
            RestoreOrder { backup, machine, rung, point: None, way: RestoreWay::default() }
        });
        let mut seen = apply::look_around(&survey, self.lab.reads(), &self.lab.simulator).await;
        let from = (CatalogueSource::Simulated(START), &self.lab.cloud as &dyn Cloud);
        let now = self.lab.clock.now();
        seen.catalogues = apply::read_catalogues(&stack, group, from, (&state.restores, now)).await;
        for backup in backup.iter().flat_map(|backup| failover::snapshots_beside(&stack, backup)) {
            let set = apply::read_catalogue(&stack, backup, from, now).await;
            seen.catalogues.insert(backup.address.clone(), set);
        }
        seen.judge(cause, None);
        seen.in_place = order;
        let question = ProcedureInput {
            stack: &stack,
            group,
            verb,
            how,
            lost: &lost,
            to,
            without: &[],
            pending: &[],
            state: &state,
            seen: &seen,
            accepted,
            verify: &verify,
            history,
        };
        let chosen = SurveyResult { in_place: failover::settled(&question), ..seen.clone() };
        failover::plan(&ProcedureInput { seen: &chosen, ..question })
    }

    /// Runs the request, unless a preflight check fails; the error is its message.
    pub async fn begin(&self, ask: RunRequest, on_failure: FailurePolicy) -> Result<RunOutcome, String> {
        let procedure = self.procedure(ask).await;
        if procedure.is_refused() {
            let refusals = procedure.guards.iter().filter(|guard| guard.verdict == PreflightStatus::Refuses);
            return Err(refusals.map(|guard| format!("{}: {}", guard.rule, guard.what)).collect::<Vec<_>>().join("; "));
        }
        if let Some(why) = procedure.idle {
            return Err(why);
        }
        let (stack, state) = self.stack(ask.verb);
        let stop = StopSignal::default();
        let ports = self.ports(&stop);
        let mut run = FailoverRun::new(&procedure, &state, ports, "tester").map_err(|error| error.to_string())?;
        apply::undertake(&mut run, &stack, ports, PARTY, Continuation::Start, on_failure)
            .await
            .map_err(|error| error.to_string())
    }

    /// Runs the request to completion.
    pub async fn done(&self, ask: RunRequest) -> RunOutcome {
        let undertaken = self.whole(ask, FailurePolicy::Stop).await.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(undertaken.report.ended, Some(RunEnd::Done), "{:#?}", undertaken.report.fates);
        undertaken
    }

    /// Id of the unfinished run.
    pub fn open(&self) -> Option<String> {
        self.lab.store.load().ok()??.roles.open.into_values().next().map(|open| open.run)
    }

    /// Approves every waiting step of the unfinished run; true if there was one.
    pub fn answer(&self) -> bool {
        let Some(run) = self.open() else { return false };
        let entries = self.lab.store.entries_of(&run).expect("a journal");
        let waits = entries.into_iter().filter_map(|entry| match entry.event {
            Event::Step { address, event: StepEvent::Paused(_), .. } => Some(address),
            _ => None,
        });
        let mut any = false;
        for step in waits {
            let (by, at_host) = ("ann".to_owned(), "tester".to_owned());
            let answer = Approval { step, by, at_host, at: self.lab.clock.now() };
            self.lab.store.approve(&run, &answer).expect("the store is in memory");
            any = true;
        }
        any
    }

    /// Begins a run, or resumes the unfinished one, until it ends without waiting for an approval.
    pub async fn whole(&self, ask: RunRequest, on_failure: FailurePolicy) -> Result<RunOutcome, String> {
        let mut undertaken = match self.open() {
            Some(_) => self.resume(on_failure).await.map_err(|error| error.to_string())?,
            None => self.begin(ask, on_failure).await?,
        };
        for _ in 0..MOST {
            if undertaken.report.ended == Some(RunEnd::Done) || !self.answer() {
                break;
            }
            undertaken = self.resume(on_failure).await.map_err(|error| error.to_string())?;
        }
        Ok(undertaken)
    }

    /// Resumes the unfinished run.
    pub async fn resume(&self, on_failure: FailurePolicy) -> Result<RunOutcome, RunError> {
        let run = self.open().expect("an unfinished run");
        let mut run = FailoverRun::read(&self.lab.store, &run)?;
        let (stack, _) = self.stack(run.undertaking.verb);
        let stop = StopSignal::default();
        apply::undertake(&mut run, &stack, self.ports(&stop), PARTY, Continuation::Resume, on_failure).await
    }

    /// Aborts the unfinished run.
    pub async fn abort(&self) -> Result<AbortOutcome, RunError> {
        let run = self.open().expect("an unfinished run");
        let mut run = FailoverRun::read(&self.lab.store, &run)?;
        let (stack, _) = self.stack(run.undertaking.verb);
        let stop = StopSignal::default();
        apply::abort(&mut run, &stack, self.ports(&stop), PARTY).await
    }

    pub fn ports<'a>(&'a self, stop: &'a StopSignal) -> Ports<'a> {
        Ports {
            cloud: &self.lab.cloud,
            web: &self.lab.simulator,
            commands: &self.lab.commands,
            clock: &*self.lab.clock,
            ids: &*self.lab.ids,
            store: &self.lab.store,
            seal: &self.lab.seal,
            watcher: &SilentWatcher,
            stop,
        }
    }

    /// The active site.
    pub fn active(&self) -> ActiveSite {
        let state = self.lab.store.load().expect("a state").expect("a recorded state");
        state.roles.groups.values().next().map_or(ActiveSite::Home, |role| role.active)
    }

    /// Changes of a plan.
    pub async fn changes(&self) -> Vec<String> {
        let (planned, _) = self.lab.plan(&self.text, false).await;
        let drift = planned.plan.drift.iter().map(|drift| format!("drift of {}: {:?}", drift.address, drift.arguments));
        changes(&planned).into_iter().chain(drift).collect()
    }

    /// Objects that exist and did not exist before, or the reverse.
    pub fn left_over(&self) -> Vec<String> {
        let mut now = self.lab.simulator.show().objects;
        now.retain(|id, body| !is_remnant(id, body));
        let more = now.keys().filter(|id| !self.before.contains_key(*id)).map(|id| format!("+ {id}"));
        let less = self.before.keys().filter(|id| !now.contains_key(*id)).map(|id| format!("- {id}"));
        more.chain(less).collect()
    }
}

pub const PARTY: Operator<'static> = Operator { by: "tester", approve: &|run, step| format!("approve {run} {step}") };
