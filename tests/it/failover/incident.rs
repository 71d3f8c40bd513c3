//! A failover group under test: its stack stands, clients write all along, and runs are begun, killed, resumed and given up.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use drplan::address::ArmId;
use drplan::apply::{self, Aborted, FailoverRun, OnFailure, Onward, Party, Ports, RunError, Undertaken};
use drplan::failover::{self, History, Procedure, Question, Verdict};
use drplan::kinds::How;
use drplan::run::Stop;
use drplan::simulator::{Fault, Plane, Tally, Workload};
use drplan::stack::Stack;
use drplan::state::{Active, State, Verb};
use drplan::steps::{Accepted, Approval, Ended, Event, StepEvent};
use drplan::world::{Clock, Store};
use jiff::Timestamp;

use crate::lab::{Blind, Hopeful, Lab, changes, failures};
use crate::stacks;

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Ask {
    pub verb: Verb,
    pub how: How,
    /// Whether the site that is active on an ordinary day is given up.
    pub lost: bool,
    pub accepted: Accepted,
}

/// Both sites answer.
pub const UP: Ask = Ask { verb: Verb::Up, how: How::Planned, lost: false, accepted: NOTHING };
/// The site that is active is given up, and a minute of writes with it.
pub const FORCED: Ask = Ask {
    verb: Verb::Up,
    how: How::Forced,
    lost: true,
    accepted: Accepted { data_loss: Some(Duration::from_secs(60)), split_brain: false },
};
/// Back again.
pub const DOWN: Ask = Ask { verb: Verb::Down, ..UP };
/// An ordinary day.
pub const DRILL: Ask = Ask { verb: Verb::Drill, ..UP };

const NOTHING: Accepted = Accepted { data_loss: None, split_brain: false };

/// So often may a run wait for people.
const MOST: usize = 8;

/// A stack that stands, with clients that write.
pub struct Incident {
    pub lab: Lab,
    pub text: String,
    /// The site that is active on an ordinary day, and its region.
    pub home: (String, String),
    /// What stood before anything happened.
    pub before: BTreeMap<ArmId, serde_json::Value>,
}

impl Incident {
    /// A stack to start from, applied.
    pub async fn stands(name: &str) -> Self {
        let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(name));
        Self::of(lab, text).await
    }

    /// web-geo, applied.
    pub async fn web_geo() -> Self {
        Self::stands("web-geo").await
    }

    /// Any stack with one failover group, applied.
    pub async fn of(lab: Lab, text: String) -> Self {
        let applied = lab.apply(&text).await.expect("it is applied");
        failures(&applied, "apply").expect("all of it");
        let mut incident = Self { before: lab.simulator.show().objects, lab, text, home: Default::default() };
        let (stack, _) = incident.stack(Verb::Up);
        let from = stack.failover_groups.values().next().expect("a failover group").from.to_string();
        incident.home = (from.clone(), stack.sites[&*from].location.clone());
        incident.write_rows(5);
        incident
    }

    /// A copy that shares nothing with this incident and goes on from `now`.
    pub fn fork(&self, now: Timestamp) -> Self {
        let Self { lab, text, home, before } = self;
        Self { lab: lab.fork(now), text: text.clone(), home: home.clone(), before: before.clone() }
    }

    /// Clients begin to write through the public name.
    fn write_rows(&self, rate: u64) {
        let (stack, _) = self.stack(Verb::Up);
        let group = stack.failover_groups.values().next().expect("a failover group");
        let replicas = group.promote.iter().filter_map(|address| stack.resources.get(address));
        let stores = replicas.flat_map(|replica| replica.objects.iter().map(|object| object.id.clone())).collect();
        let profile = group.routes.iter().find_map(|route| match route.args.get("profile")? {
            drplan::value::Value::Block(address) => stack.resources.get(address),
            _ => None,
        });
        let Some(front) = profile.and_then(|profile| self.lab.simulator.hosts(&profile.id).into_iter().next()) else {
            return;
        };
        let workload = Workload { front: format!("https://{front}/"), stores, rate };
        self.lab.simulator.start_workload(workload).expect("the world is in memory");
    }

    /// What came of the rows so far.
    pub fn tally(&self) -> Tally {
        self.lab.simulator.workload().expect("clients write")
    }

    /// Whether no row was written at two sites, and none lost where nothing may be; as well where there are no clients.
    pub fn kept(&self, all: bool) -> Result<(), String> {
        match self.lab.simulator.workload() {
            Some(tally) if tally.split > 0 || (all && tally.lost > 0) => {
                Err(format!("rows were lost, or two sites took writes: {tally:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Loses the site that is active on an ordinary day.
    pub fn lose(&self) {
        let lose = Fault::Lose { location: self.home.1.clone(), plane: Plane::Both };
        self.lab.simulator.add_fault(lose).expect("the world is in memory");
    }

    /// Lets time pass.
    pub async fn wait(&self, seconds: u64) {
        self.lab.clock.sleep(Duration::from_secs(seconds)).await;
        self.lab.simulator.catch_up().expect("the world is in memory");
    }

    /// The stack with what is recorded, as a run of this verb has it, and the state.
    pub fn stack(&self, verb: Verb) -> (Stack, State) {
        let program = self.lab.read(&self.text).unwrap_or_else(|why| panic!("{why}"));
        let state = self.lab.store.load().expect("a state").expect("something recorded");
        let known = drplan::plan::knowledge(&state, &|_| false);
        let (stack, _) = program.evaluate(&known).expect("a stack");
        let group = stack.failover_groups.keys().next().expect("a failover group").to_string();
        (failover::as_run(stack, &group, verb, &known), state)
    }

    /// What would be done.
    pub async fn procedure(&self, ask: Ask) -> Procedure {
        let (stack, state) = self.stack(ask.verb);
        let group = stack.failover_groups.values().next().expect("a failover group");
        let Ask { verb, how, lost, accepted } = ask;
        let lost = lost.then_some(self.home.0.as_str());
        let survey = failover::survey(&stack, group, &state, lost);
        let seen = apply::look_around(&survey, &self.lab.azure, &self.lab.simulator, &*self.lab.clock).await;
        let history = History::default();
        let question =
            Question { stack: &stack, group, verb, how, lost, state: &state, seen: &seen, accepted, history: &history };
        failover::plan(&question)
    }

    /// Does it, unless a guard refuses; then its words.
    pub async fn begin(&self, ask: Ask, on_failure: OnFailure) -> Result<Undertaken, String> {
        let procedure = self.procedure(ask).await;
        if procedure.is_refused() {
            let refusals = procedure.guards.iter().filter(|guard| guard.verdict == Verdict::Refuses);
            return Err(refusals.map(|guard| format!("{}: {}", guard.rule, guard.what)).collect::<Vec<_>>().join("; "));
        }
        if let Some(why) = procedure.idle {
            return Err(why);
        }
        let (stack, state) = self.stack(ask.verb);
        let stop = Stop::default();
        let ports = self.ports(&stop);
        let mut run = FailoverRun::new(&procedure, &state, ports, "tester").map_err(|error| error.to_string())?;
        apply::undertake(&mut run, &stack, ports, PARTY, Onward::Start, on_failure)
            .await
            .map_err(|error| error.to_string())
    }

    /// Does it to the end.
    pub async fn done(&self, ask: Ask) -> Undertaken {
        let undertaken = self.whole(ask, OnFailure::Stop).await.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(undertaken.report.ended, Some(Ended::Done), "{:#?}", undertaken.report.fates);
        undertaken
    }

    /// The run that is not finished.
    pub fn open(&self) -> Option<String> {
        self.lab.store.load().ok()??.roles.open.map(|open| open.run)
    }

    /// Says yes to every step of the open run that waits for a person; whether there was one.
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
            self.lab.store.approve(&run, &answer).expect("a store in memory");
            any = true;
        }
        any
    }

    /// Begins it, or goes on with what is open, until it ends or does not wait for a person.
    pub async fn whole(&self, ask: Ask, on_failure: OnFailure) -> Result<Undertaken, String> {
        let mut undertaken = match self.open() {
            Some(_) => self.resume(on_failure).await.map_err(|error| error.to_string())?,
            None => self.begin(ask, on_failure).await?,
        };
        for _ in 0..MOST {
            if undertaken.report.ended == Some(Ended::Done) || !self.answer() {
                break;
            }
            undertaken = self.resume(on_failure).await.map_err(|error| error.to_string())?;
        }
        Ok(undertaken)
    }

    /// Goes on with the run that is not finished.
    pub async fn resume(&self, on_failure: OnFailure) -> Result<Undertaken, RunError> {
        let run = self.open().expect("an open run");
        let mut run = FailoverRun::read(&self.lab.store, &run)?;
        let (stack, _) = self.stack(run.undertaking.verb);
        let stop = Stop::default();
        apply::undertake(&mut run, &stack, self.ports(&stop), PARTY, Onward::Resume, on_failure).await
    }

    /// Gives the run up that is not finished.
    pub async fn abort(&self) -> Result<Aborted, RunError> {
        let run = self.open().expect("an open run");
        let mut run = FailoverRun::read(&self.lab.store, &run)?;
        let (stack, _) = self.stack(run.undertaking.verb);
        let stop = Stop::default();
        apply::abort(&mut run, &stack, self.ports(&stop), PARTY).await
    }

    fn ports<'a>(&'a self, stop: &'a Stop) -> Ports<'a> {
        Ports {
            cloud: &self.lab.azure,
            web: &self.lab.simulator,
            commands: &Hopeful,
            clock: &*self.lab.clock,
            ids: &*self.lab.ids,
            store: &self.lab.store,
            seal: &self.lab.seal,
            watcher: &Blind,
            stop,
        }
    }

    /// Which site is active.
    pub fn active(&self) -> Active {
        let state = self.lab.store.load().expect("a state").expect("something recorded");
        state.roles.groups.values().next().map_or(Active::Home, |role| role.active)
    }

    /// What `plan` would change.
    pub async fn changes(&self) -> Vec<String> {
        let (planned, _) = self.lab.plan(&self.text, false).await;
        let drift = planned.plan.drift.iter().map(|drift| format!("drift of {}", drift.address));
        changes(&planned).into_iter().chain(drift).collect()
    }

    /// What stands and did not stand before, or the other way round.
    pub fn left_over(&self) -> Vec<String> {
        let now = self.lab.simulator.show().objects;
        let more = now.keys().filter(|id| !self.before.contains_key(*id)).map(|id| format!("+ {id}"));
        let less = self.before.keys().filter(|id| !now.contains_key(*id)).map(|id| format!("- {id}"));
        more.chain(less).collect()
    }
}

const PARTY: Party<'static> = Party { by: "tester", approve: &|run, step| format!("approve {run} {step}") };
